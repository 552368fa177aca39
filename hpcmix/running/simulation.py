"""Everything a run works with, built once from the problem."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hpcmix.initial.build import initial_state
from hpcmix.initial.excitations.probes import empty_pairs, start_pairs
from hpcmix.io.checkpoints.header import Checkpoint
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.provenance import Provenance
from hpcmix.model.build import build_mixture
from hpcmix.model.concentration import shares_at_faces
from hpcmix.model.mixture import Mixture
from hpcmix.model.ranks import division_request, precision_of
from hpcmix.observe.look import Look
from hpcmix.observe.measures.unwrapping import SMALL
from hpcmix.parallel.communicators import Communicators, mpi_library
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.parallel.transforms.trial import choose_exchange, without_shared_memory
from hpcmix.problem.checks.expected.warnings import resolution_lines
from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.output import ScheduleSection
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.words.show import resolved_toml
from hpcmix.problem.words.times import TimeWords, steps_in_words
from hpcmix.running.log import Log
from hpcmix.running.planning.memory import release_freed_memory
from hpcmix.running.planning.resolution.markers import load_lines, marker_lines
from hpcmix.running.planning.resolution.phase import found_warnings
from hpcmix.running.planning.resolution.structures import grid_warnings
from hpcmix.running.planning.resolution.time import time_warnings
from hpcmix.running.planning.room import require_room
from hpcmix.running.resuming.completed_checkpoints import with_kicks_done
from hpcmix.running.resuming.kept_search import KeptSearch
from hpcmix.running.resuming.restart import Origin, ancestors
from hpcmix.running.schedules.schedule import AdaptiveSchedule, Schedule, schedule_of, steps_from
from hpcmix.running.stops.requests import Meeting
from hpcmix.running.stops.watchdog import Watchdog
from hpcmix.state.state import State


@dataclass
class Simulation:
    """A problem, what it is computed with, the model, and the state as it evolves."""

    problem: Problem
    engine: Engine
    mixture: Mixture
    state: State
    ground_state: Mapping[str, Any] | None
    """How the ground state was found, as summary.json says it; of a run that goes on, by the run before."""
    checkpoint: Checkpoint | None
    """What the run goes on from; None: it starts from the beginning."""
    provenance: Provenance
    log: Log
    watchdog: Watchdog | None
    table: FixedSteps | None = None
    """The steps of the run; None where they are adaptive, or there is no evolution. Those of a run that goes on are
    counted on from its checkpoint: its final time may have been changed, and the run then ends at the first multiple of
    the step that reaches it."""
    renewed: bool = False
    """Whether the run goes on with physics that are not the checkpoint's, by consent."""
    loading_seconds: float = 0.0
    """Wall-clock seconds that the checkpoint took to read: the first estimate of what one costs."""
    stepping_seconds: float = 0.0
    """Wall-clock seconds spent in steps, output not counted."""

    @property
    def communicators(self) -> Communicators:
        """The ranks that work on the problem."""
        return self.engine.communicators

    @property
    def timers(self) -> Timers:
        """Where the time goes."""
        return self.engine.timers

    @property
    def conserved(self) -> Mapping[str, Any]:
        """What the guard of conserved quantities knows from the run before: nothing of a system that was another."""
        return self.checkpoint.bookmark.conserved if self.checkpoint and not self.renewed else {}

    @property
    def time(self) -> float:
        """The time of the state in the laboratory, code units."""
        return self.mixture.grid.frame.laboratory_time(self.state.time)

    @property
    def steps(self) -> int | None:
        """Number of steps to the final time; None where that depends on their error."""
        return None if self.table is None else self.table.steps

    @property
    def is_finished(self) -> bool:
        """Whether the state has reached the final time."""
        steps = self.steps
        return self.state.time >= self.problem.timing.end if steps is None else self.state.step >= steps

    def schedule(self, options: ScheduleSection) -> Schedule | AdaptiveSchedule:
        """When output with these options is due."""
        return schedule_of(options, self.problem.timing, self.table)

    @cached_property
    def words(self) -> TimeWords:
        """How times are told to people."""
        return TimeWords.of_problem(self.problem)

    @property
    def place(self) -> str:
        """How far the state is on the way to the final time, for people: steps and times beside their like."""
        step = self.state.step
        steps = counted(step, "step") if self.steps is None else f"{step} of {counted(self.steps, 'step')}"
        return f"{steps}, to t = {self.words.of_end(self.time, self.problem.timing.final)}"

    def beat(self) -> None:
        """Tell the watchdog, where there is one, that the simulation is alive."""
        if self.watchdog is not None:
            self.watchdog.beat()

    def free(self) -> None:
        """Give MPI resources back (collective); the simulation is not to be used afterwards."""
        self.engine.free()
        self.communicators.free()

    @property
    def is_root(self) -> bool:
        """True on the rank that writes small files."""
        return self.communicators.is_root


