"""The two pictures of N bodies: all configurations of the modes, or few particles outside the moving condensates.

occupations  psi on all configurations of the model's own modes, the mean field beside it. Chebyshev's polynomials where
             nothing depends on time, else Magnus' integrator.
excitations  Psi = G(V(t)) psi: the frame moves with the mean field (evolve/many_body/excitation_frame.py), psi is on
             the configurations with at most K particles outside, or on the fluctuations above a coherent state. Always
             Magnus' integrator: the channels turn with the frame.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from hpcmix.evolve.many_body.chebyshev import Chebyshev
from hpcmix.evolve.many_body.excitation_frame import ExcitationFrame, turned
from hpcmix.evolve.many_body.magnus import Magnus
from hpcmix.evolve.many_body.mode_field import ModeField
from hpcmix.evolve.many_body.system import ModeSystem
from hpcmix.evolve.many_body.vectors import Apply
from hpcmix.initial.many_body.configurations import factorised, place, vacuum
from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.build import ModelInTime
from hpcmix.model.many_body.hamiltonian import ManyBodyModel, Statistics
from hpcmix.model.many_body.make_product import Product, make_product
from hpcmix.model.many_body.modes.overlaps import hermitian_part
from hpcmix.model.many_body.product import Changes, rows_for
from hpcmix.parallel.many_body.configurations import ConfigurationRows, Vector
from hpcmix.parallel.process.mpi import MPI

STEP = "step"
"""Name of the integrator's step among what a picture goes on from."""

FINEST = 1e-14
"""Smallest error of a stretch of time that is asked for, relative: rounding."""


class Picture(ABC):
    """One vector psi, what moves it, and the mean field beside it. Methods are collective over its ranks.

    spaces  configurations of every species.
    cut     psi's rows over the ranks.
    psi     this rank's rows of a vector of norm one.
    """

    spaces: tuple[Configurations, ...]
    cut: ConfigurationRows
    psi: Vector
    _product: Product

    def watch(self, alive: Callable[[], None]) -> None:
        """Call `alive` with every product: who looks after a long stretch knows that it goes on. Local."""
        self._product.alive = alive

    @abstractmethod
    def advance(self, begin: float, end: float) -> None:
        """From a time on the clock to another, within which nothing jumps or bends. Raises
        :class:`FloatingPointError` and :class:`~hpcmix.evolve.many_body.mode_field.FieldLost`."""

    @abstractmethod
    def orbitals(self, clock: float) -> list[np.ndarray]:
        """C_a of the mean field, (m_a, M_a), in the modes that psi is written in."""

    @abstractmethod
    def unitaries(self, clock: float) -> list[np.ndarray]:
        """V_a, (m_a, m_a): the modes that psi is written in, in the model's own."""

    @abstractmethod
    def energy(self, clock: float) -> float:
        """<H> of psi, code units."""

    @abstractmethod
    def field(self, clock: float) -> dict[str, np.ndarray]:
        """What it goes on from beside psi, by name, small arrays: the mean field, and the step that the integrator
        tries next."""

    @abstractmethod
    def go_on(self, clock: float, field: Mapping[str, np.ndarray]) -> None:
        """Go on with what :meth:`field` gave."""

    @property
    @abstractmethod
    def products(self) -> int:
        """Products with the Hamiltonian so far."""

    @abstractmethod
    def free(self) -> None:
        """Give shared memory back."""


class AllConfigurations(Picture):
    """``picture = "occupations"``."""

    def __init__(self, system: ModeSystem, model: ModelInTime, tolerance: float, world: MPI.Comm) -> None:
        self._model, self._breaks, self._tolerance = model, system.breaks, max(tolerance, FINEST)
        first = model(0.0)
        self.spaces = tuple(
            configurations_of(species.statistics, species.particles, species.modes) for species in first.species
        )
        self.cut = rows_for(world, self.spaces)
        amplitudes = [
            factorised(space, own if space.statistics is Statistics.FERMIONS else own[:, 0])
            for space, own in zip(self.spaces, system.orbitals, strict=True)
        ]
        self.psi = place(self.cut, amplitudes)
        self._field = _field_of(model, system.orbitals, 0.0, system.breaks)
        self._changes = changes_of(system, model)
        self._product = make_product(first, self.spaces, self.cut, self._changes)
        self._chebyshev: Chebyshev | None = None
        self._magnus: Magnus | None = None

    def advance(self, begin: float, end: float) -> None:
        """See :class:`Picture`."""
        self._field.columns(end)
        if self._changes is Changes.NOTHING:
            if self._chebyshev is None:
                hbar = self._model(0.0).hbar
                self._chebyshev = Chebyshev(self._product.apply, self.cut, hbar, self._tolerance)
            self._chebyshev.advance(self.psi, end - begin)
            return
        if self._magnus is None:
            self._magnus = Magnus(self._combine, self.cut, self._model(0.0).hbar, self._tolerance)
        self._magnus.advance(self.psi, begin, end)

    def _combine(self, parts: Sequence[tuple[float, float]]) -> Apply:
        self._product.load([(weight, self._model(time)) for weight, time in parts])
        return self._product.apply

    def orbitals(self, clock: float) -> list[np.ndarray]:
        """See :class:`Picture`."""
        return self._field.orbitals(clock)

    def unitaries(self, clock: float) -> list[np.ndarray]:
        """See :class:`Picture`."""
        return [np.eye(space.modes, dtype=np.complex128) for space in self.spaces]

    def energy(self, clock: float) -> float:
        """See :class:`Picture`."""
        if self._changes is not Changes.NOTHING:
            self._product.load([(1.0, self._model(clock))])
        return _energy(self._product, self.cut, self.psi)

    def field(self, clock: float) -> dict[str, np.ndarray]:
        """See :class:`Picture`."""
        return named(self._field.orbitals(clock)) | {STEP: _step_of(self._magnus)}

    def go_on(self, clock: float, field: Mapping[str, np.ndarray]) -> None:
        """See :class:`Picture`."""
        if field[STEP][0] > 0.0:
            step = float(field[STEP][0])
            self._magnus = Magnus(self._combine, self.cut, self._model(0.0).hbar, self._tolerance, step)
        self._field = _field_of(self._model, listed(field), clock, self._breaks)

    @property
    def products(self) -> int:
        """See :class:`Picture`."""
        return self._product.products

    def free(self) -> None:
        """See :class:`Picture`."""
        self._product.free()
        self.cut.free()


