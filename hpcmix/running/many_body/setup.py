"""Everything that a run of N bodies beside their mean field works with, built once from the problem."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.system import Hooks, ModeSystem
from hpcmix.io.checkpoints.header import Checkpoint
from hpcmix.io.documents.provenance import Provenance
from hpcmix.io.many_body.distributed import Distributed, fill
from hpcmix.io.many_body.vector_checkpoint import mode_arrays, small_arrays, vector_array
from hpcmix.parallel.communicators import Communicators, mpi_library
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import together
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.output import ScheduleSection
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.words.show import resolved_toml
from hpcmix.problem.words.times import TimeWords, steps_in_words
from hpcmix.running.log import Log
from hpcmix.running.many_body.looks import Looks
from hpcmix.running.planning.many_body.lines import size_lines
from hpcmix.running.planning.many_body.plan import plan_bodies
from hpcmix.running.planning.many_body.room import require_room_for_bodies
from hpcmix.running.planning.memory import release_freed_memory
from hpcmix.running.planning.room import memory_of_node
from hpcmix.running.resuming.occupied import Attendants
from hpcmix.running.resuming.restart import Origin, ancestors
from hpcmix.running.schedules.schedule import Schedule
from hpcmix.running.stops.watchdog import Watchdog
from hpcmix.state.progress import Progress


@dataclass
class BodiesRun:
    """A problem with ``[many_body]``, the ranks that work on it, and the N bodies as they evolve.

    checkpoint       what the run goes on from; None: it starts from the beginning.
    table            all steps of the run.
    looks            at which of them somebody looks.
    renewed          whether the run goes on with physics that are not the checkpoint's, by consent.
    loading_seconds  that the checkpoint took to read.
    stepping_seconds
                     spent in the evolution, output not counted.
    """

    problem: Problem
    world: MPI.Comm
    timers: Timers
    bodies: ManyBodies
    ground_state: Mapping[str, Any] | None
    checkpoint: Checkpoint | None
    provenance: Provenance
    log: Log
    watchdog: Watchdog
    table: FixedSteps
    looks: Looks
    renewed: bool = False
    loading_seconds: float = 0.0
    stepping_seconds: float = 0.0

    @property
    def system(self) -> ModeSystem:
        """Modes, and the model in them."""
        return self.bodies.system

    @property
    def state(self) -> ManyBodies:
        """What evolves."""
        return self.bodies

    @property
    def progress(self) -> Progress:
        """Where it is among the steps."""
        stretch = self.table.stretch(self.bodies.step)
        return Progress(self.bodies.step, stretch.size, mark=stretch.mark)

    @property
    def time(self) -> float:
        """In the laboratory, code units."""
        return self.bodies.time

    @property
    def is_finished(self) -> bool:
        """Whether the final time is reached."""
        return self.bodies.step >= self.table.steps

    @cached_property
    def words(self) -> TimeWords:
        """How times are told to people."""
        return TimeWords.of_problem(self.problem)

    @property
    def place(self) -> str:
        """How far it is on the way to the final time, for people."""
        steps = f"{self.bodies.step} of {counted(self.table.steps, 'step')}"
        return f"{steps}, to t = {self.words.of_end(self.time, self.problem.timing.final)}"

    @property
    def is_root(self) -> bool:
        """True on the rank that writes small files."""
        return self.world.rank == 0

    @property
    def holds_grid(self) -> bool:
        """Whether this rank's block of the grid is the one that is written: several groups may have the same grid."""
        return self.world.rank < self.system.comm.size

    def beat(self) -> None:
        """Tell the watchdog that the run is alive."""
        self.watchdog.beat()

    def arrays(self) -> dict[str, Distributed]:
        """All that evolves and the modes that it is written in, by the names of their datasets. Local."""
        bodies, system = self.bodies, self.system
        grid = system.mixture.grid
        return {
            **vector_array(bodies.psi, bodies.cut.rows, bodies.cut.first),
            **small_arrays(bodies.small_arrays()),
            **mode_arrays(system.names, system.model.modes, grid.points, grid.position_block, self.holds_grid),
        }

    def free(self) -> None:
        """Give MPI resources back (collective); the run is not to be used afterwards."""
        self.bodies.free()
        self.system.free()


