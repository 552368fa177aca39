"""Points, wave numbers and the volume element of the part of the grid that this rank holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hpcmix.frame import AT_REST, Frame
from hpcmix.parallel.decomposition import Block


@dataclass(frozen=True)
class Grid:
    """A periodic box centred at the origin, and this rank's blocks of it.

    points, lengths    of the whole grid, one per axis; lengths in code units.
    position_block     the box of points of this rank in position space.
    wave_block         its box of wave numbers in the transform's layout.
    frame              how positions y of the grid and the clock s belong to the laboratory's x = b y and t
                       (hpcmix/frame.py); all lengths and wave numbers here are those of y.
    Positions ``x_j = -L/2 + j h`` and wave numbers ``k_m = 2 pi m / L`` follow CONVENTIONS.md, Grid and Fourier
    transform.
    """

    points: tuple[int, ...]
    lengths: tuple[float, ...]
    position_block: Block
    wave_block: Block
    frame: Frame = AT_REST

    def in_laboratory(self, clock: float) -> Grid:
        """The same points where they are in the laboratory at a time on the clock; the frame's own grid where they are
        infinitely far."""
        scale = self.frame.scale(clock)
        if scale == 1.0 or not np.isfinite(scale):
            return self
        return replace(self, lengths=tuple(scale * length for length in self.lengths))

    @property
    def dimensions(self) -> int:
        """Number of axes."""
        return len(self.points)

    @cached_property
    def spacings(self) -> tuple[float, ...]:
        """Distance of neighbouring points along each axis."""
        return tuple(length / n for length, n in zip(self.lengths, self.points, strict=True))

    @cached_property
    def cell_volume(self) -> float:
        """Volume element dV of the sum that stands for an integral."""
        return float(np.prod(self.spacings))

    @cached_property
    def volume(self) -> float:
        """Volume of the box."""
        return float(np.prod(self.lengths))

    def axis(self, axis: int) -> np.ndarray:
        """All positions along one axis of the whole grid."""
        return self._positions(axis, slice(0, self.points[axis]))

    def _positions(self, axis: int, part: slice) -> np.ndarray:
        return -0.5 * self.lengths[axis] + self.spacings[axis] * np.arange(part.start, part.stop)

    @cached_property
    def coordinates(self) -> tuple[np.ndarray, ...]:
        """Positions of this rank along each axis, shaped to broadcast: x has shape (nx, 1, 1), y (1, ny, 1), z (1, 1,
        nz)."""
        return tuple(
            self._broadcastable(self._positions(axis, self.position_block.slices[axis]), axis)
            for axis in range(self.dimensions)
        )

    @cached_property
    def named_coordinates(self) -> dict[str, np.ndarray]:
        """The coordinates under their names x, y, z, as expressions take them."""
        return dict(zip("xyz", self.coordinates, strict=False))

    def wave_numbers(self, axis: int, odd: bool = False, real: bool = False) -> np.ndarray:
        """All wave numbers along one axis. `odd`: the Nyquist mode counts as zero (gradients); `real`: the half axis of
        a real field's spectrum."""
        n = self.points[axis]
        if real and axis == self.dimensions - 1:
            modes = np.arange(n // 2 + 1, dtype=float)
        else:
            modes = np.fft.fftfreq(n, 1.0 / n)
        if odd and n % 2 == 0:
            modes = np.where(np.abs(modes) == n // 2, 0.0, modes)
        return 2.0 * np.pi / self.lengths[axis] * modes

    def local_wave_numbers(self, axis: int, odd: bool = False) -> np.ndarray:
        """Wave numbers of this rank's block along one axis (complex fields), one-dimensional."""
        return self.wave_numbers(axis, odd)[self.wave_block.slices[axis]]

    def broadcast_wave_numbers(self, block: Block, odd: bool = False, real: bool = False) -> list[np.ndarray]:
        """Wave numbers along each axis on a block of wave-number space, e.g. that of the real transform, shaped to
        broadcast; `odd` as in :meth:`wave_numbers`."""
        return [
            self._broadcastable(self.wave_numbers(axis, odd, real)[block.slices[axis]], axis)
            for axis in range(self.dimensions)
        ]

    def _broadcastable(self, values: np.ndarray, axis: int) -> np.ndarray:
        shape = [1] * self.dimensions
        shape[axis] = values.size
        return values.reshape(shape)

    def integrate(self, left: np.ndarray, right: np.ndarray) -> float:
        """integral left(x) right(x) of two real arrays over this rank's block, accumulated in double precision."""
        return self.cell_volume * float(np.sum(left * right, dtype=np.float64))

    @property
    def position_shape(self) -> tuple[int, ...]:
        """Shape of this rank's fields in position space."""
        return self.position_block.shape
