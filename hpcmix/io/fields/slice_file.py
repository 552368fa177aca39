"""The file of slices, column densities and densities over two axes of phase space, ``slices/NNNNNN.h5``: writing and
reading it on one rank, without MPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.documents.atomic import replacing
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import (
    density_unit,
    file_attributes,
    label_dimensions,
    show_in_root,
    write_axes,
    write_time,
)
from hpcmix.observe.markers.phase_space_density import PhaseSpaceDensity
from hpcmix.problem.units.dimensions import LENGTH, MOMENTUM, Dimension

Views = dict[str, dict[str, np.ndarray]]
"""Species -> names of the axes that remain, such as "xz" -> the array over them."""

PhaseSpace = dict[str, list[PhaseSpaceDensity]]
"""Species -> its densities over two axes of phase space."""


@dataclass(frozen=True)
class Slices:
    """Cheap views of the densities at one time, code units.

    axes         "x" -> positions along x, for every axis of the grid.
    slices       the density on the grid plane nearest to the origin, e.g. ``slices["up"]["xy"]`` of shape (nx, ny) at
                 z ~ 0; in two dimensions the only slice "xy" is the density itself, in one dimension "x".
    columns      the density integrated along the axis that is not named: ``columns["up"]["xy"] = integral rho dz``;
                 in two dimensions "x" and "y"; empty in one.
    phase_space  of classical species, where the run's file asks for them.
    length_si, time_si     metres and seconds per code unit, None for a problem without ``[units]``.
    """

    step: int
    time: float
    axes: dict[str, np.ndarray]
    slices: Views
    columns: Views
    length_si: float | None = None
    time_si: float | None = None
    phase_space: PhaseSpace = field(default_factory=dict)


def write_slice_file(
    path: Path,
    step: int,
    time: float,
    grid: Grid,
    slices: Views,
    columns: Views,
    metadata: Metadata,
    phase_space: Mapping[str, Sequence[PhaseSpaceDensity]] | None = None,
) -> None:
    """Write one file in the form that :func:`read_slices` reads. For the root rank. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(file_attributes(metadata, step, time, grid))
        file.attrs["species"] = list(slices)  # groups of a file come back in alphabetical order
        write_axes(file, grid, metadata)
        write_time(file, step, time, metadata)
        views = _write_views(file, "slice", slices, metadata, grid)
        views += _write_views(file, "column", columns, metadata, grid)
        show_in_root(file, views)
        for name, densities in (phase_space or {}).items():
            for number, density in enumerate(densities):
                _write_phase_space(file.create_group(f"{name}/phase_space/{number}"), density, metadata)


def _write_views(
    file: h5py.File, kind: str, views: Mapping[str, Mapping[str, np.ndarray]], metadata: Metadata, grid: Grid
) -> list[str]:
    """Write the views of a kind; the names of their datasets."""
    names, written = "xyz"[: grid.dimensions], []
    for species, arrays in views.items():
        for axes, array in arrays.items():
            dataset = file.create_dataset(f"{species}/{kind}/{axes}", data=array)
            label_dimensions(file, dataset, axes)
            written.append(f"{species}/{kind}/{axes}")
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
    return written


def _write_phase_space(group: h5py.Group, stored: PhaseSpaceDensity, metadata: Metadata) -> None:
    """The density over the centres of the bins, which are datasets named like the axes, and the edges of the bins."""
    dataset = group.create_dataset("density", data=stored.density)
    group.attrs["axes"] = list(stored.axes)
    area = Dimension()
    for number, (axis, edges) in enumerate(zip(stored.axes, stored.edges, strict=True)):
        dimension, word = (MOMENTUM, "momentum") if axis.startswith("p") else (LENGTH, "position")
        area += dimension
        centres = group.create_dataset(axis, data=0.5 * (edges[1:] + edges[:-1]))
        for place in (centres, group.create_dataset(f"edges_{axis}", data=edges)):
            place.attrs.update({"long_name": f"{word} along {axis[-1]}", **metadata.unit(dimension)})
        centres.make_scale(axis)
        dataset.dims[number].label = axis
        dataset.dims[number].attach_scale(centres)
    dataset.attrs["long_name"] = "particles per area of phase space"
    dataset.attrs.update(metadata.unit(area * -1) if area != Dimension() else {"units": "1"})


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
            {name: _phase_space(file[name]["phase_space"]) for name in file if f"{name}/phase_space" in file},
        )


def _views(group: h5py.Group, kind: str) -> dict[str, np.ndarray]:
    return {axes: dataset[:] for axes, dataset in group[kind].items()} if kind in group else {}


def _phase_space(group: h5py.Group) -> list[PhaseSpaceDensity]:
    found = []
    for number in sorted(group, key=int):
        stored = group[number]
        first, second = (str(axis) for axis in stored.attrs["axes"])
        edges = stored[f"edges_{first}"][:], stored[f"edges_{second}"][:]
        found.append(PhaseSpaceDensity((first, second), edges, stored["density"][:]))
    return found
