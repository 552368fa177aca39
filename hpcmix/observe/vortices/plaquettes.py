"""Which plaquettes of the grid a vortex goes through: the phase turns once round them.

The winding of a plaquette with corners 1, 2, 3, 4 is (1 / 2 pi) times the sum of the four differences of the phase,
each taken into (-pi, pi]: a whole number. Every edge is counted in both directions by its two plaquettes, so that on
the periodic grid the windings of a plane add up to zero, and in three dimensions as many vortices come into a cube as
leave it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.sharing.neighbours import with_next_points

PLANES = {2: (0, 1), 0: (1, 2), 1: (2, 0)}
"""The axes of a plaquette, right-handed about its normal, by the normal's number."""
ENVELOPE = 1.0 / 32.0
"""Width of the Gaussian that the density is smoothed with, in units of the box: cores are filled by it, and the space
beside a cloud is not."""
UNSURE = 1e-9
"""Radians within which a difference of pi may have either sign: in a real function, such as a dark soliton, all edges
that cross a node are taken alike then."""


@dataclass(frozen=True)
class Plaquettes:
    """Plaquettes with a winding, those of one normal, in the order of their places.

    normal   number of the axis across them.
    corners  first corner of each on the whole grid, shape (n, axes).
    winding  of each.
    values   the wave function at the corners (0, 0), (1, 0), (0, 1), (1, 1), shape (n, 4).
    """

    normal: int
    corners: np.ndarray
    winding: np.ndarray
    values: np.ndarray


def normals(dimensions: int) -> tuple[int, ...]:
    """The normals of the plaquettes of a grid."""
    return (2,) if dimensions == 2 else (0, 1, 2)


def dense_region(mixture: Mixture, density: np.ndarray, cut: float) -> np.ndarray:
    """Where, on this rank's points, the smoothed density is at least `cut` of its largest. Its bits do not depend on
    the number of ranks. Collective over the group."""
    grid = mixture.grid
    envelope = density.astype(mixture.transform.wave_dtype)
    tables = []
    for axis, (length, h) in enumerate(zip(grid.lengths, grid.spacings, strict=True)):
        width = max(ENVELOPE * length, h)
        tables.append(np.exp(-0.5 * (width * grid.local_wave_numbers(axis)) ** 2).astype(np.complex128))
    tables[0] *= mixture.transform.inverse_points
    mixture.transform.multiply(envelope, lambda spectrum: kernels.multiply_separable(spectrum, tables))
    largest = float(mixture.communicators.maximum([float(np.max(envelope.real))])[0])
    return envelope.real >= cut * largest


def pierced_plaquettes(mixture: Mixture, field: np.ndarray, region: np.ndarray) -> list[Plaquettes]:
    """The plaquettes that begin in the region and have a winding, for every normal; the same list on every rank of the
    group. Collective over the group."""
    grid, group = mixture.grid, mixture.communicators.group
    extended = with_next_points(mixture.communicators, field.astype(np.complex128))
    phase = np.angle(extended)
    edges = [_difference(phase, axis) for axis in range(grid.dimensions)]
    result = []
    for normal in normals(grid.dimensions):
        first, second = PLANES[normal]
        corner = [slice(0, n) for n in field.shape]
        winding = _turns(edges, first, second, corner)
        winding[~region] = 0
        places = np.nonzero(winding)
        values = [
            extended[_shifted(places, {first: step_first, second: step_second})]
            for step_second in (0, 1)
            for step_first in (0, 1)
        ]
        own = (
            np.stack(places, axis=-1) + np.array(grid.position_block.start),
            winding[places],
            np.stack(values, axis=-1),
        )
        parts = group.allgather(own) if group.size > 1 else [own]
        corners, turns, at_corners = (np.concatenate([part[kind] for part in parts]) for kind in range(3))
        order = np.lexsort(corners.T[::-1])
        result.append(Plaquettes(normal, corners[order], turns[order], at_corners[order]))
    return result


def _turns(edges: list[np.ndarray], first: int, second: int, corner: list[slice]) -> np.ndarray:
    """Windings of the plaquettes in the plane of two axes, whole numbers, from the differences of the phase along every
    axis on one more point per axis."""

    def at(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """The values on the near and on the far side of a plaquette along an axis."""
        near, far = list(corner), list(corner)
        far[axis] = slice(corner[axis].start + 1, corner[axis].stop + 1)
        return values[tuple(near)], values[tuple(far)]

    below, above = at(edges[first], second)
    left, right = at(edges[second], first)
    return np.rint((below + right - above - left) / (2.0 * np.pi)).astype(np.int64)


def _difference(phase: np.ndarray, axis: int) -> np.ndarray:
    change = np.diff(phase, axis=axis)
    change -= 2.0 * np.pi * np.ceil((change - UNSURE) / (2.0 * np.pi) - 0.5)
    return change


def _shifted(places: tuple[np.ndarray, ...], steps: dict[int, int]) -> tuple[np.ndarray, ...]:
    return tuple(place + steps.get(axis, 0) for axis, place in enumerate(places))
