"""Fourier transforms by ducc0: see :mod:`hpcmix.kernels.twins.fourier.library`."""

from __future__ import annotations

import ducc0
import numpy as np
from numpy.typing import NDArray

NAME, VERSION = "ducc0", ducc0.__version__

UNITED, DIVIDED = 0, 2
"""What ducc0 calls no factor, and one over the number of points."""


def c2c(
    fields: NDArray,
    axes: tuple[int, ...],
    forward: bool = True,
    normalise: bool = False,
    out: NDArray | None = None,
    threads: int = 1,
) -> NDArray:
    """Complex fields along some axes."""
    factor = DIVIDED if normalise else UNITED
    return ducc0.fft.c2c(fields, axes=axes, forward=forward, inorm=factor, out=out, nthreads=threads)


def r2c(fields: NDArray, axis: int, out: NDArray | None = None, threads: int = 1) -> NDArray:
    """Real fields to half spectra along one axis."""
    return ducc0.fft.r2c(fields, axes=(axis,), out=out, nthreads=threads)


def c2r(
    spectra: NDArray, axis: int, points: int, normalise: bool = False, out: NDArray | None = None, threads: int = 1
) -> NDArray:
    """Half spectra to real fields of so many points along one axis."""
    factor = DIVIDED if normalise else UNITED
    return ducc0.fft.c2r(spectra, axes=(axis,), lastsize=points, forward=False, inorm=factor, out=out, nthreads=threads)


def good_size(points: int) -> int:
    """The next length whose prime factors are at most 11."""
    return int(ducc0.fft.good_size(points))


def lattice_sums(coordinates: NDArray, strengths: NDArray, modes: NDArray, tolerance: float, threads: int = 1) -> None:
    """Fill modes, an odd number of them along each axis, by ducc0's non-uniform transform."""
    ducc0.nufft.nu2u(
        points=np.ascontiguousarray(strengths, np.complex128),
        coord=coordinates,
        forward=True,
        epsilon=tolerance,
        nthreads=threads,
        out=modes,
    )
