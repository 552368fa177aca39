"""``grid.frame``: the frame that the grid lives in, at rest or expanding with a released cloud."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from hpcmix.frame import AT_REST, Frame
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Widened, or_word
from hpcmix.problem.reading.values import described, quantity
from hpcmix.problem.units.dimensions import FREQUENCY


class FixedFrame(Section):
    """The grid is at rest."""

    kind: Literal["fixed"] = "fixed"

    @property
    def map(self) -> Frame:
        """How clock and positions belong to the laboratory's."""
        return AT_REST


class ExpandingFrame(Section):
    """The grid's points move as x = b(t) y with b = sqrt(1 + rate^2 t^2): a cloud that a trap of this frequency has
    released stays about where it is on the grid."""

    kind: Literal["expanding"]
    rate: Annotated[float, quantity(FREQUENCY, above=0)]
    """Angular frequency of the expansion, about that of the trap that lets go."""

    @property
    def map(self) -> Frame:
        """How clock and positions belong to the laboratory's."""
        return Frame(self.rate)


def _named(value: Any) -> Any:
    """The word "fixed" as a table."""
    if value == "fixed":
        return {"kind": "fixed"}
    if isinstance(value, str):
        if value == "expanding":
            raise wrong('needs its rate: frame = { kind = "expanding", rate = ... }')
        raise wrong(
            f'unknown frame {described(value)} (available: "fixed", {{ kind = "expanding", rate = ... }})',
            suggestion=closest(value, ("fixed", "expanding")),
        )
    return value


FrameOption = Annotated[
    Annotated[FixedFrame | ExpandingFrame, Field(discriminator="kind")],
    Widened(_named, widens=lambda table: or_word(table, "fixed")),
]
