"""One-dimensional grids on any number of ranks."""

from __future__ import annotations

import ducc0
import numpy as np

from hpcmix.parallel.decomposition import part
from hpcmix.parallel.transforms.transform import Transform


class LineTransform(Transform):
    """Every rank gathers the line, transforms all of it and keeps its part.

    A line has no second axis to exchange with. What is parallel in one dimension is the memory and the pointwise work,
    not the transform; one-dimensional grids are small enough that this does not matter.
    """

    @property
    def description(self) -> str:
        return "whole lines by ducc0 on every rank"

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        line = self._whole_line(field, self.points[0])
        with self.timers.phase("transform"):
            transform = ducc0.fft.r2c if self.real else ducc0.fft.c2c
            wave[...] = transform(line, nthreads=self.threads)[self.wave_block.slices]
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        spectrum = self._whole_line(wave, self.wave_points[0])
        scale = 2 if normalise else 0
        with self.timers.phase("transform"):
            if self.real:
                line = ducc0.fft.c2r(
                    spectrum, lastsize=self.points[0], forward=False, inorm=scale, nthreads=self.threads
                )
            else:
                line = ducc0.fft.c2c(spectrum, forward=False, inorm=scale, nthreads=self.threads)
            field[...] = line[self.position_block.slices]
        return field

    def _whole_line(self, mine: np.ndarray, points: int) -> np.ndarray:
        comm = self.communicators.group
        if comm.size == 1:
            return mine
        line = self.resources.empty((points,), mine.dtype)
        counts = [part(points, comm.size, rank)[1] for rank in range(comm.size)]
        with self.timers.phase("exchange"):
            comm.Allgatherv(mine, [line, counts])
        return line
