"""A gas in its potential: the level up to which it is filled, and its density."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.initial.markers.gases.local_gas import LocalGas
from hpcmix.initial.markers.gases.sub_points import SubPoints
from hpcmix.initial.markers.setting import Setting
from hpcmix.model.concentration import shares_at_faces
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError

LARGEST_AT_FACES = 1e-6
"""Of the density of a cloud at the faces of the box, in units of its largest."""
SMALLEST = 1e-300
"""Of a ratio whose logarithm is taken."""
MOST_DOUBLINGS = 200
"""Of the step towards a level: from any energy of a file to any other."""


@dataclass
class TrappedGas:
    """A classical species in the potentials U of time 0- and a mean field W, rho = rho(mu - U - W) with its integral
    the particles.

    index    of the species.
    momentum what every particle has beside its own.
    level    mu, less the rest energy, as of the last :meth:`fill`.
    spread   mean over the density of what moves the particles, an energy: what errors of W are small beside.
    density  rho^S on this rank's block, as of the last :meth:`fill`.
    table    rho on the points of the grid, in the same place.
    """

    index: int
    setting: Setting
    gas: LocalGas
    momentum: tuple[float, ...]
    points: SubPoints
    external: list[np.ndarray]
    level: float = 0.0
    spread: float = 1.0
    density: np.ndarray = field(default_factory=lambda: np.empty(0))
    table: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of(
        cls, mixture: Mixture, index: int, setting: Setting, gas: LocalGas, momentum: tuple[float, ...]
    ) -> TrappedGas:
        """With U on all points. Raises :class:`~hpcmix.model.potentials.finite.NotFinite` on every rank where it is
        not finite. Collective over the world."""
        laws, instant = laws_of(mixture, index), Instant.before_start()
        points = SubPoints(mixture, laws.window)
        with together(mixture.communicators.world):
            shape = mixture.grid.position_shape
            external = [laws.potential(points.positions(shift), instant).reshape(shape) for shift in points.shifts]
        return cls(index, setting, gas, momentum, points, external)

    @property
    def laws(self) -> MarkerModel:
        """Of the species' markers."""
        return laws_of(self.points.mixture, self.index)

    @property
    def name(self) -> str:
        """Of the species."""
        return self.points.mixture.species[self.index].name

    def fill(self, mean_field: np.ndarray) -> None:
        """Take the density in the mean field W^S of the species. Collective over the group."""
        fields = self.points.fields(mean_field)
        depths = [potential + felt for potential, felt in zip(self.external, fields, strict=True)]
        self.level = self._find_level(depths)
        levels = [self.level - depth for depth in depths]
        densities = [self.gas.density(level) for level in levels]
        self.table = densities[0]
        self.density = self.points.smoothed(densities)
        products = (density * level for density, level in zip(densities, levels, strict=True))
        self.spread = self.gas.spread(self._integral(products) / self.setting.particles)

    def _integral(self, values: Iterable[np.ndarray]) -> float:
        """Over the box, of values on every grid. Collective over the group."""
        mixture = self.points.mixture
        local = sum(float(np.sum(part)) for part in values)
        volume = mixture.grid.cell_volume / len(self.points.shifts)
        return float(mixture.communicators.sum([local])[0]) * volume

    def _find_level(self, depths: Sequence[np.ndarray]) -> float:
        """mu with the integral of the density equal to the particles. Collective over the group."""
        from scipy.optimize import brentq  # only who uses it waits for scipy

        def excess(level: float) -> float:
            """Logarithm of the integral over the particles, which is straight where a gas is dilute."""
            with np.errstate(over="ignore"):
                total = self._integral(self.gas.density(level - depth) for depth in depths)
            return math.log(min(max(total / self.setting.particles, SMALLEST), 1.0 / SMALLEST))

        lowest = -float(self.points.mixture.communicators.maximum([max(-float(np.min(depth)) for depth in depths)])[0])
        near, step = max(self.level, lowest), self._step
        here = excess(near)
        for _ in range(MOST_DOUBLINGS):
            beyond = near + math.copysign(step, -here)
            there = excess(beyond)
            if here * there <= 0.0:
                break
            near, here, step = beyond, there, 2.0 * step
        else:
            raise NotConverged(f"{self.setting.where}: no chemical potential makes so many particles")
        bounds = sorted((near, beyond))
        return float(brentq(excess, *bounds, xtol=1e-15 * (bounds[1] - bounds[0]), rtol=1e-15))

    @property
    def _step(self) -> float:
        """A first step towards the level: that of the longest wave of the box, or what moves the particles."""
        grid = self.points.mixture.grid
        return max(1e-3 * self.spread, self.gas.kinetic.smallest_excitation(grid))

    def require_held(self) -> None:
        """Raise :class:`ProblemError` where a gas that must be held reaches the faces of the box. Collective over the
        group."""
        share = max(shares_at_faces(self.points.mixture, self.table))
        if share > LARGEST_AT_FACES and self.gas.must_be_held:
            raise ProblemError.of(
                self.setting.where,
                f"has no potential that holds the cloud: its density at the faces of the box is {share:.2g} of the "
                f"largest, and may be {LARGEST_AT_FACES:g}; add a potential (with until = 0.0 where it is to be let "
                'go), use a larger box, or kind = "plane-waves" for a uniform gas',
            )


def laws_of(mixture: Mixture, index: int) -> MarkerModel:
    """The laws of the markers of a species that is known to have some. Raises TypeError for any other."""
    laws = mixture.species[index].markers
    if laws is None:
        raise TypeError(f'"{mixture.species[index].name}" has no markers')
    return laws
