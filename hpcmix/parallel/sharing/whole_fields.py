"""From fields whose blocks lie on the ranks of a group to whole fields, dealt to these ranks one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import element_type


def whole_fields(communicators: Communicators, fields: Iterable[np.ndarray], count: int) -> np.ndarray:
    """The fields that this rank takes whole, shape (fields here, *points), in their own type: rank r of the group's n
    takes the fields r, r + n, r + 2n, ... of those that the group holds. Collective over the group.

    fields  this rank's block of each of `count` fields of the group, in position space; they may be overwritten once
            the next one is asked for.
    """
    group, grid = communicators.group, communicators.decomposition
    blocks = [grid.position_block(rank) for rank in range(group.size)]
    own = blocks[group.rank]
    taken: list[np.ndarray] = []
    waiting: list[np.ndarray] = []
    for number, field in enumerate(fields):
        waiting.append(np.array(field, order="C", copy=True))
        if len(waiting) < group.size and number + 1 < count:
            continue
        kind = waiting[0].dtype
        rows = np.stack(waiting).reshape(len(waiting), math.prod(own.shape))
        sent = [own.size if rank < len(waiting) else 0 for rank in range(group.size)]
        takes = group.rank < len(waiting)
        received = [block.size if takes else 0 for block in blocks]
        pieces = np.empty(sum(received), kind)
        number_type = element_type(kind)
        group.Alltoallv(
            [rows, (sent, _starts(sent)), number_type], [pieces, (received, _starts(received)), number_type]
        )
        if takes:
            whole = np.empty(grid.points, kind)
            for block, start in zip(blocks, _starts(received), strict=True):
                whole[block.slices] = pieces[start : start + block.size].reshape(block.shape)
            taken.append(whole)
        waiting = []
    return np.stack(taken) if taken else np.empty((0, *grid.points), np.complex128)


def _starts(counts: list[int]) -> list[int]:
    """Where each part begins when they lie one after the other."""
    return [sum(counts[:place]) for place in range(len(counts))]
