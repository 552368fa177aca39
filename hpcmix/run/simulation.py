"""Everything a run works with, built once from the problem."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from hpcmix.initial.build import initial_state
from hpcmix.initial.ground_state import GroundState
from hpcmix.io.provenance import Provenance
from hpcmix.model.build import build_mixture, complex_type
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.communicators import Communicators, mpi_library
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.orbital_groups import OrbitalGroups
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.trial import choose_exchange
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_toml
from hpcmix.run.log import Log
from hpcmix.state import State


@dataclass
class Simulation:
    """A problem, the ranks that work on it, the model, and the state as it evolves."""

    problem: Problem
    communicators: Communicators
    timers: Timers
    mixture: Mixture
    state: State
    ground_state: GroundState | None
    provenance: Provenance
    log: Log
    stepping_seconds: float = 0.0
    """Wall-clock seconds spent in steps, output not counted."""

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


def build_simulation(problem: Problem, world: MPI.Comm, log: Log) -> Simulation:
    """Divide the grid, build the model, make the initial state (with its ground state). Collective over `world`.

    Raises :class:`~hpcmix.problem.errors.ProblemError` and :class:`~hpcmix.initial.ground_state.NotConverged` on every
    rank.
    """
    communicators = Communicators.of(problem, world)
    timers = Timers()
    provenance = Provenance.collect(world.allgather(socket.gethostname()), mpi_library(), resolved_toml(problem))
    _introduce(problem, communicators, log)
    with timers.phase("set-up"):
        fields = OrbitalGroups(problem.orbitals, communicators.groups).largest
        trial = choose_exchange(communicators, complex_type(problem), fields, problem.parallel.exchange)
        mixture = build_mixture(problem, communicators, timers, trial.way)
    if trial.description:
        log.line(trial.description)
    log.line(f"transform: {mixture.transform.description}")
    with timers.phase("initial state"), log.progress("ground state, iteration", None) as meter:
        state, ground_state = initial_state(
            problem,
            mixture,
            lambda iteration, residual, energy: meter.update(
                iteration, f"residual {residual:.2e}  energy {energy:.12g}"
            ),
            log.line,
        )
    _move_where_transforms_work(mixture, state)
    if ground_state is not None:
        log.line(
            f"ground state: residual {ground_state.residual:.1e} after {ground_state.iterations} iterations and "
            f"{ground_state.transforms} transforms ({ground_state.method}), energy {ground_state.energy:.12g}"
        )
    return Simulation(problem, communicators, timers, mixture, state, ground_state, provenance, log)


def _move_where_transforms_work(mixture: Mixture, state: State) -> None:
    """Lay the orbitals where the transform can work on them in place (shared memory of a node). Collective."""
    for species, array in enumerate(state.orbitals):
        fields = mixture.transform.empty_fields(len(array))
        fields[...] = array
        state.orbitals[species] = fields


def _introduce(problem: Problem, communicators: Communicators, log: Log) -> None:
    """The first lines of the log: what is computed, and on what."""
    points = " x ".join(map(str, problem.grid.points))
    lengths = " x ".join(f"{length:g}" for length in problem.grid.lengths)
    first, second = communicators.decomposition.pencil_grid
    ranks = "1 rank" if communicators.size == 1 else f"{communicators.size} ranks"
    log.line(f"{problem.title}")
    log.line(f"grid {points}, box {lengths} (code units), {problem.parallel.precision} precision")
    division = f"{first} x {second} pencils"
    if communicators.groups > 1:
        division = f"{communicators.groups} orbital groups of {division}"
    log.line(f"{ranks} as {division}, {mpi_library()}")
    scales = problem.scales
    if scales.given:
        log.line(
            f"code units: length {scales.length_si:.6g} m, mass {scales.mass_si:.6g} kg, time {scales.time_si:.6g} s"
        )
