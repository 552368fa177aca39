"""The file of slices and column densities, ``slices/NNNNNN.h5``: writing and reading it on one rank, without MPI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.documents.atomic import replacing
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import density_unit, file_attributes, label_dimensions, write_axes

Views = dict[str, dict[str, np.ndarray]]
"""Species -> names of the axes that remain, such as "xz" -> the array over them."""


@dataclass(frozen=True)
class Slices:
    """Cheap views of the densities at one time, code units.

    axes         "x" -> positions along x, for every axis of the grid.
    slices       the density on the grid plane nearest to the origin, e.g. ``slices["up"]["xy"]`` of shape (nx, ny) at
                 z ~ 0; in two dimensions the only slice "xy" is the density itself, in one dimension "x".
    columns      the density integrated along the axis that is not named: ``columns["up"]["xy"] = integral rho dz``;
                 in two dimensions "x" and "y"; empty in one.
    length_si, time_si     metres and seconds per code unit, None for a problem without ``[units]``.
    """

    step: int
    time: float
    axes: dict[str, np.ndarray]
    slices: Views
    columns: Views
    length_si: float | None = None
    time_si: float | None = None


def write_slice_file(
    path: Path, step: int, time: float, grid: Grid, slices: Views, columns: Views, metadata: Metadata
) -> None:
    """Write one file in the form that :func:`read_slices` reads. For the root rank. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(file_attributes(metadata, step, time, grid))
        file.attrs["species"] = list(slices)  # groups of a file come back in alphabetical order
        write_axes(file, grid, metadata)
        _write_views(file, "slice", slices, metadata, grid)
        _write_views(file, "column", columns, metadata, grid)


def _write_views(
    file: h5py.File, kind: str, views: Mapping[str, Mapping[str, np.ndarray]], metadata: Metadata, grid: Grid
) -> None:
    names = "xyz"[: grid.dimensions]
    for species, arrays in views.items():
        for axes, array in arrays.items():
            dataset = file.create_dataset(f"{species}/{kind}/{axes}", data=array)
            label_dimensions(file, dataset, axes)
            gone = "".join(name for name in names if name not in axes)
            if kind == "column":
                dataset.attrs["long_name"] = f"density integrated along {gone}"
                dataset.attrs.update(density_unit(metadata, len(axes)))
            else:
                dataset.attrs["long_name"] = "density"
                dataset.attrs.update(density_unit(metadata, grid.dimensions))
                for name in gone:
                    axis = names.index(name)
                    dataset.attrs[name] = grid.axis(axis)[central_index(grid, axis)]


def central_index(grid: Grid, axis: int) -> int:
    """Index of the grid plane nearest to the origin; of two equally near ones the lower."""
    return grid.points[axis] // 2


def read_slices(path: Path) -> Slices:
    """Read one file. Raises OSError when it is missing or no HDF5 file, KeyError when it holds something else."""
    with h5py.File(path, "r") as file:
        axes = {name: file[name][:] for name in file.attrs["axes"]}
        species = list(file.attrs["species"])
        slices, columns = ({name: _views(file[name], kind) for name in species} for kind in ("slice", "column"))
        return Slices(
            int(file.attrs["step"]),
            float(file.attrs["time"]),
            axes,
            slices,
            columns,
            file.attrs.get("length_si"),
            file.attrs.get("time_si"),
        )


def _views(group: h5py.Group, kind: str) -> dict[str, np.ndarray]:
    return {axes: dataset[:] for axes, dataset in group[kind].items()} if kind in group else {}
