"""The time loop."""

from __future__ import annotations

import time

from hpcmix.evolve.stepper import Stepper
from hpcmix.model.envelope import Instant
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.together import together
from hpcmix.run.conservation import BlowUp, Guard
from hpcmix.run.outputs import Outputs
from hpcmix.run.simulation import Simulation


def evolve(simulation: Simulation, outputs: Outputs) -> None:
    """Step the state to the final time; after every step the ranks vote once, and what is due is written. Collective.

    Raises :class:`BlowUp` on every rank when the solution is lost; what was written until then is complete.
    """
    problem, state, world = simulation.problem, simulation.state, simulation.communicators.world
    stepper = Stepper(simulation.mixture, problem.time.splitting)
    guard = Guard(simulation.mixture, problem.parallel.precision)
    try:
        with together(world):  # an expression may fail at time zero at a point that one rank holds
            for one in simulation.mixture.species:
                one.external.value(Instant(state.time, state.time + 0.5 * state.step_size))
    except FloatingPointError as error:
        raise BlowUp(str(error)) from error
    outputs.write_due(state, guard)
    with simulation.log.progress("step", problem.time.steps) as meter:
        while state.step < problem.time.steps:
            begin = time.perf_counter()
            try:
                stepper.advance(state)
            except FloatingPointError as error:
                raise BlowUp(f"{error} (in step {state.step + 1})") from error
            flags = guard.not_finite(state)
            world.Allreduce(MPI.IN_PLACE, flags, op=MPI.MAX)
            simulation.stepping_seconds += time.perf_counter() - begin
            if flags.any():
                raise guard.report_not_finite(state, flags)
            if outputs.due(state.step):
                stepper.settle(state)
                outputs.write_due(state, guard)
            meter.update(state.step, f"t = {simulation.in_units(state.time)}")
