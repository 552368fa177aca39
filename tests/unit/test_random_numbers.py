"""Random fields by global place: numpy's sequence, the same numbers on any part of a grid, in any precision."""

import numpy as np
import pytest

from hpcmix.kernels.random_numbers import fill_complex_normals
from hpcmix.kernels.twins import loops as reference

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

GRIDS = [(1,), (2,), (37,), (1300,), (5, 6), (3, 7), (4, 3, 9), (2, 3, 514)]


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


def filled(shape, seed=3, stream=8, dtype=np.complex128, **place):
    field = np.empty(shape, dtype)
    fill_complex_normals(field, seed, stream, **place)
    return field


def by_numpy(shape, seed=3, stream=8):
    field = np.empty(shape, np.complex128)
    whole = field.reshape((1,) * (3 - field.ndim) + field.shape)
    reference.fill_complex_normals(whole, seed, stream, whole.shape[1:], (0, 0, 0))
    return field


@pytest.mark.parametrize("instruction_set", native.available_instruction_sets())
@pytest.mark.parametrize("points", GRIDS, ids=lambda points: "x".join(map(str, points)))
@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (3, 8), (2**64 - 1, (1 << 62) + 5)])
def test_the_numbers_of_numpys_generator(points, seed, stream, instruction_set):
    """To rounding: numpy's own logarithm has other last digits on another processor."""
    native.select_instruction_set(instruction_set)
    mine, other = filled(points, seed, stream), by_numpy(points, seed, stream)
    # angle, logarithm, root, sine and product: an ulp each
    np.testing.assert_array_less(np.abs(mine - other), 5 * np.finfo(float).eps * np.abs(other) + 1e-300)


def test_numbers_that_do_not_change():
    """The first of seed 1, stream 0, as they always were (numpy's Philox, Box and Muller)."""
    expected = by_numpy((4,), 1, 0)
    uniform = np.random.Generator(np.random.Philox(key=[1, 0])).random(8)
    radius = np.sqrt(-np.log1p(-uniform[:4]))
    np.testing.assert_allclose(expected, radius * np.exp(2j * np.pi * uniform[4:]), rtol=1e-15)
    np.testing.assert_allclose(filled((4,), 1, 0), expected, rtol=1e-15)


@pytest.mark.parametrize("points", GRIDS, ids=lambda points: "x".join(map(str, points)))
def test_parts_of_a_grid(points):
    """Every point's bits are its place's, on any block and any number of threads; single precision rounds them."""
    whole = filled(points)
    native.set_thread_count(3)
    np.testing.assert_array_equal(filled(points), whole)
    np.testing.assert_array_equal(filled(points, dtype=np.complex64), whole.astype(np.complex64))
    random = np.random.default_rng(2)
    for _ in range(8):
        start = [int(random.integers(n)) for n in points]
        block = tuple(slice(a, int(random.integers(a, n)) + 1) for a, n in zip(start, points, strict=True))
        shape = whole[block].shape
        np.testing.assert_array_equal(filled(shape, points=points, start=start), whole[block])
    assert filled((0, *points[1:]), points=points).size == 0


def test_wrong_arguments():
    with pytest.raises(TypeError, match="complex64 or complex128"):
        fill_complex_normals(np.empty(3), 0, 0)
    with pytest.raises(ValueError, match="from 2 to 5 of the 4 points along axis 0"):
        filled((3,), points=(4,), start=(2,))
    with pytest.raises(ValueError, match="each of the 1 axes"):
        filled((3,), points=(4, 4))
    with pytest.raises(ValueError, match="seed must be"):
        filled((3,), seed=-1)
    with pytest.raises(ValueError, match="stream must be"):
        filled((3,), stream=2**64)
