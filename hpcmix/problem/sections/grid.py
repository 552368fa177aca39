"""``[grid]``: the periodic box and its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator

from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.taken import Widened, limited
from hpcmix.problem.reading.values import AXES, counted, described, integer, quantity
from hpcmix.problem.sections.frames.expanding import FixedFrame, FrameOption
from hpcmix.problem.sections.frames.transverse import Transverse
from hpcmix.problem.units.dimensions import LENGTH


def _one_to_three(value: Any) -> tuple:
    if not isinstance(value, (list, tuple)):
        raise wrong(f"must be a list of 1 to 3 whole numbers, one per dimension, not {described(value)}")
    if not 1 <= len(value) <= 3:
        raise wrong(f"must have 1 to 3 entries, one per dimension, but has {len(value)}")
    return tuple(value)


def _as_many_as_points(value: Any, info: ValidationInfo) -> tuple:
    dimensions = context_of(info).dimensions
    if not isinstance(value, (list, tuple)):
        raise wrong(f"must be a list with one length per dimension, not {described(value)}")
    if dimensions is not None and len(value) != dimensions:
        raise wrong(f"must have {counted(dimensions, 'length')} like grid.points, but has {len(value)}")
    return tuple(value)


class Grid(Section):
    """Points and lengths of the periodic box, centred at the origin: ``x_j = -L/2 + j h``, ``h = L/n`` on each axis."""

    points: Annotated[
        tuple[Annotated[int, integer(at_least=2)], ...],
        Widened(_one_to_three, widens=limited(1, 3, "list of 1 to 3 whole numbers, at least 2")),
    ]
    """Number of points per axis; as many numbers as the problem has dimensions.
    Example: ``[128, 128, 128]``."""
    lengths: Annotated[
        tuple[Annotated[float, quantity(LENGTH, above=0)], ...],
        Widened(_as_many_as_points, widens=limited(1, 3, "list of a length per axis, positive")),
    ]
    """Lengths of the box, per axis.
    Example: ``["32 um", "32 um", "32 um"]``."""
    frame: FrameOption = Field(default_factory=FixedFrame)
    """"fixed", or a table: the frame that the grid is at rest in.
    Example: ``{ kind = "expanding", rate = "50 Hz" }``."""
    transverse: Transverse | None = None
    """The tight trap along the axes that are left out; left out: there are no others."""

    @model_validator(mode="after")
    def _three_axes_in_all(self) -> Self:
        if self.transverse is not None and self.dimensions + self.transverse.axes != 3:
            rest = 3 - self.dimensions
            advice = f"give axes = {rest}" if rest else "leave transverse out: the grid has all three"
            raise wrong(
                f"make {self.dimensions + self.transverse.axes} axes with those of the grid, and space has three; "
                f"{advice}",
                key="transverse.axes",
            )
        return self

    @property
    def dimensions(self) -> int:
        """Number of dimensions, 1 to 3."""
        return len(self.points)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes, x first."""
        return AXES[: self.dimensions]

    def in_words(self, axes: Sequence[int]) -> str:
        """The names of some axes, as a sentence has them: "x, y and z"."""
        *first, last = (self.axes[axis] for axis in axes)
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def spacings(self) -> tuple[float, ...]:
        """Distance h of neighbouring points per axis."""
        return tuple(length / points for length, points in zip(self.lengths, self.points, strict=True))
