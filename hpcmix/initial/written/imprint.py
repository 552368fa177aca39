"""Vortices, rings and steps of the phase on a state that is there already, whatever made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.written.vortices import PointVortex, free_factor, periodic_factor, phase_step, ring_factor
from hpcmix.model.concentration import shares_at_faces
from hpcmix.model.mixture import Mixture
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.imprints import PLANES, Ring, Vortex
from hpcmix.problem.sections.species.initial import InitialSection

CORE = 1.0 / 0.8247544945
"""Core in units of hbar / sqrt(m mu): next to a vortex psi is 0.8247544945 r in units of that length, and next to
r / sqrt(r^2 + core^2) it is r / core."""
GUESSED_CORE = 1.0 / 16.0
"""In units of the box's shortest edge, where a search begins."""
JUMP_AT_FACES = 1e-4
"""Density at the faces, relative to the largest, up to which a phase may jump there: it makes waves of one per cent of
the amplitude."""
CLOSED = 1e-6
"""Radians by which jumps of the phase may miss whole turns: numbers of a file, such as 3.1415927."""


@dataclass(frozen=True)
class Unperiodic:
    """An imprint whose phase does not come back to itself round the box: the entry to blame, what is wrong with it,
    what to do, and the axes along which the state must vanish at the faces."""

    key: str
    fault: str
    remedy: str
    axes: tuple[int, ...]


