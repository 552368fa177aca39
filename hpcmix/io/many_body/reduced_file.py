"""``reduced/NNNNNN.h5``: what N bodies and their mean field look like at one time.

    gamma/1,0, gamma/1,1, ..    reduced density matrices, trace 1, in the basis of few particles of the species' modes
    labels/1,0, ..              which modes every vector of that basis is made of, one row a vector
    <species>/density           of the N bodies on the grid, particles per volume
    <species>/mean_field_density, <species>/mean_field
                                of the mean field; its orbitals in the modes, (m, M)
    <species>/modes             on the grid, (m, points)
    x, y, z                     the axes

The file is sealed as checkpoints are. ``xarray.open_dataset(path, group="up")`` opens the densities of a species.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.blocks import write_parts
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import (
    density_unit,
    file_attributes,
    label_dimensions,
    show_in_root,
    wave_function_unit,
    write_axes,
    write_time,
)
from hpcmix.io.many_body.distributed import Distributed, on_every_rank, parts_of
from hpcmix.parallel.process.mpi import MPI


@dataclass(frozen=True)
class SpeciesFields:
    """What is stored of one species.

    density, mean_field_density  on this rank's block.
    modes                        (m, *block).
    mean_field                   (m, M), the same on every rank.
    """

    density: np.ndarray
    mean_field_density: np.ndarray
    modes: np.ndarray
    mean_field: np.ndarray


@dataclass(frozen=True)
class ReducedMatrix:
    """A reduced density matrix and the modes that its basis vectors are made of.

    order   particles of each species.
    matrix  complex (basis, basis), the same on every rank.
    labels  whole numbers (basis, particles of the order).
    """

    order: tuple[int, ...]
    matrix: np.ndarray
    labels: np.ndarray

    @property
    def name(self) -> str:
        """ "1,0"."""
        return ",".join(map(str, self.order))


def write_reduced(
    directory: RunDirectory,
    index: int,
    step: int,
    time: float,
    grid: Grid,
    holds: bool,
    species: Mapping[str, SpeciesFields],
    matrices: Sequence[ReducedMatrix],
    metadata: Metadata,
    world: MPI.Comm,
) -> Path:
    """Write the file with a number, and return its path. Collective.

    grid   with the points where the file is to show them (:meth:`~hpcmix.grid.Grid.in_laboratory`).
    holds  whether this rank's block is to be written: several groups of ranks may have the same grid.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank, and then leaves nothing behind.
    """
    start = grid.position_block.start
    arrays: dict[str, Distributed] = {}
    for matrix in matrices:
        arrays[f"gamma/{matrix.name}"] = on_every_rank(np.ascontiguousarray(matrix.matrix, np.complex128))
        arrays[f"labels/{matrix.name}"] = on_every_rank(np.ascontiguousarray(matrix.labels, np.int64))
    for name, fields in species.items():
        arrays[f"{name}/density"] = Distributed(fields.density, grid.points, start, holds)
        arrays[f"{name}/mean_field_density"] = Distributed(fields.mean_field_density, grid.points, start, holds)
        whole = (len(fields.modes), *grid.points)
        arrays[f"{name}/modes"] = Distributed(fields.modes, whole, (0, *start), holds)
        arrays[f"{name}/mean_field"] = on_every_rank(np.ascontiguousarray(fields.mean_field, np.complex128))

    def annotate(file: h5py.File) -> None:
        write_axes(file, grid, metadata)
        write_time(file, step, time, metadata)
        axes = "xyz"[: grid.dimensions]
        for matrix in matrices:
            file[f"gamma/{matrix.name}"].attrs["long_name"] = (
                f"reduced density matrix of {matrix.name} particles, trace 1"
            )
            file[f"labels/{matrix.name}"].attrs["long_name"] = "modes that the vectors of its basis are made of"
            basis = f"basis_{'_'.join(map(str, matrix.order))}"
            label_dimensions(file, file[f"gamma/{matrix.name}"], [basis, f"{basis}_column"])
            label_dimensions(file, file[f"labels/{matrix.name}"], [basis, f"{basis}_particle"])
        for name in species:
            for kind, whose in (("density", "N bodies"), ("mean_field_density", "the mean field")):
                label_dimensions(file, file[f"{name}/{kind}"], axes)
                unit = density_unit(metadata, grid.dimensions)
                file[f"{name}/{kind}"].attrs.update({"long_name": f"density of particles of {whose}", **unit})
            label_dimensions(file, file[f"{name}/modes"], [f"{name}_mode", *axes])
            label_dimensions(file, file[f"{name}/mean_field"], [f"{name}_mode", f"{name}_orbital"])
            unit = wave_function_unit(metadata, grid.dimensions)
            file[f"{name}/modes"].attrs.update({"long_name": "orthonormal modes", **unit})
            file[f"{name}/mean_field"].attrs["long_name"] = "orbitals of the mean field in the modes, norm one"
            show_in_root(file, [f"{name}/{kind}" for kind in ("density", "mean_field_density", "modes", "mean_field")])

    path = directory.reduced_file(index)
    attributes = file_attributes(metadata, step, time, grid)
    write_parts(path, world, parts_of(arrays, world), attributes, annotate=annotate)
    return path


@dataclass(frozen=True)
class Reduced:
    """The content of a file.

    matrices   gamma by its order.
    densities  of the N bodies and of the mean field on the grid, by the species.
    """

    step: int
    time: float
    matrices: dict[tuple[int, ...], np.ndarray]
    densities: dict[str, tuple[np.ndarray, np.ndarray]]


def read_reduced(path: Path) -> Reduced:
    """Read a file back; needs no MPI in its process. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""
    try:
        with h5py.File(path, "r") as file:
            matrices = {tuple(map(int, name.split(","))): gamma[...] for name, gamma in file["gamma"].items()}
            densities = {
                name: (group["density"][...], group["mean_field_density"][...])
                for name, group in file.items()
                if isinstance(group, h5py.Group) and "mean_field_density" in group
            }
            return Reduced(int(file.attrs["step"]), float(file.attrs["time"]), matrices, densities)
    except (OSError, KeyError, ValueError) as error:
        raise OutputError(f"{path} is damaged: {error}") from error
