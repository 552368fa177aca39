"""What output costs: one record, one snapshot and one checkpoint written and timed, and how many of each a step of the
run has to pay for."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hpcmix.io.checkpoints.checkpoint import write_checkpoint
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.schedules.checkpoints import CheckpointSchedule
from hpcmix.running.schedules.schedule import Schedule
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.guard import Guard


def output_costs(simulation: Simulation) -> dict[str, Any]:
    """Write the first output of a run into the problem's directory, which is removed again, and time it. Collective.

    record, snapshot, marker_file, checkpoint
                                   seconds of each, of the slowest rank: observing and a line of the series; fields and
                                   slices; markers, 0 where none are written; a checkpoint, synced and read back.
    records_per_step, snapshots_per_step, marker_files_per_step
                                   as the file's [output] asks, the first and the last one counted.
    checkpoint_share               of the time of a run that checkpoints take where they come by the clock;
    checkpoints_per_step           their number per step where they come by steps. The other of the two is 0.
    """
    problem, world = simulation.problem, simulation.communicators.world
    path, state = Path(problem.output.directory), simulation.state
    with together(world):
        if simulation.is_root:
            RunDirectory.claim(path)
    try:
        outputs, guard = Outputs(simulation, watching=False), Guard(simulation.mixture, problem.parallel.precision)
        for _ in range(2):  # not counted: they import libraries, and write observables.h5, as later ones seldom do
            outputs.write_due(state, guard)
        record = _slowest(world, lambda: observe(Look(simulation.mixture, state)))
        first = _slowest(world, lambda: outputs.write_due(state, guard))
        marker_file = 0.0
        if problem.output.markers is not None:
            marker_file = _slowest(world, lambda: outputs.write_markers(Look(simulation.mixture, state)))
        names = [species.name for species in simulation.mixture.species]

        def store() -> None:
            write_checkpoint(
                outputs.directory,
                state,
                names,
                simulation.communicators,
                outputs.bookmark(guard),
                outputs.metadata,
                reference=outputs.reference,
                grid=simulation.mixture.grid,
            )

        checkpoint = _slowest(world, store)
        outputs.close()
    finally:
        if simulation.is_root:
            shutil.rmtree(path, ignore_errors=True)
    plan = make_plan(problem, world.size)
    if plan.records is None or plan.snapshots is None or plan.marker_files is None or plan.steps is None:
        raise TypeError("how often adaptive steps write is not known")
    return {
        "record": record,
        "snapshot": max(0.0, first - record - marker_file),
        "marker_file": marker_file,
        "checkpoint": checkpoint,
        "records_per_step": plan.records / plan.steps,
        "snapshots_per_step": plan.snapshots / plan.steps,
        "marker_files_per_step": plan.marker_files / plan.steps,
        **_checkpoint_rate(simulation, checkpoint),
    }


def _checkpoint_rate(simulation: Simulation, cost: float) -> dict[str, float]:
    options, nodes = simulation.problem.output.checkpoints, len(simulation.provenance.hosts)
    if not options.enabled:
        return {"checkpoint_share": 0.0, "checkpoints_per_step": 0.0}
    by_schedule = simulation.schedule(options)
    if not isinstance(by_schedule, Schedule):
        raise TypeError("how often adaptive steps write is not known")
    steps = by_schedule.steps
    schedule = CheckpointSchedule(options, by_schedule, nodes)
    schedule.cost = cost
    seconds = schedule.seconds_between()
    by_steps = sum(by_schedule.reached(step) for step in range(1, steps + 1)) / steps if seconds is None else 0.0
    return {
        "checkpoint_share": 0.0 if seconds is None else cost / (cost + seconds),
        "checkpoints_per_step": by_steps,
    }


def _slowest(world: MPI.Comm, action: Callable[[], object]) -> float:
    """Seconds of the slowest rank."""
    world.Barrier()
    begin = time.perf_counter()
    action()
    return world.allreduce(time.perf_counter() - begin, op=MPI.MAX)
