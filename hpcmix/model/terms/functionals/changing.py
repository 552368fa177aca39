"""Functionals whose numbers are those of interactions that change in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.potentials.envelope import BEFORE_START, Envelope, Instant
from hpcmix.model.potentials.finite import finite_strength
from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.model.terms.term import Densities, Fields, Responses, Term


@dataclass(frozen=True)
class Course:
    """What an interaction is multiplied by.

    envelope  e(t).
    where     the key of the problem file to blame where that is not finite.
    """

    envelope: Envelope
    where: str


class ChangingFunctional(Term):
    """The functional of the couplings at every instant. It is made anew where they differ from those of the instant
    before; the numbers of two species take milliseconds, ten times as long where a coupling is near zero.

    courses  of all interactions of the file.
    make     the functional for given factors, one for each of them.
    """

    name = LocalFunctional.name

    def __init__(self, courses: Sequence[Course], make: Callable[[Sequence[float]], LocalFunctional]) -> None:
        self._courses = tuple(courses)
        self._make = make
        self._factors: tuple[float, ...] = ()
        self._functional = self.at(BEFORE_START)

    def at(self, instant: Instant) -> LocalFunctional:
        """The functional at an instant. Raises :class:`~hpcmix.model.potentials.finite.NotFinite`."""
        factors = tuple(finite_strength(course.envelope, instant, course.where) for course in self._courses)
        if factors != self._factors:
            self._factors, self._functional = factors, self._make(factors)
        return self._functional

    @property
    def never_changes(self) -> bool:
        return False

    def changes_after(self, time: float) -> bool:
        return any(course.envelope.changes_after(time) for course in self._courses)

    def differs(self, first: Instant, second: Instant) -> bool:
        return any(course.envelope(first) != course.envelope(second) for course in self._courses)

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        return self.at(instant).potentials(densities, instant)

    def energies(
        self, densities: Densities, potentials: Fields, grid: Grid, instant: Instant = BEFORE_START
    ) -> np.ndarray:
        return self.at(instant).energies(densities, potentials, grid, instant)

    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> Fields:
        return self.at(instant).responses(densities, changes, instant)

    def point_functions(
        self, species: int, dimensions: int, instant: Instant = BEFORE_START
    ) -> Sequence[PointFunction] | None:
        return self.at(instant).point_functions(species, dimensions, instant)

    @property
    def responds_at_points(self) -> bool:
        return True

    def point_responses(self, densities: Densities, instant: Instant = BEFORE_START) -> Responses:
        return self.at(instant).point_responses(densities, instant)
