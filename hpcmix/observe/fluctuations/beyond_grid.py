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

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.fluctuations.sums import fluctuations_of
from hpcmix.observe.look import Look
from hpcmix.state.beginning import Beginning

NODES = 24
"""Of Gauss and Legendre along a face of the box: the integrand is analytic there, its error below 1e-12."""
RADIAL_NODES = 12
PANELS = (1.0, 0.5, 0.25)
"""Edges in 1/s of the panels outwards, k = s times a point of the surface; beyond s = 4 a kernel is taken to have the
values that it has there: exact for contact interactions and dipoles, and of kernels that decay too little to count."""
NEGLIGIBLE = 1e-10
"""Part of |G^|^2 at the surface below which it is taken to have decayed at s = 4."""


def beyond_grid(look: Look, beginning: Beginning) -> list[float | None]:
    """N_a,beyond of every species. None where there is no such estimate: with a functional of the densities, with
    coherent coupling, which turns what was created at the start into other species, and where the number itself has no
    limit on finer grids. Collective."""
    mixture, densities = look.mixture, look.densities
    count = len(mixture.species)
    local = [[mixture.grid.integrate(one, other) for other in densities] for one in densities]
    overlaps = mixture.communicators.sum(local)
    now = tail(mixture, look.instant.contraction)
    start = now if look.instant.contraction == 1.0 else tail(mixture, 1.0)
    if now is None or start is None or mixture.rabi.groups:
        return [None] * count
    missing = overlaps * now
    if fluctuations_of(look).section.initial == "vacuum":
        missing = missing + beginning.overlaps * start
    sums = np.sum(np.where(overlaps + beginning.overlaps > 0.0, missing, 0.0), axis=1)
    return [float(value) if math.isfinite(value) else None for value in sums]


def tail(mixture: Mixture, contraction: float) -> np.ndarray | None:
    """J_ab, shape (species, species); infinite where the integral has no limit, None where there is a functional of
    the densities. Local."""
    grid, count = mixture.grid, len(mixture.species)
    growth = min(species.kinetic.growth for species in mixture.species)
    total = np.zeros((count, count))
    diverges = np.zeros((count, count), bool)
    for surface, areas in faces([math.pi / spacing for spacing in grid.spacings]):
        on_surface = mixture.transforms(surface, contraction)
        outside = mixture.transforms([k / PANELS[-1] for k in surface], contraction)
        if on_surface is None or outside is None:
            return None
        largest = np.max(on_surface**2, axis=2)
        converges = 2 * growth > grid.dimensions
        remains = np.max(outside**2, axis=2) > NEGLIGIBLE * largest
        diverges |= remains & (not converges)
        for first, last in zip(PANELS, PANELS[1:], strict=False):
            for inverse, weight in zip(*_legendre(last, first, RADIAL_NODES), strict=True):
                vectors = [k / inverse for k in surface]
                values = mixture.transforms(vectors, contraction)
                if values is not None:
                    total += _shell(mixture, vectors, values, areas, weight * inverse ** -(grid.dimensions + 1))
        if converges:
            for inverse, weight in zip(*_legendre(0.0, PANELS[-1], RADIAL_NODES), strict=True):
                vectors = [k / inverse for k in surface]
                total += _shell(mixture, vectors, outside, areas, weight * inverse ** -(grid.dimensions + 1))
    total /= (2.0 * math.pi) ** grid.dimensions
    total[diverges] = math.inf
    return total


def _shell(
    mixture: Mixture, vectors: Sequence[np.ndarray], transforms: np.ndarray, areas: np.ndarray, weight: float
) -> np.ndarray:
    """The sum over one surface s K of |G_ab^|^2 / (T_a + T_b)^2, with the volume that belongs to it."""
    squares = sum(k**2 for k in vectors)
    energies = [
        np.array([species.kinetic.of_squares(float(square)) for square in squares]) - species.kinetic.rest_energy
        for species in mixture.species
    ]
    together = np.array([[one + other for other in energies] for one in energies])
    return weight * np.sum(areas * (transforms / together) ** 2, axis=2)


def faces(largest: Sequence[float]) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """The surface of the box |k_i| <= K_i: of every two opposite faces points on one, each axis' components in an
    array, and weights for both with which sum w F(s k) s^(d-1) ds is the integral over a shell of rays. Kernels are
    even, G^(-k) = G^(k)."""
    dimensions = len(largest)
    for axis, distance in enumerate(largest):
        others = [other for other in range(dimensions) if other != axis]
        lines = [_line(largest[other], distance) for other in others]
        mesh = np.meshgrid(*(points for points, _ in lines), indexing="ij") if lines else []
        weights = np.full((1,) * 1, 2.0 * distance)
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
