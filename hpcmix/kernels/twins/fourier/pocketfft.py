"""Fourier transforms by pocketfft, as scipy binds it: see :mod:`hpcmix.kernels.twins.fourier.library`."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

NAME, VERSION = "pocketfft", f"of scipy {scipy.__version__}"

CHUNK_NUMBERS = 1 << 20
"""Complex numbers of products of plane waves that are made at a time: 16 MB."""


def c2c(
    fields: NDArray,
    axes: tuple[int, ...],
    forward: bool = True,
    normalise: bool = False,
    out: NDArray | None = None,
    threads: int = 1,
) -> NDArray:
    """Complex fields along some axes."""
    transform = scipy.fft.fftn if forward else scipy.fft.ifftn
    norm = "backward" if forward != normalise else "forward"  # scipy's word for the way that has the factor
    return _put(transform(fields, axes=axes, norm=norm, overwrite_x=out is fields, workers=threads), out)


def r2c(fields: NDArray, axis: int, out: NDArray | None = None, threads: int = 1) -> NDArray:
    """Real fields to half spectra along one axis."""
    return _put(scipy.fft.rfft(fields, axis=axis, workers=threads), out)


def c2r(
    spectra: NDArray, axis: int, points: int, normalise: bool = False, out: NDArray | None = None, threads: int = 1
) -> NDArray:
    """Half spectra to real fields of so many points along one axis."""
    norm = "backward" if normalise else "forward"
    return _put(scipy.fft.irfft(spectra, points, axis=axis, norm=norm, workers=threads), out)


def good_size(points: int) -> int:
    """The next length whose prime factors are at most 11."""
    return int(scipy.fft.next_fast_len(points))


def lattice_sums(coordinates: NDArray, strengths: NDArray, modes: NDArray, tolerance: float, threads: int = 1) -> None:
    """Fill modes, an odd number of them along each axis, by products of matrices of plane waves: to rounding, whatever
    the tolerance, and on the threads of numpy's products. 10^5 points onto 41^3 modes take 2 s, where ducc0's
    non-uniform transform takes 0.05 s."""
    modes[...] = 0.0
    others = max(modes.shape[0], modes.size // modes.shape[-1] if modes.ndim > 1 else 1)
    together = max(1, CHUNK_NUMBERS // others)
    numbers = [np.arange(count) - count // 2 for count in modes.shape]
    for first in range(0, len(strengths), together):
        some = slice(first, first + together)
        waves = [
            np.exp(-1j * np.multiply.outer(m, coordinates[some, axis]), dtype=np.complex128)
            for axis, m in enumerate(numbers)
        ]
        product = waves[0] * strengths[some]
        for wave in waves[1:-1]:
            product = (product[:, np.newaxis] * wave).reshape(-1, wave.shape[1])
        summed = product @ waves[-1].T if modes.ndim > 1 else np.sum(product, axis=1)
        modes += summed.reshape(modes.shape)


def _put(result: NDArray, out: NDArray | None) -> NDArray:
    """The result where it is wanted. It is there already where scipy worked in place."""
    if out is None:
        return result
    if not np.may_share_memory(result, out):
        out[...] = result
    return out
