"""Reading distributed arrays back from a sealed file, at any division among ranks, and proving them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hpcmix.io.checkpoints.digest import as_text, local_sums, summed_over_ranks
from hpcmix.io.checkpoints.pieces import places
from hpcmix.io.checkpoints.seal import Damaged, Seal
from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.decomposition import Part
from hpcmix.parallel.process.together import together

_READ_AT_ONCE = 1 << 30


def read_parts(path: Path, world: Any, seal: Seal, parts: Mapping[str, Part]) -> None:
    """Fill the `local` arrays from the file at `path` and hold them to its seal. Collective over `world`.

    Every element of an array must be in exactly one rank's block; types must be those of the file. Raises
    :class:`Damaged` or :class:`OutputError`, the same on every rank.
    """
    with together(world):
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                for name, part in parts.items():
                    _read_part(descriptor, path, seal.arrays[name].offset, part)
            finally:
                os.close(descriptor)
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror}") from error
    sums = np.array([local_sums(part) for part in parts.values()])
    for name, lanes in zip(parts, summed_over_ranks(world, sums), strict=True):
        if as_text(lanes) != seal.arrays[name].digest:
            raise Damaged(f"{path} is damaged: the digest of {name} is not that of what was written")


def _read_part(descriptor: int, path: Path, offset: int, part: Part) -> None:
    itemsize = part.local.dtype.itemsize
    for index, first in places(part):
        target = part.local[index]
        line = target if target.flags.c_contiguous else np.empty_like(target, order="C")
        _fill(descriptor, path, offset + first * itemsize, line.reshape(-1).view(np.uint8))
        if line is not target:
            part.local[index] = line


def _fill(descriptor: int, path: Path, offset: int, content: np.ndarray) -> None:
    for begin in range(0, content.size, _READ_AT_ONCE):
        wanted = content[begin : begin + _READ_AT_ONCE]
        done = 0
        while done < wanted.size:
            number = os.preadv(descriptor, [wanted[done:].data], offset + begin + done)
            if number == 0:
                raise Damaged(f"{path} is damaged: it ends before its data do")
            done += number
