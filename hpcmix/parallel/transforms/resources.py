"""What computing fields takes on this rank: the ranks beside it, the precision, clocks, memory and kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from hpcmix.kernels import processor
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process.timers import Timers


@dataclass(frozen=True)
class Resources:
    """What transforms work with, and models through :class:`~hpcmix.parallel.engine.Engine`.

    exchange  name of the way in which ranks exchange blocks (:data:`hpcmix.parallel.transforms.exchange.EXCHANGES`).

    Fields and what acts on them point by point are allocated here where they live longer than an expression, and the
    loop's kernels are taken from here: another device brings its own memory and kernels by a class of its own. (Arrays
    that numpy makes like another one lie where that one does.)
    """

    communicators: Communicators
    precision: Precision
    timers: Timers
    exchange: str = "sub-array-messages"

    kernels = processor

    @property
    def complex_dtype(self) -> np.dtype:
        """Type of orbitals and spectra."""
        return self.precision.complex_type

    @property
    def real_dtype(self) -> np.dtype:
        """Type of densities, potentials and multipliers."""
        return self.precision.real_type

    def empty(self, shape: Sequence[int], dtype: DTypeLike) -> np.ndarray:
        """An uninitialised array that starts at a cache line."""
        return self.kernels.empty(shape, dtype)

    def holding(self, values: np.ndarray, dtype: DTypeLike) -> np.ndarray:
        """A new array of that type with the values of another one."""
        array = self.empty(values.shape, dtype)
        array[...] = values
        return array

    def zeros(self, shape: Sequence[int], dtype: DTypeLike) -> np.ndarray:
        """The same, filled with zeros."""
        array = self.empty(shape, dtype)
        array[...] = 0
        return array
