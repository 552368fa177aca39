"""``vector_potential`` of a species: the kinds of A(x) in (-i hbar grad + A)^2. The charge is part of A."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.taken import Taken, Widened, limited, of_quantity
from hpcmix.problem.reading.values import counted, described, existing_file, expression, integer, quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.units.dimensions import ACTION, LENGTH, MASS_RATE, MOMENTUM
from hpcmix.problem.units.expressions import Expression

DEVIATIONS = 4.0
"""Root mean squares that a random field reaches somewhere in a box, about; a plan does not make it."""

LARGEST_MODE = 6.0
"""Where a random field ends: |k| times its correlation length. Its coefficients have fallen to exp(-9) there."""


def _three(value: Any, info: ValidationInfo) -> Any:
    """A field as three components; a single number is along z."""
    dimensions = context_of(info).dimensions
    if dimensions == 1:
        raise wrong("a magnetic field needs two or three dimensions, and the grid has one")
    if not isinstance(value, (list, tuple)):
        return (0.0, 0.0, value)
    if len(value) != 3:
        raise wrong(f"must be a number (along z) or three components, not {described(value)}")
    if dimensions == 2 and any(part != 0 for part in value[:2]):
        raise wrong("must be along z in two dimensions: a number, or [0, 0, b]")
    return tuple(value)


def _number_or_three(components: Taken) -> Taken:
    number = of_quantity(MASS_RATE)
    three = limited(3, 3)(components)
    return Taken(f"{number.words}; or a list of three", {"anyOf": [number.schema, three.schema]}, number.unit)


def _two(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise wrong(f"must be two numbers, the place x, y of the axis, not {described(value)}")
    return tuple(value)


def _one_per_axis(value: Any, info: ValidationInfo) -> Any:
    dimensions = context_of(info).dimensions
    if not isinstance(value, (list, tuple)):
        raise wrong(f"must be a list of expressions, one per axis, not {described(value)}")
    if dimensions is not None and len(value) != dimensions:
        raise wrong(f"needs {counted(dimensions, 'expression')}, one per axis, but has {len(value)}")
    return tuple(value)


class VectorPotentialSection(Section):
    """What every vector potential answers about itself. Checks, plans and warnings ask it; none knows its kind."""

    @abstractmethod
    def largest(self, corner: Sequence[float]) -> float:
        """The largest |A| in the box that reaches from -corner to corner, about, as far as the file tells; zero where
        its values are looked at when they are made (model/kinetic/vector_potentials.py)."""

    periodic: ClassVar[bool]
    """Whether it is known to go on smoothly through the faces of the box."""

    full_fields: ClassVar[bool]
    """Whether its components are fields of the whole grid, not functions of a coordinate or two."""

    @property
    def expected_component(self) -> float | None:
        """What a plan takes for the largest component of A without making it; None where it makes it."""
        return None

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid."""
        return iter(())


class UniformVectorPotential(VectorPotentialSection):
    """A of a uniform field B = curl A (the mass times the cyclotron frequency), not periodic: it jumps at the faces of
    the box.

    gauge "symmetric": A = B x r / 2; "landau": A = (-B_z y, -B_x z, -B_y x), for a field along z (-B y, 0, 0).
    """

    kind: Literal["uniform"]
    field: Annotated[tuple[Annotated[float, quantity(MASS_RATE)], ...], Widened(_three, widens=_number_or_three)]
    """B, a mass times a frequency: a number along z, or three components.
    Example: ``[0, 0, 1.5]``."""
    gauge: Literal["symmetric", "landau"] = "symmetric"
    """Which A has this curl: about the origin, or along an axis."""

    periodic: ClassVar[bool] = False
    full_fields: ClassVar[bool] = False

    def largest(self, corner: Sequence[float]) -> float:
        return math.hypot(*self.field) * math.hypot(*corner)


