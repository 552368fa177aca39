"""One redistribution of a global array: from whole along one axis to whole along another."""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.decomposition import part
from hpcmix.parallel.mpi import MPI


class Exchange:
    """Moves blocks between two layouts that differ in which of two axes is split over `comm`.

    In layout A this rank holds all of axis `whole_before` and its part of axis `whole_after`; in layout B the other way
    round. Blocks are described to MPI as sub-arrays, so nothing is packed by hand and unequal parts need no special
    care.

    shape_before, shape_after: shapes of this rank's block in the two layouts. Collective over `comm`.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        shape_before: tuple[int, ...],
        shape_after: tuple[int, ...],
        whole_before: int,
        whole_after: int,
        dtype: np.dtype,
    ) -> None:
        self.comm = comm
        self.shape_before = shape_before
        self.shape_after = shape_after
        element = MPI._typedict[np.dtype(dtype).char]
        self._before = self._sub_arrays(shape_before, whole_before, element)
        self._after = self._sub_arrays(shape_after, whole_after, element)

    def _sub_arrays(self, shape: tuple[int, ...], axis: int, element: MPI.Datatype) -> list[MPI.Datatype]:
        types = []
        for rank in range(self.comm.size):
            first, count = part(shape[axis], self.comm.size, rank)
            lengths = tuple(count if a == axis else n for a, n in enumerate(shape))
            starts = tuple(first if a == axis else 0 for a in range(len(shape)))
            types.append(element.Create_subarray(shape, lengths, starts).Commit())
        return types

    def forward(self, before: np.ndarray, after: np.ndarray) -> None:
        """Fill `after` (layout B) from `before` (layout A)."""
        self._move(before, self._before, after, self._after)

    def backward(self, after: np.ndarray, before: np.ndarray) -> None:
        """Fill `before` (layout A) from `after` (layout B)."""
        self._move(after, self._after, before, self._before)

    def _move(self, source, source_types, target, target_types) -> None:
        ones, zeros = [1] * self.comm.size, [0] * self.comm.size
        self.comm.Alltoallw([source, ones, zeros, source_types], [target, ones, zeros, target_types])

    def free(self) -> None:
        """Give the MPI datatypes back."""
        for datatype in (*self._before, *self._after):
            datatype.Free()