def build_simulation(
    problem: Problem,
    world: MPI.Comm,
    log: Log,
    origin: Origin | None = None,
    watchdog: Watchdog | None = None,
    stops: Meeting | None = None,
    directory: RunDirectory | None = None,
) -> Simulation:
    """Divide the grid, build the model, make the initial state (with its ground state) or read that of a checkpoint.
    Collective over `world`. Who only measures or checks needs no checkpoint to go on from, no watchdog and no stops,
    and no directory in which the search for a ground state is kept that does not come to its end.

    Raises on every rank :class:`~hpcmix.problem.mistakes.errors.ProblemError`,
    :class:`~hpcmix.initial.descent.ground_state.NotConverged`,
    :class:`~hpcmix.running.resuming.restart.NoCheckpoint` and :class:`~hpcmix.running.stops.requests.Stopped`.
    """
    beat = watchdog.beat if watchdog is not None else lambda: None
    communicators = Communicators.of(division_request(problem), world)
    require_room(problem, communicators.division, communicators.node_ranks)
    timers, precision = Timers(), precision_of(problem)
    with timers.phase("set-up"):
        fields = OrbitalGroups(problem.orbitals, communicators.groups).largest
        trial = choose_exchange(communicators, precision, fields, problem.parallel.exchange)
        beat()
        engine = Engine(communicators, precision, timers, trial.way)
        mixture = build_mixture(problem, engine)
        release_freed_memory()
    begin = time.perf_counter()
    beat()
    checkpoint = None
    if origin is not None:
        with timers.phase("restart"):
            state, checkpoint = _stored_state(problem, mixture, origin), origin.candidates[0]
            ground_state = checkpoint.bookmark.ground_state
        log.line(origin.decision(problem))
    loading = time.perf_counter() - begin
    hosts = world.allgather(socket.gethostname())
    lineage = ancestors(checkpoint) if checkpoint else ()
    provenance = Provenance.collect(hosts, mpi_library(), resolved_toml(problem), lineage)
    _introduce(problem, communicators, log)
    for line in trial.description:
        log.line(line)
    library = engine.resources.kernels.fourier()
    log.line(f"transform: {mixture.transform.description}; Fourier library {library.NAME} {library.VERSION}")
    resolution = [*_resolution(problem), *found_warnings(problem, mixture), *time_warnings(problem)]
    for line in [*resolution, *marker_lines(problem, mixture)]:
        log.line(line)
    if checkpoint is None:
        if problem.time is not None:  # a step that does not divide the final time was shortened: say to what
            log.line(f"{steps_in_words(problem.time, TimeWords.of_problem(problem))}, {problem.time.integrator}")
            if problem.time.frame.expanding:
                log.line(_expansion(problem))
        keeper = None
        if directory is not None:
            attributes = Metadata.of(problem, provenance.attributes()).attributes()
            keeper = KeptSearch(directory, problem, mixture, attributes, log)
        state, ground_state = _first_state(problem, mixture, log, watchdog, stops, keeper, directory)
    if mixture.transform.obstacle:
        log.line(without_shared_memory(mixture.transform.obstacle))
    for line in load_lines(mixture, state):
        log.line(line)
    _warn_of_faces(problem, mixture, state, log)
    if problem.fluctuations is not None and checkpoint is None:
        with timers.phase("initial pairs"):
            held = communicators.pairs_of_replica(problem.pairs)
            state.fluctuations = start_pairs(problem.fluctuations, mixture, state.orbitals, held)
        beat()
    release_freed_memory()
    return Simulation(
        problem,
        engine,
        mixture,
        state,
        ground_state,
        checkpoint,
        provenance,
        log,
        watchdog,
        table=None if problem.time is None else steps_from(problem.time, state.progress),
        renewed=origin is not None and origin.renewed,
        loading_seconds=loading,
    )


def _stored_state(problem: Problem, mixture: Mixture, origin: Origin) -> State:
    """The state of the newest checkpoint that is good: of every species what this rank holds."""
    pairs = None
    if problem.fluctuations is not None:
        pairs = empty_pairs(problem.fluctuations, mixture, mixture.communicators.pairs_of_replica(problem.pairs))
    names = [species.name for species in problem.species]
    state = origin.load(mixture.empty_clouds(), names, mixture.communicators, pairs)
    if problem.timing.adaptive is not None:
        state.progress = state.progress.adaptive()
    return state


