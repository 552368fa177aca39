"""Random perturbations that do not depend on how the grid is divided."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid


def complex_noise(grid: Grid, seed: int, stream: int) -> np.ndarray:
    """Independent complex normal numbers of unit variance on this rank's points.

    Every row of the global grid (a line along the last axis) has its own part of one Philox sequence with key (seed,
    stream), found by its global number: the value at a point depends on nothing else. Philox: Salmon et al., Proc. SC11
    (2011).
    """
    shape, start = grid.position_block.shape, grid.position_block.start
    row_length = grid.points[-1]
    noise = np.empty(shape, np.complex128)
    # uniform numbers, two for each normal pair; one step of the counter gives four 64-bit words
    steps_per_row = (2 * row_length + 3) // 4
    for index in np.ndindex(*shape[:-1]):
        row = 0
        for axis, place in enumerate(index):
            row = row * grid.points[axis] + start[axis] + place
        generator = np.random.Generator(np.random.Philox(key=[seed, stream]).advance(row * steps_per_row))
        uniform = generator.random(2 * row_length)
        radius = np.sqrt(-np.log1p(-uniform[:row_length]))  # Box and Muller: |z|^2 is exponential with mean one
        line = radius * np.exp(2j * np.pi * uniform[row_length:])
        noise[index] = line[grid.position_block.slices[-1]]
    return noise
