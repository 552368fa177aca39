"""Blocks of fields with what comes next to them on the periodic grid."""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.communicators import Communicators


def with_next_points(communicators: Communicators, field: np.ndarray) -> np.ndarray:
    """This rank's block of a field, in position space, with one more point along every axis: the first of the block
    that follows, or of its own where it is the last. Collective over the group."""
    splits = communicators.decomposition.layouts()[0]
    for axis, direction in enumerate(splits):
        first = np.ascontiguousarray(np.take(field, [0], axis=axis))
        if direction > 0 and communicators.along[direction - 1].size > 1:
            line = communicators.along[direction - 1]
            first = line.sendrecv(first, dest=(line.rank - 1) % line.size, source=(line.rank + 1) % line.size)
        field = np.concatenate([field, first], axis=axis)
    return field