class FewExcitations(Picture):
    """``picture = "excitations"``, of factorised and coherent states."""

    def __init__(self, system: ModeSystem, model: ModelInTime, tolerance: float, world: MPI.Comm) -> None:
        options = system.problem.bodies
        self._model, self._breaks = model, system.breaks
        self._occupied = [own.shape[1] for own in system.orbitals]
        self._frame = ExcitationFrame(model, system.orbitals, 0.0, system.breaks)
        first = self._frame.model(0.0)
        self.spaces = tuple(
            configurations_of(
                species.statistics,
                species.particles,
                species.modes,
                options.outside(species.name, species.particles),
                options.state == "coherent",
            )
            for species in first.species
        )
        self.cut = rows_for(world, self.spaces)
        self.psi = place(self.cut, [vacuum(space) for space in self.spaces])
        self._product = make_product(first, self.spaces, self.cut, Changes.EVERYTHING)
        self._magnus = Magnus(self._combine, self.cut, first.hbar, max(tolerance, FINEST))

    def advance(self, begin: float, end: float) -> None:
        """See :class:`Picture`."""
        self._magnus.advance(self.psi, begin, end)

    def _combine(self, parts: Sequence[tuple[float, float]]) -> Apply:
        self._product.load([(weight, self._frame.model(time)) for weight, time in parts])
        return self._product.apply

    def orbitals(self, clock: float) -> list[np.ndarray]:
        """See :class:`Picture`: the first modes of the frame, at all times."""
        return [
            np.eye(space.modes, count, dtype=np.complex128)
            for space, count in zip(self.spaces, self._occupied, strict=True)
        ]

    def unitaries(self, clock: float) -> list[np.ndarray]:
        """See :class:`Picture`."""
        return self._frame.unitaries(clock)

    def energy(self, clock: float) -> float:
        """See :class:`Picture`: with V+ h V in place of what is left of the mean field."""
        source, moving = self._model(clock), self._frame.model(clock)
        species = tuple(
            replace(species, one_body=hermitian_part(turned(own.one_body, unitary)))
            for species, own, unitary in zip(moving.species, source.species, self.unitaries(clock), strict=True)
        )
        self._product.load([(1.0, ManyBodyModel(moving.hbar, species, moving.interactions))])
        return _energy(self._product, self.cut, self.psi)

    def field(self, clock: float) -> dict[str, np.ndarray]:
        """See :class:`Picture`."""
        return named(self._frame.unitaries(clock)) | {STEP: _step_of(self._magnus)}

    def go_on(self, clock: float, field: Mapping[str, np.ndarray]) -> None:
        """See :class:`Picture`."""
        self._magnus.step = float(field[STEP][0]) or None
        self._frame = ExcitationFrame.going_on(self._model, listed(field), self._occupied, clock, self._breaks)

    @property
    def products(self) -> int:
        """See :class:`Picture`."""
        return self._product.products

    def free(self) -> None:
        """See :class:`Picture`."""
        self._product.free()
        self.cut.free()


PICTURES: Mapping[str, type[AllConfigurations] | type[FewExcitations]] = {
    "occupations": AllConfigurations,
    "excitations": FewExcitations,
}
"""By the word of the problem file."""


def changes_of(system: ModeSystem, model: ModelInTime) -> Changes:
    """What of the Hamiltonian changes in time, in the model's own modes."""
    if not model.changes_after(0.0):
        return Changes.NOTHING
    frame = system.frame
    rescaled = frame.expanding and system.mixture.grid.dimensions != 2
    return Changes.EVERYTHING if rescaled and model(0.0).interactions else Changes.ONE_BODY


def named(arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of the species by a name each."""
    return {f"field_{number}": array for number, array in enumerate(arrays)}


def listed(arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The arrays of :func:`named`."""
    return [arrays[f"field_{number}"] for number in range(sum(name.startswith("field_") for name in arrays))]


def _step_of(magnus: Magnus | None) -> np.ndarray:
    """The step that is tried next; 0 where there is none yet."""
    return np.array([(magnus.step if magnus is not None else None) or 0.0])


def _field_of(model: ModelInTime, orbitals: Sequence[np.ndarray], start: float, breaks: Sequence[float]) -> ModeField:
    return ModeField(model, orbitals, [own.shape[1] for own in orbitals], start, breaks)


def _energy(product: Product, cut: ConfigurationRows, psi: Vector) -> float:
    work = cut.vector()
    energy = product.energy(psi, work)
    cut.give_back(work)
    return energy
