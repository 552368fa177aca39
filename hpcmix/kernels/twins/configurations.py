"""The numpy twin of :mod:`hpcmix.kernels.many_body.configurations`: the product by sparse matrices of scipy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def apply_configurations(
    source: NDArray,
    target: NDArray,
    first_row: int,
    first_column: int,
    on_rows_start: NDArray,
    on_rows_columns: NDArray,
    on_rows_values: NDArray,
    on_columns_start: NDArray,
    on_columns_columns: NDArray,
    on_columns_values: NDArray,
    left_start: NDArray,
    left_columns: NDArray,
    left_values: NDArray,
    right_start: NDArray,
    right_columns: NDArray,
    right_values: NDArray,
    scale: float,
    shift: float,
    keep: float,
) -> None:
    """As :func:`hpcmix.kernels.many_body.configurations.apply_configurations`."""
    rows = len(target)
    own = source[first_row : first_row + rows]
    there = slice(first_column, first_column + source.shape[1])
    result = np.zeros_like(target)
    for start in on_rows_start:
        result[:, there] += _matrix(start, on_rows_columns, on_rows_values, len(source)) @ source
    for start in on_columns_start:
        result += _on_columns(_matrix(start, on_columns_columns, on_columns_values, source.shape[1]), own)
    for left, right in zip(left_start, right_start, strict=True):
        inner = _matrix(left, left_columns, left_values, len(source)) @ source
        result += _on_columns(_matrix(right, right_columns, right_values, source.shape[1]), inner)
    result *= scale
    if shift != 0.0:
        result[:, there] += shift * own
    if keep != 0.0:
        result += keep * target
    target[...] = result


def add_multiple(factor: complex, source: NDArray, target: NDArray) -> None:
    """As :func:`hpcmix.kernels.many_body.configurations.add_multiple`."""
    target += factor * source


def _matrix(start: NDArray, columns: NDArray, values: NDArray, width: int) -> sparse.csr_matrix:
    """One matrix of several that follow one another."""
    entries = slice(start[0], start[-1])
    return sparse.csr_matrix((values[entries], columns[entries], start - start[0]), shape=(len(start) - 1, width))


def _on_columns(matrix: sparse.csr_matrix, field: NDArray) -> NDArray:
    return (matrix @ field.T).T
