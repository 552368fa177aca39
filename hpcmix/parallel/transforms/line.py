"""One-dimensional grids on any number of ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.parallel.decomposition import part
from hpcmix.parallel.transforms.multipliers import Factors, Turn
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.transform import Transform

POINTS_TOGETHER = 1 << 14
"""Points of all lines that are moved at once: a quarter of a megabyte, so that they stay in a cache."""

LONGEST_TOGETHER = 1 << 12
"""Points of the longest lines that are moved together, though a full batch be larger: together they take two thirds of
the time that they take one by one, at 16384 points as long."""

FULL_BATCH = 16
"""Lines are transformed together in multiples of this number, zeros after them. The libraries transform the lines of
an array in batches of a vector's length and what is left over one by one, which rounds otherwise; 16 is a multiple of
every vector length that they have, so that no line is left over, and a line's bits do not depend on those beside it."""


class LineTransform(Transform):
    """Every rank gathers the line, transforms all of it and keeps its part.

    A line has no second axis to exchange with. What is parallel in one dimension is the memory and the pointwise work,
    not the transform; one-dimensional grids are small enough that this does not matter.

    Calls cost more than a short line does. Up to :data:`LONGEST_TOGETHER` points the lines of an array can therefore be
    moved together, by one thread: shares of several would not be full batches.
    """

    def __init__(self, resources: Resources, real: bool) -> None:
        super().__init__(resources, real)
        self.fourier = self.kernels.fourier()
        (points,) = self.points
        self.fields_together = max(FULL_BATCH, POINTS_TOGETHER // points) if points <= LONGEST_TOGETHER else 1

    @property
    def description(self) -> str:
        return f"whole lines by {self.fourier.NAME} on every rank"

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        line = self._whole_lines(field, self.points[0])
        with self.timers.phase("transform"):
            if self.real:
                spectrum = self.fourier.r2c(line, 0, threads=self.threads)
            else:
                spectrum = self.fourier.c2c(line, (0,), threads=self.threads)
            wave[...] = spectrum[self.wave_block.slices]
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        spectrum = self._whole_lines(wave, self.wave_points[0])
        with self.timers.phase("transform"):
            if self.real:
                line = self.fourier.c2r(spectrum, 0, self.points[0], normalise, threads=self.threads)
            else:
                line = self.fourier.c2c(spectrum, (0,), False, normalise, threads=self.threads)
            field[...] = line[self.position_block.slices]
        return field

    def multiply_together(self, arrays: Sequence[np.ndarray], factors: Sequence[Factors | Turn]) -> None:
        if self.fields_together == 1:
            self.multiply_each(arrays, factors)
            return
        for array, factor in zip(arrays, factors, strict=True):
            table = self._table(factor)
            for first in range(0, len(array), self.fields_together):
                self._multiply_lines(array[first : first + self.fields_together], table)

    def _multiply_lines(self, array: np.ndarray, table: np.ndarray) -> None:
        """:meth:`multiply` for the rows of an array, with one table of this rank's wave numbers."""
        lines = self._whole_lines(self._full_batches(array), self.points[0])
        with self.timers.phase("transform"):
            self.fourier.c2c(lines, (1,), out=lines)
        spectra = np.ascontiguousarray(lines[:, self.wave_block.slices[0]])
        with self.timers.phase("multiply"):
            self.kernels.multiply_separable(spectra, [np.ones(len(spectra)), table])
        lines = self._whole_lines(spectra, self.points[0])
        with self.timers.phase("transform"):
            self.fourier.c2c(lines, (1,), forward=False, out=lines)
        array[...] = lines[: len(array), self.position_block.slices[0]]

    def convolve_together(
        self,
        sources: Sequence[np.ndarray],
        multipliers: Sequence[Sequence[np.ndarray | None]],
        targets: Sequence[np.ndarray],
    ) -> None:
        spectra = []
        for source in sources:
            lines = self._whole_lines(self._full_batches(source), self.points[0])
            with self.timers.phase("transform"):
                spectra.append(self.fourier.r2c(lines, 1)[:, self.wave_block.slices[0]])
        for row, target in zip(multipliers, targets, strict=True):
            total = self.resources.zeros(spectra[0].shape, self.wave_dtype)
            for multiplier, spectrum in zip(row, spectra, strict=True):
                if multiplier is not None:
                    total += multiplier * spectrum
            lines = self._whole_lines(total, self.wave_points[0])
            with self.timers.phase("transform"):
                moved = self.fourier.c2r(lines, 1, self.points[0], normalise=True)
            target[...] = moved[: len(target), self.position_block.slices[0]]

    def _table(self, factor: Factors | Turn) -> np.ndarray:
        """m on this rank's wave numbers."""
        if not isinstance(factor, Turn):
            return factor[0]
        table = self.resources.empty(self.wave_block.shape, self.wave_dtype)
        table[...] = 1.0
        self._apply(factor, table)
        return table

    def _full_batches(self, array: np.ndarray) -> np.ndarray:
        """A copy of some lines, with lines of zeros after them up to a multiple of :data:`FULL_BATCH`."""
        count = len(array)
        lines = self.resources.empty((-(-count // FULL_BATCH) * FULL_BATCH, array.shape[1]), array.dtype)
        lines[:count] = array
        lines[count:] = 0
        return lines

    def _whole_lines(self, mine: np.ndarray, points: int) -> np.ndarray:
        """One line or the rows of an array, of which this rank has a part of each; the array itself where it has all.
        Collective over the group."""
        comm = self.communicators.group
        if comm.size == 1:
            return mine
        lengths = [part(points, comm.size, rank)[1] for rank in range(comm.size)]
        rows = mine.shape[:-1]
        counts = [int(np.prod(rows, dtype=int)) * length for length in lengths]
        gathered = self.resources.empty((sum(counts),), mine.dtype)
        with self.timers.phase("exchange"):
            comm.Allgatherv(mine, [gathered, counts])
        if not rows:
            return gathered
        ends = np.cumsum(counts)[:-1]
        parts = zip(np.split(gathered, ends), lengths, strict=True)
        return np.concatenate([values.reshape(*rows, length) for values, length in parts], axis=-1)
