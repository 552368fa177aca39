"""Axes, time and units as labels inside an HDF5 file, the same way in snapshots and slices."""

from __future__ import annotations

import math

import h5py

from hpcmix.grid import Grid
from hpcmix.io.documents.metadata import Metadata, density_dimension
from hpcmix.problem.units.dimensions import LENGTH, TIME


def file_attributes(metadata: Metadata, step: int, time: float, grid: Grid) -> dict[str, object]:
    """Attributes of a file that shows the fields at one time, on the grid's points as they are there; in a frame that
    expands also its ``frame_rate``, ``frame_scale`` b and ``frame_speed`` db/dt."""
    time_unit = metadata.unit(TIME)
    return {
        **metadata.attributes(),
        "step": step,
        "time": time,
        "time_units": time_unit["units"],
        "points": list(grid.points),
        "box_lengths": list(grid.lengths),
        "axes": list(metadata.axes[: grid.dimensions]),
        **_frame(time, grid),
    }


def _frame(time: float, grid: Grid) -> dict[str, object]:
    if not grid.frame.expanding:
        return {}
    clock = grid.frame.clock(time)
    scale = grid.frame.scale(clock)
    return {
        "frame": "expanding",
        "coordinates": "laboratory" if math.isfinite(scale) else "frame: x / b, because b is infinite",
        "frame_rate": grid.frame.rate,
        "frame_scale": scale,
        "frame_speed": grid.frame.speed(clock),
    }


def write_axes(file: h5py.File, grid: Grid, metadata: Metadata) -> None:
    """Datasets x, y, z with the positions along each axis, as dimension scales."""
    for axis in range(grid.dimensions):
        name = "xyz"[axis]
        dataset = file.create_dataset(name, data=grid.axis(axis))
        dataset.attrs.update({"long_name": f"position along {name}", **metadata.unit(LENGTH)})
        dataset.make_scale(name)


def label_dimensions(file: h5py.File, dataset: h5py.Dataset, axes: str, first: int = 0) -> None:
    """Tell which axes the dimensions of `dataset` are, e.g. "xz", from its dimension number `first` on."""
    for dimension, name in enumerate(axes, start=first):
        dataset.dims[dimension].label = name
        dataset.dims[dimension].attach_scale(file[name])


def density_unit(metadata: Metadata, axes: int) -> dict[str, str | float]:
    """Unit attributes of particles per length^axes."""
    return metadata.unit(density_dimension(axes))
