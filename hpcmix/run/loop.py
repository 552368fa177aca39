"""The time loop."""

from __future__ import annotations

import time

from hpcmix.evolve.stepper import Stepper
from hpcmix.model.envelope import Instant
from hpcmix.parallel.together import together
from hpcmix.run.checkpoints import Checkpoints
from hpcmix.run.conservation import BlowUp, Guard
from hpcmix.run.outputs import Outputs
from hpcmix.run.simulation import Simulation
from hpcmix.run.stopping import StopRequests
from hpcmix.run.vote import Vote


def evolve(simulation: Simulation, outputs: Outputs, checkpoints: Checkpoints, stops: StopRequests) -> str:
    """Step the state to the final time; after every step the ranks vote once, and what is due is written: a checkpoint
    first, so that a run that goes on from it begins with the output of its step. Collective.

    Returns why it stopped before the final time, after a checkpoint; empty when it did not. Raises :class:`BlowUp` on
    every rank when the solution is lost; what was written until then is complete.
    """
    problem, state, world = simulation.problem, simulation.state, simulation.communicators.world
    stepper = Stepper(simulation.mixture, problem.time.splitting)
    guard = Guard(simulation.mixture, problem.parallel.precision, simulation.conserved)
    _require_potentials(simulation)
    if problem.output.checkpoints.enabled:
        outputs.require_resolved(state, guard)
        checkpoints.write(state, guard)
    outputs.write_due(state, guard)
    with simulation.log.progress("step", simulation.steps, done=state.step) as meter:
        while state.step < simulation.steps:
            begin = time.perf_counter()
            try:
                stepper.advance(state)
            except FloatingPointError as error:
                raise BlowUp(f"{error} (in step {state.step + 1})") from error
            needed = 2.0 * (checkpoints.seconds_needed + time.perf_counter() - begin)
            due = checkpoints.due(state.step) or stops.checkpoint_wanted()
            vote = Vote.cast(world, guard.not_finite(state), stops.code(needed), due)
            simulation.stepping_seconds += time.perf_counter() - begin
            simulation.watchdog.beat()
            if vote.lost.any():
                raise guard.report_not_finite(state, vote.lost)
            stopping = vote.stop and state.step < simulation.steps
            if vote.checkpoint or stopping or outputs.due(state.step):
                stepper.settle(state)
            if vote.checkpoint or stopping:
                outputs.require_resolved(state, guard)
                checkpoints.write(state, guard)
            if stopping:
                return stops.honoured(vote.stop)
            if outputs.due(state.step):
                outputs.write_due(state, guard)
            meter.update(state.step, f"t = {simulation.in_units(state.time)}")
    stepper.settle(state)
    return ""


def _require_potentials(simulation: Simulation) -> None:
    """An expression may fail at the first instant, at a point that one rank holds: all learn of it here."""
    state = simulation.state
    try:
        with together(simulation.communicators.world):
            for one in simulation.mixture.species:
                one.external.value(Instant(state.time, state.time + 0.5 * state.step_size))
    except FloatingPointError as error:
        raise BlowUp(str(error)) from error
