"""How far a run has come: step, time, and of what moves with it."""

from __future__ import annotations

from typing import Any

from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import FREQUENCY, TIME


class _Progress(Observable):
    """Step and time; of adaptive steps also their size. In a frame that grows ``frame``: the ``clock``, the ``scale`` b
    and its ``speed`` db/dt."""

    labels = (
        Label("time", "time", TIME),
        Label("step", "number of steps taken"),
        Label("step_size", "size of the adaptive steps", TIME),
        Label("frame_clock", "clock of the expanding frame", TIME),
        Label("frame_scale", "scale b of the expanding frame"),
        Label("frame_speed", "rate db/dt of the expanding frame", FREQUENCY),
    )

    def of_whole(self, look: Look) -> dict[str, Any]:
        progress, frame = look.state.progress, look.mixture.grid.frame
        entries: dict[str, Any] = {"step": progress.step, "time": look.time}
        if progress.adaptation is not None:
            entries["step_size"] = progress.step_size
        if frame.expanding:
            entries["frame"] = frame.described(look.clock)
        return entries


PROGRESS = _Progress()
