#!/usr/bin/env python
"""Times of the compiled transforms beside those of ducc0, FFTW (as mpi4py-fft binds it) and scipy, on one process.

A pair is a forward and an inverse transform of an n^3 field in place. A step is what a two-component Strang step costs
between two of its kicks: kick with the transforms of the planes, then both lines passes; it is compared with two bare
pairs of ducc0. A real pair goes from reals to half spectra and back, and is compared with our complex pair.
Candidates take turns, so that a busy machine slows all of them; medians are in milliseconds.

    python scripts/benchmark/transforms.py [SIZE ...] [--single] [--threads N] [--instruction-set NAME] [--repeats N]
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable

import ducc0
import numpy as np
import scipy.fft

from hpcmix.kernels import transforms

try:
    from mpi4py_fft import fftw
except ImportError:
    fftw = None

SIZES = [64, 96, 97, 100, 128, 144, 192, 251, 256]
FFTW_PLANNING_LIMIT = 200  # larger sizes take FFTW minutes to measure

_native = importlib.import_module("hpcmix.kernels._native")  # compiled: nobody knows its types


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--single", action="store_true", help="single precision")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--instruction-set", choices=_native.available_instruction_sets())
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--fftw", action="store_true", help="measure FFTW's plans for large sizes too")
    options = parser.parse_args()
    _native.set_thread_count(options.threads)
    if options.instruction_set:
        _native.select_instruction_set(options.instruction_set)
    dtype = np.dtype(np.complex64 if options.single else np.complex128)
    print(
        f"{dtype}, {options.threads} thread(s), {_native.instruction_set()}; ms, medians of {options.repeats} or more"
    )
    columns = ["n", "ducc0", "FFTW", "scipy", "ours", "/ducc0", "/FFTW", "step", "/2 ducc0", "real", "/ours"]
    print(" ".join(f"{name:>8}" for name in columns))
    for n in options.sizes:
        with_fftw = fftw is not None and not options.single and (n <= FFTW_PLANNING_LIMIT or options.fftw)
        report(n, measure(candidates(n, dtype, options.threads, with_fftw), options.repeats))


def candidates(n: int, dtype: np.dtype, threads: int, with_fftw: bool) -> dict[str, Callable[[], object]]:
    """What is timed, by name. All of them keep the field's norm, so that they may run again and again."""
    random = np.random.default_rng(1)
    shape = (n, n, n)
    real_type = np.finfo(dtype).dtype
    fields = [transforms.empty(shape, dtype) for _ in range(2)]
    for field in fields:
        field[...] = random.standard_normal(shape) / n**1.5
    potential, reals = (transforms.empty(shape, real_type) for _ in range(2))
    potential[...] = random.standard_normal(shape)
    reals[...] = potential
    half = transforms.empty((n, n, n // 2 + 1), dtype)
    couplings = np.array([[0.5, 0.45], [0.45, 0.55]])
    one = np.exp(2j * np.pi * random.random(n)) / n
    factors = [one, one, one]
    half_factors = [one, one, one[: n // 2 + 1]]
    field = fields[0]

    def ducc_pair() -> None:
        ducc0.fft.c2c(field, out=field, nthreads=threads)
        ducc0.fft.c2c(field, out=field, forward=False, inorm=2, nthreads=threads)

    def scipy_pair() -> None:
        spectrum = scipy.fft.fftn(field, overwrite_x=True, workers=threads)
        scipy.fft.ifftn(spectrum, overwrite_x=True, workers=threads)

    def pair() -> None:
        transforms.transform_planes(field, True)
        transforms.multiply_lines(field, factors)
        transforms.transform_planes(field, False)

    def step() -> None:
        transforms.kick(fields, [[potential]] * 2, couplings, 1e-3, axes=2, inverse_before=True, forward_after=True)
        for component in fields:
            transforms.multiply_lines(component, factors)

    def real_pair() -> None:
        transforms.transform_real(reals, half, planes=True)
        transforms.multiply_lines(half, half_factors)
        transforms.transform_real_inverse(half, reals, planes=True)

    chosen: dict[str, Callable[[], object]] = {
        "ducc0": ducc_pair,
        "scipy": scipy_pair,
        "ours": pair,
        "step": step,
        "real": real_pair,
    }
    if with_fftw:
        chosen["FFTW"] = fftw_pair(shape, threads)
    return chosen


def fftw_pair(shape: tuple[int, ...], threads: int) -> Callable[[], None]:
    """FFTW in place with measured plans."""
    array = fftw.aligned(shape, dtype=np.complex128)
    flags = (fftw.FFTW_MEASURE,)
    forward = fftw.fftn(array, axes=(0, 1, 2), flags=flags, output_array=array, threads=threads)
    inverse = fftw.ifftn(array, axes=(0, 1, 2), flags=flags, output_array=array, threads=threads)
    array[...] = 1.0

    def pair() -> None:
        forward(array, array)
        inverse(array, array, normalize=True)

    return pair


def measure(functions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median time of each in milliseconds; every round runs all of them, for at least a second altogether."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    begin = time.perf_counter()
    while len(times["ours"]) < repeats or time.perf_counter() - begin < 1.0:
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()}


def report(n: int, times: dict[str, float]) -> None:
    ours, ducc, fftws = times["ours"], times["ducc0"], times.get("FFTW", np.nan)
    cells = [f"{n:8d}", *(f"{value:8.1f}" for value in (ducc, fftws, times["scipy"], ours))]
    cells += [f"{ours / ducc:8.2f}", f"{ours / fftws:8.2f}"]
    cells += [f"{times['step']:8.1f}", f"{times['step'] / (2 * ducc):8.2f}"]
    cells += [f"{times['real']:8.1f}", f"{times['real'] / ours:8.2f}"]
    print(" ".join(cells), flush=True)


if __name__ == "__main__":
    main()
