"""The kicks and drifts of one step, with the unitaries among species that a kick is made of where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.evolve.kick import Kick
from hpcmix.frame import Frame
from hpcmix.model.potentials.envelope import Instant
from hpcmix.splittings import Splitting


@dataclass(frozen=True)
class StepSequence:
    """How a splitting is applied.

    table   of the step: kicks and drifts.
    within  by which a kick is made of phases and unitaries among species at every point
            (:mod:`hpcmix.evolve.pointwise.mixing`); None where a kick is a phase.
    """

    table: Splitting
    within: Splitting | None = None

    @property
    def last_phase(self) -> float:
        """The part of a step that its last phase lasts, which stays pending."""
        last = self.table.kicks[-1]
        return last if self.within is None else last * self.within.kicks[-1]

    def moves(
        self, duration: float, times: Sequence[float], middle: float, frame: Frame
    ) -> tuple[list[Kick], list[float | None]]:
        """All kicks of a step but its last phase, and what follows each: a drift of some duration, or none.

        times   when each kick of the table is, on the clock of the frame, the last one's too.
        middle  of the step.
        """
        table, within = self.table, self.within
        instants = [Instant.on_clock(frame, time, middle) for time in times]
        drifts: list[float | None] = [coefficient * duration for coefficient in table.drifts]
        if within is None:
            kicks = [
                Kick(coefficient * duration, instant)
                for coefficient, instant in zip(table.kicks[:-1], instants, strict=False)
            ]
            return kicks, drifts
        all_kicks: list[Kick] = []
        following: list[float | None] = []
        for number, (coefficient, instant) in enumerate(zip(table.kicks, instants, strict=True)):
            whole = coefficient * duration
            for phase, turn in zip(within.kicks, within.drifts, strict=False):
                all_kicks.append(Kick(phase * whole, instant, turning=turn * whole))
                following.append(None)
            if number < len(drifts):
                all_kicks.append(Kick(within.kicks[-1] * whole, instant))
                following.append(drifts[number])
        return all_kicks, following
