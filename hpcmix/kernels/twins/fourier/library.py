"""Fourier transforms by a library: the numpy twins' lines, and what is not worth a compiled kernel: one-dimensional
grids, the last axis of padded grids, shifted orbitals, sums of plane waves.

ducc0 does them where it is installed. It is an option, for its speed and under a licence of its own; pocketfft as
`scipy.fft` binds it, from which ducc0's transforms grew, takes its place otherwise, with the same results to rounding.
Transforms have the sign of CONVENTIONS.md and no factor, but for an inverse that is asked to `normalise`.

Either library is a module with

    NAME, VERSION
    c2c(fields, axes, forward, normalise, out, threads)   complex fields along some axes; out: where to, `fields` itself
                                                          for a transform in place, None for a new array
    r2c(fields, axis, out, threads)                       real fields to half spectra along one axis
    c2r(spectra, axis, points, normalise, out, threads)   and back: fields of so many points along the axis
    good_size(points)                                     the next length whose prime factors are at most 11
    lattice_sums(coordinates, strengths, modes, tolerance, threads)
                                                          modes[m] = sum_i s_i exp(-i m.y_i) for all whole m around
                                                          zero, up to the tolerance times sum |s_i|
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

NAMES = ("ducc0", "pocketfft")

HERE = __name__.rpartition(".")[0]


@functools.cache
def library() -> ModuleType:
    """The module of ducc0 where that imports, of pocketfft where it does not."""
    try:
        return importlib.import_module(f"{HERE}.ducc")
    except ImportError:
        return importlib.import_module(f"{HERE}.pocketfft")
