"""ducc0 and pocketfft: the same transforms, held to sums that are written out; and which one is taken."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from hpcmix.kernels.processor import description, fourier
from hpcmix.kernels.twins.fourier import pocketfft
from hpcmix.kernels.twins.fourier.library import NAMES, library

SHAPE = (3, 10, 7)

ROUNDING = {np.complex128: 1e-14, np.complex64: 1e-5}
"""Of sums of ten numbers of the order of one and of two such sums, rounded to 1e-16 and 6e-8; scaled by the largest."""


@pytest.fixture(params=NAMES)
def transforms(request):
    if request.param == "ducc0":
        pytest.importorskip("ducc0")
        from hpcmix.kernels.twins.fourier import ducc

        return ducc
    return pocketfft


@pytest.fixture(params=ROUNDING, ids=lambda kind: kind.__name__)
def fields(request):
    random = np.random.default_rng(19)
    return (random.normal(size=SHAPE) + 1j * random.normal(size=SHAPE)).astype(request.param)


def summed(fields, axes, sign):
    """sum_x f(x) exp(sign i k x) along some axes, by matrices of exponentials."""
    result = fields.astype(np.complex128)
    for axis in axes:
        n = fields.shape[axis]
        waves = np.exp(sign * 2j * np.pi / n * np.outer(np.arange(n), np.arange(n)))
        result = np.moveaxis(np.tensordot(waves, result, axes=(1, axis)), 0, axis)
    return result


def assert_close(result, expected, kind):
    assert result.dtype == kind
    assert np.max(np.abs(result - expected)) < ROUNDING[np.result_type(kind, np.complex64).type] * np.max(
        np.abs(expected)
    )


@pytest.mark.parametrize("axes", [(0,), (2,), (1, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_complex_fields(transforms, fields, axes, forward, threads):
    expected = summed(fields, axes, -1 if forward else 1)
    before = fields.copy()
    assert_close(transforms.c2c(fields, axes, forward, threads=threads), expected, fields.dtype)
    assert np.array_equal(fields, before)
    points = np.prod([fields.shape[axis] for axis in axes])
    assert_close(
        transforms.c2c(fields, axes, forward, normalise=True, threads=threads), expected / points, fields.dtype
    )
    assert transforms.c2c(fields, axes, forward, out=fields, threads=threads) is fields
    assert_close(fields, expected, fields.dtype)


def test_a_view_is_transformed_where_it_lies(transforms, fields):
    whole = np.zeros((3, 12, 16), fields.dtype)
    view = whole[:, 1:11, 2:16:2]
    view[...] = fields
    transforms.c2c(view, (1, 2), out=view)
    assert_close(view, summed(fields, (1, 2), -1), fields.dtype)
    view[...] = 0.0
    assert not np.any(whole)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_real_fields(transforms, fields, axis):
    real = np.ascontiguousarray(fields.real)
    points = real.shape[axis]
    half = np.moveaxis(np.moveaxis(summed(real, (axis,), -1), axis, 0)[: points // 2 + 1], 0, axis)
    spectra = transforms.r2c(real, axis)
    assert_close(spectra, half, fields.dtype)
    target = np.empty_like(spectra)
    assert transforms.r2c(real, axis, out=target) is target and np.array_equal(target, spectra)
    assert_close(transforms.c2r(spectra, axis, points, normalise=True), real, real.dtype)
    back = np.empty_like(real)
    assert transforms.c2r(spectra, axis, points, out=back) is back
    assert_close(back, points * real, real.dtype)
    assert np.array_equal(spectra, target)  # they are read only


@pytest.mark.parametrize("reaches", [(6,), (4, 3), (3, 2, 4)], ids=str)
def test_sums_of_plane_waves(transforms, reaches, monkeypatch):
    """Against the sum written out, at the tolerance asked for; strengths real or complex, in several pieces."""
    monkeypatch.setattr(pocketfft, "CHUNK_NUMBERS", 100)
    random = np.random.default_rng(7)
    places = random.uniform(-9.0, 9.0, (40, len(reaches)))
    strengths = random.normal(size=40)
    numbers = np.meshgrid(*(np.arange(-reach, reach + 1) for reach in reaches), indexing="ij")
    phase = sum(np.multiply.outer(m, places[:, axis]) for axis, m in enumerate(numbers))
    for factor in (1.0, 1.0 - 0.5j):
        modes = np.full([2 * reach + 1 for reach in reaches], np.nan + 0j)
        transforms.lattice_sums(places, factor * strengths, modes, 1e-8)
        expected = np.exp(-1j * phase) @ (factor * strengths)
        assert np.max(np.abs(modes - expected)) < 1e-8 * np.sum(np.abs(factor * strengths))


def test_lengths_that_transform_well(transforms):
    def smooth(n):
        for prime in (2, 3, 5, 7, 11):
            while n % prime == 0:
                n //= prime
        return n == 1

    for points in range(1, 200):
        assert transforms.good_size(points) == next(n for n in range(points, 2 * points + 1) if smooth(n))


def test_pocketfft_is_taken_where_ducc0_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ducc0", None)  # its import fails
    monkeypatch.delitem(sys.modules, "hpcmix.kernels.twins.fourier.ducc", raising=False)
    library.cache_clear()
    try:
        assert fourier() is pocketfft
        monkeypatch.setenv("HPCMIX_KERNELS", "numpy")
        assert fourier().NAME == "pocketfft" and fourier().VERSION.startswith("of scipy ")
    finally:
        library.cache_clear()
    assert description() in ("compiled lines", *(f"lines by {name}" for name in NAMES))


@pytest.mark.parametrize("points", [32, 61, 90])
def test_a_line_does_not_feel_those_beside_it(transforms, fields, points):
    """To the bit, in full batches (`hpcmix.parallel.transforms.line.FULL_BATCH`): pieces of one row of lines have the
    bits of the whole."""
    random = np.random.default_rng(points)
    lines = (random.normal(size=(64, points)) + 1j * random.normal(size=(64, points))).astype(fields.dtype)
    for whole, transform in (
        (lines, lambda some: transforms.c2c(some, (1,))),
        (lines, lambda some: transforms.c2c(some, (1,), forward=False, normalise=True)),
        (lines.real, lambda some: transforms.r2c(some, 1)),
        (lines[:, : points // 2 + 1], lambda some: transforms.c2r(some, 1, points, normalise=True)),
    ):
        together = transform(np.ascontiguousarray(whole))
        for first in range(0, 64, 16):
            part = transform(np.ascontiguousarray(whole[first : first + 16]))
            assert np.array_equal(part, together[first : first + 16])
