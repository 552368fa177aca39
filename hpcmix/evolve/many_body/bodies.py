"""N bodies on their way, the mean field beside them: what a run and a claim march.

Steps are numbered as the problem file's; but between two of them nothing is approximated, so that :meth:`advance` goes
to the next step at which somebody wants to look, in one stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from hpcmix.evolve.many_body.bogoliubov_limit import BogoliubovLimit
from hpcmix.evolve.many_body.mode_field import FieldLost
from hpcmix.evolve.many_body.pictures import PICTURES, Picture
from hpcmix.evolve.many_body.system import ModeSystem
from hpcmix.model.many_body.build import ModelInTime
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.parallel.many_body.configurations import ConfigurationRows, Vector
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.fixed_steps import FixedSteps, between

MOST_STRETCHES = 1000
"""Over which the tolerance of a whole evolution is shared out."""

Looked = Callable[[int], bool]
"""Whether somebody wants to look at the state after so many steps."""


class ManyBodies:
    """N bodies in the modes of a problem: psi, its mean field, and Bogoliubov's modes where asked.

    system     the modes, and the model in them. Not owned.
    particles  whole numbers of every species; those of the file unless given.
    world      the ranks that psi is cut over.
    looked     at which steps :meth:`advance` ends; None: at every step of the file.
    step       how many steps are done.
    Making one, and every method that does not say otherwise, is collective over `world`.
    """

    def __init__(
        self,
        system: ModeSystem,
        world: MPI.Comm,
        particles: tuple[int, ...] | None = None,
        looked: Looked | None = None,
        with_limit: bool = False,
    ) -> None:
        """`with_limit`: beside them the equation of infinitely many particles (bosons only)."""
        self.system, self.world = system, world
        self.problem: Problem = system.problem
        self.particles = system.model.particles if particles is None else tuple(particles)
        self.step = 0
        self.model: ModelInTime = system.in_time(self.particles)
        self.table: FixedSteps = self.problem.timing.fixed_steps
        self._looked = looked or (lambda step: True)
        self.picture: Picture = PICTURES[self.problem.bodies.picture](system, self.model, self._tolerance, world)
        self.limit: BogoliubovLimit | None = None
        if with_limit and self.has_limit:
            coherent = self.problem.bodies.state == "coherent"
            self.limit = BogoliubovLimit(self.model, system.orbitals, 0.0, system.breaks, coherent)

    # ------------------------------------------------------------------ where it is. Local

    @property
    def steps(self) -> int:
        """Number of all steps."""
        return self.table.steps

    @property
    def is_finished(self) -> bool:
        """Whether the final time is reached."""
        return self.step >= self.steps

    @property
    def clock(self) -> float:
        """The time on the clock of the grid's frame."""
        return self.table.time(self.step)

    @property
    def time(self) -> float:
        """The time in the laboratory, code units."""
        return self.system.frame.laboratory_time(self.clock)

    @property
    def has_limit(self) -> bool:
        """Whether Bogoliubov's equation is one of all species."""
        return Statistics.FERMIONS not in self.system.model.statistics

    @property
    def is_finite(self) -> bool:
        """Whether the first row of this rank is: what is not finite spreads over all of psi in a product."""
        return bool(np.all(np.isfinite(self.picture.psi[:1])))

    # ------------------------------------------------------------------ marching

    def advance(self) -> None:
        """To the next step at which somebody looks, or the last one. Raises :class:`FloatingPointError` where psi or
        its mean field cannot be followed."""
        following = self.step + 1
        while following < self.steps and not self._looked(following):
            following += 1
        begin, end = self.clock, self.table.time(following)
        try:
            for stop in [*between(self.system.breaks, begin, end), end]:
                self.picture.advance(begin, stop)
                begin = stop
        except FieldLost as error:
            raise FloatingPointError(str(error)) from error
        self.step = following

    def watch(self, alive: Callable[[], None]) -> None:
        """Call `alive` with every product of a stretch. Local."""
        self.picture.watch(alive)

    def settle(self) -> None:
        """Nothing: between steps psi is what it is."""

    # ------------------------------------------------------------------ what it is

    @property
    def psi(self) -> Vector:
        """This rank's rows of psi."""
        return self.picture.psi

    @property
    def cut(self) -> ConfigurationRows:
        """Which rows of psi are whose."""
        return self.picture.cut

    def norm(self) -> float:
        """|psi|."""
        return self.cut.norm(self.psi)

    def energy(self) -> float:
        """<H> of the N bodies, code units."""
        return self.picture.energy(self.clock)

    def orbitals(self) -> list[np.ndarray]:
        """C_a of the mean field, in the modes that psi is written in. Local."""
        return self.picture.orbitals(self.clock)

    def unitaries(self) -> list[np.ndarray]:
        """The modes that psi is written in, columns, in the system's own. Local."""
        return self.picture.unitaries(self.clock)

    def excitations_of_limit(self) -> np.ndarray | None:
        """The number of excitations of every species in the limit of many particles; None without it."""
        return None if self.limit is None else self.limit.excitations(self.clock)

    def pairs_of_limit(self) -> np.ndarray | None:
        """Z of the state that psi tends to (:meth:`BogoliubovLimit.pairs`); None without that equation, and where psi
        is not about particles outside the moving condensates. Local."""
        moving = self.problem.bodies.picture == "excitations"
        return self.limit.pairs(self.clock) if self.limit is not None and moving else None

    # ------------------------------------------------------------------ what it goes on from

    def small_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds beside psi and the step, by name: the same on every rank."""
        limit = {} if self.limit is None else {"limit": self.limit.at(self.clock)}
        return self.picture.field(self.clock) | limit

    def go_on(self, step: int, psi: Vector, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from a step, with this rank's rows of psi and the arrays of :meth:`small_arrays`."""
        self.step = step
        self.picture.psi[...] = psi
        self.picture.go_on(self.clock, arrays)
        if self.limit is not None and "limit" in arrays:
            self.limit.go_on(self.clock, arrays["limit"])

    def free(self) -> None:
        """Give shared memory back; the system stays."""
        self.picture.free()

    @cached_property
    def _tolerance(self) -> float:
        """Of a stretch from one look to the next."""
        stretches = sum(map(self._looked, range(1, self.steps + 1))) if self.steps <= 10**6 else MOST_STRETCHES
        return self.problem.bodies.tolerance / min(max(1, stretches), MOST_STRETCHES)
