"""The mean field of finitely many modes: coupled equations for small matrices, to rounding.

    i hbar dC_a/dt = [ h^a(t) + w_a ] C_a,        w_a = sum_b g_ab sum_c w_c X_c <Y_c>_b

with <Y>_b = sum_j C_bj^+ Y C_bj over the orbitals of b, each of norm one. It is the equation of `hpcmix run` projected
on the modes: for a condensate one column, for fermions one for each orbital. Whatever else moves with the same
Hamiltonian - the complete frame V_a(t) of evolve/many_body/excitation_frame.py - is further columns of the same
equation.

The integrator is the explicit Runge-Kutta method of order 8 of Dormand and Prince (Hairer, Norsett and Wanner, Solving
Ordinary Differential Equations I, II.10) with its steps at 3e-14, always ended at the times that are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import solve_ivp

from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel
from hpcmix.model.many_body.modes.overlaps import hermitian_part

RELATIVE, ABSOLUTE = 3e-14, 1e-15
"""Tolerances of a step; the first is about the smallest that the integrator takes."""

KEPT = 64
"""Times whose columns are kept, beside the first."""

ModelAt = Callable[[float, float], ManyBodyModel]
"""The model at a time, and a time within the stretch that it is wanted in (model/many_body/build.py)."""


class FieldLost(ArithmeticError):
    """The mean field of the modes could not be followed to the time that was asked for."""


def mean_fields(model: ManyBodyModel, orbitals: Sequence[np.ndarray]) -> list[np.ndarray]:
    """w_a of every species, code units of energy, complex (m_a, m_a), Hermitian.

    orbitals  C_a, shape (m_a, M_a), orthonormal columns.
    """
    densities = [own.conj() @ own.T for own in orbitals]  # conj(C_p) C_q: <Y> = sum_pq Y_pq of it
    fields = [np.zeros((species.modes, species.modes), np.complex128) for species in model.species]
    for pair in model.interactions:
        channels = pair.channels
        if pair.first_feels != 0.0:
            right = expectations(channels.right, densities[pair.second])
            fields[pair.first] += _combined(channels, channels.left, pair.first_feels * right)
        if pair.first != pair.second and pair.second_feels != 0.0:
            left = expectations(channels.left, densities[pair.first])
            fields[pair.second] += _combined(channels, channels.right, pair.second_feels * left)
    return [hermitian_part(field) for field in fields]


def expectations(matrices: np.ndarray, density: np.ndarray) -> np.ndarray:
    """<X_c>, (channels): sum_pq (X_c)_pq conj(C_p) C_q. Channels need not be Hermitian, their sum is."""
    return np.einsum("cpq,pq->c", matrices, density)


def energy_per_weight(model: ManyBodyModel, orbitals: Sequence[np.ndarray], weights: Sequence[float]) -> float:
    """The energy of the mean field, code units: sum_a nu_a <h^a>_a + 1/2 sum_a nu_a <w_a>_a. It is conserved where h is
    constant and nu_a g_ab is symmetric.

    weights  nu_a, particles per orbital.
    """
    fields = mean_fields(model, orbitals)
    total = 0.0
    for species, field, own, weight in zip(model.species, fields, orbitals, weights, strict=True):
        total += weight * float(np.einsum("pj,pq,qj->", own.conj(), species.one_body + 0.5 * field, own).real)
    return total


class ModeField:
    """The mean field of modes as a function of time.

    model     the model at a time on the clock, and a time within the stretch; of a constant Hamiltonian `constant`.
    start     the time on the clock at which it begins.
    columns   per species complex (m_a, columns): the orbitals first, then whatever moves with them.
    occupied  per species how many of the columns are orbitals.
    breaks    times at which a potential jumps or bends: the integrator ends a step there.
    """

    def __init__(
        self,
        model: ModelAt,
        columns: Sequence[np.ndarray],
        occupied: Sequence[int],
        start: float = 0.0,
        breaks: Sequence[float] = (),
    ) -> None:
        self._model = model
        self._occupied = tuple(occupied)
        self._shapes = [column.shape for column in columns]
        self._breaks = sorted(breaks)
        self._known: dict[float, np.ndarray] = {start: packed_together(columns)}
        self._last = start

    def columns(self, time: float) -> list[np.ndarray]:
        """All columns at a time on the clock, per species (m_a, columns).

        Times may be asked for in any order; those after the latest are fastest. Raises :class:`FieldLost`.
        """
        if time not in self._known:
            earlier = [known for known in self._known if known <= time]
            begin = max(earlier) if earlier else min(self._known)
            self._known[time] = self._moved(self._known[begin], begin, time)
            self._forget()
        return unpacked(self._known[time], self._shapes)

    def orbitals(self, time: float) -> list[np.ndarray]:
        """C_a at a time on the clock, (m_a, M_a), orthonormal columns."""
        return [own[:, :count] for own, count in zip(self.columns(time), self._occupied, strict=True)]

    def model(self, time: float) -> ManyBodyModel:
        """The many-body model at a time on the clock."""
        return self._model(time, time)

    def _moved(self, values: np.ndarray, begin: float, end: float) -> np.ndarray:
        return integrated(self._derivative, values, begin, end, self._breaks)

    def _derivative(self, time: float, middle: float, packed: np.ndarray) -> np.ndarray:
        moved = motion(self._model(time, middle), unpacked(packed, self._shapes), self._occupied)
        return packed_together(moved)

    def _forget(self) -> None:
        """Keep the first time and the latest ones that were asked for."""
        while len(self._known) > KEPT:
            first = next(iter(self._known))
            oldest = next(time for time in self._known if time != first)
            del self._known[oldest]


def motion(model: ManyBodyModel, columns: Sequence[np.ndarray], occupied: Sequence[int]) -> list[np.ndarray]:
    """dC_a/dt of all columns, of which the first ones are the orbitals that make the mean field."""
    orbitals = [own[:, :count] for own, count in zip(columns, occupied, strict=True)]
    fields = mean_fields(model, orbitals)
    return [
        (-1j / model.hbar) * ((species.one_body + field) @ own)
        for species, field, own in zip(model.species, fields, columns, strict=True)
    ]


def integrated(
    derivative: Callable[[float, float, np.ndarray], np.ndarray],
    values: np.ndarray,
    begin: float,
    end: float,
    breaks: Sequence[float] = (),
) -> np.ndarray:
    """The solution of dy/dt = derivative(t, t within the stretch, y) at a time `end`, before or after the beginning.
    Raises :class:`FieldLost`."""
    inside = sorted(one for one in breaks if min(begin, end) < one < max(begin, end))
    for stop in [*(inside if end > begin else reversed(inside)), end]:
        middle = 0.5 * (begin + stop)
        solution = solve_ivp(
            lambda time, y, middle=middle: derivative(time, middle, y),
            (begin, stop),
            values,
            method="DOP853",
            rtol=RELATIVE,
            atol=ABSOLUTE,
            t_eval=(stop,),
        )
        if not solution.success or not np.all(np.isfinite(solution.y)):
            raise FieldLost(f"the mean field of the modes is lost after t = {begin:g}")
        values, begin = solution.y[:, -1], stop
    return values


def packed_together(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Complex arrays as one vector."""
    return np.concatenate([np.asarray(array, np.complex128).ravel() for array in arrays])


def unpacked(vector: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """The arrays of a vector."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


def constant(model: ManyBodyModel) -> ModelAt:
    """A model that does not change."""
    return lambda time, middle: model


def _combined(channels: Channels, matrices: np.ndarray, means: np.ndarray) -> np.ndarray:
    return np.tensordot(channels.strengths * means, matrices, axes=1)
