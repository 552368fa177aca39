"""The distributed Fourier transform behind a narrow interface.

The rest of the program sees three verbs - :meth:`Transform.multiply` (transform, multiply, transform back, in place:
the unit of work of a drift), :meth:`Transform.forward`, :meth:`Transform.backward` - and the blocks of position and
wave-number space. The spectrum stays in the layout that the last exchange leaves it in; there is no return transpose.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.timers import Timers


def thread_count() -> int:
    """Threads that a rank may use: OMP_NUM_THREADS, or one."""
    asked = os.environ.get("OMP_NUM_THREADS", "1").split(",")[0]
    return max(1, int(asked)) if asked.isdigit() else 1


class Transform(ABC):
    """Fourier transform of fields on one group's grid, complex or real in position space.

    Conventions: forward ``f^(k) = sum_x f(x) exp(-ikx)``, backward with the factor 1/n_points (CONVENTIONS.md).

    communicators  who holds which part of the grid.
    real           True for real fields: the spectrum has the half last axis.
    dtype          of the spectrum, complex128 or complex64.
    Arrays: position space ``position_block.shape``, wave-number space ``wave_block.shape``, C-contiguous. All verbs are
    collective over the group.
    """

    def __init__(self, communicators: Communicators, real: bool, dtype: np.dtype, timers: Timers) -> None:
        decomposition = communicators.decomposition
        rank = communicators.group.rank
        self.communicators = communicators
        self.real = real
        self.points = decomposition.points
        self.wave_points = decomposition.half_points if real else decomposition.points
        self.wave_dtype = np.dtype(dtype)
        self.position_dtype = np.empty(0, self.wave_dtype).real.dtype if real else self.wave_dtype
        self.position_block: Block = decomposition.position_block(rank)
        self.wave_block: Block = decomposition.wave_block(rank, real)
        self.inverse_points = 1.0 / float(np.prod([float(n) for n in self.points]))
        self.timers = timers
        self.threads = thread_count()
        self._work: np.ndarray | None = None

    def empty_position(self) -> np.ndarray:
        """An uninitialised field in position space."""
        return np.empty(self.position_block.shape, self.position_dtype)

    def empty_wave(self) -> np.ndarray:
        """An uninitialised spectrum."""
        return np.empty(self.wave_block.shape, self.wave_dtype)

    @property
    def work(self) -> np.ndarray:
        """A spectrum that belongs to the transform, for results that are looked at and not kept; made when first
        needed.
        """
        if self._work is None:
            self._work = self.empty_wave()
        return self._work

    @property
    @abstractmethod
    def description(self) -> str:
        """How it works, for the log."""

    @abstractmethod
    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        """Spectrum of `field` into `wave`, which is returned; `field` is left as it is."""

    @abstractmethod
    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        """Field of the spectrum `wave` into `field`, which is returned; `wave` is overwritten. `normalise` applies
        1/n_points."""

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None]) -> None:
        """``field <- n_points F^-1 [ m(k) F field ]`` in place: transform, let `multiplier` change the spectrum in
        place, transform back.

        The factor 1/n_points is the multiplier's to apply: folded into another factor it costs nothing. What lies in
        :attr:`work` is lost.
        """
        self.forward(field, self.work)
        with self.timers.phase("multiply"):
            multiplier(self.work)
        self.backward(self.work, field, normalise=False)

    def free(self) -> None:  # noqa: B027 - not every engine holds MPI resources
        """Give MPI resources back (collective)."""
