"""The limit of infinitely many particles: how many leave the condensates, by one linear equation.

    i hbar dZ/dt = [[A, B], [-B*, -A*]] Z,        Z(0) = 1,        A = h_mf + Q K1 Q,        B = Q K2 Q^T

    (K1_ab)_pq = f_ab sqrt(N_a N_b) sum_c w_c (X_c u_a)_p (u_b+ Y_c)_q
    (K2_ab)_pq = f_ab sqrt(N_a N_b) sum_c w_c (X_c u_a)_p (Y_c u_b)_q

over all species of bosons, Q = 1 - |u_a><u_a|. The number of excitations of a species is the squared Hilbert-Schmidt
norm of its rows in the lower left block: what N_a alpha^(1,0) tends to for product data. In the frame that moves with
the condensates (evolve/many_body/excitation_frame.py) h_mf is gone and Q cuts off mode 0, so that matrices of m_a - 1
modes are left and nothing oscillates fast; that frame is used here. (Lewin, Nam and Schlein, Am. J. Math. 137 (2015)
1613, for one species.)

f_ab sqrt(N_a N_b) stands for its limit, g_ab sqrt(N_a / N_b): 1 where f_aa = 1/(N_a - 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.evolve.many_body.excitation_frame import completed, model_in_frame
from hpcmix.evolve.many_body.mode_field import ModelAt, integrated, motion, packed_together, unpacked
from hpcmix.model.many_body.hamiltonian import ManyBodyModel, Statistics


class BogoliubovLimit:
    """Excitations of condensates over time, in the limit of many particles at the model's ratios.

    model     the many-body model at a time on the clock (evolve/many_body/mode_field.py).
    orbitals  u_a at the start, (m_a, 1), norm one.
    start     the time on the clock at which there are no excitations.
    breaks    times at which a potential jumps or bends.
    coherent  about coherent states, whose numbers of particles are not sharp: mode 0 takes part, Q = 1 in A and B, and
              those outside of it are counted.
    Raises TypeError for fermions: particles and holes have no such limit here.
    """

    def __init__(
        self,
        model: ModelAt,
        orbitals: Sequence[np.ndarray],
        start: float = 0.0,
        breaks: Sequence[float] = (),
        coherent: bool = False,
    ) -> None:
        source = model(start, start)
        if any(species.statistics is Statistics.FERMIONS for species in source.species):
            raise TypeError("the limit of Bogoliubov's equation is one of bosons")
        self._model, self._breaks, self._time = model, tuple(breaks), start
        self._first = 0 if coherent else 1
        sizes = [species.modes - self._first for species in source.species]
        self._offsets = np.concatenate([[0], np.cumsum(sizes)])
        self._size = int(self._offsets[-1])
        unitaries = [completed(own) for own in orbitals]
        blocks = [np.eye(self._size), np.zeros((self._size, self._size))]
        self._shapes = [own.shape for own in (*unitaries, *blocks)]
        self._values = packed_together([*unitaries, *blocks])

    def at(self, time: float) -> np.ndarray:
        """The numbers that it goes on from at a time on the clock. Raises as :meth:`excitations`."""
        if time != self._time:
            self._values = integrated(self._derivative, self._values, self._time, time, self._breaks)
            self._time = time
        return self._values

    def go_on(self, time: float, values: np.ndarray) -> None:
        """Go on with the numbers that :meth:`at` gave."""
        self._time, self._values = time, np.array(values)

    def excitations(self, time: float) -> np.ndarray:
        """The number of excitations of every species at a time on the clock, shape (species).

        Raises :class:`~hpcmix.evolve.many_body.mode_field.FieldLost`.
        """
        self.at(time)
        lower = np.abs(self._blocks()[1]) ** 2
        outside = 1 - self._first  # of the rows of a species
        return np.array(
            [
                float(np.sum(lower[begin + outside : end]))
                for begin, end in zip(self._offsets[:-1], self._offsets[1:], strict=True)
            ]
        )

    def pairs(self, time: float) -> np.ndarray:
        """Z = V conj(U)^-1 of the map b(t) = U b + V b^+ at a time on the clock, symmetric: the state that the vacuum
        has become is exp(1/2 sum_ij Z_ij a*_i a*_j)|0>, up to its norm and a phase. Its modes are those of the frame
        that moves with the condensates, species after species, without mode 0 unless about coherent states.

        Raises :class:`~hpcmix.evolve.many_body.mode_field.FieldLost`.
        """
        self.at(time)
        upper, lower = self._blocks()
        found = np.linalg.solve(upper.T, lower.T).T.conj()
        return 0.5 * (found + found.T)

    def defect(self) -> float:
        """The largest element of U+ U - V+ V - 1 of the blocks U and V of Z: what is lost of its symplectic
        structure."""
        upper, lower = self._blocks()
        product = upper.conj().T @ upper - lower.conj().T @ lower - np.eye(self._size)
        return float(np.max(np.abs(product), initial=0.0))

    def _blocks(self) -> tuple[np.ndarray, np.ndarray]:
        *_, upper, lower = unpacked(self._values, self._shapes)
        return upper, lower

    def _derivative(self, time: float, middle: float, packed: np.ndarray) -> np.ndarray:
        *unitaries, upper, lower = unpacked(packed, self._shapes)
        source = self._model(time, middle)
        occupied = [1] * len(unitaries)
        exchange, pairing = couplings(model_in_frame(source, unitaries, occupied), self._first)
        turn = -1j / source.hbar
        moved = (
            turn * (exchange @ upper + pairing @ lower),
            -turn * (pairing.conj() @ upper + exchange.conj() @ lower),
        )
        return packed_together([*motion(source, unitaries, occupied), *moved])


def couplings(model: ManyBodyModel, begin: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A and B in the frame that moves with the condensates, over the modes `begin` .. m_a - 1 of all species in a row.

    model  in the frame: mode 0 of every species is its condensate.
    """
    sizes = [species.modes - begin for species in model.species]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    total = int(offsets[-1])
    exchange, pairing = np.zeros((total, total), np.complex128), np.zeros((total, total), np.complex128)
    for pair in model.interactions:
        a, b = pair.first, pair.second
        strength = limit_strength(model, a, b, pair.first_feels)
        rows, columns = slice(offsets[a], offsets[a + 1]), slice(offsets[b], offsets[b + 1])
        weighted = strength * pair.channels.strengths[:, None] * pair.channels.left[:, begin:, 0]
        first = weighted.T @ pair.channels.right[:, 0, begin:]
        second = weighted.T @ pair.channels.right[:, begin:, 0]
        exchange[rows, columns] += first
        pairing[rows, columns] += second
        if a != b:
            exchange[columns, rows] += first.conj().T
            pairing[columns, rows] += second.T
    return exchange, pairing


def limit_strength(model: ManyBodyModel, first: int, second: int, feels: float) -> float:
    """g_ab sqrt(N_a / N_b), what f_ab sqrt(N_a N_b) tends to."""
    return feels * math.sqrt(model.species[first].particles / model.species[second].particles)


def excitations_over_time(
    model: ModelAt,
    orbitals: Sequence[np.ndarray],
    times: Sequence[float],
    start: float = 0.0,
    breaks: Sequence[float] = (),
) -> np.ndarray:
    """The number of excitations of every species at ascending times on the clock, shape (times, species)."""
    limit = BogoliubovLimit(model, orbitals, start, breaks)
    return np.array([limit.excitations(time) for time in times])
