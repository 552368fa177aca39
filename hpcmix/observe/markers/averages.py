"""What a record holds of the markers of a classical species: averages over f = sum_i w_i delta(x - x_i) delta(p - p_i),
in the laboratory.

    particles = sum w,   kinetic = sum w T(p),   potential = sum w U(x),   momentum = sum w p,
    centre = <x>,   rms_width = sqrt(<(x - <x>)^2>),   momentum_width = sqrt(<(p - <p>)^2>)   per axis

All are sums over markers themselves, and none over the grid, whose density is blurred by the window. The sums are exact
(:mod:`hpcmix.parallel.process.exact_sums`): their bits depend neither on ranks nor on the order of the markers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.markers.laboratory import LaboratoryMarkers
from hpcmix.parallel.process.exact_sums import exact_sums


@dataclass(frozen=True)
class Averages:
    """Of some of the markers of a species; arrays are per axis, NaN where the weights add up to nothing. Places are
    those of the grid: in a frame that grows the laboratory's by b."""

    particles: float
    kinetic: float
    potential: float
    momentum: np.ndarray
    centre: np.ndarray
    rms_width: np.ndarray
    momentum_width: np.ndarray


@dataclass(frozen=True)
class HalfDifference:
    """Differences of centre and width, and of kinetic energies per particle, times the particles of both halves."""

    centre: np.ndarray
    rms_width: np.ndarray
    kinetic: float


@dataclass(frozen=True)
class MarkerAverages:
    """Of a classical species.

    whole      of all of them.
    even, odd  of those with even and of those with odd index. Of points that are nested each half samples the same f
               with half as many markers: what the two differ by is of the size of what sampling leaves unknown.
    """

    whole: Averages
    even: Averages
    odd: Averages

    @property
    def half_difference(self) -> HalfDifference:
        """Of the even half less those of the odd one."""
        even, odd = self.even, self.odd
        with np.errstate(divide="ignore", invalid="ignore"):
            each = [np.divide(half.kinetic, half.particles) for half in (even, odd)]
        return HalfDifference(
            even.centre - odd.centre,
            even.rms_width - odd.rms_width,
            float((each[0] - each[1]) * self.whole.particles),
        )


def marker_averages(look: Look) -> dict[int, MarkerAverages]:
    """Of every classical species, by its index. Collective over the world; see :meth:`Look.once`."""
    return {a: _of_species(look, a) for a, _ in look.mixture.carried}


def _of_species(look: Look, species: int) -> MarkerAverages:
    markers = LaboratoryMarkers(look, species)
    d = markers.dimensions

    def sums(columns: Callable[[slice], np.ndarray]) -> np.ndarray:
        """Over all ranks the sums of columns (columns, markers) over markers with even and with odd index: shape (2,
        columns)."""

        def halves(part: slice) -> np.ndarray:
            values, odd = columns(part), markers.index[part] & 1
            return np.concatenate([values * (1 - odd), values * odd])

        return exact_sums(look.mixture.communicators.world, markers.number, halves).reshape(2, -1)

    def firsts(part: slice) -> np.ndarray:
        momentum, weight = markers.momentum(part), markers.weight[part]
        energies = np.array([markers.kinetic_energy(momentum), markers.potential(part)])
        return np.concatenate([[np.ones_like(weight)], energies, momentum.T, markers.place(part).T]) * weight

    of_halves = sums(firsts)
    first = np.concatenate([np.sum(of_halves, axis=0, keepdims=True), of_halves])  # of all, of even, of odd ones
    particles = first[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        means = first[:, 3:] / particles[:, None]

    def seconds(part: slice) -> np.ndarray:
        """About the means of all, so that a narrow cloud far from the origin keeps its digits."""
        from_mean = np.concatenate([markers.momentum(part).T, markers.place(part).T]) - means[0][:, None]
        return markers.weight[part] * from_mean**2

    squares = sums(seconds)
    second = np.concatenate([np.sum(squares, axis=0, keepdims=True), squares])
    with np.errstate(divide="ignore", invalid="ignore"):
        widths = np.sqrt(np.maximum(second / particles[:, None] - (means - means[0]) ** 2, 0.0))
    whole, even, odd = (
        Averages(
            float(amounts[0]), float(amounts[1]), float(amounts[2]), amounts[3 : 3 + d], mean[d:], width[d:], width[:d]
        )
        for amounts, mean, width in zip(first, means, widths, strict=True)
    )
    return MarkerAverages(whole, even, odd)
