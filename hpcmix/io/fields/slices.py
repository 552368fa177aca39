"""Central slices and column densities of distributed densities, brought to the root without gathering a
three-dimensional array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.slice_file import Views, central_index, write_slice_file
from hpcmix.observe.markers.phase_space_density import PhaseSpaceDensity
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.together import together

_Part = tuple[tuple[slice, ...], np.ndarray]


def write_slices(
    directory: RunDirectory,
    index: int,
    step: int,
    time: float,
    grid: Grid,
    communicators: Communicators,
    densities: Mapping[str, np.ndarray],
    metadata: Metadata,
    phase_space: Mapping[str, Sequence[PhaseSpaceDensity]] | None = None,
) -> Path:
    """Write the views of every species' density, given on this rank's block, and densities over phase space, the same
    on every rank; the path of the file. Collective over the world.

    Raises :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank.
    """
    path = directory.slice(index)
    slices, columns = gather_views(grid, communicators, densities)
    with together(communicators.world):
        if communicators.is_root:
            write_slice_file(path, step, time, grid, slices, columns, metadata, phase_space)
    return path


def gather_views(grid: Grid, communicators: Communicators, densities: Mapping[str, np.ndarray]) -> tuple[Views, Views]:
    """Slices and columns of every species on the root rank, empty tables on the others. Collective over each orbital
    group.

    A slice is the density at the grid point nearest to the origin of the axis that is left out. A column is ``sum_j
    rho h`` over the points j of the axis that is left out; it is summed in double precision, over ranks in an order
    that depends on the decomposition.
    """
    slices: Views = {}
    columns: Views = {}
    if not communicators.holds_first_copy:  # the groups hold the same densities
        return slices, columns
    for name, density in densities.items():
        slices[name], columns[name] = {}, {}
        names = "xyz"[: grid.dimensions]
        if grid.dimensions < 3:
            slices[name][names] = _assembled(
                grid, communicators, range(grid.dimensions), (grid.position_block.slices, density)
            )
        for kept in combinations(range(grid.dimensions), grid.dimensions - 1):
            if not kept:
                continue  # one dimension has no column
            axes = "".join(names[axis] for axis in kept)
            (gone,) = set(range(grid.dimensions)) - set(kept)
            if grid.dimensions == 3:
                slices[name][axes] = _assembled(grid, communicators, kept, _slice_part(grid, density, gone))
            columns[name][axes] = _assembled(
                grid, communicators, kept, _column_part(grid, communicators, density, gone)
            )
    return (slices, columns) if communicators.is_root else ({}, {})


def _without(block: tuple[slice, ...], axis: int) -> tuple[slice, ...]:
    return (*block[:axis], *block[axis + 1 :])


def _slice_part(grid: Grid, density: np.ndarray, axis: int) -> _Part | None:
    """What this rank has of the central plane across `axis`."""
    place = central_index(grid, axis) - grid.position_block.start[axis]
    if not 0 <= place < grid.position_block.shape[axis]:
        return None
    return _without(grid.position_block.slices, axis), np.take(density, place, axis=axis)


def _column_part(grid: Grid, communicators: Communicators, density: np.ndarray, axis: int) -> _Part | None:
    """This rank's part of the density integrated along `axis`, on the first of the ranks that share the axis."""
    column = np.ascontiguousarray(density.sum(axis=axis, dtype=np.float64) * grid.spacings[axis])
    direction = communicators.decomposition.layouts()[0][axis]
    if direction > 0 and communicators.along[direction - 1].size > 1:
        line = communicators.along[direction - 1]
        total = np.empty_like(column) if line.rank == 0 else None
        line.Reduce(column, total, root=0)
        if total is None:
            return None
        column = total
    return _without(grid.position_block.slices, axis), column


def _assembled(grid: Grid, communicators: Communicators, axes: Sequence[int], part: _Part | None) -> np.ndarray:
    """The array over `axes` of the whole grid on the first rank of the group, put together from the parts; elsewhere
    an empty one.
    """
    parts = communicators.group.gather(part, root=0)
    if parts is None:
        return np.empty(0)
    present = [entry for entry in parts if entry is not None]
    whole = np.empty([grid.points[axis] for axis in axes], dtype=present[0][1].dtype)
    for place, values in present:
        whole[place] = values
    return whole
