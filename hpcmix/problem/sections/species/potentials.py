"""``potential`` of a species: the kinds of external potential U(t, x)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.values import existing_file, expression, quantity
from hpcmix.problem.reading.vectors import Angles, Energies, Frequencies, Lengths
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.times.courses import Centred
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.times.tables import TimeTable
from hpcmix.problem.units.dimensions import ENERGY, LENGTH
from hpcmix.problem.units.expressions import Expression

_SAMPLES = 17
"""Points along an axis at which an expression is looked at: odd, so that the middle is among them."""
_FINE_SAMPLES = 1025
"""Points along an axis between which an expression is looked at for jumps."""
_HALVINGS = 30
"""Of the distance of two of them: a slope that is as high after these is a step to every marker."""


class PotentialSection(Switching):
    """What every potential answers about itself. Checks, plans and claims ask it; none of them knows its kind."""

    @abstractmethod
    def largest(self, mass: float, corner: Sequence[float]) -> float:
        """The largest |U| in the box that reaches from -corner to corner, as far as the file tells; zero where its
        values are looked at when they are made (model/potentials/external.py)."""

    @abstractmethod
    def curvature(self, mass: float, axis: int) -> float:
        """The largest d^2U/dx^2 along an axis, as far as the file tells; zero where only values tell."""

    def without_gradient(self, grid: Grid) -> Iterator[Misfit]:
        """What of it has no gradient that markers could follow."""
        return iter(())

    def misplaced(self, grid: Grid) -> Iterator[Misfit]:
        """A centre that does not begin in the box."""
        return iter(())

    def lost_centres(self, times: np.ndarray) -> Iterator[tuple[int, float]]:
        """The axes along which it has no centre at one of some times, and the first of these."""
        return iter(())

    @property
    def rests_after(self) -> float:
        """The time after which its shape in space stays what it is, as far as it is known."""
        return math.inf if self.moves else -math.inf

    proportional_to_mass: ClassVar[bool]
    """Whether species of different masses have different potentials of one entry."""

    at_points_only: ClassVar[bool]
    """Whether it is known at the grid's points and nowhere else."""

    shapes_clouds: ClassVar[bool]
    """Whether it may change the size of a cloud that no harmonic trap holds."""

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid, beside its centre."""
        return iter(())

    def round_about(self, axis: int) -> bool:
        """Whether it is the same after any turn about an axis, as far as the file tells."""
        return False

    @property
    def harmonic_trap(self) -> HarmonicPotential | None:
        """The harmonic trap that it is."""
        return None

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Whether it is a trap that keeps clouds away from the faces of a box of these lengths along an axis, as far as
        the file tells. What only may - a well, values from a file - is none."""
        return False


class CentredPotential(PotentialSection, Centred):
    """A potential around a centre, which may move."""

    @property
    def moves(self) -> bool:
        return self.centre_moves

    @property
    def rests_after(self) -> float:
        return self.centre_rests_after

    def lost_centres(self, times: np.ndarray) -> Iterator[tuple[int, float]]:
        on = (times >= self.from_time) & (times <= self.until + self.ramp)
        for axis, place in enumerate(self.centre):
            if not isinstance(place, float):
                lost = on & ~np.isfinite(np.broadcast_to(place.evaluate(t=times), times.shape))
                if lost.any():
                    yield axis, float(times[np.argmax(lost)])

    def misplaced(self, grid: Grid) -> Iterator[Misfit]:
        """A centre outside of the box, of one that moves at time zero."""
        for axis, (centre, name) in enumerate(zip(self.centre_at(0.0), grid.axes, strict=True)):
            half = grid.lengths[axis] / 2.0
            if abs(centre) > half:
                begins = " at t = 0" if self.moves else ""
                message = f"{centre:.6g}{begins} on axis {name} is outside the box, which reaches from"
                yield ("centre", axis), f"{message} {-half:.6g} to {half:.6g}"

    @property
    def in_time(self) -> tuple[Expression | TimeTable, ...]:
        return (*super().in_time, *self.moving)

    @property
    def switching_times(self) -> tuple[float, ...]:
        return (*super().switching_times, *self.centre_corners)


