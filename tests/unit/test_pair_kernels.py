"""The compiled product by pairs against its numpy twin; rows and threads do not matter."""

import numpy as np
import pytest
from scipy import sparse

from hpcmix.kernels.many_body import pairs
from hpcmix.kernels.many_body.pairs import apply_pairs, ways_of
from hpcmix.kernels.twins import pairs as reference_pairs

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")


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


def system(particles, modes, is_complex, density=1.0):
    random = np.random.default_rng(particles + modes)
    ways, size = ways_of(particles, modes), modes * (modes + 1) // 2
    operator = sparse.random(size, size, density, "csr", random_state=random)
    if is_complex:
        operator = operator + 1j * sparse.random(size, size, density, "csr", random_state=random)
    source = random.normal(size=ways[-1, -1]) + 1j * random.normal(size=ways[-1, -1])
    return source, ways, operator.indptr.astype(np.int64), operator.indices.astype(np.int32), operator.data


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("particles,modes", [(2, 2), (2, 3), (9, 2), (6, 5), (11, 3), (3, 9)])
def test_twins_agree(monkeypatch, instruction_set, particles, modes, is_complex):
    source, *tables = system(particles, modes, is_complex, 0.5)
    for first, last in ((0, len(source)), (1, 2), (len(source) // 3, len(source) - 1)):
        results = []
        for module in (native, reference_pairs):
            monkeypatch.setattr(pairs.dispatch, "implementation", lambda module=module: module)
            target = np.ones(last - first, complex)
            apply_pairs(source, target, first, *tables, scale=0.7, shift=-0.3, keep=1.4)
            results.append(target)
        np.testing.assert_allclose(results[0], results[1], rtol=0, atol=1e-13 * np.abs(source).max() * particles**2)


def test_rows_threads_and_places_do_not_matter():
    """To the bit; with the source in three pieces."""
    source, *tables = system(9, 4, True)
    whole = np.empty_like(source)
    native.set_thread_count(1)
    apply_pairs(source, whole, 0, *tables)
    native.set_thread_count(3)
    low, high = 50, 130
    moved = np.concatenate([source[low:high], source[:low], source[high:]])
    places = (low, high, high - low, -low, 0)
    for first, last in ((0, 220), (49, 51), (50, 131), (200, 220)):
        target = np.full(last - first, np.nan, complex)
        apply_pairs(source, target, first, *tables)
        np.testing.assert_array_equal(target, whole[first:last])
        apply_pairs(moved, target, first, *tables, places=places)
        np.testing.assert_array_equal(target, whole[first:last])


def test_wrong_arguments():
    source, *tables = system(4, 3, False)
    with pytest.raises(ValueError, match="share memory"):
        apply_pairs(source, source, 0, *tables)
    with pytest.raises(ValueError, match="there are 15 configurations"):
        apply_pairs(source, np.empty(3, complex), 13, *tables)
    with pytest.raises(ValueError, match="two particles"):
        apply_pairs(source, source.copy(), 0, ways_of(1, 3), *tables[1:])
    with pytest.raises(ValueError, match="a row for every pair"):
        apply_pairs(source, source.copy(), 0, tables[0], tables[1][:-1], *tables[2:])
