"""``snapshots/NNNNNN.h5``: fields on the whole grid at one time, with a ``.xdmf`` beside it for ParaView, and
``snapshots/series.xdmf``, all of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.blocks import Dealt, Writer, write_arrays
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.metadata import Metadata, density_dimension
from hpcmix.io.fields.labels import (
    density_unit,
    dimensions_of,
    file_attributes,
    label_dimensions,
    show_in_root,
    wave_function_unit,
    write_axes,
    write_time,
)
from hpcmix.io.fields.mesh import write_mesh
from hpcmix.io.fields.openpmd import annotate_file, write_meshes
from hpcmix.io.fields.xdmf import describe, describe_collection
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Part
from hpcmix.parallel.process.together import together
from hpcmix.problem.units.dimensions import DIMENSIONLESS, Dimension

FLUCTUATION_DENSITY = "fluctuation_density"
"""Name of gamma_a(x, x), the density of what is outside the condensate of coherent states."""


MATRICES = {
    "U": "U of b(t) = U b + V b^+ between points of the grid, rows (species, axes), columns (species, axes)",
    "V": "V of b(t) = U b + V b^+ between points of the grid, rows (species, axes), columns (species, axes)",
    "gamma": "<b^+(y) b(x)> = V V^+, rows (species, axes) x, columns (species, axes) y",
    "alpha": "<b(x) b(y)> = U V^T, rows (species, axes) x, columns (species, axes) y",
    "D": "N (gamma_N - |phi><phi|) of a coherent state of many particles, rows (axes) x, columns (axes) y",
}
"""What the matrices of the fluctuations are, by the last part of the names of their datasets."""


def write_snapshot(
    directory: RunDirectory,
    index: int,
    step: int,
    time: float,
    grid: Grid,
    communicators: Communicators,
    fields: Mapping[str, np.ndarray | Dealt],
    metadata: Metadata,
    writer: Writer = "auto",
    phases: Mapping[str, float] | None = None,
    matrices: Mapping[str, Part] | None = None,
    weights: Mapping[str, float] | None = None,
    step_size: float = 0.0,
) -> Path:
    """Write this rank's part of every field, and return the path of the file. Collective over the world.

    fields    dataset path such as "up/density" -> real or complex array on this rank's block of position space, or
              the orbitals of this rank's group; the last part of the path says what it is: density, phase,
              wave_function. The same names and types on every rank.
    grid      with the points where the file is to show them (:meth:`Grid.in_laboratory`).
    matrices  those of the fluctuations, whole in every replica, by the names of their datasets (:data:`MATRICES`).
    weights   of every species the particles of an orbital of norm one, an attribute of its wave functions.
    step_size of a time step, the last one.
    phases    in a frame that expands, for every species the q of the phase exp(i q x^2) that its wave functions lack.
    The axes are the datasets x, y, z; step, time, box, units and provenance are attributes.
    ``xarray.open_dataset(path)`` opens all of them as ``up_density`` and so on, with ``group="up"`` those of a species.
    Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank, and then leaves nothing behind.
    """
    path = directory.snapshot(index)

    def annotate(file: h5py.File) -> None:
        axes = "xyz"[: grid.dimensions]
        write_axes(file, grid, metadata)
        write_time(file, step, time, metadata)
        write_mesh(file, grid)
        for name in fields:
            species, _, kind = name.rpartition("/")
            words = ("orbital", "grid") if file[name].ndim > grid.dimensions else ("grid",)
            label_dimensions(file, file[name], dimensions_of(species, words, axes))
            file[name].attrs.update(_description(kind, grid.dimensions, metadata))
            if weights and kind == "wave_function":
                file[name].attrs["weight"] = weights[species]
            if phases and kind in ("phase", "wave_function"):
                file[name].attrs["quadratic_phase"] = phases[species]
                file[name].attrs["comment"] = "without the factor exp(i quadratic_phase (x^2 + y^2 + z^2)) of the frame"
        for name in matrices or ():
            species, _, kind = name.rpartition("/")
            file[name].attrs["long_name"] = MATRICES[kind]
            half = file[name].ndim // 2
            names = [*(["species"] if half > grid.dimensions else []), *axes]
            label_dimensions(file, file[name], [*names, *(f"{dimension}_column" for dimension in names)])
        of_grid = {name: dimension for name in fields if (dimension := _dimension_of(file[name], grid)) is not None}
        write_meshes(file, index, of_grid, grid, metadata.scales)
        version = str(metadata.provenance.get("hpcmix_version", ""))
        annotate_file(file, index, time, step_size, metadata.scales, version, {"meshesPath": "meshes/"})
        show_in_root(file, [*fields, *(matrices or ())])

    write_arrays(
        path,
        communicators,
        grid.points,
        grid.position_block,
        fields,
        file_attributes(metadata, step, time, grid),
        others=matrices,
        annotate=annotate,
        writer=writer,
    )
    with together(communicators.world):
        if communicators.is_root:
            kinds = {name: local.dtype for name, local in fields.items()}
            write_text(path.with_suffix(".xdmf"), describe(path.name, grid, time, kinds, metadata.title))
            so_far = [stored for number, stored in directory.stored_snapshots() if number <= index]
            write_text(directory.snapshot_series, describe_collection(so_far, metadata.title))
    return path


def _dimension_of(dataset: h5py.Dataset, grid: Grid) -> Dimension | None:
    """Of a real field on the grid; None for others, which are no meshes."""
    if dataset.dtype.kind == "c" or dataset.shape != grid.points:
        return None
    return DIMENSIONLESS if dataset.name.endswith("/phase") else density_dimension(grid.dimensions)


def _description(kind: str, dimensions: int, metadata: Metadata) -> dict[str, str | float]:
    """Attributes of a field of a known kind; nothing for others."""
    if kind == "density":
        return {"long_name": "density of particles", **density_unit(metadata, dimensions)}
    if kind == FLUCTUATION_DENSITY:
        return {"long_name": "density of the particles outside the condensate", **density_unit(metadata, dimensions)}
    if kind == "thomas_fermi":
        return {"long_name": "Thomas-Fermi density in the present potential", **density_unit(metadata, dimensions)}
    if kind == "phase":
        return {"long_name": "phase of the wave function", "units": "radian"}
    if kind == "wave_function":
        return {"long_name": "wave function with norm one", **wave_function_unit(metadata, dimensions)}
    return {}
