"""The same transform by mpi4py-fft (Dalcin, Mortensen and Keyes, J. Parallel Distrib. Comput. 128 (2019) 137): the
reference that tests compare with.

Used the quick way that was measured: axes collapsed for slabs, the library's own arrays, no normalisation by the
library.
"""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.transform import Transform


class ReferenceTransform(Transform):
    """mpi4py-fft's PFFT with the interface of :class:`Transform`, in 2 and 3 dimensions.

    planner: FFTW's planner effort; FFTW_MEASURE is faster to run and takes seconds to plan.
    """

    def __init__(self, resources: Resources, real: bool, planner: str = "FFTW_ESTIMATE") -> None:
        super().__init__(resources, real)
        communicators = resources.communicators
        from mpi4py_fft import PFFT  # kept out of the ordinary start-up: only comparisons need it

        pencil_grid = communicators.decomposition.pencil_grid
        slabs = pencil_grid[1] == 1 and len(self.points) == 3 and not real
        # Collapsed axes end with y so that the exchange splits y, as ours does; a real transform must end with z
        # instead.
        axes = ((0,), (2, 1)) if slabs else tuple((axis,) for axis in range(len(self.points)))
        self._fft = PFFT(
            communicators.group,
            self.points,
            axes=axes,
            dtype=self.position_dtype,
            grid=pencil_grid[: len(self.points) - 1],
            planner_effort=planner,
            threads=self.threads,
        )
        expected = (self.position_block.slices, self.wave_block.slices)
        if (self._fft.local_slice(False), self._fft.local_slice(True)) != expected:
            raise RuntimeError("mpi4py-fft splits the grid differently from hpcmix")

    @property
    def description(self) -> str:
        return "mpi4py-fft"

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        self._fft.forward.input_array[...] = field
        with self.timers.phase("transform"):
            wave[...] = self._fft.forward(normalize=False)
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        self._fft.backward.input_array[...] = wave
        with self.timers.phase("transform"):
            result = self._fft.backward(normalize=False)
        np.multiply(result, self.inverse_points if normalise else 1.0, out=field)
        return field

    def free(self) -> None:
        self._fft.destroy()
