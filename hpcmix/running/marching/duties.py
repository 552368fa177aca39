"""What a run does between its steps: it writes outputs and checkpoints, and asks whether it is to stop."""

from __future__ import annotations

from typing import Any

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.running.log import Meter
from hpcmix.running.marching.evolution import Evolution
from hpcmix.running.marching.loop import Duties, march
from hpcmix.running.output.checkpoints import Checkpoints
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.requests import Stop, StopRequests


def evolve(simulation: Simulation, outputs: Outputs, checkpoints: Checkpoints, stops: StopRequests) -> Stop | None:
    """Step the state to the final time, and write what is due: a checkpoint first, so that a run that goes on from it
    begins with the output of its step. Collective.

    Returns why it stopped before the final time, after a checkpoint; None when it did not. Raises
    :class:`~hpcmix.running.stops.guard.BlowUp` on every rank when the solution is lost; what was written until then is
    complete.
    """
    evolution, meter = Evolution(simulation), _progress(simulation)
    duties = RunDuties(evolution, outputs, checkpoints, stops, meter)
    evolution.settle()
    duties.begin()
    with meter:
        code = march([evolution], duties, simulation.communicators.world, simulation.timers)
    return Stop(stops.honoured(code)) if code else None


class RunDuties(Duties):
    """Those of a run (:class:`~hpcmix.running.marching.loop.Duties`)."""

    def __init__(
        self, evolution: Evolution, outputs: Outputs, checkpoints: Checkpoints, stops: StopRequests, meter: Meter
    ) -> None:
        self._evolution, self._simulation = evolution, evolution.simulation
        self._outputs, self._checkpoints, self._stops, self._meter = outputs, checkpoints, stops, meter
        self._record: dict[str, Any] | None = None  # of this step, where a checkpoint has looked at it already

    def begin(self) -> None:
        """What is due before the first step."""
        if self._simulation.problem.output.checkpoints.enabled:
            self.save()
        self.look()

    @property
    def over(self) -> bool:
        """Whether the final time is reached."""
        return self._simulation.is_finished

    def wants_checkpoint(self) -> bool:
        """By its schedule, at the end, or by request."""
        return self._checkpoints.due(self._evolution.state) or self._stops.checkpoint_wanted()

    def wants_stop(self, seconds: float) -> int:
        """By a signal, a file or the clock, which leaves time for another step and a checkpoint."""
        return self._stops.code(2.0 * (self._checkpoints.seconds_needed + seconds))

    def attempted(self, seconds: float) -> None:
        """The run is alive."""
        self._simulation.stepping_seconds += seconds
        self._simulation.beat()

    @property
    def due(self) -> bool:
        """Whether a record or a snapshot is."""
        return self._outputs.due(self._evolution.state)

    def look_within(self) -> None:
        """Output within an adaptive step, exactly on time."""
        evolution, stepper = self._evolution, self._evolution.stepper
        if isinstance(stepper, AdaptiveStepper):
            self._outputs.write_between(evolution.state, evolution.guard, stepper.landed)

    def save(self) -> None:
        """A checkpoint, of a state that the grid resolves."""
        evolution = self._evolution
        self._record = self._outputs.require_resolved(evolution.state, evolution.guard)
        self._checkpoints.write(evolution.state, evolution.guard)

    def look(self) -> None:
        """Records and snapshots."""
        record, self._record = self._record, None
        self._outputs.write_due(self._evolution.state, self._evolution.guard, record)

    def tell(self) -> None:
        """Move the meter: of steps, or of time where their number is not known."""
        simulation, state = self._simulation, self._evolution.state
        if simulation.steps is not None:
            self._meter.update(state.step, f"t = {simulation.words(simulation.time)}")
            return
        size, time = simulation.words.of_step(state.progress.step_size, 3), simulation.words(simulation.time)
        self._meter.update(state.time, f"step {state.step}, size {size}, t = {time}")


def _progress(simulation: Simulation) -> Meter:
    """A meter of steps, or of the clock by which adaptive ones are measured."""
    state, steps = simulation.state, simulation.steps
    if steps is None:
        title = "clock" if simulation.mixture.grid.frame.expanding else "time"
        return simulation.log.progress(title, simulation.problem.timing.end, state.time, simulation.words)
    return simulation.log.progress("step", steps, state.step)
