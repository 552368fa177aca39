"""When potentials are evaluated that belong to a state between two steps."""

from __future__ import annotations

from hpcmix.frame import Frame
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.progress import Progress

AFTER = 1e-13
"""Relative distance of a time within the next adaptive step from its beginning: no two switching times are as close
(problem/fixed_steps.SAME_TIME), and roundings are smaller."""


def pending_instant(progress: Progress, frame: Frame) -> Instant:
    """What the potentials of the pending kick are evaluated at: the end of the last step."""
    return Instant.on_clock(frame, progress.time, progress.time - 0.5 * progress.last_step)


def coming_instant(progress: Progress, frame: Frame) -> Instant:
    """What potentials are evaluated at that act from here on: the beginning of the next step. How long an
    adaptive one becomes is not known yet; a moment later, by more than the roundings of the frame's map, is within it
    too."""
    later = AFTER * progress.time if progress.adaptation is not None else 0.5 * progress.step_size
    return Instant.on_clock(frame, progress.time, progress.time + later)
