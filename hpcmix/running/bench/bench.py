"""``hpcmix bench``: how long a step takes here, by phase, and how near it comes to what the memory allows."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpcmix import __version__
from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.plain_json import page_of
from hpcmix.io.documents.provenance import commit_of_checkout
from hpcmix.parallel.communicators import launcher_mismatch, mpi_library, world
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import abort_on_uncaught_errors, together
from hpcmix.parallel.transforms.transform import thread_count
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import asks_for_ground_state
from hpcmix.running.bench.machine import describe_machine
from hpcmix.running.bench.markers import marker_costs
from hpcmix.running.bench.output import output_costs
from hpcmix.running.bench.pairs import pair_costs
from hpcmix.running.bench.spread import Spread
from hpcmix.running.bench.table import print_bench
from hpcmix.running.bench.timing import seconds_of_steps
from hpcmix.running.log import Log
from hpcmix.running.marching.evolution import Evolution
from hpcmix.running.planning.costs.fields import real_bytes
from hpcmix.running.planning.costs.traffic import all_transforms_per_step, step_bytes, transform_operations
from hpcmix.running.planning.memory import MemoryMeter
from hpcmix.running.simulation import Simulation, build_simulation
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Prospect, StopRequests
from hpcmix.running.stops.watchdog import BadLimit, Watchdog, hang_limit

DEFAULT_PROBLEM = """
title = "Benchmark: two components in contact"
[grid]
points = [128, 128, 128]
lengths = [16.0, 16.0, 16.0]
[[species]]
name = "up"
potential = [{ kind = "harmonic", frequency = [1.0, 1.1, 0.9] }]
initial = { kind = "gaussian", width = 1.2 }
[[species]]
name = "down"
potential = [{ kind = "harmonic", frequency = [1.0, 1.1, 0.9] }]
initial = { kind = "gaussian", width = 1.1, centre = [0.7, 0.0, 0.0] }
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 100.0
[[interaction]]
between = ["down", "down"]
kind = "contact"
strength = 90.0
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 60.0
[time]
final = 1000.0
step = 0.0005
integrator = "strang"
check_step = false
"""
"""What is measured when no file is named. A step takes as long whatever its length, so that any grid may be asked for
with ``--set grid.points=...``."""

WARM_UP_STEPS = 3
"""Not counted: they make plans and tables, and touch memory for the first time."""

FEWEST_STEPS, MOST_STEPS = 5, 10_000


@dataclass(frozen=True)
class Length:
    """How long is measured: `steps` steps, or where that is None as many as take about `seconds`."""

    seconds: float = 5.0
    steps: int | None = None

    def steps_of(self, seconds_per_step: float) -> int:
        """The number of steps, given what one takes."""
        return self.steps or min(MOST_STEPS, max(FEWEST_STEPS, round(self.seconds / seconds_per_step)))


def launch_bench(
    file: str | None,
    overrides: Sequence[str],
    length: Length,
    json_path: Path | None,
    output_trial: Path | None = None,
) -> int:
    """Measure on all ranks and print the result; 0. Collective.

    file          a problem file or an example's name; None for :data:`DEFAULT_PROBLEM`.
    json_path     where the numbers go as well.
    output_trial  a directory, made and removed, in which a record, a snapshot and a checkpoint are written and timed.
    Raises :class:`ProblemError` and :class:`OutputError` on every rank.
    """
    comm = world()
    abort_on_uncaught_errors(comm)
    try:
        limit = hang_limit()
    except BadLimit as error:
        raise ProblemError.of("", str(error)) from error
    with StopRequests(None, None, comm.rank == 0) as stops, Watchdog(comm.rank, comm.size, limit) as watchdog:
        stops.prospect = Prospect("before the end of the benchmark, which keeps nothing")
        return _bench(comm, file, overrides, length, json_path, output_trial, stops, watchdog)


def _bench(
    comm: MPI.Comm,
    file: str | None,
    overrides: Sequence[str],
    length: Length,
    json_path: Path | None,
    output_trial: Path | None,
    stops: StopRequests,
    watchdog: Watchdog,
) -> int:
    meter = MemoryMeter()
    if mismatch := launcher_mismatch():
        raise OutputError(mismatch)
    problem = None
    with together(comm):
        if comm.rank == 0:
            if output_trial is not None:
                if output_trial.exists():
                    raise OutputError(f"{output_trial} is there already; the trial of output makes its own directory")
                overrides = [*overrides, f"output.directory={json.dumps(str(output_trial))}"]
            problem = _read(file, overrides)
            if output_trial is not None and problem.timing.adaptive is not None:
                raise problem.complain(
                    "time.step", "is adaptive: how many steps go with an output is not known beforehand; give a number"
                )
    problem = comm.bcast(problem)
    log = Log(speaks=comm.rank == 0)
    try:
        simulation = build_simulation(problem, comm, log, watchdog=watchdog)
    except ProblemError as error:
        raise problem.locate(error) from error
    watchdog.beat()
    if output_trial is not None and comm.rank == 0:
        stops.at_end.append(lambda: shutil.rmtree(output_trial, ignore_errors=True))
    try:
        output = output_costs(simulation) if output_trial is not None else None
        result = measure(simulation, meter, length)
    except BlowUp as error:
        raise OutputError(str(error)) from error
    simulation.free()
    if output is not None:
        result["output"] = output
    with together(comm):
        if comm.rank == 0:
            print_bench(result)
            if json_path is not None:
                write_text(json_path, page_of(result))
    return 0


def _read(file: str | None, overrides: Sequence[str]) -> Problem:
    """The problem with quick first states: the time of a step does not depend on the state, and a ground state would
    take minutes to find."""

    def load(overrides: Sequence[str]) -> Problem:
        return parse_problem(DEFAULT_PROBLEM, overrides) if file is None else load_problem(file, overrides)

    problem = load(overrides)
    if problem.time is None:
        raise problem.complain("time", "bench measures time steps: it needs a [time] section with final and step")
    quick = [
        f"species.{species.name}.initial={species.quickest_initial(problem.grid.lengths)}"
        for species in problem.species
        if asks_for_ground_state(species)
    ]
    return load([*overrides, *quick]) if quick else problem


def measure(simulation: Simulation, meter: MemoryMeter, length: Length) -> dict[str, Any]:
    """Take steps in the loop of a run, and describe how long they took; the same on every rank. Collective.

    meter  made before the simulation.
    Raises :class:`~hpcmix.running.stops.guard.BlowUp`: what is not finite takes another time.
    """
    problem, comm, evolution = simulation.problem, simulation.communicators.world, Evolution(simulation)
    meter.restart()
    steps = length.steps_of(seconds_of_steps(evolution, WARM_UP_STEPS)[-1])
    before = Timers(dict(simulation.timers.seconds), dict(simulation.timers.calls))
    durations = seconds_of_steps(evolution, steps)
    phases = _difference(simulation.timers, before).over_ranks(comm)
    memory = comm.allgather(meter.beyond_baseline())
    copying = _copy_bandwidth(comm, simulation.mixture.grid.position_block.size, simulation.mixture.real_dtype)
    step, moved, operations = Spread.of(durations), step_bytes(problem), transform_operations(problem)
    per_step = {
        name: {key: value / steps for key, value in timer.items()} | {"share": timer["seconds"] / durations.sum()}
        for name, timer in sorted(phases.items(), key=lambda item: -item[1]["seconds"])
    }
    return {
        "hpcmix": __version__,
        "commit": commit_of_checkout(),
        "machine": describe_machine(),
        "mpi": mpi_library(),
        "ranks": comm.size,
        "threads": thread_count(),
        **_places(comm),
        "groups": simulation.communicators.groups,
        "pairs": pair_costs(evolution, steps, step),
        "markers": marker_costs(simulation.mixture, per_step),
        "pencil_grid": list(simulation.communicators.decomposition.pencil_grid),
        "exchange": simulation.mixture.transform.exchange_name,
        "transform": simulation.mixture.transform.description,
        "load": os.getloadavg()[0],
        "problem": {
            "title": problem.title,
            "points": list(problem.grid.points),
            "species": len(problem.species),
            "precision": problem.parallel.precision,
            "integrator": problem.timing.integrator,
        },
        "steps": steps,
        "seconds_per_step": asdict(step),
        "phases": per_step,
        "transforms_per_step": all_transforms_per_step(problem),
        "operations_per_step": operations,
        "operations_per_second": operations / step.median,
        "bytes_per_step": moved,
        "bytes_per_second": moved / step.median,
        "copy_bytes_per_second": copying,
        "memory_beyond_program_bytes": memory,
        "field_bytes": 2 * real_bytes(problem) * simulation.communicators.decomposition.position_block(0).size,
    }


def _places(comm: MPI.Comm) -> dict[str, Any]:
    """On how many nodes the ranks are, how many on the fullest, and the cores that its ranks may use together."""
    cores: set[int] = set()
    with suppress(AttributeError):
        cores = os.sched_getaffinity(0)
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    usable = set().union(*node.allgather(cores))
    nodes = comm.allreduce(int(node.rank == 0))
    ranks, negative_cores = comm.allreduce((node.size, -len(usable)), op=MPI.MAX)
    node.Free()
    return {"nodes": nodes, "ranks_per_node": ranks, "cores_of_ranks": -negative_cores or os.cpu_count() or 1}


def _timed(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _difference(now: Timers, before: Timers) -> Timers:
    """What the timers counted since `before`."""
    names = [name for name, calls in now.calls.items() if calls > before.calls.get(name, 0)]
    return Timers(
        {name: now.seconds[name] - before.seconds.get(name, 0.0) for name in names},
        {name: now.calls[name] - before.calls.get(name, 0) for name in names},
    )


def _copy_bandwidth(comm: MPI.Comm, points: int, dtype: np.dtype) -> float:
    """Bytes per second that all ranks together read and write while each copies one array of a field's size: what the
    memory gives to a program that does nothing else (or a cache, if two fields fit in it)."""
    source, target = (np.ones(2 * points, dtype) for _ in range(2))
    durations = []
    for _ in range(9):
        comm.Barrier()
        durations.append(comm.allreduce(_timed(lambda: np.copyto(target, source)), op=MPI.MAX))
    total = comm.allreduce(2 * source.nbytes)
    return total / Spread.of(durations).median
