"""The precision of the fields. Imports no MPI."""

from __future__ import annotations

from enum import Enum

import numpy as np


class Precision(Enum):
    """Of all fields of a run, under the name that ``[parallel] precision`` has for it."""

    DOUBLE = "double"
    SINGLE = "single"

    @property
    def complex_type(self) -> np.dtype:
        """Type of orbitals and spectra."""
        return np.dtype(np.complex128 if self is Precision.DOUBLE else np.complex64)

    @property
    def real_type(self) -> np.dtype:
        """Type of densities, potentials and multipliers."""
        return np.dtype(np.float64 if self is Precision.DOUBLE else np.float32)

    @property
    def real_bytes(self) -> int:
        """Size of a real number; a complex one takes twice as many."""
        return self.real_type.itemsize
