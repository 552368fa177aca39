"""The product of a many-body Hamiltonian with a wave function psi[configuration of species 1, of species 2].

    target <- keep target + scale (A source + source B^T + sum_c X_c source Y_c^T) + shift source

A and X_c are sparse matrices on rows, B and Y_c on columns; no larger matrix is made. As the other kernels: compiled or
numpy (:mod:`hpcmix.kernels.dispatch`), results do not depend on threads, nor a row of the target on the other rows that
are asked for, to the bit. Wrong arguments raise TypeError or ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.twins import configurations as reference_configurations
from hpcmix.kernels.twins import loops as reference


@dataclass(frozen=True)
class SparseMatrices:
    """Matrices of one shape, one after the other: row i of matrix c has the entries start[c, i] .. start[c, i + 1].

    start    int64, (matrices, rows + 1)
    columns  int32
    values   float64 or complex128, as long as `columns`
    """

    start: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray

    def __len__(self) -> int:
        return len(self.start)

    @property
    def nbytes(self) -> int:
        return self.start.nbytes + self.columns.nbytes + self.values.nbytes

    @property
    def is_complex(self) -> bool:
        return bool(np.iscomplexobj(self.values))

    def as_complex(self) -> SparseMatrices:
        """The same with complex values."""
        return self if self.is_complex else SparseMatrices(self.start, self.columns, self.values.astype(np.complex128))

    def rows(self, first: int, last: int) -> SparseMatrices:
        """Some rows of every matrix (a view)."""
        return SparseMatrices(np.ascontiguousarray(self.start[:, first : last + 1]), self.columns, self.values)

    @classmethod
    def none(cls, rows: int) -> SparseMatrices:
        """No matrix at all."""
        return cls(np.zeros((0, rows + 1), np.int64), np.zeros(0, np.int32), np.zeros(0))

    @classmethod
    def joined(cls, parts: Sequence[tuple[NDArray, NDArray, NDArray]], rows: int) -> SparseMatrices:
        """Of (start, columns, values) for each matrix."""
        if not parts:
            return cls.none(rows)
        starts, before = [], 0
        for start, columns, _ in parts:
            starts.append(np.asarray(start, np.int64) + before)
            before += len(columns)
        return cls(
            np.ascontiguousarray(starts, np.int64),
            np.concatenate([np.asarray(columns, np.int32) for _, columns, _ in parts]),
            np.concatenate([values for _, _, values in parts]),
        )


def apply_configurations(
    source: NDArray,
    target: NDArray,
    on_rows: SparseMatrices,
    on_columns: SparseMatrices,
    left: SparseMatrices,
    right: SparseMatrices,
    *,
    first_row: int = 0,
    first_column: int = 0,
    scale: float = 1.0,
    shift: float = 0.0,
    keep: float = 0.0,
) -> None:
    """The product above.

    Args:
        source: complex128, (rows of the source, columns of the source), every row that `on_rows` and `left` ask for.
        target: complex128, (rows, columns), shares no memory with the source.
        on_rows: A, none or one, a row for each row of the target.
        on_columns: B, none or one, a row for each column of the target.
        left: X_c, as A.
        right: Y_c, as B.
        first_row: which row of the source the target's first row is.
        first_column: which column of the target the source's first column is: of the source there may be only some
            columns, A then adds to those of the target.
        scale: factor of the product.
        shift: multiple of the source that is added (at its place).
        keep: multiple of the target that is kept.
    """
    arguments.check_field("source", source, written=False)
    arguments.check_field("target", target, written=True)
    if source.dtype != np.complex128 or target.dtype != np.complex128:
        raise TypeError("wave functions of many bodies are complex128")
    if source.ndim != 2 or target.ndim != 2:
        raise ValueError("source and target must have two dimensions")
    if np.may_share_memory(source, target):
        raise ValueError("source and target share memory")
    if first_row < 0 or first_row + len(target) > len(source):
        raise ValueError(f"the source has {len(source)} rows, not those from {first_row} to {first_row + len(target)}")
    if first_column < 0 or first_column + source.shape[1] > target.shape[1]:
        raise ValueError("the source's columns do not lie in the target")
    if len(on_rows) > 1 or len(on_columns) > 1 or len(left) != len(right):
        raise ValueError("one operator acts on rows, one on columns, and channels are pairs")
    for name, matrices, count in (
        ("on_rows", on_rows, len(target)),
        ("on_columns", on_columns, target.shape[1]),
        ("left", left, len(target)),
        ("right", right, target.shape[1]),
    ):
        if matrices.start.shape[1] != count + 1:
            raise ValueError(f"{name} has {matrices.start.shape[1] - 1} rows in place of {count}")
    if any(matrices.is_complex for matrices in (on_rows, on_columns, left, right)):
        on_rows, on_columns, left, right = (each.as_complex() for each in (on_rows, on_columns, left, right))
    _implementation().apply_configurations(
        source,
        target,
        first_row,
        first_column,
        *(array for each in (on_rows, on_columns, left, right) for array in (each.start, each.columns, each.values)),
        scale,
        shift,
        keep,
    )


def add_multiple(factor: complex, source: NDArray, target: NDArray) -> None:
    """target += factor source, in place, complex128 of one shape that share no memory."""
    arguments.check_field("source", source, written=False)
    arguments.check_same("target", target, source, written=True)
    if source.dtype != np.complex128:
        raise TypeError("wave functions of many bodies are complex128")
    _implementation().add_multiple(complex(factor), source, target)


def _implementation() -> ModuleType:
    kernels = dispatch.implementation()
    return reference_configurations if kernels is reference else kernels
