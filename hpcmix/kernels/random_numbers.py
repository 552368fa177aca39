"""Random fields by the points' places in the grid: the same numbers however the grid is divided, on any number of
threads.

The uniform numbers are numpy's, of `numpy.random.Philox` with key (seed, stream): Salmon et al., Proc. SC11 (2011).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch


def fill_complex_normals(
    field: NDArray, seed: int, stream: int, points: Sequence[int] | None = None, start: Sequence[int] | None = None
) -> None:
    """Fill a field with independent complex normal numbers z of mean |z|^2 = 1; single precision rounds the same ones.

    Every row of the grid (a line along the last axis) has its own part of one sequence, found by the row's number in
    the grid: the value at a point depends on seed, stream, the point's place and the extents of the grid only.

    Args:
        field: one to three dimensions, complex.
        seed, stream: from 0 to 2^64 - 1. Different pairs are independent.
        points: extents of the grid; those of the field unless given.
        start: the field's first point in the grid; the origin unless given.
    """
    arguments.check_field("field", field, written=True)
    if not 1 <= field.ndim <= 3:
        raise ValueError(f"field must have one, two or three dimensions, not {field.ndim}")
    points = field.shape if points is None else tuple(points)
    start = (0,) * field.ndim if start is None else tuple(start)
    if len(points) != field.ndim or len(start) != field.ndim:
        raise ValueError(f"points and start must have an entry for each of the {field.ndim} axes of field")
    for axis, (first, extent, whole) in enumerate(zip(start, field.shape, points, strict=True)):
        if first < 0 or first + extent > whole:
            raise ValueError(f"field reaches from {first} to {first + extent} of the {whole} points along axis {axis}")
    for name, number in (("seed", seed), ("stream", stream)):
        if not 0 <= number < 2**64:
            raise ValueError(f"{name} must be from 0 to 2^64 - 1, not {number}")
    if math.prod(field.shape) == 0:
        return
    missing = 3 - field.ndim
    grid_points, first_point = (1,) * missing + points, (0,) * missing + start
    dispatch.implementation().fill_complex_normals(
        field.reshape((1,) * missing + field.shape),
        int(seed),
        int(stream),
        [int(extent) for extent in grid_points[1:]],
        [int(place) for place in first_point],
    )
