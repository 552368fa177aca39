"""``[excitations]``: the spectrum of small oscillations around a stationary state, for ``hpcmix excitations``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import model_validator

from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import counted, integer, quantity, real
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.units.dimensions import TIME

LARGEST_MATRIX = 4096
"""Species times points of method "dense": matrices of 8192^2 complex numbers are 1 GB each."""

MATRICES = 10
"""So many of them, and what LAPACK works with, the first rank has at the same time; measured, 7 where H is positive."""


SMALLEST_TOLERANCE = 1e-12
"""Residuals of a pair of fields that rounding allows, with some room: products of a field with the kinetic energies of
a grid are known to about 1e-13 of the wanted frequency."""
COARSEST_GROUND_STATE = 1e-7
"""The error of a frequency is of the first order in the residual of the state: a coarser one leaves seven digits to
nobody."""


FEWEST_BESIDE, SHARE_BESIDE = 4, 2
"""Modes beside the wanted ones: so many at least, and one to so many wanted."""


class ExcitationsSection(Section):
    """How many modes are looked for, and how well. A mode (u, v) of frequency omega solves L (u, v) = omega (u, v), L
    the Bogoliubov operator."""

    modes: Annotated[int, integer(at_least=1)] = 20
    """How many, from the lowest frequency up; the last multiplet is completed.
    Example: ``40``."""
    tolerance: Annotated[float, real(above=0)] = 1e-8
    """|L x - omega x| / (omega |x|) to reach for every mode x = (u, v).
    Example: ``1e-9``."""
    max_iterations: Annotated[int, integer(at_least=1)] = 200
    """Of one job; how far it came is kept.
    Example: ``400``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the noise that the search begins with."""
    method: Literal["minimum", "dense", "tangent-map"] = "minimum"
    """"minimum": the lowest modes of a state that is a minimum of the energy, at rest or flowing. "dense": of any
    stationary state on a small grid, growing modes first, by matrices. "tangent-map": of stationary and of periodic
    states, growing modes first, by the flow of [time] over ``duration``."""
    duration: Annotated[float, quantity(TIME, above=0)] | None = None
    """Of the tangent map: of a periodic state its period. Left out: time.final.
    Example: ``"10 ms"``."""

    @model_validator(mode="after")
    def _duration_has_a_use(self) -> Self:
        if self.duration is not None and self.method != "tangent-map":
            raise wrong(f'is for method = "tangent-map"; the method here is "{self.method}"', key="duration")
        return self

    @property
    def rows(self) -> int:
        """Pairs of fields that are sought together: those beside the wanted ones make these converge faster."""
        return self.modes + max(FEWEST_BESIDE, -(-self.modes // SHARE_BESIDE))

    @property
    def real_fields(self) -> int | None:
        """Fields of every species in a search around a real minimum: p, q and their images of three bases, and at the
        end u and v, complex, and what they are made from. None of other methods."""
        return 12 * self.rows + 8 * self.modes if self.method == "minimum" else None

    def matrix_bytes(self, size: int) -> int | None:
        """Memory of method "dense" on the first rank, for `size` species times points. None of other methods."""
        return MATRICES * 16 * (2 * size) ** 2 if self.method == "dense" else None

    @model_validator(mode="after")
    def _tolerance_can_be_reached(self) -> Self:
        if self.tolerance < SMALLEST_TOLERANCE:
            message = (
                f"cannot be reached: rounding leaves residuals of about {SMALLEST_TOLERANCE:g}, but it is "
                f"{self.tolerance:g}"
            )
            raise wrong(message, key="tolerance")
        if self.tolerance >= 1.0:
            raise wrong(f"must be less than 1, the size of the mode itself, but is {self.tolerance:g}", key="tolerance")
        return self


def check_excitations(
    section: ExcitationsSection,
    species: Mapping[int, Species],
    grid: Grid | None,
    spheres: int,
    precision: Literal["double", "single"] | None,
    ground_state_tolerance: float | None,
    time: TimeOptions | None,
) -> Iterator[Finding]:
    """Yield path, sentence and suggestion for what has no spectrum that could be computed.

    species  all of the file, by index.
    spheres  how many numbers of particles are conserved by themselves: one for species that are coupled coherently.
    precision, ground_state_tolerance
             of the file; None where it does not say.
    time     of the file.
    """
    yield from _check_flow(section, time)
    for index, entry in species.items():
        if entry.is_set or entry.statistics != "bosons":
            message = (
                f'[excitations] are oscillations of condensates, and "{entry.name}" is none; leave [excitations] or '
                "the species out"
            )
            yield ("species", index, "kind"), message, None
    if precision == "single":
        message = 'is too coarse for [excitations], whose frequencies are wanted to 1e-8; use "double"'
        yield ("parallel", "precision"), message, None
    if ground_state_tolerance is not None and ground_state_tolerance > COARSEST_GROUND_STATE:
        message = (
            f"is {ground_state_tolerance:g}, and the error of a frequency is of the order of the state's residual: "
            f"with [excitations] at most {COARSEST_GROUND_STATE:g}, or leave it out"
        )
        yield ("ground_state", "tolerance"), message, None
    if grid is None:
        return
    if grid.frame.map.expanding:
        message = (
            "does not go with [excitations]: in a frame that expands no state is stationary; leave "
            "the frame or [excitations] out"
        )
        yield ("grid", "frame"), message, None
    most = len(species) * math.prod(grid.points) - spheres - 1
    if section.modes > most:
        message = f"must be at most {most}: there are not more on {counted(math.prod(grid.points), 'point')}"
        yield ("excitations", "modes"), message, None
    size = len(species) * math.prod(grid.points)
    if section.method == "dense" and size > LARGEST_MATRIX:
        message = (
            f'"dense" is for at most {LARGEST_MATRIX} species times points, and here are {size}; use a coarser grid, '
            '"minimum" or "tangent-map"'
        )
        yield ("excitations", "method"), message, None


def _check_flow(section: ExcitationsSection, time: TimeOptions | None) -> Iterator[Finding]:
    """What the tangent map needs of [time]."""
    if section.method != "tangent-map":
        return
    if time is None:
        message = '"tangent-map" follows the flow of [time]: give [time] with its step and integrator'
        yield ("excitations", "method"), message, None
    elif time.adaptive is not None:
        message = 'the tangent map of the flow takes fixed steps; with excitations.method = "tangent-map" give one'
        yield ("time", "step"), message, None
