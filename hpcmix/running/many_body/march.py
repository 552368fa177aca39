"""The evolution of N bodies in the time loop of runs: what marches, and what is done between its stretches."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np

from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running.log import Meter
from hpcmix.running.many_body.checkpoints import BodiesCheckpoints
from hpcmix.running.many_body.guard import BodiesGuard
from hpcmix.running.many_body.outputs import BodiesOutputs
from hpcmix.running.many_body.setup import BodiesRun
from hpcmix.running.marching.loop import Duties, march
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Prospect, Stop, StopRequests

GRACE = 20.0
"""Seconds that a stretch from look to look has to come to its end when the job is asked to stop: Slurm kills half a
minute after it has asked."""


class MarchingBodies:
    """N bodies and their mean field as the time loop marches them (:class:`~hpcmix.running.marching.loop.Marching`):
    from look to look. Where there is a checkpoint, a stop that does not come to the next look in time ends the job."""

    def __init__(self, run: BodiesRun, checkpoints: BodiesCheckpoints, stops: StopRequests) -> None:
        self._run, self._checkpoints, self._stops = run, checkpoints, stops

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self._run.bodies.step

    def advance(self) -> None:
        """To the next look. A mean field that cannot be followed ends it as a loss. Collective."""
        with self._run.timers.phase("evolution"), self._patience():
            try:
                self._run.bodies.advance()
            except FloatingPointError as error:
                raise BlowUp(f"{error} (after step {self.step})") from error

    def _patience(self) -> AbstractContextManager[None]:
        """How long a request waits for the next look."""
        saved = self._checkpoints.last
        if saved is None:
            return nullcontext()
        words = f"before the next look at the N bodies; the same command goes on from step {saved.progress.step}"
        return self._stops.may_end(Prospect(words, ExitStatus.STOPPED), GRACE)

    def settle(self) -> None:
        """Nothing: at a look the state is what it is."""

    def not_finite(self) -> np.ndarray:
        """One where this rank finds its rows not finite."""
        return np.array([0.0 if self._run.bodies.is_finite else 1.0])

    def lost(self, parts: np.ndarray) -> BlowUp:
        """The error for rows that are not finite."""
        when = f"in step {self.step}, t = {self._run.words(self._run.time)}"
        return BlowUp(f"the wave function of the N bodies is not finite {when}; try a smaller many_body.tolerance")


class BodiesDuties(Duties):
    """Those of a run (:class:`~hpcmix.running.marching.loop.Duties`)."""

    def __init__(
        self,
        run: BodiesRun,
        outputs: BodiesOutputs,
        checkpoints: BodiesCheckpoints,
        guard: BodiesGuard,
        stops: StopRequests,
        meter: Meter,
    ) -> None:
        self._run, self._outputs, self._checkpoints = run, outputs, checkpoints
        self._guard, self._stops, self._meter = guard, stops, meter

    def begin(self) -> None:
        """What is due before the first step."""
        if self._checkpoints.options.enabled:
            self.save()
        self.look()

    @property
    def over(self) -> bool:
        """Whether the final time is reached."""
        return self._run.is_finished

    def wants_checkpoint(self) -> bool:
        """By its schedule, at the end, or by request."""
        return self._checkpoints.due() or self._stops.checkpoint_wanted()

    def wants_stop(self, seconds: float) -> int:
        """By a signal, a file or the clock, which leaves time for another stretch and a checkpoint."""
        return self._stops.code(2.0 * (self._checkpoints.seconds_needed + seconds))

    def attempted(self, seconds: float) -> None:
        """The run is alive."""
        self._run.stepping_seconds += seconds
        self._run.beat()

    @property
    def due(self) -> bool:
        """Whether a record or a file of reduced density matrices is."""
        return self._outputs.due

    def save(self) -> None:
        """A checkpoint."""
        self._checkpoints.write(self._guard)

    def look(self) -> None:
        """Records and files of reduced density matrices."""
        self._outputs.write_due(self._guard)

    def tell(self) -> None:
        """Move the meter."""
        self._meter.update(self._run.bodies.step, f"t = {self._run.words(self._run.time)}")


def evolve(
    run: BodiesRun,
    outputs: BodiesOutputs,
    checkpoints: BodiesCheckpoints,
    guard: BodiesGuard,
    stops: StopRequests,
) -> Stop | None:
    """Evolve to the final time, and write what is due. Collective.

    Returns why it stopped before the final time, after a checkpoint; None when it did not. Raises
    :class:`~hpcmix.running.stops.guard.BlowUp` on every rank when the solution is lost.
    """
    meter = run.log.progress("step", run.table.steps, run.bodies.step)
    duties = BodiesDuties(run, outputs, checkpoints, guard, stops, meter)
    duties.begin()
    with meter:
        code = march([MarchingBodies(run, checkpoints, stops)], duties, run.world, run.timers)
    return Stop(stops.honoured(code)) if code else None
