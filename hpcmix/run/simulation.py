"""Everything a run works with, built once from the problem."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpcmix.initial.build import initial_state
from hpcmix.io.checkpoint_header import Checkpoint
from hpcmix.io.provenance import Provenance
from hpcmix.model.build import build_mixture, complex_type
from hpcmix.model.mixture import Mixture
from hpcmix.observe.faces import SMALL, share_at_faces
from hpcmix.parallel.communicators import Communicators, mpi_library
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.orbital_groups import OrbitalGroups
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.trial import choose_exchange
from hpcmix.problem.evolution import TimeOptions
from hpcmix.problem.output import ScheduleSection
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_toml
from hpcmix.problem.well_posedness import semirelativistic_condition
from hpcmix.run.log import Log
from hpcmix.run.memory import release_freed_memory
from hpcmix.run.phase_resolution import found_warnings
from hpcmix.run.restart import Origin, ancestors
from hpcmix.run.schedule import AdaptiveSchedule, Schedule, has_reached, schedule_of, whole_steps
from hpcmix.run.stopping import Meeting
from hpcmix.run.watchdog import Watchdog
from hpcmix.state import Adaptation, State


@dataclass
class Simulation:
    """A problem, the ranks that work on it, the model, and the state as it evolves."""

    problem: Problem
    communicators: Communicators
    timers: Timers
    mixture: Mixture
    state: State
    ground_state: Mapping[str, Any] | None
    """How the ground state was found, as summary.json says it; of a run that goes on, by the run before."""
    checkpoint: Checkpoint | None
    """What the run goes on from; None: it starts from the beginning."""
    provenance: Provenance
    log: Log
    watchdog: Watchdog | None
    loading_seconds: float = 0.0
    """Wall-clock seconds that the checkpoint took to read: the first estimate of what one costs."""
    stepping_seconds: float = 0.0
    """Wall-clock seconds spent in steps, output not counted."""

    @property
    def conserved(self) -> Mapping[str, Any]:
        """What the guard of conserved quantities knows from the run before."""
        return self.checkpoint.bookmark.conserved if self.checkpoint else {}

    @property
    def time(self) -> float:
        """The time of the state in the laboratory, code units."""
        return self.mixture.grid.frame.laboratory_time(self.state.time)

    @property
    def steps(self) -> int | None:
        """Number of steps to the final time; None where that depends on their error. A fixed step is the state's: the
        final time of a run that goes on may have been changed since, and is then the first multiple of the step that
        reaches it."""
        return whole_steps(self.problem.time, self.state.step_size)

    @property
    def is_finished(self) -> bool:
        """Whether the state has reached the final time."""
        return has_reached(self.problem.time, self.state)

    def schedule(self, options: ScheduleSection) -> Schedule | AdaptiveSchedule:
        """When output with these options is due."""
        return schedule_of(options, self.problem.time, self.steps, self.state.step_size)

    @property
    def destination(self) -> str:
        """How far the run goes, for people: its steps, or its final time."""
        steps = self.steps
        return f"t = {self.in_units(self.problem.time.final)}" if steps is None else str(steps)

    def in_units(self, time: float) -> str:
        """A time for people: in milliseconds where the problem has [units], else in code units."""
        seconds = self.problem.scales.time_si
        return f"{time:.6g}" if seconds is None else f"{time * seconds * 1e3:.6g} ms"

    def free(self) -> None:
        """Give MPI resources back (collective); the simulation is not to be used afterwards."""
        self.mixture.free()
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
) -> Simulation:
    """Divide the grid, build the model, make the initial state (with its ground state) or read that of a checkpoint.
    Collective over `world`. Who only measures or checks needs no checkpoint to go on from, no watchdog and no stops.

    Raises on every rank :class:`~hpcmix.problem.errors.ProblemError`,
    :class:`~hpcmix.initial.ground_state.NotConverged`, :class:`~hpcmix.run.restart.NoCheckpoint` and
    :class:`~hpcmix.run.stopping.Stopped`.
    """
    beat = watchdog.beat if watchdog is not None else lambda: None
    communicators = Communicators.of(problem, world)
    timers = Timers()
    with timers.phase("set-up"):
        fields = OrbitalGroups(problem.orbitals, communicators.groups).largest
        trial = choose_exchange(communicators, complex_type(problem), fields, problem.parallel.exchange)
        beat()
        mixture = build_mixture(problem, communicators, timers, trial.way)
        release_freed_memory()
    begin = time.perf_counter()
    beat()
    checkpoint = None
    if origin is not None:
        with timers.phase("restart"):
            state, checkpoint = _stored_state(problem, mixture, origin), origin.candidates[0]
            ground_state = checkpoint.bookmark.ground_state
        log.line(origin.decision(problem.time))
    loading = time.perf_counter() - begin
    hosts = world.allgather(socket.gethostname())
    lineage = ancestors(checkpoint) if checkpoint else ()
    provenance = Provenance.collect(hosts, mpi_library(), resolved_toml(problem), lineage)
    _introduce(problem, communicators, log)
    if trial.description:
        log.line(trial.description)
    log.line(f"transform: {mixture.transform.description}")
    for line in found_warnings(problem, mixture):
        log.line(line)
    if checkpoint is None:
        if problem.time is not None:  # a step that does not divide the final time was shortened: say to what
            log.line(_steps_in_words(problem.time))
            if problem.time.frame.expanding:
                log.line(_expansion(problem.time))
        state, ground_state = _first_state(problem, mixture, timers, log, watchdog, stops)
    _warn_of_faces(problem, mixture, state, log)
    release_freed_memory()
    return Simulation(
        problem, communicators, timers, mixture, state, ground_state, checkpoint, provenance, log, watchdog, loading
    )


def _stored_state(problem: Problem, mixture: Mixture, origin: Origin) -> State:
    """The state of the newest checkpoint that is good: of every species the orbitals of this rank's group."""
    orbitals = [mixture.transform.empty_fields(len(mixture.held(a))) for a in range(len(problem.species))]
    state = origin.load(orbitals, [one.name for one in problem.species], mixture.communicators)
    if problem.time.adaptive is not None and state.adaptation is None:
        state.adaptation = Adaptation.following(state)
    return state


