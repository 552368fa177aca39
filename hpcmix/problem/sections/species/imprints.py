"""What is imprinted on a wave function at time zero: vortices, vortex rings and steps of the phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit, under
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Value, of_integer
from hpcmix.problem.reading.values import angle, pure_number, quantity, sequence, whole_number
from hpcmix.problem.reading.vectors import Position
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.units.dimensions import LENGTH

AxisName = Literal["x", "y", "z"]
PLANES = {"z": (0, 1), "x": (1, 2), "y": (2, 0)}
"""The two axes of the grid across each axis, by index, in the order that makes a circulation about it positive."""
WIDEST_STEP = 0.25
"""Largest width of a step of the phase, in units of the box: wider ones are no steps on a periodic box."""


def _charge(value: object, info: ValidationInfo) -> int:
    number = whole_number(pure_number(value, info))
    if number == 0:
        raise wrong("must not be zero: a vortex of charge zero is none")
    return number


Charge = Annotated[int, Value(_charge, taken=of_integer(example="-1"))]
Core = Annotated[float, quantity(LENGTH, above=0)]


class Vortex(Section):
    """A straight vortex line, a point in two dimensions: the wave function is multiplied by

        (w / sqrt(|w|^2 + core^2))^|charge|,        w ~ u + i v (charge > 0),   u - i v (charge < 0)

    with (u, v) the place across the axis, seen from the vortex."""

    position: Annotated[tuple[Annotated[float, quantity(LENGTH)], ...], sequence()]
    """The two coordinates across the axis, in the order of their names.
    Example: ``["1 um", "0 um"]``."""
    charge: Charge = 1
    """Quanta of circulation, counted about the axis."""
    axis: AxisName = "z"
    """Along which the line goes, in three dimensions."""
    core: Core | None = None
    """Distance at which the density is one half; left out: what the repulsion at the place makes.
    Example: ``"0.3 um"``."""

    @model_validator(mode="after")
    def _in_a_plane(self) -> Self:
        if len(self.position) != 2:
            across = " and ".join(sorted("xyz"[axis] for axis in PLANES[self.axis]))
            raise wrong(
                f"needs 2 values, {across} of the vortex, but has {len(self.position)}: along its axis "
                f"{self.axis} the line goes through the whole box",
                key="position",
            )
        return self

    @property
    def place(self) -> tuple[float, float]:
        """The position in the order of :data:`PLANES`."""
        first, second = PLANES[self.axis]
        return (self.position[0], self.position[1]) if first < second else (self.position[1], self.position[0])

    def near(
        self, coordinates: Sequence[np.ndarray], lengths: Sequence[float], spacings: Sequence[float]
    ) -> np.ndarray:
        """Which grid points are those closest to the line, on a periodic box."""
        close = np.ones((1,) * len(coordinates), bool)
        for axis, coordinate in zip(PLANES[self.axis], self.place, strict=True):
            distance = np.abs(coordinates[axis] - coordinate)
            close = close & (np.minimum(distance, lengths[axis] - distance) <= 0.5000001 * spacings[axis])
        return close

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid."""
        if grid.dimensions == 2 and self.axis != "z":
            yield ("axis",), f"in two dimensions a vortex is a point of the plane, not along {self.axis}; leave it out"
            return
        for order, axis in enumerate(sorted(PLANES[self.axis])):
            yield from _outside(("position", order), self.position[order], axis, grid)


class Ring(Section):
    """A vortex ring: a circle about an axis. Positive charges flow through it along the axis."""

    centre: Position
    """Its middle, per axis.
    Example: ``[0, 0, "-2 um"]``."""
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """Of the circle.
    Example: ``"3 um"``."""
    charge: Charge = 1
    """Quanta of circulation; the ring moves along its axis where it is positive.
    Example: ``-1``."""
    axis: AxisName = "z"
    """Across the plane of the circle."""
    core: Core | None = None
    """Distance from the circle at which the density is one half; left out: what the repulsion at the place makes.
    Example: ``"0.3 um"``."""

    def near(
        self, coordinates: Sequence[np.ndarray], lengths: Sequence[float], spacings: Sequence[float]
    ) -> np.ndarray:
        """Which grid points lie within the ring's radius of its centre, or next to them."""
        seen = zip(coordinates, self.centre, strict=True)
        return sum(((x - centre) ** 2 for x, centre in seen), np.zeros(())) <= (self.radius + max(spacings)) ** 2

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid."""
        if grid.dimensions < 3:
            yield (), "needs three dimensions; in two a ring is a pair of vortices of charges 1 and -1"
            return
        for axis, coordinate in enumerate(self.centre):
            yield from _outside(("centre", axis), coordinate, axis, grid)
        half = min(grid.lengths[axis] for axis in PLANES[self.axis]) / 2.0
        if self.radius >= half:
            yield ("radius",), f"{self.radius:.6g} is half of the box or more ({half:.6g}): the ring meets its images"


class PhaseStep(Section):
    """A step of the phase along an axis: exp(i jump (1 + tanh((x - position) / width)) / 2), sharp without width."""

    axis: AxisName
    """Along which the phase steps."""
    position: Annotated[float, quantity(LENGTH)]
    """Where, on this axis.
    Example: ``"1 um"``."""
    jump: Annotated[float, angle()]
    """By how much, in radians.
    Example: ``"180 deg"``."""
    width: Annotated[float, quantity(LENGTH, at_least=0)] = 0.0
    """Of the slope; a sharp step without.
    Example: ``"0.5 um"``."""

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid."""
        if self.axis not in grid.axes:
            yield ("axis",), f"the grid has no axis {self.axis}; it has {', '.join(grid.axes)}"
            return
        axis = grid.axes.index(self.axis)
        yield from _outside(("position",), self.position, axis, grid)
        if self.width > WIDEST_STEP * grid.lengths[axis]:
            yield (
                ("width",),
                f"{self.width:.6g} is more than a quarter of the box along {self.axis}: that is no step",
            )


def misfits_of(
    vortices: Sequence[Vortex], rings: Sequence[Ring], steps: Sequence[PhaseStep], grid: Grid
) -> Iterator[Misfit]:
    """What of an initial state's imprints does not fit the grid, with the keys as seen from the state."""
    if grid.dimensions == 1 and vortices:
        yield ("vortices",), "needs two or three dimensions; in one, phase_steps make solitons"
        vortices = ()
    imprints: dict[str, Sequence[Vortex | Ring | PhaseStep]] = {
        "vortices": vortices,
        "rings": rings,
        "phase_steps": steps,
    }
    for key, entries in imprints.items():
        for number, imprint in enumerate(entries):
            yield from under(imprint.misfits(grid), key, number)
    places = [(vortex.axis, vortex.position) for vortex in vortices]
    for number, place in enumerate(places):
        if place in places[:number]:
            yield ("vortices", number, "position"), "is that of another vortex; give one of them the charges of both"


def _outside(path: tuple[str | int, ...], coordinate: float, axis: int, grid: Grid) -> Iterator[Misfit]:
    half = grid.lengths[axis] / 2.0
    if not -half <= coordinate < half:
        yield (
            path,
            f"{coordinate:.6g} on axis {grid.axes[axis]} is outside the box, which reaches from {-half:.6g} "
            f"to {half:.6g}",
        )
