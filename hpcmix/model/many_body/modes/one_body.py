"""The one-particle Hamiltonian of a species in its modes, h_pq(t) = <p| T + U(t) |q>.

T is any kinetic energy of the mixture, with a vector potential and semi-relativistic too: it is applied to every mode
on the grid. In an expanding frame U is b^2 U(t, b y) with the confinement that the frame brings
(docs/methods/expanding-frame.md), and time is the frame's clock.
"""

from __future__ import annotations

import numpy as np

from hpcmix.model.many_body.modes.overlaps import hermitian_part, local_matrix, overlaps
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant


class OneBody:
    """h of one species.

    species  its index in the mixture.
    modes    orthonormal, complex (m, *this rank's block).
    """

    def __init__(self, mixture: Mixture, species: int, modes: np.ndarray) -> None:
        self._mixture = mixture
        self._species = species
        self.modes = modes
        self.kinetic = self._kinetic()
        confinement = mixture.species[species].confinement
        self._confinement = None if confinement is None else local_matrix(mixture, modes, confinement)
        self._kept: tuple[Instant, np.ndarray] | None = None

    def before_start(self) -> np.ndarray:
        """T + U in code units of energy at time 0-, complex (m, m), without the frame's confinement: what initial
        states are found in. Collective over the group."""
        return hermitian_part(self.kinetic + self._potential(Instant.before_start()))

    def matrix(self, instant: Instant) -> np.ndarray:
        """T + U at an instant of the evolution, code units of energy, complex (m, m), Hermitian to the bit. It is made
        anew where the potential changes only. Collective over the group.

        Raises :class:`~hpcmix.model.potentials.finite.NotFinite` where an expression is not finite.
        """
        external = self._mixture.species[self._species].external
        if self._kept is None or external.differs(self._kept[0], instant):
            total = self.kinetic + self._potential(instant)
            if self._confinement is not None:
                total = total + self._confinement
            self._kept = (instant, hermitian_part(total))
        return self._kept[1]

    def changes_after(self, time: float) -> bool:
        """Whether h may change at or after a time of the laboratory: in an expanding frame every potential does."""
        external = self._mixture.species[self._species].external
        moves = self._mixture.grid.frame.expanding and external.value(Instant.after_start()) is not None
        return moves or external.changes_after(time)

    def _kinetic(self) -> np.ndarray:
        """T_pq. Collective over the group."""
        moved = self.modes.astype(np.complex128)
        with self._mixture.kinetic_together():
            for field in moved:
                self._mixture.apply_kinetic(field, self._species)
        return hermitian_part(overlaps(self._mixture, self.modes, moved))

    def _potential(self, instant: Instant) -> np.ndarray:
        """U_pq, zero without a potential."""
        values = self._mixture.species[self._species].external.value(instant)
        if values is None:
            return np.zeros((len(self.modes),) * 2, np.complex128)
        return local_matrix(self._mixture, self.modes, values)
