"""``vector_potential`` of a species: the kinds of A(x) in (-i hbar grad + A)^2. The charge is part of A."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from hpcmix.problem.dimensions import ACTION, LENGTH, MASS_RATE, MOMENTUM
from hpcmix.problem.expressions import Expression
from hpcmix.problem.section import Section, context_of, wrong
from hpcmix.problem.values import counted, described, existing_file, expression, integer, quantity

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


class UniformVectorPotential(Section):
    """A of a uniform field B = curl A (the mass times the cyclotron frequency), not periodic: it jumps at the faces of
    the box.

    gauge "symmetric": A = B x r / 2; "landau": A = (-B_z y, -B_x z, -B_y x), for a field along z (-B y, 0, 0).
    """

    kind: Literal["uniform"]
    field: Annotated[tuple[Annotated[float, quantity(MASS_RATE)], ...], BeforeValidator(_three)]
    gauge: Literal["symmetric", "landau"] = "symmetric"


class SolenoidVectorPotential(Section):
    """A of a smooth flux tube along z: B = flux exp(-s^2/radius^2) / (pi radius^2), s the distance from its axis;
    A = flux (1 - exp(-s^2/radius^2)) / (2 pi s) around the axis. It jumps at the faces of the box."""

    kind: Literal["solenoid"]
    flux: Annotated[float, quantity(ACTION)]
    radius: Annotated[float, quantity(LENGTH, above=0)]
    centre: Annotated[tuple[Annotated[float, quantity(LENGTH)], ...], BeforeValidator(_two)] = (0.0, 0.0)
    """Where the axis crosses the plane of x and y."""


class RandomVectorPotential(Section):
    """A smooth periodic random field without mean, the same on every grid for a box: every component is Gaussian with
    root mean square ``amplitude`` and correlation exp(-r^2 / (2 correlation_length^2)), made of the box's modes with
    |k| correlation_length <= 6."""

    kind: Literal["random"]
    amplitude: Annotated[float, quantity(MOMENTUM, above=0)]
    correlation_length: Annotated[float, quantity(LENGTH, above=0)]
    seed: Annotated[int, integer(at_least=0)] = 0

    @property
    def largest_wave_number(self) -> float:
        """Where its modes end."""
        return LARGEST_MODE / self.correlation_length

    def modes(self, lengths: tuple[float, ...]) -> tuple[int, ...]:
        """The largest mode along each axis of a box."""
        return tuple(math.floor(self.largest_wave_number * length / (2.0 * math.pi)) for length in lengths)


class ExpressionVectorPotential(Section):
    """A = (value[0](x, y, z), ...), code units, constant in time."""

    kind: Literal["expression"]
    value: Annotated[tuple[Annotated[Expression, expression()], ...], BeforeValidator(_one_per_axis)]


class FileVectorPotential(Section):
    """A on the grid's points, code units, from a real dataset of an HDF5 file whose first axis counts the
    components."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    dataset: str = "vector_potential"


VectorPotential = Annotated[
    UniformVectorPotential
    | SolenoidVectorPotential
    | RandomVectorPotential
    | ExpressionVectorPotential
    | FileVectorPotential,
    Field(discriminator="kind"),
]
