"""The compiled product of many bodies against its numpy twin and against dense matrices."""

import numpy as np
import pytest
from scipy import sparse

from hpcmix.kernels.many_body import configurations
from hpcmix.kernels.many_body.configurations import SparseMatrices, add_multiple, apply_configurations
from hpcmix.kernels.twins import configurations as reference_configurations

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

SHAPES = [(1, 1), (3, 5), (8, 16), (17, 33), (9, 200), (5, 3000)]


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


@pytest.fixture(params=native.available_instruction_sets())
def instruction_set(request):
    """Each of the instruction sets that this machine has."""
    native.select_instruction_set(request.param)
    return request.param


@pytest.fixture
def random():
    return np.random.default_rng(5)


def matrices(random, count, rows, columns, is_complex):
    parts = []
    for _ in range(count):
        one = sparse.random(rows, columns, min(1.0, 6.0 / columns), "csr", random_state=random)
        if is_complex:
            one = one + 1j * sparse.random(rows, columns, min(1.0, 6.0 / columns), "csr", random_state=random)
        one.sort_indices()
        parts.append((one.indptr, one.indices, one.data))
    return SparseMatrices.joined(parts, rows)


def numbers(random, *shape):
    return random.normal(size=shape) + 1j * random.normal(size=shape)


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_twins_agree(monkeypatch, random, instruction_set, shape, is_complex):
    """With parts of rows and of the source's columns, and every factor."""
    rows, columns = shape
    first_row, first_column = rows // 3, columns // 4
    width, part = columns - first_column, rows - first_row
    source, before = numbers(random, rows, width), numbers(random, part, columns)
    operators = (
        matrices(random, 1, part, rows, is_complex),
        matrices(random, 1, columns, width, is_complex),
        matrices(random, 3, part, rows, is_complex),
        matrices(random, 3, columns, width, is_complex),
    )
    options = {"first_row": first_row, "first_column": first_column, "scale": 0.7, "shift": -0.3, "keep": 1.4}
    results = []
    for module in (native, reference_configurations):
        monkeypatch.setattr(configurations.dispatch, "implementation", lambda module=module: module)
        target = before.copy()
        apply_configurations(source, target, *operators, **options)
        results.append(target)
    np.testing.assert_allclose(results[0], results[1], rtol=0, atol=1e-13 * np.abs(results[1]).max())


def test_rows_and_threads_do_not_matter(random):
    """To the bit."""
    rows, columns = 29, 77
    source = numbers(random, rows, columns)
    on_rows, left = matrices(random, 1, rows, rows, True), matrices(random, 2, rows, rows, True)
    on_columns, right = matrices(random, 1, columns, columns, True), matrices(random, 2, columns, columns, True)
    whole = np.empty_like(source)
    native.set_thread_count(1)
    apply_configurations(source, whole, on_rows, on_columns, left, right)
    native.set_thread_count(3)
    for first, last in ((0, 29), (3, 4), (5, 22)):
        target = np.empty((last - first, columns), complex)
        apply_configurations(
            source, target, on_rows.rows(first, last), on_columns, left.rows(first, last), right, first_row=first
        )
        np.testing.assert_array_equal(target, whole[first:last])


def test_wrong_arguments(random):
    source = numbers(random, 4, 3)
    none, other = SparseMatrices.none(4), SparseMatrices.none(3)
    with pytest.raises(ValueError, match="share memory"):
        apply_configurations(source, source, none, other, none, other)
    with pytest.raises(ValueError, match="on_rows has 3 rows in place of 4"):
        apply_configurations(source, source.copy(), other, other, none, other)
    with pytest.raises(TypeError, match="complex128"):
        apply_configurations(source, np.zeros((4, 3), np.complex64), none, other, none, other)
    with pytest.raises(ValueError, match="the source has 4 rows"):
        apply_configurations(source, source.copy(), none, other, none, other, first_row=1)


def test_sums_of_vectors(random, instruction_set):
    """Against numpy, and the same bits however the vectors are cut."""
    source, target = numbers(random, 3003, 5), numbers(random, 3003, 5)
    whole, factor = target.copy(), 0.3 - 1.1j
    add_multiple(factor, source, whole)
    np.testing.assert_allclose(whole, target + factor * source, rtol=1e-14)
    for first, last in ((0, 1), (1, 5), (5, 3003), (100, 103)):
        part = target[first:last].copy()
        add_multiple(factor, source[first:last].copy(), part)
        np.testing.assert_array_equal(part, whole[first:last])
    twin = target.copy()
    reference_configurations.add_multiple(factor, source, twin)
    np.testing.assert_allclose(whole, twin, rtol=1e-14)
