"""Multipliers of kernels between species of which markers carry one or both.

Markers meet the grid by a window S (window.py): their density there is rho^S, and they feel W^S. Both are made good in
the pair's multiplier,

    G^(k) / S^(k) for every classical member of the pair,

the window of each: with it 1/2 integral rho^S W^S is the energy of points. Modes that a window does not resolve are
taken out of it, because 1/S^ would amplify their aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.model.markers.window import Window
from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers
from hpcmix.model.pair_kernels.padded_multiplier import Shape
from hpcmix.model.pair_kernels.scaled_multipliers import BoxMultiplier, PaddedMultiplier


@dataclass(frozen=True)
class Windows:
    """The windows of a pair's classical members, on a grid of these spacings."""

    windows: tuple[Window, ...]
    spacings: tuple[float, ...]

    def division(self, wave_numbers: WaveNumbers) -> np.ndarray:
        """1 over the product of all S^(k), zero for modes that one of them does not resolve, at wave numbers along each
        axis that broadcast against each other."""
        result = np.ones(np.broadcast_shapes(*(k.shape for k in wave_numbers)))
        for window in self.windows:
            resolved = window.resolved_modes(wave_numbers, self.spacings)
            transform = np.where(resolved, window.transform_of_modes(wave_numbers, self.spacings), np.inf)
            result /= transform
        return result


class MarkerBoxMultiplier(BoxMultiplier):
    """The multiplier on the periodic box."""

    def __init__(self, kernel: Kernel, wave_numbers: WaveNumbers, directed: WaveNumbers, windows: Windows) -> None:
        super().__init__(kernel, wave_numbers, directed)
        self._division = windows.division(wave_numbers)

    def fill(self, contraction: float, out: np.ndarray) -> None:
        """See :meth:`BoxMultiplier.fill`; windows belong to the grid and do not change with the frame."""
        super().fill(contraction, out)
        out *= self._division.astype(out.dtype)


class MarkerPaddedMultiplier(PaddedMultiplier):
    """The multiplier in free space."""

    def __init__(
        self,
        kernel: Kernel,
        place: tuple[Shape, tuple[float, float, float], Shape, int, int],
        real_dtype: np.dtype,
        windows: Windows,
    ) -> None:
        self._windows = windows
        super().__init__(kernel, place, real_dtype)

    def _padded(self, kernel: Kernel) -> tuple[np.ndarray, bool]:
        """Before the kernel is known at the grid's distances alone: of these its transform is cut, and has no more a
        window to be divided by."""
        return super()._padded(MarkerKernel(kernel, self._windows))

    def _fill_limit(self, out: np.ndarray) -> None:
        super()._fill_limit(out)
        _, _, padded, first, count = self._place
        modes = (np.arange(out.shape[0]), np.arange(out.shape[1]), np.arange(first, first + count))
        axes = [axis for axis in range(3) if padded[axis] > 1]
        angles = [np.pi * np.abs((2.0 * modes[axis] / padded[axis] + 1.0) % 2.0 - 1.0) for axis in range(3)]
        waves = [angles[axis] / self._windows.spacings[place] for place, axis in enumerate(axes)]
        shaped = np.ix_(*waves)
        out *= self._windows.division(shaped).reshape([modes[axis].size if axis in axes else 1 for axis in range(3)])


@dataclass(frozen=True)
class MarkerKernel(Kernel):
    """A kernel whose transform is divided by those of windows: no function of |k| any more, but even where G is."""

    kernel: Kernel
    windows: Windows

    @property
    def _margin(self) -> float:
        """What a window adds to the reach: 1/S^ is a function of some cells."""
        return max(self.windows.spacings) * sum(window.width for window in self.windows.windows)

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return self.kernel.multiplier(wave_numbers, directed) * self.windows.division(wave_numbers)

    @property
    def power(self) -> float | None:
        return self.kernel.power

    def profile(self, largest: float) -> Profile:
        raise TypeError("the multiplier of a kernel that markers feel is no function of |k|")

    def at_scale(self, contraction: float) -> Kernel:
        return replace(self, kernel=self.kernel.at_scale(contraction))

    def reach(self, diagonal: float) -> float:
        return self.kernel.reach(diagonal + self._margin) + self._margin

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        return [CutPart(part.odd, self._divided(part.evaluate)) for part in self.kernel.cut(radius, largest)]

    def _divided(self, evaluate: Callable[[WaveNumbers], np.ndarray]) -> Callable[[WaveNumbers], np.ndarray]:
        return lambda wave_numbers: evaluate(wave_numbers) * self.windows.division(wave_numbers)


def box_multiplier(
    kernel: Kernel,
    wave_numbers: WaveNumbers,
    directed: WaveNumbers,
    windows: Sequence[Window],
    spacings: Sequence[float],
) -> BoxMultiplier:
    """Of a pair with these windows, none where it has no classical member."""
    if not windows:
        return BoxMultiplier(kernel, wave_numbers, directed)
    return MarkerBoxMultiplier(kernel, wave_numbers, directed, Windows(tuple(windows), tuple(spacings)))


def padded_multiplier(
    kernel: Kernel,
    place: tuple[Shape, tuple[float, float, float], Shape, int, int],
    real_dtype: np.dtype,
    windows: Sequence[Window],
    spacings: Sequence[float],
) -> PaddedMultiplier:
    """The same in free space."""
    if not windows:
        return PaddedMultiplier(kernel, place, real_dtype)
    return MarkerPaddedMultiplier(kernel, place, real_dtype, Windows(tuple(windows), tuple(spacings)))
