"""ducc0's three-dimensional complex transform, forward and back in place, on one process."""

from __future__ import annotations

import os
import sys

import ducc0
import numpy as np
from numpy.typing import NDArray

from comparison.problem import Case
from comparison.turns import serve
from hpcmix.running.planning.memory import MemoryMeter


class Pair:
    """The field and what it was at first."""

    def __init__(self, case: Case) -> None:
        dtype = np.complex128 if case.precision == "double" else np.complex64
        random = np.random.default_rng(1)
        self._threads = int(os.environ["OMP_NUM_THREADS"])
        self._field: NDArray = random.standard_normal((case.points,) * 3).astype(dtype)
        self._sample = self._field[::7, ::5, ::3].copy()

    def run(self, units: int) -> None:
        """That many pairs."""
        field = self._field
        for _ in range(units):
            ducc0.fft.c2c(field, out=field, nthreads=self._threads)
            ducc0.fft.c2c(field, out=field, forward=False, inorm=2, nthreads=self._threads)

    def write_state(self, whole: np.ndarray) -> float:
        """The round trip's error, on a sample of the points."""
        return float(np.max(np.abs(self._field[::7, ::5, ::3] - self._sample)))


if __name__ == "__main__":
    meter = MemoryMeter()
    serve(Pair(Case.from_json(sys.argv[1])), None, meter, None, np.dtype(np.complex128))
