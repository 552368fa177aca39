"""The time loop."""

from __future__ import annotations

import time

from hpcmix.evolve.adaptive import AdaptiveStepper, StepTooSmall
from hpcmix.evolve.stepper import Stepper
from hpcmix.observe.look import Look
from hpcmix.parallel.together import together
from hpcmix.run.checkpoints import Checkpoints
from hpcmix.run.log import Meter
from hpcmix.run.outputs import Outputs
from hpcmix.run.simulation import Simulation
from hpcmix.run.stops.guard import BlowUp, Guard
from hpcmix.run.stops.requests import Stop, StopRequests
from hpcmix.run.stops.vote import Vote


def evolve(simulation: Simulation, outputs: Outputs, checkpoints: Checkpoints, stops: StopRequests) -> Stop | None:
    """Step the state to the final time; after every step the ranks vote once, and what is due is written: a checkpoint
    first, so that a run that goes on from it begins with the output of its step. Collective.

    Returns why it stopped before the final time, after a checkpoint; None when it did not. Raises :class:`BlowUp` on
    every rank when the solution is lost; what was written until then is complete.
    """
    problem, state, world = simulation.problem, simulation.state, simulation.communicators.world
    stepper = stepper_of(simulation)
    guard = Guard(simulation.mixture, problem.parallel.precision, simulation.conserved, simulation.words)
    _require_potentials(simulation)
    record = None
    if problem.output.checkpoints.enabled:
        record = outputs.require_resolved(state, guard)
        checkpoints.write(state, guard)
    outputs.write_due(state, guard, record)
    with _progress(simulation) as meter:
        while not simulation.is_finished:
            begin, step = time.perf_counter(), state.step
            try:
                stepper.advance(state)
            except FloatingPointError as error:
                raise BlowUp(f"{error} (in step {state.step + 1})") from error
            except StepTooSmall as error:
                raise BlowUp(error.told(simulation.words)) from error
            if state.step == step:  # rejected: the state is where it was, and what is due there has been written
                simulation.stepping_seconds += time.perf_counter() - begin
                simulation.watchdog.beat()
                continue
            needed = 2.0 * (checkpoints.seconds_needed + time.perf_counter() - begin)
            due = checkpoints.due(state) or stops.checkpoint_wanted()
            vote = Vote.cast(world, guard.not_finite(state), stops.code(needed), due)
            simulation.stepping_seconds += time.perf_counter() - begin
            simulation.watchdog.beat()
            if vote.lost.any():
                raise guard.report_not_finite(state, vote.lost)
            stopping = vote.stop and not simulation.is_finished
            output_due = outputs.due(state)
            if vote.checkpoint or stopping or output_due:
                stepper.settle(state)
            if state.progress.adaptation is not None:
                outputs.write_between(state, guard, stepper.landed)
            record = None
            if vote.checkpoint or stopping or output_due:
                _require_potentials(simulation)
            if vote.checkpoint or stopping:
                record = outputs.require_resolved(state, guard)
                checkpoints.write(state, guard)
            if stopping:
                return Stop(stops.honoured(vote.stop))
            if output_due:
                outputs.write_due(state, guard, record)
            _show(simulation, meter)
    stepper.settle(state)
    return None


def stepper_of(simulation: Simulation) -> Stepper | AdaptiveStepper:
    """What takes the steps that the problem asks for."""
    mixture, options = simulation.mixture, simulation.problem.time
    if simulation.table is None:
        return AdaptiveStepper(mixture, options)
    return Stepper(mixture, options.splitting, simulation.table)


def _progress(simulation: Simulation) -> Meter:
    """A meter of steps, or of time where their number is not known."""
    state, steps = simulation.state, simulation.steps
    if steps is None:  # of the clock, by which steps are measured
        title = "clock" if simulation.mixture.grid.frame.expanding else "time"
        return simulation.log.progress(title, simulation.problem.time.end, state.time, simulation.words)
    return simulation.log.progress("step", steps, state.step)


def _show(simulation: Simulation, meter: Meter) -> None:
    state = simulation.state
    if state.progress.adaptation is None:
        meter.update(state.step, f"t = {simulation.words(simulation.time)}")
    else:
        size, time = simulation.words.of_step(state.progress.step_size, 3), simulation.words(simulation.time)
        meter.update(state.time, f"step {state.step}, size {size}, t = {time}")


def _require_potentials(simulation: Simulation) -> None:
    """An expression may fail at an instant that is looked at, at a point that one rank holds: all learn of it here."""
    if not any(one.external.evaluates_expressions for one in simulation.mixture.species):
        return
    instant = Look(simulation.mixture, simulation.state).instant
    try:
        with together(simulation.communicators.world):
            for one in simulation.mixture.species:
                one.external.value(instant)
    except FloatingPointError as error:
        raise BlowUp(str(error)) from error
