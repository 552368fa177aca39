"""Axes, time and units as labels inside an HDF5 file, the same way in snapshots, slices and checkpoints: with them a
file is one of netCDF-4, which ``xarray.open_dataset`` opens with any of its engines.

NetCDF wants a name for every dimension of every array, those of its own group or of one above; a dimension may have
the positions along it or no values at all. What stands in the group of a species, ``up/density``, is in the root under
a second name, ``up_density``: it is one array with two names, and who opens the file without a group sees all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

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


def label_dimensions(file: h5py.File, dataset: h5py.Dataset, names: Sequence[str]) -> None:
    """Attach a dimension of the file's root to every axis of a dataset; one that is not there is made, without values.
    A name that is there with another length, or that something else bears, is given the dataset's as a prefix."""
    for axis, (name, length) in enumerate(zip(names, dataset.shape, strict=True)):
        if not _is_dimension(file, name, length):
            name = f"{dataset.name[1:].replace('/', '_')}_{name}"
        dataset.dims[axis].label = name
        dataset.dims[axis].attach_scale(_dimension(file, name, length))


def dimensions_of(species: str, words: Iterable[str], axes: str) -> list[str]:
    """Names of the dimensions of an array of a species, from words for them: "grid" stands for the axes of the grid,
    "axis" is shared by all species, the others are the species' own."""
    names: list[str] = []
    for word in words:
        names += list(axes) if word == "grid" else ["axis"] if word == "axis" else [f"{species}_{word}"]
    return names


def _is_dimension(file: h5py.File, name: str, length: int) -> bool:
    """Whether the name is, or can be, that of a dimension of this length."""
    return name not in file or (isinstance(file[name], h5py.Dataset) and file[name].shape == (length,))


def _dimension(file: h5py.File, name: str, length: int) -> h5py.Dataset:
    """The dimension of that name, of netCDF's form without values if it has to be made: nothing is stored of it."""
    if name not in file:
        scale = file.create_dataset(name, (length,), ">f4", track_times=False)
        scale.make_scale(f"This is a netCDF dimension but not a netCDF variable.{length:10d}")
    return file[name]


def write_time(file: h5py.File, step: int, time: float, metadata: Metadata) -> None:
    """Datasets step and time, single numbers, along which files of a run can be joined. A species of one of these names
    keeps it."""
    for name, value, words in (("step", step, {"units": "1"}), ("time", time, metadata.unit(TIME))):
        if name not in file:
            file.create_dataset(name, data=value, track_times=False).attrs.update({"long_name": name, **words})


def show_in_root(file: h5py.File, names: Iterable[str]) -> None:
    """Give datasets of groups a second name in the root, ``up/slice/xy`` as ``up_slice_xy``, where no other has it, and
    step and time as coordinates, where the file has them. Their dimensions must be those of the root."""
    moment = [name for name in ("step", "time") if name in file and isinstance(file[name], h5py.Dataset)]
    for name in names:
        if moment:
            file[name].attrs["coordinates"] = " ".join(moment)
        short = name.replace("/", "_")
        if short not in file:
            file[short] = file[name]


def density_unit(metadata: Metadata, axes: int) -> dict[str, str | float]:
    """Unit attributes of particles per length^axes."""
    return metadata.unit(density_dimension(axes))


def wave_function_unit(metadata: Metadata, axes: int) -> dict[str, str | float]:
    """Unit attributes of a wave function of norm one: the root of 1/length^axes."""
    squared = density_unit(metadata, axes)
    unit: dict[str, str | float] = {"units": f"code unit of length^(-{axes}/2)"}
    if "si_factor" in squared:
        unit |= {"si_factor": float(squared["si_factor"]) ** 0.5, "si_unit": f"m^(-{axes}/2)"}
    return unit