def _first_state(
    problem: Problem,
    mixture: Mixture,
    log: Log,
    watchdog: Watchdog | None,
    stops: Meeting | None,
    keeper: KeptSearch | None,
    directory: RunDirectory | None,
) -> tuple[State, dict[str, Any] | None]:
    """The state at time zero, and how its ground state was found. Between its iterations the run can be stopped."""
    words = MeasureWords(problem.scales)
    with mixture.engine.timers.phase("initial state"), log.progress("ground state, iteration", None) as meter:

        def alive() -> None:
            if watchdog is not None:
                watchdog.beat()
            if stops is not None:
                stops.meet(mixture.communicators.world)

        def report(iteration: int, residual: float, energy: float) -> None:
            meter.update(iteration, f"residual {residual:.2e}  energy {words.energy(energy, 12)}")
            alive()

        with with_kicks_done(problem, mixture, directory) as complete, mixture.communicators.in_unison():
            state, ground_state = initial_state(complete, mixture, report, log.line, alive, keeper)
        if stops is not None:
            stops.found()
    _move_where_transforms_work(mixture, state)
    if ground_state is None:
        return state, None
    energy = words.energy(ground_state.energy, 12)
    log.line(
        f"ground state: residual {ground_state.residual:.1e} after {ground_state.iterations} iterations and "
        f"{ground_state.transforms} transforms ({ground_state.method}), energy {energy}"
    )
    log.line(f"ground state: {ground_state.nature.sentence(words)}")
    for name, levels in (ground_state.levels or {}).items():
        highest, gap = words.energy(levels.energies[-1], 9), words.energy(levels.gap, 3)
        log.line(f'ground state: highest filled level of "{name}" {highest}, gap {gap}')
    return state, ground_state.as_dict()


def _warn_of_faces(problem: Problem, mixture: Mixture, state: State, log: Log) -> None:
    """Say where a cloud reaches the faces of the box, at which its vector potential jumps. Collective."""
    look = Look(mixture, state)
    for index, species in enumerate(problem.species):
        potential = species.vector_potential
        if problem.rotation is None and (potential is None or potential.periodic):
            continue
        share = max(shares_at_faces(mixture, look.densities[index]))
        if share > SMALL:
            what = "the rotating frame" if potential is None else "its vector potential"
            log.line(
                f'species "{species.name}": the density at the faces of the box is {share:.1e} of the largest, and '
                f"{what} jumps there unless it is periodic; use a larger box"
            )


def _move_where_transforms_work(mixture: Mixture, state: State) -> None:
    """Lay fields where the transform can work on them in place (shared memory of a node). Collective."""
    release_freed_memory()  # of what the states were made from, before there are more fields than at any other time
    for species, cloud in enumerate(state.clouds):
        state.clouds[species] = cloud.placed(mixture.transform)


def _resolution(problem: Problem) -> list[str]:
    """The clouds beside spacing and box as the file tells them, and what is probably not meant."""
    lengths = resolution_lines(problem)
    return ([f"expected: {'; '.join(lengths)}"] if lengths else []) + grid_warnings(problem)


def _expansion(problem: Problem) -> str:
    """What the steps are steps of, in a frame that grows."""
    time, words = problem.timing, TimeWords.of_problem(problem)
    return (
        f"expanding frame: steps of the clock s = arctan(w t)/w, w = {time.frame.rate:.6g} in code units, up to s = "
        f"{words(time.end)}, which is t = {words(time.final)}; the box grows by {time.frame.scale(time.end):.6g}"
    )


def _pairs_in_words(section: FluctuationsSection, pairs: int, communicators: Communicators) -> str:
    """How many pairs follow the flow, and how they are shared."""
    followed = "every mode of the grid"
    if not section.whole:
        followed = f"{pairs - section.sampled} for modes, {section.sampled} for probes"
    most = len(communicators.pairs_of_replica(pairs, 0))
    shared = f", at most {most} in a group" if communicators.replicas > 1 else ""
    return f"fluctuations around the flow: {counted(pairs, 'pair')} ({followed}){shared}"


def _introduce(problem: Problem, communicators: Communicators, log: Log) -> None:
    """The first lines of the log: what is computed, and on what."""
    points = " x ".join(map(str, problem.grid.points))
    box = MeasureWords(problem.scales).lengths(problem.grid.lengths, " x ")
    ranks = "1 rank" if communicators.size == 1 else f"{communicators.size} ranks"
    log.line(f"{problem.title}")
    log.line(f"grid {points}, box {box}, {problem.parallel.precision} precision")
    log.line(f"{ranks} as {communicators.division.in_words}, {mpi_library()}")
    if problem.fluctuations is not None:
        log.line(_pairs_in_words(problem.fluctuations, problem.pairs, communicators))
    if problem.loss:
        log.line(f"losses: {'; '.join(loss.in_words for loss in problem.loss)}")
    for note in communicators.notes:
        log.line(note)
    scales = problem.scales
    if scales.given:
        log.line(
            f"code units: length {scales.length_si:.6g} m, mass {scales.mass_si:.6g} kg, time {scales.time_si:.6g} s"
        )
    condition = semirelativistic_condition(problem)
    for line in condition.lines() if condition is not None else ():
        log.line(line)
