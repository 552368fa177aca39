"""What N bodies and their mean field have in common: the grid, the modes, the model in them, and the initial orbitals.

Everything here is small once it is made, and takes a grid to make. Small grids are worked on by every rank for itself,
so that time-dependent potentials cost no messages and all ranks, however many, have the same numbers; larger ones are
cut over as many ranks as they have room for, and where there are more ranks these do the same side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcmix.frame import Frame
from hpcmix.initial.build import initial_state
from hpcmix.initial.descent.ground_state import Report
from hpcmix.initial.many_body.modes import modes_of, unheard
from hpcmix.initial.many_body.projection import projected_orbitals
from hpcmix.model.build import build_mixture
from hpcmix.model.many_body.build import ModelInTime, ModeModel
from hpcmix.model.mixture import Mixture
from hpcmix.model.ranks import precision_of
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import largest_split
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.problem.schema import Problem

ALONE = 2**16
"""Points of a grid up to which every rank works on all of it."""


@dataclass
class Hooks:
    """Whom the making of a system tells how it goes on (hpcmix/initial/searching/starts.py)."""

    report: Callable[[int, float, float], None] = lambda iteration, residual, energy: None
    say: Callable[[str], None] = lambda sentence: None
    alive: Callable[[], None] = lambda: None


@dataclass
class ModeSystem:
    """A problem with ``[many_body]``, its modes and the model in them.

    problem   with the grid's division taken back: ranks share configurations here.
    comm      the ranks that work on the grid together; they know nothing of each other's configurations.
    model     one-particle Hamiltonians and channels, for any particle numbers.
    orbitals  C_a at time zero, (m_a, M_a) with orthonormal columns.
    """

    problem: Problem
    comm: MPI.Comm
    communicators: Communicators
    mixture: Mixture
    model: ModeModel
    orbitals: list[np.ndarray]
    timers: Timers = field(default_factory=Timers)
    ground_state: dict[str, Any] | None = None
    """How the initial state was found, where it was sought."""

    @classmethod
    def of(cls, problem: Problem, world: MPI.Comm, hooks: Hooks | None = None) -> ModeSystem:
        """Build the mixture, the initial state, the modes and the model. Collective over `world`.

        Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` and
        :class:`~hpcmix.initial.descent.ground_state.NotConverged`, and what a hook raises.
        """
        hooks = hooks or Hooks()
        problem, comm, communicators, mixture, timers = _on_grid(problem, world)
        state, ground_state = initial_state(problem, mixture, hooks.report, hooks.say, hooks.alive)
        hooks.alive()
        model, orbitals = cls.in_modes(problem, mixture, state.orbitals, hooks.say, hooks.report)
        sought = None if ground_state is None else ground_state.as_dict()
        return cls(problem, comm, communicators, mixture, model, orbitals, timers, sought)

    @classmethod
    def with_modes(
        cls, problem: Problem, world: MPI.Comm, read: Callable[[MPI.Comm, Communicators, list[np.ndarray]], None]
    ) -> ModeSystem:
        """With modes that are known already, for bodies that go on; the orbitals are the first modes. Collective over
        `world`.

        read  fills the arrays of modes, (m, *this rank's block), on every rank; given the ranks of the grid.
        """
        problem, comm, communicators, mixture, timers = _on_grid(problem, world)
        many_body, shape = problem.bodies, mixture.grid.position_shape
        modes, orbitals = [], []
        for species in problem.species:
            count = many_body.entry_of(species.name)[1].number(problem.grid.points)
            modes.append(np.empty((count, *shape), np.complex128))
            orbitals.append(np.eye(count, species.number_of_orbitals, dtype=np.complex128))
        read(comm, communicators, modes)
        return cls(problem, comm, communicators, mixture, ModeModel(problem, mixture, modes), orbitals, timers)

    @staticmethod
    def in_modes(
        problem: Problem,
        mixture: Mixture,
        orbitals: Sequence[np.ndarray],
        say: Callable[[str], None] = lambda sentence: None,
        report: Report = unheard,
    ) -> tuple[ModeModel, list[np.ndarray]]:
        """The model in the problem's modes, and the orbitals of every species, (M_a, *this rank's block), projected on
        them. Collective over the ranks of the grid. Raises as :meth:`of`."""
        modes = modes_of(problem, mixture, say, report)
        projected = projected_orbitals(problem, mixture, modes, orbitals, say, report)
        return ModeModel(problem, mixture, modes), projected

    @property
    def frame(self) -> Frame:
        """Between the clock and the laboratory's time."""
        return self.mixture.grid.frame

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times on the clock at which a potential jumps or bends."""
        return self.problem.timing.switching_times

    @property
    def names(self) -> tuple[str, ...]:
        """Of the species."""
        return tuple(species.name for species in self.problem.species)

    def in_time(self, particles: tuple[int, ...] | None = None) -> ModelInTime:
        """The model of the file's particle numbers, or others, as a function of the clock."""
        return self.model.in_time(particles)

    def free(self) -> None:
        """Give MPI resources back (collective)."""
        self.mixture.engine.free()
        self.communicators.free()
        self.comm.Free()


def _on_grid(problem: Problem, world: MPI.Comm) -> tuple[Problem, MPI.Comm, Communicators, Mixture, Timers]:
    """The problem with the grid's division taken back, the ranks of the grid, and the mixture on it."""
    undivided = problem.parallel.model_copy(update={"orbital_groups": 1, "pencil_grid": "auto"})
    problem = problem.model_copy(update={"parallel": undivided})
    size = ranks_of_grid(problem.grid.points, world.size)
    comm = world.Split(world.rank // size, world.rank)
    communicators = Communicators.create(comm, problem.grid.points)
    timers = Timers()
    engine = Engine(communicators, precision_of(problem), timers)
    return problem, comm, communicators, build_mixture(problem, engine), timers


def ranks_of_grid(points: tuple[int, ...], ranks: int) -> int:
    """How many ranks work on the grid together: one on small grids, else the most that divide them all and fit."""
    if math.prod(points) <= ALONE:
        return 1
    first, second = largest_split(points)
    fitting = [size for size in range(1, ranks + 1) if ranks % size == 0 and size <= max(first, second)]
    return fitting[-1]
