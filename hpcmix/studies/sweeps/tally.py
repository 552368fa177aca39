"""What became of the points of a sweep, in one job: of one part of its ranks, or of several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

OTHERS = "what stopped the others"
"""Why a part began no more points, where another part had been asked to stop."""


@dataclass
class Tally:
    """What became of the points.

    there     those that were there before.
    done      the names of those that this job has computed.
    failed    those of all points whose problem has no answer, with their sentences.
    troubled  those that could not be computed this time, with why.
    busy      those that other jobs compute, and those that wait for them.
    ended     the names of those, and of those that it found to have no answer.
    stopped   why no more points were begun.
    """

    there: int = 0
    done: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    troubled: dict[str, str] = field(default_factory=dict)
    busy: int = 0
    ended: set[str] = field(default_factory=set)
    stopped: str = ""

    @classmethod
    def together(cls, tallies: Sequence[Tally], recorded: int, points: int) -> Tally:
        """Of parts that have worked side by side on so many points, of so many of which it is known what became of
        them: no part knows what the others did last."""
        failed = {label: why for tally in tallies for label, why in tally.failed.items()}
        troubled = {label: why for tally in tallies for label, why in tally.troubled.items() if label not in failed}
        ended = set().union(*(tally.ended for tally in tallies))
        reasons = [tally.stopped for tally in tallies if tally.stopped]
        return cls(
            there=recorded - len(ended),
            done=set().union(*(tally.done for tally in tallies)),
            failed=failed,
            troubled=troubled,
            busy=points - recorded - len(troubled),
            ended=ended,
            stopped=min(reasons, key=lambda reason: reason == OTHERS, default=""),
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"done": sorted(self.done), "ended": sorted(self.ended)}

    @classmethod
    def from_dict(cls, entries: dict[str, Any]) -> Tally:
        """From :meth:`as_dict`."""
        return cls(**(entries | {"done": set(entries["done"]), "ended": set(entries["ended"])}))
