"""Arrays of a many-body run as parts of global ones: rows of a vector, fields on the grid, and small arrays that every
rank has whole.

Ranks share the vector; the grid they may share too, or every rank may have all of it, for it is small. What every rank
has whole the first one writes, and reads for all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpcmix.io.checkpoints.block_reader import read_parts
from hpcmix.io.checkpoints.seal import Damaged, Seal
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.process.mpi import MPI


@dataclass(frozen=True)
class Distributed:
    """An array of which this rank has `local`.

    shape  of the whole array.
    start  where this rank's box begins; None: every rank has the whole array.
    holds  whether it is this rank that writes its box: several may have the same.
    """

    local: np.ndarray
    shape: tuple[int, ...]
    start: tuple[int, ...] | None = None
    holds: bool = True

    def part(self, rank: int) -> Part:
        """What this rank writes, or is to be filled with."""
        origin = (0,) * len(self.shape)
        if self.start is not None and self.holds:
            return Part(self.shape, Block(self.start, self.local.shape), self.local)
        if self.start is None and rank == 0:
            return Part(self.shape, Block(origin, self.shape), self.local)
        return Part(self.shape, Block(origin, origin), np.empty(origin, self.local.dtype))


def on_every_rank(array: np.ndarray) -> Distributed:
    """A small array that every rank has whole."""
    return Distributed(array, array.shape)


def parts_of(arrays: Mapping[str, Distributed], world: MPI.Comm) -> dict[str, Part]:
    """What this rank holds of every array, by the names of their datasets."""
    return {name: array.part(world.rank) for name, array in arrays.items()}


def fill(path: Path, seal: Seal, arrays: Mapping[str, Distributed], ranks: MPI.Comm) -> None:
    """Fill the local arrays from a sealed file and hold them to its digests; every box is some rank's of `ranks`.
    Collective over them.

    Raises :class:`~hpcmix.io.checkpoints.seal.Damaged` or :class:`~hpcmix.io.documents.atomic.OutputError` on each of
    them."""
    parts = parts_of(arrays, ranks)
    for name, part in parts.items():
        expected = int(np.prod(part.shape, dtype=np.int64)) * part.local.dtype.itemsize
        if name not in seal.arrays or seal.arrays[name].size != expected:
            raise Damaged(f"{path} holds no {name} of shape {part.shape} and type {part.local.dtype}")
    read_parts(path, ranks, seal, parts)
    for array in arrays.values():
        if array.start is None:
            ranks.Bcast(array.local, root=0)