def _first_state(
    problem: Problem,
    mixture: Mixture,
    timers: Timers,
    log: Log,
    watchdog: Watchdog | None,
    stops: Meeting | None,
) -> tuple[State, dict[str, Any] | None]:
    """The state at time zero, and how its ground state was found. Between its iterations the run can be stopped."""
    with timers.phase("initial state"), log.progress("ground state, iteration", None) as meter:

        def report(iteration: int, residual: float, energy: float) -> None:
            if watchdog is not None:
                watchdog.beat()
            meter.update(iteration, f"residual {residual:.2e}  energy {energy:.12g}")
            if stops is not None:
                stops.meet(mixture.communicators.world)

        state, found = initial_state(problem, mixture, report, log.line)
        if stops is not None:
            stops.found()
    _move_where_transforms_work(mixture, state)
    if found is None:
        return state, None
    log.line(
        f"ground state: residual {found.residual:.1e} after {found.iterations} iterations and "
        f"{found.transforms} transforms ({found.method}), energy {found.energy:.12g}"
    )
    return state, found.as_dict()


def _warn_of_faces(problem: Problem, mixture: Mixture, state: State, log: Log) -> None:
    """Say where a cloud reaches the faces of the box, at which its vector potential jumps. Collective."""
    for index, one in enumerate(problem.species):
        potential = one.vector_potential
        if problem.rotation is None and (potential is None or potential.kind == "random"):  # a random field is periodic
            continue
        share = share_at_faces(mixture, mixture.density(state.orbitals[index], mixture.weights[index]))
        if share > SMALL:
            what = "the rotating frame" if potential is None else "its vector potential"
            log.line(
                f'species "{one.name}": the density at the faces of the box is {share:.1e} of the largest, and {what} '
                "jumps there unless it is periodic; use a larger box"
            )


def _move_where_transforms_work(mixture: Mixture, state: State) -> None:
    """Lay the orbitals where the transform can work on them in place (shared memory of a node). Collective."""
    release_freed_memory()  # of what the states were made from, before there are more fields than at any other time
    for species, array in enumerate(state.orbitals):
        fields = mixture.transform.empty_fields(len(array))
        fields[...] = array
        state.orbitals[species] = fields


def _steps_in_words(time: TimeOptions) -> str:
    if time.adaptive is None:
        return f"{time.steps} steps of {time.step_size:.6g} (code units), {time.integrator}"
    smallest, initial, largest = time.adaptive.within(time.end)
    return (
        f"adaptive steps, tolerance {time.adaptive.tolerance:g}, from {smallest:.3g} to {largest:.3g}, "
        f"the first {initial:.3g} (code units), {time.integrator}"
    )


def _expansion(time: TimeOptions) -> str:
    """What the steps are steps of, in a frame that grows."""
    final, scale = time.final, time.frame.scale(time.end)
    return (
        f"expanding frame: steps of the clock s = arctan(w t)/w, w = {time.frame.rate:.6g}, up to s = {time.end:.6g}, "
        f"which is t = {final:.6g}; the box grows by {scale:.6g} meanwhile (code units)"
    )


def _introduce(problem: Problem, communicators: Communicators, log: Log) -> None:
    """The first lines of the log: what is computed, and on what."""
    points = " x ".join(map(str, problem.grid.points))
    lengths = " x ".join(f"{length:g}" for length in problem.grid.lengths)
    ranks = "1 rank" if communicators.size == 1 else f"{communicators.size} ranks"
    log.line(f"{problem.title}")
    log.line(f"grid {points}, box {lengths} (code units), {problem.parallel.precision} precision")
    division = communicators.decomposition.in_words
    if communicators.groups > 1:
        division = f"{communicators.groups} orbital groups of {division}"
    log.line(f"{ranks} as {division}, {mpi_library()}")
    scales = problem.scales
    if scales.given:
        log.line(
            f"code units: length {scales.length_si:.6g} m, mass {scales.mass_si:.6g} kg, time {scales.time_si:.6g} s"
        )
    condition = semirelativistic_condition(problem)
    for line in condition.lines() if condition is not None else ():
        log.line(line)