class SolenoidVectorPotential(VectorPotentialSection):
    """A of a smooth flux tube along z: B = flux exp(-s^2/radius^2) / (pi radius^2), s the distance from its axis;
    A = flux (1 - exp(-s^2/radius^2)) / (2 pi s) around the axis. It jumps at the faces of the box."""

    kind: Literal["solenoid"]
    flux: Annotated[float, quantity(ACTION)]
    """Through the whole tube, an action; 2 pi hbar is one quantum.
    Example: ``"3.14 hbar"``."""
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """At which the field has fallen to 1/e.
    Example: ``"2 um"``."""
    centre: Annotated[tuple[Annotated[float, quantity(LENGTH)], ...], Widened(_two, widens=limited(2, 2))] = (0.0, 0.0)
    """Where the axis crosses the plane of x and y.
    Example: ``["1 um", "0 um"]``."""

    periodic: ClassVar[bool] = False
    full_fields: ClassVar[bool] = True

    def largest(self, corner: Sequence[float]) -> float:
        return abs(self.flux) / self.radius  # at most about 0.1 of it

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        if grid.dimensions == 1:
            yield ("kind",), "a solenoid needs two or three dimensions, and the grid has one"
            return
        for axis, centre in enumerate(self.centre):
            half = grid.lengths[axis] / 2.0
            if abs(centre) > half:
                name = grid.axes[axis]
                message = (
                    f"{centre:.6g} on axis {name} is outside the box, which reaches from {-half:.6g} to {half:.6g}"
                )
                yield ("centre", axis), message


class RandomVectorPotential(VectorPotentialSection):
    """A smooth periodic random field without mean, the same on every grid for a box: every component is Gaussian with
    root mean square ``amplitude`` and correlation exp(-r^2 / (2 correlation_length^2)), made of the box's modes with
    |k| correlation_length <= 6."""

    kind: Literal["random"]
    amplitude: Annotated[float, quantity(MOMENTUM, above=0)]
    """Root mean square of every component."""
    correlation_length: Annotated[float, quantity(LENGTH, above=0)]
    """How far the field is like itself.
    Example: ``"3 um"``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of its random numbers; another seed is another field."""

    periodic: ClassVar[bool] = True
    full_fields: ClassVar[bool] = True

    @property
    def largest_wave_number(self) -> float:
        """Where its modes end."""
        return LARGEST_MODE / self.correlation_length

    def modes(self, lengths: tuple[float, ...]) -> tuple[int, ...]:
        """The largest mode along each axis of a box."""
        return tuple(math.floor(self.largest_wave_number * length / (2.0 * math.pi)) for length in lengths)

    def largest(self, corner: Sequence[float]) -> float:
        return 5.0 * self.amplitude

    @property
    def expected_component(self) -> float | None:
        return DEVIATIONS * self.amplitude

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        length, largest = self.correlation_length, self.largest_wave_number
        if not any(self.modes(grid.lengths)):
            longest = length * largest * max(grid.lengths) / (2.0 * math.pi)
            message = f"{length:.6g} is too long for the box, which has no wave of such a field; at most {longest:.4g}"
            yield ("correlation_length",), message
        coarsest = max(grid.spacings)
        if largest > math.pi / coarsest:
            message = (
                f"{length:.6g} is not resolved: the field has waves up to k = 6/{length:.6g} = {largest:.6g}, the grid "
                f"only up to {math.pi / coarsest:.6g}; at least {6.0 * coarsest / math.pi:.4g}, or a finer grid"
            )
            yield ("correlation_length",), message


class ExpressionVectorPotential(VectorPotentialSection):
    """A = (value[0](x, y, z), ...), constant in time; in code units where no unit stands in it."""

    kind: Literal["expression"]
    value: Annotated[
        tuple[Annotated[Expression, expression(dimension=MOMENTUM)], ...], Widened(_one_per_axis, widens=limited(1, 3))
    ]
    """A component per axis: momenta, functions of x, y, z.
    Example: ``["-1.5*y", "0", "0"]``."""

    periodic: ClassVar[bool] = False
    full_fields: ClassVar[bool] = True

    def largest(self, corner: Sequence[float]) -> float:
        return 0.0


class FileVectorPotential(VectorPotentialSection):
    """A on the grid's points, code units, from a real dataset of an HDF5 file whose first axis counts the
    components."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    """An HDF5 file.
    Example: ``"field.h5"``."""
    dataset: str = "vector_potential"
    """A real dataset whose first axis counts the components.
    Example: ``"fields/vector_potential"``."""

    periodic: ClassVar[bool] = False
    full_fields: ClassVar[bool] = True

    def largest(self, corner: Sequence[float]) -> float:
        return 0.0

    @property
    def expected_component(self) -> float | None:
        return 0.0


VectorPotential = Annotated[
    UniformVectorPotential
    | SolenoidVectorPotential
    | RandomVectorPotential
    | ExpressionVectorPotential
    | FileVectorPotential,
    Field(discriminator="kind"),
]