def build_bodies_run(problem: Problem, origin: Origin | None, attendants: Attendants) -> BodiesRun:
    """Make modes, model and initial state, or read those of a checkpoint. Collective over the world.

    Raises on every rank :class:`~hpcmix.problem.mistakes.errors.ProblemError`,
    :class:`~hpcmix.initial.descent.ground_state.NotConverged`,
    :class:`~hpcmix.running.resuming.restart.NoCheckpoint` and :class:`~hpcmix.running.stops.requests.Stopped`.
    """
    world, log, timers = attendants.comm, attendants.log, Timers()
    begin = time.perf_counter()
    checkpoint = None
    if origin is not None:
        with timers.phase("restart"):
            bodies, looks, table = origin.newest_good(lambda checkpoint: _stored(problem, world, checkpoint))
        checkpoint = origin.candidates[0]
        log.line(origin.decision(problem))
    loading = time.perf_counter() - begin
    hosts = world.allgather(socket.gethostname())
    provenance = Provenance.collect(
        hosts, mpi_library(), resolved_toml(problem), ancestors(checkpoint) if checkpoint else ()
    )
    _introduce(problem, world, log)
    if checkpoint is None:
        log.line(steps_in_words(problem.timing, TimeWords.of_problem(problem)))
        table = fixed_steps_from(problem.timing, Progress(step_size=problem.timing.first_step))
        looks = looks_at(problem, table)
        bodies = _first(problem, attendants, timers, table, looks)
    bodies.watch(attendants.watchdog.beat)
    release_freed_memory()
    ground_state = bodies.system.ground_state if checkpoint is None else checkpoint.bookmark.ground_state
    return BodiesRun(
        problem,
        world,
        timers,
        bodies,
        ground_state,
        checkpoint,
        provenance,
        log,
        attendants.watchdog,
        table,
        looks,
        renewed=origin is not None and origin.renewed,
        loading_seconds=loading if checkpoint else 0.0,
    )


def require_room(problem: Problem, world: MPI.Comm) -> None:
    """Refuse, before anything is moved aside, what the node of the first rank has no room for. Collective."""
    node = world.Split_type(MPI.COMM_TYPE_SHARED)
    share = world.bcast(memory_of_node() / node.size)
    node.Free()
    require_room_for_bodies(problem, world.size, share)


def looks_at(problem: Problem, table: FixedSteps) -> Looks:
    """When a run looks at its state."""

    time, output = problem.timing, problem.output

    def schedule(options: ScheduleSection) -> Schedule:
        return Schedule(table, options.every, options.interval, time.frame)

    saved = output.checkpoints
    asked = saved.enabled and (saved.every is not None or saved.interval is not None)
    return Looks(schedule(output.observables), schedule(output.snapshots), schedule(saved) if asked else None)


def fixed_steps_from(time: TimeOptions, progress: Progress) -> FixedSteps:
    """All steps of a run that has come so far; with ``[many_body]`` none are adaptive
    (problem/checks/many_body/consistency.py)."""
    return time.steps_from(progress.mark, progress.step_size, progress.step) or time.fixed_steps


def _first(problem: Problem, attendants: Attendants, timers: Timers, table: FixedSteps, looks: Looks) -> ManyBodies:
    """At time zero. While a ground state is sought the run can be stopped between iterations."""
    world, log, stops = attendants.comm, attendants.log, attendants.stops
    words = MeasureWords(problem.scales)
    with timers.phase("initial state"), log.progress("initial state, iteration", None) as meter:

        def alive() -> None:
            attendants.watchdog.beat()
            stops.meet(world)

        def report(iteration: int, residual: float, energy: float) -> None:
            meter.update(iteration, f"residual {residual:.2e}  energy {words.energy(energy, 12)}")
            alive()

        system = ModeSystem.of(problem, world, Hooks(report, log.line, alive))
    attendants.watchdog.beat()
    with timers.phase("set-up"):
        bodies = ManyBodies(system, world, looked=looks.looked)
    bodies.table = table
    return bodies


def _stored(problem: Problem, world: MPI.Comm, checkpoint: Checkpoint) -> tuple[ManyBodies, Looks, FixedSteps]:
    """Those of a checkpoint."""
    table = fixed_steps_from(problem.timing, checkpoint.progress)
    looks = looks_at(problem, table)

    def read_modes(ranks: MPI.Comm, communicators: Communicators, modes: list[np.ndarray]) -> None:
        names = [species.name for species in problem.species]
        block = communicators.decomposition.position_block(communicators.group.rank)
        with together(world):
            fill(checkpoint.path, checkpoint.seal, mode_arrays(names, modes, problem.grid.points, block), ranks)

    system = ModeSystem.with_modes(problem, world, read_modes)
    bodies = ManyBodies(system, world, looked=looks.looked)
    bodies.table = table
    small = {name: np.empty_like(array) for name, array in bodies.small_arrays().items()}
    vector = vector_array(bodies.psi, bodies.cut.rows, bodies.cut.first)
    fill(checkpoint.path, checkpoint.seal, vector | small_arrays(small), world)
    bodies.go_on(checkpoint.progress.step, bodies.psi, small)
    return bodies, looks, table


def _introduce(problem: Problem, world: MPI.Comm, log: Log) -> None:
    """The first lines of the log: what is computed, and on what."""
    log.line(problem.title)
    for line in size_lines(problem, plan_bodies(problem, world.size)):
        log.line(line)
    log.line(mpi_library())
    scales = problem.scales
    if scales.given:
        log.line(
            f"code units: length {scales.length_si:.6g} m, mass {scales.mass_si:.6g} kg, time {scales.time_si:.6g} s"
        )