class Imprint:
    """What the file imprints on the state of one species.

    where  the initial state in the file, "species.up.initial".
    """

    def __init__(self, mixture: Mixture, index: int, initial: InitialSection, where: str) -> None:
        self._mixture, self._index, self._initial, self.where = mixture, index, initial, where

    def vortices(self, mean_fields: Callable[[], Sequence[np.ndarray]]) -> np.ndarray:
        """What vortices and rings multiply the wave functions by, on this rank's points. They are no longer normalised
        then.

        mean_fields  of all species before; asked for where a vortex has no core of its own.
        Raises :class:`ProblemError` where a core is not known. Collective.
        """
        return self._swirl(lambda imprint, key: self._core(imprint, key, mean_fields))

    def guess(self) -> np.ndarray:
        """The same with cores of some size, for a search that finds theirs. Local."""
        size = GUESSED_CORE * min(self._mixture.grid.lengths)
        return self._swirl(lambda imprint, key: size)

    def _swirl(self, core: Callable[[Vortex | Ring, str], float]) -> np.ndarray:
        """The product of the factors of vortices and rings, with the core that each has by its entry and key."""
        grid, initial = self._mixture.grid, self._initial
        factor = np.ones(grid.position_shape, np.complex128)
        for axis in PLANES:
            vortices = [
                PointVortex(vortex.place, vortex.charge, core(vortex, f"vortices.{number}"))
                for number, vortex in enumerate(initial.vortices)
                if vortex.axis == axis
            ]
            if not vortices:
                continue
            first, second = PLANES[axis]
            u, v = grid.coordinates[first], grid.coordinates[second]
            if sum(vortex.charge for vortex in vortices):
                factor *= free_factor(u, v, vortices)
            else:
                factor *= periodic_factor(u, v, (grid.lengths[first], grid.lengths[second]), vortices)
        if initial.rings:
            factor *= self._rings([core(ring, f"rings.{number}") for number, ring in enumerate(initial.rings)])
        return factor

    def _rings(self, cores: Sequence[float]) -> np.ndarray:
        """The product of the factors of rings with these cores. Local."""
        grid = self._mixture.grid
        factor = np.ones(grid.position_shape, np.complex128)
        for ring, core in zip(self._initial.rings, cores, strict=True):
            along, across = "xyz".index(ring.axis), PLANES[ring.axis]
            seen = [x - centre for x, centre in zip(grid.coordinates, ring.centre, strict=True)]
            factor *= ring_factor(
                [seen[axis] for axis in across],
                [grid.lengths[axis] for axis in across],
                seen[along],
                grid.lengths[along],
                ring.radius,
                ring.charge,
                core,
            )
        return factor

    def steps(self) -> np.ndarray:
        """What the steps of the phase multiply the wave functions by, on this rank's points. Local."""
        grid = self._mixture.grid
        factor = np.ones(grid.position_shape, np.complex128)
        for step in self._initial.phase_steps:
            number = "xyz".index(step.axis)
            shape = phase_step(grid.coordinates[number], grid.lengths[number], step.position, step.width)
            factor *= np.exp(1j * step.jump * shape)
        return factor

    # --------------------------------------------------------------- cores

    def _core(self, imprint: Vortex | Ring, key: str, mean_fields: Callable[[], Sequence[np.ndarray]]) -> float:
        """The core of the file, or that of a vortex in the mean field at its place. Collective."""
        if imprint.core is not None:
            return imprint.core
        mixture = self._mixture
        felt = float(mixture.communicators.maximum([self._largest_near(imprint, mean_fields()[self._index])])[0])
        if not felt > 0.0:
            raise ProblemError.of(
                f"{self.where}.{key}.core",
                "is required: no repulsion at this place says how wide the core is",
            )
        core = CORE * mixture.hbar / math.sqrt(mixture.species[self._index].mass * felt)
        return float(f"{core:.10g}")  # sums over ranks have made it: without the digits that depend on their number

    def _largest_near(self, imprint: Vortex | Ring, mean_field: np.ndarray) -> float:
        """The largest value on this rank at the grid points that are close to an imprint."""
        grid = self._mixture.grid
        near = imprint.near(grid.coordinates, grid.lengths, grid.spacings)
        return float(np.max(np.where(near, mean_field, -np.inf), initial=-np.inf))

    # --------------------------------------------------------------- faces

    def require_periodic(self, density: np.ndarray) -> None:
        """Raise :class:`ProblemError` where the phase jumps at a face of the box at which there are particles; the
        density is that before. Collective."""
        open_imprints = list(self._unperiodic())
        if not open_imprints:
            return
        shares = shares_at_faces(self._mixture, density)
        for imprint in open_imprints:
            largest = max(shares[axis] for axis in imprint.axes)
            if largest > JUMP_AT_FACES:
                raise ProblemError.of(
                    f"{self.where}.{imprint.key}",
                    f"{imprint.fault}: the phase jumps at the faces of the periodic box, where this state has "
                    f"{largest:.2g} of its largest density; {imprint.remedy}, or keep the cloud away from the faces",
                )

    def _unperiodic(self) -> Iterator[Unperiodic]:
        initial, grid = self._initial, self._mixture.grid
        for axis, plane in PLANES.items():
            charge = sum(vortex.charge for vortex in initial.vortices if vortex.axis == axis)
            if charge:
                fault, remedy = (
                    f"have the total charge {charge} about {axis}",
                    f"add vortices of charge {-charge} in all",
                )
                yield Unperiodic("vortices", fault, remedy, plane)
        for number, name in enumerate("xyz"[: grid.dimensions]):
            turns = math.fsum(step.jump for step in initial.phase_steps if step.axis == name) / (2.0 * math.pi)
            if abs(turns - round(turns)) > CLOSED:
                fault = f"jump by {2.0 * math.pi * turns:.6g} in all along {name}"
                yield Unperiodic("phase_steps", fault, "add a step that takes it back", (number,))


def relaxed_while_searching(problem: Problem) -> frozenset[int]:
    """The species, by index, whose vortices take part in the search for the ground state: condensates, where neither
    sets of orbitals nor gases are looked for with them."""
    together = [species for species in problem.species if species.initial.is_ground_state]
    if any(species.is_set or not species.has_orbitals for species in together):
        return frozenset()
    return frozenset(
        index
        for index, species in enumerate(problem.species)
        if species.has_orbitals and species.wave_functions.finds_cores
    )