class HarmonicPotential(CentredPotential):
    """``U = m/2 sum_i omega_i^2 (x_i - c_i)^2`` with angular frequencies omega."""

    kind: Literal["harmonic"]
    frequency: Frequencies
    """Angular frequency omega per axis; hertz are cycles per second.
    Example: ``["50 Hz", "50 Hz", "70 Hz"]``."""

    proportional_to_mass: ClassVar[bool] = True
    at_points_only: ClassVar[bool] = False
    shapes_clouds: ClassVar[bool] = False

    @property
    def harmonic_trap(self) -> HarmonicPotential | None:
        return self

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where it has a frequency."""
        return self.frequency[axis] > 0.0

    def curvature(self, mass: float, axis: int) -> float:
        return mass * self.frequency[axis] ** 2

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        sides = zip(self.frequency, self.centre_at(0.0), corner, strict=True)
        return 0.5 * mass * sum((rate * (abs(centre) + side)) ** 2 for rate, centre, side in sides)

    def round_about(self, axis: int) -> bool:
        """See :class:`PotentialSection`: with its centre on the axis and equal frequencies across it."""
        across = [other for other in range(len(self.frequency)) if other != axis]
        on_axis = all(self.centre[other] == 0.0 for other in across)
        return on_axis and len({self.frequency[other] for other in across}) == 1


class LatticePotential(PotentialSection):
    """``U = sum_i depth_i sin^2(pi x_i / period_i + phase_i)``. An axis of depth zero has no lattice."""

    kind: Literal["lattice"]
    depth: Energies
    """From the bottom of a well to the top of a barrier, per axis; zero for no lattice along it.
    Example: ``["2 kHz", 0, 0]``."""
    period: Lengths
    """From one well to the next, half the wavelength of the light; the box must hold a whole number of them.
    Example: ``"0.5 um"``."""
    phase: Angles = Field(0.0, validate_default=True)
    """Shifts the wells, per axis; ``"90 deg"`` puts a barrier at the origin."""

    proportional_to_mass: ClassVar[bool] = False
    at_points_only: ClassVar[bool] = False
    shapes_clouds: ClassVar[bool] = False

    def curvature(self, mass: float, axis: int) -> float:
        """In the middle of a well."""
        return 2.0 * abs(self.depth[axis]) * (math.pi / self.period[axis]) ** 2

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        return sum(map(abs, self.depth))

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        for axis, name in enumerate(grid.axes):
            period, length = self.period[axis], grid.lengths[axis]
            if self.depth[axis] == 0.0:
                continue
            if period < 2.0 * grid.spacings[axis]:
                message = f"{period:.6g} on axis {name} is less than two grid spacings ({grid.spacings[axis]:.6g} each)"
                yield ("period", axis), message
                continue
            periods = length / period
            # the spec of the file format: whole to 1e-9, so that a rounded decimal passes and a mistake does not
            if abs(periods - round(periods)) > 1e-9:
                nearest = length / max(1, round(periods))
                message = (
                    f"{period:.6g} on axis {name} does not fit the periodic box: {length:.6g} holds {periods:.6g} "
                    f"periods, which must be a whole number (nearest: {nearest:.12g} in code units)"
                )
                yield ("period", axis), message


class BoxPotential(CentredPotential):
    """``U = 0`` inside the inner lengths (around ``centre``) and ``height`` outside, smoothed over the length
    ``edge``."""

    kind: Literal["box"]
    height: Annotated[float, quantity(ENERGY)]
    """Of the walls.
    Example: ``"200 nK"``."""
    lengths: Lengths
    """Between the walls, per axis.
    Example: ``"20 um"``."""
    edge: Annotated[float, quantity(LENGTH, at_least=0)] = 0.0
    """Width of the slope of a wall, (1 + tanh(distance / edge)) / 2; a step without.
    Example: ``"0.5 um"``."""

    proportional_to_mass: ClassVar[bool] = False
    at_points_only: ClassVar[bool] = False
    shapes_clouds: ClassVar[bool] = True

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where its walls stand in the grid's box."""
        return self.height > 0.0 and self.lengths[axis] < lengths[axis]

    def curvature(self, mass: float, axis: int) -> float:
        """Of the walls: of tanh(d/edge)/2 it is 2/(3 sqrt(3)) edge^-2 at most."""
        return 2.0 / 27.0**0.5 * abs(self.height) / self.edge**2 if self.edge > 0.0 else 0.0

    def without_gradient(self, grid: Grid) -> Iterator[Misfit]:
        """A wall that is a step."""
        if self.edge == 0.0:
            message = (
                "must be positive for a classical species: markers follow the gradient of a wall, and a step has none "
                "but at one point; give the wall a width that a step of time does not pass over"
            )
            yield ("edge",), message

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        return abs(self.height)

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        for axis, name in enumerate(grid.axes):
            if self.lengths[axis] > grid.lengths[axis]:
                message = f"{self.lengths[axis]:.6g} on axis {name} is larger than the grid's {grid.lengths[axis]:.6g}"
                yield ("lengths", axis), message


class GaussianPotential(CentredPotential):
    """``U = height exp(-sum_i (x_i - c_i)^2 / (2 width_i^2))``: a barrier or, when negative, a well."""

    kind: Literal["gaussian"]
    height: Annotated[float, quantity(ENERGY)]
    """At the centre; a well where it is negative."""
    width: Lengths
    """sigma_i per axis: exp(-1/2) of the height is left at this distance.
    Example: ``"2 um"``."""

    proportional_to_mass: ClassVar[bool] = False
    at_points_only: ClassVar[bool] = False
    shapes_clouds: ClassVar[bool] = True

    def curvature(self, mass: float, axis: int) -> float:
        """At the bottom of a well; beside a barrier, sqrt(3) widths from its top."""
        curvature = -self.height if self.height < 0.0 else 2.0 * math.exp(-1.5) * self.height
        return curvature / self.width[axis] ** 2

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        return abs(self.height)


