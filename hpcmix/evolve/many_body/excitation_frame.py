"""The frame that moves with the mean field: what is left of the Hamiltonian for particles outside the condensates.

    i hbar dV_a/dt = [ h^a + w_a ] V_a,        V_a(0) = (initial orbitals, completed to a basis)

With Psi = G(V) Psi~ the one-particle Hamiltonian is gone, and

    i hbar dPsi~/dt = [ sum_a f_aa/2 sum_c w_c (dG(X~)dG(Y~) - dG(X~Y~)) + sum_{a<b} f_ab sum_c w_c dG_a(X~)dG_b(Y~)
                        - sum_a dG_a(w~_a) ] Psi~,        X~ = V+ X V,        w~ = V+ w V

which is a many-body model of its own, with -w~_a for h^a: :meth:`ExcitationFrame.model`. In it mode 0 of a species of
bosons is u_0(t), and modes 0 .. M-1 of fermions are the filled orbitals, at all times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hpcmix.evolve.many_body.mode_field import ModeField, ModelAt, mean_fields
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction
from hpcmix.model.many_body.modes.overlaps import hermitian_part


class ExcitationFrame:
    """V_a(t) and the transformed Hamiltonian.

    model     the many-body model at a time on the clock (evolve/many_body/mode_field.py).
    orbitals  C_a at the start, (m_a, M_a) with orthonormal columns.
    start     the time on the clock at which the frame is at rest.
    breaks    times at which a potential jumps or bends.
    """

    def __init__(
        self,
        model: ModelAt,
        orbitals: Sequence[np.ndarray],
        start: float = 0.0,
        breaks: Sequence[float] = (),
    ) -> None:
        occupied = [own.shape[1] for own in orbitals]
        self._field = ModeField(model, [completed(own) for own in orbitals], occupied, start, breaks)
        self._occupied = tuple(occupied)

    @classmethod
    def going_on(
        cls,
        model: ModelAt,
        unitaries: Sequence[np.ndarray],
        occupied: Sequence[int],
        start: float,
        breaks: Sequence[float] = (),
    ) -> ExcitationFrame:
        """The frame with V_a = `unitaries` at a time on the clock; the first `occupied` columns are orbitals."""
        frame = cls(model, [own[:, :count] for own, count in zip(unitaries, occupied, strict=True)], start, breaks)
        frame._field = ModeField(model, unitaries, occupied, start, breaks)
        return frame

    def unitaries(self, time: float) -> list[np.ndarray]:
        """V_a at a time on the clock, (m_a, m_a): columns are the moving modes in the model's own."""
        return self._field.columns(time)

    def orbitals(self, time: float) -> list[np.ndarray]:
        """C_a at a time on the clock: the first columns of V_a."""
        return self._field.orbitals(time)

    def model(self, time: float) -> ManyBodyModel:
        """The Hamiltonian in the frame at a time on the clock: channels X~, Y~ and -w~ in place of h."""
        return model_in_frame(self._field.model(time), self.unitaries(time), self._occupied)

    def defect(self, time: float) -> float:
        """The largest element of V+ V - 1 over the species: what the integrator has lost of unitarity."""
        return max(
            float(np.max(np.abs(unitary.conj().T @ unitary - np.eye(len(unitary))))) for unitary in self.unitaries(time)
        )


def model_in_frame(source: ManyBodyModel, unitaries: Sequence[np.ndarray], occupied: Sequence[int]) -> ManyBodyModel:
    """The Hamiltonian of particles in moving modes V_a, whose first columns are the orbitals of the mean field."""
    orbitals = [own[:, :count] for own, count in zip(unitaries, occupied, strict=True)]
    fields = mean_fields(source, orbitals)
    species = tuple(
        ModeSpecies(species.name, species.statistics, species.particles, -hermitian_part(turned(field, unitary)))
        for species, field, unitary in zip(source.species, fields, unitaries, strict=True)
    )
    pairs = tuple(
        replace(pair, channels=turned_channels(pair, unitaries[pair.first], unitaries[pair.second]))
        for pair in source.interactions
    )
    return ManyBodyModel(source.hbar, species, pairs)


def completed(orbitals: np.ndarray) -> np.ndarray:
    """A unitary matrix (m, m) whose first columns are the given ones, orthonormal: by Householder's reflections, so
    that unit vectors are completed by unit vectors."""
    count = orbitals.shape[1]
    unitary, triangle = np.linalg.qr(orbitals, mode="complete")
    phases = np.diagonal(triangle)[:count]
    unitary[:, :count] = unitary[:, :count] * (phases / np.abs(phases))
    return unitary


def turned(matrix: np.ndarray, unitary: np.ndarray) -> np.ndarray:
    """V+ A V; of a stack of matrices each."""
    return unitary.conj().T @ matrix @ unitary


def turned_channels(pair: PairInteraction, first: np.ndarray, second: np.ndarray) -> Channels:
    """The channels of a pair with X~ = V+ X V and Y~."""
    channels = pair.channels
    left = turned(channels.left, first)
    same = pair.first == pair.second and channels.left is channels.right
    return Channels(channels.strengths, left, left if same else turned(channels.right, second))
