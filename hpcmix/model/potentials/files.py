"""External potentials that a file gives at the points of the grid."""

from __future__ import annotations

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.problem.sections.species.potentials import FilePotential


def values_of_file(entry: FilePotential, grid: Grid, whole: bool = False) -> np.ndarray:
    """U in code units on this rank's block, or on the whole grid. Local.

    Raises :class:`ValueError` with a sentence when the file, the dataset or its shape is not as needed, and when it is
    complex.
    """
    try:
        with h5py.File(entry.path, "r") as file:
            if entry.dataset not in file or not isinstance(file[entry.dataset], h5py.Dataset):
                raise ValueError(f'{entry.path} has no dataset "{entry.dataset}"')
            data = file[entry.dataset]
            if data.shape != grid.points:
                raise ValueError(
                    f"dataset {entry.dataset} of {entry.path} has shape {data.shape}, the grid has {grid.points}"
                )
            values = np.asarray(data[() if whole else grid.position_block.slices])
    except OSError as error:
        raise ValueError(f"{entry.path} cannot be read as HDF5 ({error})") from error
    if np.iscomplexobj(values):
        raise ValueError(f"dataset {entry.dataset} of {entry.path} is complex, a potential is real")
    return values
