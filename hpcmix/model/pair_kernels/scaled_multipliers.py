"""Multipliers of kernels in a frame that grows, x = b y: those of b^2 G(b y), which is b^(2-d) G^(k/b) on the wave
numbers of y (docs/methods/expanding-frame.md). Filled anew for every kick.

A kernel with a power, as Coulomb's or that of dipoles, costs one product. Most others are functions of |k|, which are
evaluated at the distinct |k| of the grid - on a cubic box a few thousand - and looked up. Free-space multipliers have
no such list and are made anew (model/pair_kernels/padded_multiplier.py). All is local.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.pair_kernels.kernel import Kernel, Profile, WaveNumbers, largest_of, squared_modulus
from hpcmix.model.pair_kernels.padded_multiplier import Shape, padded_multiplier, unfolded


def contact_factor(contraction: float, dimensions: int) -> float:
    """b^2 b^-d: what a coupling is multiplied by in the frame."""
    return contraction ** (dimensions - 2)


class BoxMultiplier:
    """The multiplier of a kernel on the periodic box, whose images move apart with the frame.

    wave_numbers, directed   of this rank's block, as :meth:`Kernel.multiplier` takes them.
    """

    def __init__(self, kernel: Kernel, wave_numbers: WaveNumbers, directed: WaveNumbers) -> None:
        self._kernel, self._wave_numbers, self._directed = kernel, wave_numbers, directed
        self._start: np.ndarray | None = None
        self._radial: tuple[Profile, np.ndarray, np.ndarray | None] | None = None

    def shape_with(self, others: Sequence[BoxMultiplier]) -> tuple[int, ...]:
        """Of an array for the sum of this multiplier and others: the block's."""
        return np.broadcast_shapes(*(k.shape for k in self._wave_numbers))

    def fill(self, contraction: float, out: np.ndarray) -> None:
        """Fill `out` with the multiplier at 1/b = contraction."""
        kernel = self._kernel
        if contraction == 1.0:
            out[...] = kernel.multiplier(self._wave_numbers, self._directed)
            return
        if kernel.power is not None:
            if self._start is None:
                self._start = kernel.multiplier(self._wave_numbers, self._directed).astype(out.dtype)
            np.multiply(self._start, out.dtype.type(contraction**-kernel.power), out=out)
            return
        if not kernel.radial:
            waves = [[contraction * k for k in each] for each in (self._wave_numbers, self._directed)]
            out[...] = kernel.multiplier(*waves) * contact_factor(contraction, len(self._wave_numbers))
            return
        if self._radial is None:
            self._radial = (kernel.profile(largest_of(self._wave_numbers)), *distinct_moduli(self._wave_numbers))
        profile, moduli, places = self._radial
        values = profile(contraction * moduli)
        values = (values * contact_factor(contraction, len(self._wave_numbers))).astype(out.dtype)
        if places is None:
            out[...] = values
        else:
            np.take(values, places, out=out)

    def at(self, wave_numbers: Sequence[np.ndarray], contraction: float) -> np.ndarray:
        """The transform of b^2 g(b y) at some wave vectors, one array per axis of components."""
        return transform_at(self._kernel, wave_numbers, contraction)

    def brought_to(self, shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
        """What :meth:`fill` gave, as a part of a sum of that shape: there is only one."""
        return values


def transform_at(kernel: Kernel, wave_numbers: Sequence[np.ndarray], contraction: float) -> np.ndarray:
    """The transform of b^2 G(b y), 1/b = contraction, at some wave vectors, one array per axis of components. Local."""
    values = np.empty(wave_numbers[0].shape)
    BoxMultiplier(kernel, wave_numbers, wave_numbers).fill(contraction, values)
    return values


def distinct_moduli(wave_numbers: WaveNumbers) -> tuple[np.ndarray, np.ndarray | None]:
    """The different |k| of a block, and where each point's stands among them; all |k| and None where a list would not
    be much shorter than the block.

    Two |k|^2 count as one when they differ by rounding, 1e-14 of the largest.
    """
    squares = np.asarray(squared_modulus(wave_numbers))
    if squares.size == 0:
        return np.sqrt(squares), None
    unit = float(np.max(squares)) * 1e-14
    rounded = np.round(squares.ravel() / unit) if unit > 0.0 else squares.ravel()
    _, first, places = np.unique(rounded, return_index=True, return_inverse=True)
    if 4 * first.size > squares.size:
        return np.sqrt(squares), None
    return np.sqrt(squares.ravel()[first]), places.reshape(squares.shape).astype(np.int32)


class PaddedMultiplier:
    """The multiplier of a kernel in free space.

    place   what :func:`padded_multiplier` takes beside the kernels.

    Where the kernel is even along x and y it is folded: only the first halves of these axes are kept, but for sums with
    kernels that are not.
    """

    def __init__(
        self, kernel: Kernel, place: tuple[Shape, tuple[float, float, float], Shape, int, int], real_dtype: np.dtype
    ) -> None:
        self._kernel, self._place, self._dtype = kernel, place, np.dtype(real_dtype)
        values, self.folded = self._padded(kernel)
        self._start: np.ndarray | None = values.astype(real_dtype)

    def shape_with(self, others: Sequence[PaddedMultiplier]) -> tuple[int, ...]:
        """Of an array for the sum of this multiplier and others: folded where all of them are."""
        _, _, padded, _, count = self._place
        folded = all(multiplier.folded for multiplier in (self, *others))
        return (*((n // 2 + 1 if folded else n) for n in padded[:2]), count)

    def fill(self, contraction: float, out: np.ndarray) -> None:
        """Fill `out` with the multiplier at 1/b = contraction."""
        kernel, power = self._kernel, self._kernel.power
        if contraction == 1.0 or power is not None:
            if self._start is None:
                self._start = self._padded(kernel)[0].astype(self._dtype)
            growth = 1.0 if contraction == 1.0 or power is None else contraction**-power
            np.multiply(self._start, out.dtype.type(growth), out=out)
            if power is None:
                self._start = None  # of no use once the frame has grown
        elif contraction == 0.0:
            self._fill_limit(out)
        else:
            out[...] = self._padded(kernel.at_scale(contraction))[0]

    def at(self, wave_numbers: Sequence[np.ndarray], contraction: float) -> np.ndarray:
        """The transform of b^2 g(b y), which is not cut, at some wave vectors, one array per axis of components."""
        return transform_at(self._kernel, wave_numbers, contraction)

    def brought_to(self, shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
        """What :meth:`fill` gave, as a part of a sum of that shape: unfolded where other kernels of the sum are not
        folded."""
        return values if values.shape == shape else unfolded(values, self._place[2])

    def _padded(self, kernel: Kernel) -> tuple[np.ndarray, bool]:
        """Its multiplier on this rank's part of the padded grid, and whether it is folded."""
        return padded_multiplier([kernel], *self._place)

    def _fill_limit(self, out: np.ndarray) -> None:
        """At b = infinity every kernel that may come here is a point of strength G^(0) b^(2-d), which vanishes in three
        dimensions and whose transform is one number in two."""
        points, _, padded, first, _ = self._place
        dimensions = sum(n > 1 for n in points)
        waves = [np.zeros(1)] * dimensions
        strength = float(self._kernel.multiplier(waves, waves)[0])
        out[...] = contact_factor(0.0, dimensions) * strength / float(np.prod(padded))
        out[:, :, max(0, padded[2] // 2 + 1 - first) :] = 0.0
