"""Random perturbations that do not depend on how the grid is divided."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.random_numbers import fill_complex_normals


def complex_noise(grid: Grid, seed: int, stream: int) -> np.ndarray:
    """Independent complex normal numbers of unit variance on this rank's points, by :func:`fill_complex_normals`: the
    value at a point depends on seed, stream and its place in the grid, and on nothing else."""
    noise = np.empty(grid.position_block.shape, np.complex128)
    fill_complex_normals(noise, seed, stream, grid.points, grid.position_block.start)
    return noise
