"""``excitations.h5``: the fields of small oscillations, and the XDMF description beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.blocks import Dealt, write_arrays
from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import (
    density_unit,
    file_attributes,
    label_dimensions,
    show_in_root,
    wave_function_unit,
    write_axes,
)
from hpcmix.io.fields.mesh import write_mesh
from hpcmix.io.fields.xdmf import describe_series
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.together import together
from hpcmix.problem.units.dimensions import FREQUENCY

_LONG_NAMES = {
    "u": "amplitude u of a mode: psi + u exp(-i omega t) + conj(v) exp(i omega t)",
    "v": "amplitude v of a mode: psi + u exp(-i omega t) + conj(v) exp(i omega t)",
    "density_change": "change of the density in a mode at t = 0, twice the real part of conj(psi) u + psi v",
}


def write_modes(
    path: Path,
    grid: Grid,
    communicators: Communicators,
    metadata: Metadata,
    frequencies: np.ndarray,
    u: Mapping[str, np.ndarray],
    v: Mapping[str, np.ndarray],
    density_change: Mapping[str, np.ndarray],
) -> None:
    """Write this rank's part of all modes, and the description for ParaView, in which the number of the mode is the
    time. Collective over the world; ranks of one orbital group.

    u, v            by species, complex, shape (modes, *block).
    density_change  the same, real.
    frequencies     omega, code units, complex.
    Datasets are <species>/u, <species>/v and <species>/density_change with the mode as their first axis, frequency and
    growth_rate beside them. Raises :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank.
    """
    count = len(frequencies)
    arrays: dict[str, Dealt] = {}
    for kind, fields in (("u", u), ("v", v), ("density_change", density_change)):
        arrays |= {f"{name}/{kind}": Dealt(local, 0, count) for name, local in fields.items()}

    def annotate(file: h5py.File) -> None:
        write_axes(file, grid, metadata)
        write_mesh(file, grid)
        for name, values in (("frequency", frequencies.real), ("growth_rate", frequencies.imag)):
            file.create_dataset(name, data=values)
            file[name].attrs.update({"long_name": f"{name.replace('_', ' ')}, angular", **metadata.unit(FREQUENCY)})
            label_dimensions(file, file[name], ["mode"])
        for name in arrays:
            label_dimensions(file, file[name], ["mode", *"xyz"[: grid.dimensions]])
            kind = name.rpartition("/")[2]
            file[name].attrs["long_name"] = _LONG_NAMES[kind]
            if kind == "density_change":
                file[name].attrs.update(density_unit(metadata, grid.dimensions))
            else:
                file[name].attrs.update(wave_function_unit(metadata, grid.dimensions))
        show_in_root(file, arrays)

    attributes = {key: value for key, value in file_attributes(metadata, 0, 0.0, grid).items() if "time" not in key}
    write_arrays(
        path, communicators, grid.points, grid.position_block, arrays, attributes, annotate=annotate, read_back="all"
    )
    with together(communicators.world):
        if communicators.is_root:
            shown = [name for name in arrays if name.endswith("density_change")]
            write_text(path.with_suffix(".xdmf"), describe_series(path.name, grid, count, shown, metadata.title))


def read_density_changes(
    path: Path, names: Sequence[str], count: int
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """The density changes of the first modes by species, in one and two dimensions, and the positions along every
    axis. Raises :class:`~hpcmix.io.documents.atomic.OutputError` where the file is missing or damaged."""
    try:
        with h5py.File(path, "r") as file:
            axes = [file[axis][...] for axis in "xyz" if axis in file]
            shown = names if len(axes) < 3 else ()  # in three dimensions there is no plane to choose
            return {name: file[f"{name}/density_change"][:count] for name in shown}, axes
    except FileNotFoundError as error:
        raise OutputError(f"{path} is missing: hpcmix excitations FILE --restart never makes it again") from error
    except (OSError, KeyError) as error:
        raise OutputError(f"{path} is damaged: {error}") from error
