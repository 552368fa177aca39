"""Labelled arrays over named dimensions, as a file in the netCDF4 layout that xarray opens.

Written by h5netcdf alone: xarray and the pandas it needs take longer to import than all of a run beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Variable:
    """An array, the name of the dimension along each of its axes, and its attributes."""

    dimensions: tuple[str, ...]
    values: np.ndarray
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Dataset:
    """Variables by their names; one that bears the name of its dimension is the coordinate along it. Dimensions of one
    name have one length."""

    variables: Mapping[str, Variable]
    attributes: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write it as a file of its own. Values are numbers, NaN where there is none, or text (type object)."""
        # here and not above: only the root of a run writes one
        import h5netcdf
        import h5py

        lengths = {
            dimension: length
            for variable in self.variables.values()
            for dimension, length in zip(variable.dimensions, variable.values.shape, strict=True)
        }
        with h5netcdf.File(path, "w") as file:
            file.dimensions = lengths
            for name, variable in self.variables.items():
                kind: Any = h5py.string_dtype() if variable.values.dtype == object else variable.values.dtype
                missing = np.nan if variable.values.dtype.kind == "f" else None
                entry = file.create_variable(name, variable.dimensions, kind, fillvalue=missing)
                if missing is not None:
                    entry.attrs["_FillValue"] = variable.values.dtype.type(missing)
                entry.attrs.update(variable.attributes)
                if variable.values.size > 0:
                    entry[...] = variable.values
            file.attrs.update(self.attributes)
