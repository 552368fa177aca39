"""Radial functions of compact support in a problem file: the ``potential`` of a scattering interaction, and tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from hpcmix.problem.reading.columns import columns_of
from hpcmix.problem.reading.section import Section, StandIn, wrong
from hpcmix.problem.reading.taken import of_text
from hpcmix.problem.reading.values import quantity, real, sequence
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

CLOSEST_RADII = 1e-9
"""Of the last radius: slopes of a spline through closer points lose half of the digits that its values have."""


SAMPLES = 2001
"""Radii at which the lowest value of a function is looked for."""

Function = Callable[[np.ndarray], np.ndarray]
"""Values at radii within the support."""


class RadialSection(Section):
    """A function of r that is smooth between its edges and zero beyond the last of them."""

    @property
    @abstractmethod
    def edges(self) -> tuple[float, ...]:
        """0 = r_0 < r_1 < ... < r_n."""

    @abstractmethod
    def function(self) -> Function:
        """The function within the last edge."""

    @property
    @abstractmethod
    def highest(self) -> float:
        """The largest absolute value, about."""

    @property
    def lowest(self) -> float:
        """The lowest value, as far as looking at many radii finds it."""
        return float(np.min(self.function()(np.linspace(0.0, self.edges[-1], SAMPLES))))


class RadialBump(RadialSection):
    """A function with one height, smooth up to its radius."""

    kind: str
    height: Annotated[float, quantity(ENERGY)]
    """At r = 0; negative for a well.
    Example: ``10.0``."""

    @property
    def highest(self) -> float:
        return abs(self.height)


class SquareBarrier(RadialBump):
    """``V = height`` for r < radius, a well when negative."""

    kind: Literal["square-barrier"]
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """Where it ends.
    Example: ``1.0``."""

    @property
    def edges(self) -> tuple[float, ...]:
        return 0.0, self.radius

    def function(self) -> Function:
        return lambda r: np.full_like(r, self.height)


class GaussianBump(RadialBump):
    """``V = height exp(-r^2 / (2 width^2))`` for r < radius, zero beyond."""

    kind: Literal["gaussian-bump"]
    width: Annotated[float, quantity(LENGTH, above=0)]
    """sigma of exp(-r^2 / (2 sigma^2)).
    Example: ``0.4``."""
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """Where it is cut.
    Example: ``1.5``."""

    @property
    def edges(self) -> tuple[float, ...]:
        return 0.0, self.radius

    def function(self) -> Function:
        return lambda r: self.height * np.exp(-0.5 * (r / self.width) ** 2)


class SoftSphere(RadialBump):
    """``V = height (1 - r/radius)^2`` for r < radius: spheres that repel in proportion to their overlap."""

    kind: Literal["soft-sphere"]
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """Where it has fallen to zero.
    Example: ``1.0``."""

    @property
    def edges(self) -> tuple[float, ...]:
        return 0.0, self.radius

    def function(self) -> Function:
        return lambda r: self.height * (1.0 - r / self.radius) ** 2


class RadialTable(RadialSection):
    """Values at radii from 0 on, joined by a cubic spline; zero beyond the last one. Code units.

    Given as two lists, or as the path of a text file with two columns, which becomes the two lists: a problem that was
    read no longer depends on the file.
    """

    radii: Annotated[tuple[Annotated[float, real(at_least=0)], ...], sequence()]
    """At which values are given, from 0 on; or, with ``values``, the columns of the file named by ``path``.
    Example: ``[0.0, 0.5, 1.0, 1.5]``."""
    values: Annotated[tuple[Annotated[float, real()], ...], sequence()]
    """At these radii, code units.
    Example: ``[1.0, 0.7, 0.2, 0.0]``."""

    stand_ins: ClassVar[Mapping[str, StandIn]] = {
        "path": StandIn(
            of_text('"kernel.txt"', "path of a file, relative to that of the problem"),
            "A text file with two columns, r and the value; lines that begin with # are remarks.",
        )
    }

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        if "path" not in table:
            if "radii" not in table and "values" not in table:
                raise wrong("needs radii and values, or the path of a text file with these two columns")
            return table
        others = {key: value for key, value in table.items() if key != "path"}
        radii, values = columns_of(table, ("radii", "values"), "r", info)
        return others | {"radii": radii.tolist(), "values": values.tolist()}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.radii) != len(self.values):
            raise wrong(f"has {len(self.values)} entries for {len(self.radii)} radii", key="values")
        if len(self.radii) < 4:
            raise wrong(f"needs at least 4 entries for a cubic spline, but has {len(self.radii)}", key="radii")
        if self.radii[0] != 0.0:
            raise wrong(
                f"must begin at r = 0, not at {self.radii[0]:g}: the function has to be known everywhere", key="radii"
            )
        for first, second in zip(self.radii, self.radii[1:], strict=False):
            if not second > first:
                raise wrong(f"must increase, but {second:g} comes after {first:g}", key="radii")
            if second - first < CLOSEST_RADII * self.radius:
                message = (
                    f"{first:g} and {second:g} are too close for a spline, whose slopes are quotients of differences"
                )
                raise wrong(message, key="radii")
        if not any(self.values):
            raise wrong("are all zero: there is no interaction", key="values")
        return self

    @property
    def radius(self) -> float:
        """The last radius."""
        return self.radii[-1]

    @property
    def edges(self) -> tuple[float, ...]:
        return self.radii

    @property
    def highest(self) -> float:
        return max(map(abs, self.values))

    def function(self) -> Function:
        from scipy.interpolate import CubicSpline  # only who uses it waits for it

        return CubicSpline(self.radii, self.values)


class TablePotential(RadialTable):
    """``V`` as a table."""

    kind: Literal["table"]


ScatteringPotential = Annotated[
    SquareBarrier | GaussianBump | SoftSphere | TablePotential,
    Field(discriminator="kind"),
]
"""The potential V of a scattering problem."""
