"""What the grid misses of the numbers of particles outside: fluctuations of wave numbers beyond its largest.

A pair of particles with k and -k, created at a point where rho_a rho_b is, has the amplitude

    [K2(t) - exp(-i (T_a + T_b) t) K2(0)] / (T_a + T_b)

at large k, the second part where the start is the vacuum, not where it is correlated. The two do not interfere, and
with the volume element of wave numbers d^dk / (2 pi)^d

    N_a,beyond(t) = sum_b [ I_ab(0) J_ab(0) + I_ab(t) J_ab(t) ],   I_ab = integral rho_a rho_b
    J_ab = integral outside the box of the grid's wave numbers of |G_ab^(k)|^2 / (T_a + T_b)^2

For a contact interaction J = 4 mu^2 g^2 integral k^-4, which decreases with the grid's largest wave number like 1/K in
three dimensions only. In a frame x = b y all is the frame's: b^2 G(b y), and the densities of y; for a contact
interaction I J is the laboratory's I at that time times what lies outside the box of the wave numbers k/b.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.pair_kernels.kernel import squared_modulus
from hpcmix.model.potentials.envelope import Instant
from hpcmix.observe.fluctuations.sums import fluctuations_of
from hpcmix.observe.look import Look
from hpcmix.state.beginning import Beginning

NODES = 12
"""Of Gauss and Legendre along a face of the box, where the integrand is analytic: errors of 1e-6 at most, measured with
kernels that decay along it, of an estimate that is itself good to some percent."""
RADIAL_NODES = 8
SMALLEST_INVERSE = 1e-3
SETTLED = 1e-9
"""Outwards k = s times a point of the surface, in panels of which each goes twice as far, until |G^|^2 changes by no
more than this part of its value at the surface, weighted with what lies beyond; there it keeps its values, as those of
contact interactions and dipoles do. Small, because of a kernel whose range is a thousandth of the spacing the first
panel sees changes of 1e-6 only, and all that lie beyond are a thousand times as large."""


def beyond_grid(look: Look, beginning: Beginning) -> list[float | None]:
    """N_a,beyond of every species. None where there is no such estimate: with a functional of the densities, with
    coherent coupling, which turns what was created at the start into other species, and where the number itself has no
    limit on finer grids. Collective."""
    mixture, densities = look.mixture, look.densities
    count = len(mixture.species)
    local = [[mixture.grid.integrate(one, other) for other in densities] for one in densities]
    overlaps = mixture.communicators.sum(local)
    start = _at_start(look, beginning)
    at_rest = look.instant.contraction == 1.0 and mixture.interactions.never_change
    now = start if at_rest else tail(mixture, look.instant)
    if now is None or start is None or mixture.rabi.groups:
        return [None] * count
    missing = _times(overlaps, now)
    if fluctuations_of(look).section.initial == "vacuum":
        missing = missing + _times(beginning.overlaps, start)
    sums = np.sum(missing, axis=1)
    return [float(value) if math.isfinite(value) else None for value in sums]


def _at_start(look: Look, beginning: Beginning) -> np.ndarray | None:
    """J_ab outside of an expanding frame, or before it grows: kept with the numbers of time zero."""
    if beginning.tails is None:
        beginning = replace(beginning, tails=tail(look.mixture, Instant.after_start()))
        fluctuations_of(look).beginning = beginning
    return beginning.tails


def _times(overlaps: np.ndarray, tails: np.ndarray) -> np.ndarray:
    """I_ab J_ab; zero where species do not meet, even where J is infinite."""
    return np.multiply(overlaps, tails, out=np.zeros_like(overlaps), where=overlaps > 0.0)


def tail(mixture: Mixture, instant: Instant) -> np.ndarray | None:
    """J_ab, shape (species, species); infinite where the integral has no limit, None where there is a functional of
    the densities. Local."""
    grid, count = mixture.grid, len(mixture.species)
    converges = 2 * min(species.kinetic.growth for species in mixture.species) > grid.dimensions
    surface, areas = surface_of([math.pi / spacing for spacing in grid.spacings])
    if mixture.interactions.transforms(surface, instant) is None:
        return None
    rays = _Rays(mixture, instant, surface, areas)
    values = rays.transforms(np.ones(1))
    total = np.zeros((count, count))
    diverges = np.zeros((count, count), bool)
    largest, inverse, settled = np.max(values**2, axis=(2, 3)), 1.0, False
    while not settled and inverse > SMALLEST_INVERSE:
        inverses, weights = _legendre(0.5 * inverse, inverse, RADIAL_NODES)
        inverse *= 0.5
        along = rays.transforms(np.append(inverses, inverse))
        total += rays.integral(inverses, weights, along[:, :, :-1])
        before, values = values, along[:, :, -1:]
        settled = bool(np.max(inverse * np.abs(values**2 - before**2)) <= SETTLED * np.max(largest))
    if converges:
        total += rays.integral(*_legendre(0.0, inverse, RADIAL_NODES), values)
    else:
        diverges = np.max(values**2, axis=(2, 3)) > SETTLED * largest
    total /= (2.0 * math.pi) ** grid.dimensions
    total[diverges] = math.inf
    return total


@dataclass(frozen=True)
class _Rays:
    """From the surface of the box outwards: k = K / r with K on the surface and r from 1 to 0."""

    mixture: Mixture
    instant: Instant
    surface: list[np.ndarray]
    areas: np.ndarray

    def transforms(self, inverses: np.ndarray) -> np.ndarray:
        """G_ab^ at k = K / r for some r, shape (species, species, r, K), where all interactions are kernels: in one
        call, in which the table of a kernel's transform is made once. Raises TypeError."""
        along = [k / inverses[:, np.newaxis] for k in self.surface]
        values = self.mixture.interactions.transforms([k.ravel() for k in along], self.instant)
        if values is None:
            raise TypeError("a functional of the densities has no transform")
        return values.reshape(*values.shape[:2], *along[0].shape)

    def integral(self, inverses: np.ndarray, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The integral of |G_ab^|^2 / (T_a + T_b)^2 over a panel.

        inverses, weights  of its values of r.
        values             of G^ there, or at one r for all of them.
        """
        squares = squared_modulus(self.surface) / inverses[:, np.newaxis] ** 2
        energies = [species.kinetic.above_rest(squares) for species in self.mixture.species]
        together = np.array([[one + other for other in energies] for one in energies])
        over_surface = np.sum(self.areas * (values / together) ** 2, axis=3)
        return over_surface @ (weights * inverses ** -(len(self.surface) + 1.0))


def surface_of(largest: Sequence[float]) -> tuple[list[np.ndarray], np.ndarray]:
    """The points of all :func:`faces` together, and their weights."""
    vectors, weights = zip(*faces(largest), strict=True)
    return [np.concatenate(components) for components in zip(*vectors, strict=True)], np.concatenate(weights)


def faces(largest: Sequence[float]) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """The surface of the box |k_i| <= K_i: of every two opposite faces points on one, each axis' components in an
    array, and weights for both with which sum w F(s k) s^(d-1) ds is the integral over a shell of rays. Kernels are
    even, G^(-k) = G^(k)."""
    dimensions = len(largest)
    for axis, distance in enumerate(largest):
        others = [other for other in range(dimensions) if other != axis]
        lines = [_line(largest[other], distance) for other in others]
        mesh = np.meshgrid(*(points for points, _ in lines), indexing="ij") if lines else []
        weights = np.array([2.0 * distance])
        for _, line in lines:
            weights = np.multiply.outer(weights, line)
        size = weights.size
        vectors = [np.full(size, distance) for _ in range(dimensions)]
        for other, values in zip(others, mesh, strict=True):
            vectors[other] = values.ravel()
        yield vectors, weights.ravel()


def _line(extent: float, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights from -extent to extent for functions that change over a distance about zero: k = distance sinh
    theta, so that long boxes take no more nodes."""
    angle = math.asinh(extent / distance)
    nodes, weights = _legendre(-angle, angle, NODES)
    return distance * np.sinh(nodes), distance * np.cosh(nodes) * weights


def _legendre(first: float, last: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = 0.5 * (last - first)
    return first + half * (nodes + 1.0), half * weights