class ExpressionPotential(PotentialSection):
    """``U = value(x, y, z, t)``, any expression; in code units where no unit stands in it."""

    kind: Literal["expression"]
    value: Annotated[Expression, expression(time=True, dimension=ENERGY)]
    """U of x, y, z and t: an energy. Gravity, the gradient of a magnetic field, a trap of any shape.
    Example: ``"9.81 m/s^2 * mass * z"``."""

    proportional_to_mass: ClassVar[bool] = False
    at_points_only: ClassVar[bool] = False
    shapes_clouds: ClassVar[bool] = True

    @property
    def moves(self) -> bool:
        """Whether t is among its variables."""
        return "t" in self.value.variables_used

    @property
    def in_time(self) -> tuple[Expression | TimeTable, ...]:
        return (*super().in_time, self.value) if self.moves else super().in_time

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where it is higher at the faces than at its bottom, at time zero, and goes on rising beyond the box: by a
        third or more whenever the distance doubles, to values far above those in the box. What is periodic does not."""
        places = [np.linspace(-0.5, 0.5, _SAMPLES) * length for length in lengths]
        inside = self._lowest(axis, places)
        bottom, heights = np.min(inside), []
        for doubling in range(6):
            places[axis] = np.array([-0.5, 0.5]) * 2.0**doubling * lengths[axis]
            heights.append(float(np.min(self._lowest(axis, places)) - bottom))
        if not np.isfinite([bottom, *heights]).all():
            return False
        rises = heights[0] > 0.0 and heights[-1] >= 4.0 * float(np.max(inside) - bottom)
        return rises and all(far >= 4.0 / 3.0 * near for near, far in pairwise(heights))

    def _lowest(self, axis: int, places: Sequence[np.ndarray]) -> np.ndarray:
        """Along an axis the smallest values over the places along the others, at time zero."""
        shape = tuple(len(positions) for positions in places)
        values = self.value.evaluate(**dict(zip("xyz", np.ix_(*places), strict=False)), t=0.0)
        others = tuple(other for other in range(len(places)) if other != axis)
        return np.min(np.broadcast_to(values, shape), axis=others)

    def without_gradient(self, grid: Grid) -> Iterator[Misfit]:
        """A jump, on the lines through the centre along each axis, at time zero."""
        for axis, name in enumerate(grid.axes):
            if self.value.jumps_or_bends(name):
                place = self._jump(axis, grid)
                if place is not None:
                    message = (
                        f"jumps at {name} = {place:.6g}, where a classical species feels no force: markers follow the "
                        "gradient, and would pass a wall of any height; use a slope that a step of time does not pass "
                        'over, such as tanh, or kind = "box" with an edge'
                    )
                    yield ("value",), message
                    return

    def _jump(self, axis: int, grid: Grid) -> float | None:
        """Where the value jumps along the line through the centre: its largest change between neighbours of a fine set,
        which stays as large however close they are. A slope and a bend lose theirs."""
        ends = 0.5 * grid.lengths[axis]

        def values(places: np.ndarray) -> np.ndarray:
            at = {name: places if other == axis else 0.0 for other, name in enumerate(grid.axes)}
            return np.broadcast_to(self.value.evaluate(**at, t=0.0), places.shape)

        places = np.linspace(-ends, ends, _FINE_SAMPLES)
        changes = np.abs(np.diff(values(places)))
        if not np.isfinite(changes).all():
            return None  # what is not finite is refused where it is met
        cell = int(np.argmax(changes))
        left, right = float(places[cell]), float(places[cell + 1])
        for _ in range(_HALVINGS):
            middle = 0.5 * (left + right)
            first, second = np.abs(np.diff(values(np.array([left, middle, right]))))
            left, right = (left, middle) if first >= second else (middle, right)
        last = float(np.abs(np.diff(values(np.array([left, right]))))[0])
        return right if last > 0.5 * changes[cell] else None

    def curvature(self, mass: float, axis: int) -> float:
        return 0.0

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        return 0.0


class FilePotential(PotentialSection):
    """U on the grid's points, code units, from a dataset of an HDF5 file."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    """An HDF5 file.
    Example: ``"potential.h5"``."""
    dataset: str = "potential"
    """The dataset of its values, of the shape of the grid.
    Example: ``"fields/potential"``."""

    proportional_to_mass: ClassVar[bool] = False
    at_points_only: ClassVar[bool] = True
    shapes_clouds: ClassVar[bool] = True

    def curvature(self, mass: float, axis: int) -> float:
        return 0.0

    def largest(self, mass: float, corner: Sequence[float]) -> float:
        return 0.0


Potential = Annotated[
    HarmonicPotential | LatticePotential | BoxPotential | GaussianPotential | ExpressionPotential | FilePotential,
    Field(discriminator="kind"),
]
