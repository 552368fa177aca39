"""Multipliers of kernels in a frame that grows, x = b y: those of b^2 G(b y), which is b^(2-d) G^(k/b) on the wave
numbers of y (EQUATIONS section 4). Filled anew for every kick.

A kernel with a power, as Coulomb's or that of dipoles, costs one product. Any other is a function of |k|: it is
evaluated at the distinct |k| of the grid - on a cubic box a few thousand - and looked up. Free-space multipliers have
no such list and are made anew (model/padded_multiplier.py). All is local.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.kernel import Kernel, WaveNumbers, largest_of
from hpcmix.model.padded_multiplier import Shape, padded_multiplier


def contact_factor(contraction: float, dimensions: int) -> float:
    """b^2 b^-d: what a coupling is multiplied by in the frame."""
    return contraction ** (dimensions - 2)


def common_power(kernels: Sequence[Kernel]) -> float | None:
    """The power that all the kernels have, None when they have none or different ones."""
    powers = {kernel.power for kernel in kernels}
    return powers.pop() if len(powers) == 1 else None


class BoxMultiplier:
    """The multiplier of some kernels on the periodic box, whose images move apart with the frame.

    kernels                  of one pair.
    factor                   of the scaling; all kernels have it.
    wave_numbers, directed   of this rank's block, as :meth:`Kernel.multiplier` takes them.
    dtype                    of the multiplier.
    Called with 1/b and an array, it fills the array.
    """

    def __init__(
        self, kernels: Sequence[Kernel], factor: float, wave_numbers: WaveNumbers, directed: WaveNumbers, dtype
    ) -> None:
        self._dimensions = len(wave_numbers)
        self._powers: dict[float, np.ndarray] = {}
        for power in sorted({kernel.power for kernel in kernels if kernel.power is not None}):
            values = sum(kernel.multiplier(wave_numbers, directed) for kernel in kernels if kernel.power == power)
            self._powers[power] = (factor * values).astype(dtype)
        largest = largest_of(wave_numbers)
        self._profiles = [kernel.profile(largest) for kernel in kernels if kernel.power is None]
        self._factor = factor
        self._moduli, self._places = distinct_moduli(wave_numbers) if self._profiles else (np.empty(0), None)

    def __call__(self, contraction: float, out: np.ndarray) -> None:
        """Fill `out` with the multiplier at 1/b = contraction."""
        filled = False
        if self._profiles:
            k = contraction * self._moduli
            values = sum(profile(k) for profile in self._profiles)
            values *= self._factor * contact_factor(contraction, self._dimensions)
            values = values.astype(out.dtype)
            if self._places is None:
                out[...] = values
            else:
                np.take(values, self._places, out=out)
            filled = True
        for power, values in self._powers.items():
            scaled = out.dtype.type(contraction**-power)
            if filled:
                out += scaled * values
            else:
                np.multiply(values, scaled, out=out)
            filled = True


def distinct_moduli(wave_numbers: WaveNumbers) -> tuple[np.ndarray, np.ndarray | None]:
    """The different |k| of a block, and where each point's stands among them; all |k| and None where a list would not
    be much shorter than the block.

    Two |k|^2 count as one when they differ by rounding, 1e-14 of the largest.
    """
    squares = np.asarray(sum(k**2 for k in wave_numbers))
    if squares.size == 0:
        return np.sqrt(squares), None
    unit = float(np.max(squares)) * 1e-14
    rounded = np.round(squares.ravel() / unit) if unit > 0.0 else squares.ravel()
    _, first, places = np.unique(rounded, return_index=True, return_inverse=True)
    if 4 * first.size > squares.size:
        return np.sqrt(squares), None
    return np.sqrt(squares.ravel()[first]), places.reshape(squares.shape).astype(np.int32)


class PaddedMultiplier:
    """The multiplier of some kernels in free space.

    kernels   of one pair.
    factor    of the scaling.
    place     what :func:`padded_multiplier` takes beside the kernels.
    base      the multiplier at b = 1, factor included; copied where it is needed later.
    """

    def __init__(
        self,
        kernels: Sequence[Kernel],
        factor: float,
        place: tuple[Shape, tuple[float, float, float], Shape, int, int],
        base: np.ndarray,
    ) -> None:
        self._kernels, self._factor, self._place = list(kernels), factor, place
        self._power = common_power(kernels)
        self._base = base.copy() if self._power is not None else None

    def __call__(self, contraction: float, out: np.ndarray) -> None:
        """Fill `out` with the multiplier at 1/b = contraction."""
        if self._power is not None:
            np.multiply(self._base, out.dtype.type(contraction**-self._power), out=out)
            return
        if contraction == 0.0:
            self._fill_limit(out)
            return
        values, _ = padded_multiplier([kernel.at_scale(contraction) for kernel in self._kernels], *self._place)
        np.multiply(values, self._factor, out=out, casting="same_kind")

    def _fill_limit(self, out: np.ndarray) -> None:
        """At b = infinity every kernel that may come here is a point of strength G^(0) b^(2-d), which vanishes in three
        dimensions and whose transform is one number in two."""
        points, _, padded, first, _ = self._place
        dimensions = sum(n > 1 for n in points)
        strength = sum(float(kernel.profile(0.0)(np.zeros(1))[0]) for kernel in self._kernels if kernel.power is None)
        out[...] = self._factor * contact_factor(0.0, dimensions) * strength / float(np.prod(padded))
        out[:, :, max(0, padded[2] // 2 + 1 - first) :] = 0.0
