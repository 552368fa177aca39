"""The digest of a distributed array: independent of the division, and different for every kind of damage."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.io.checkpoints.digest import as_text, combined_digest, local_sums, whole_array_digest
from hpcmix.parallel.decomposition import Block, Decomposition, Part

SHAPES = [(13,), (9, 5), (7, 6, 5), (2, 7, 6, 5)]
TYPES = [np.complex128, np.complex64, np.float64, np.float32, np.int64]


def random_array(shape, dtype):
    random = np.random.default_rng(3)
    values = 1e3 * random.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.normal(size=shape)
    return values.astype(dtype)


def digest_in_parts(array, blocks):
    lanes = [local_sums(Part(array.shape, block, np.ascontiguousarray(array[block.slices]))) for block in blocks]
    return as_text(np.sum(lanes, axis=0, dtype=np.uint64))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_division_gives_the_same(shape, dtype):
    array = random_array(shape, dtype)
    whole = whole_array_digest(array)
    grid = shape[-3:]
    for split in [(1, 1), (3, 1), (2, 2), (4, 1)]:
        if len(grid) < 3 and split[1] > 1:
            continue
        decomposition = Decomposition(grid, split)
        blocks = [decomposition.position_block(rank) for rank in range(decomposition.ranks)]
        for orbitals in ([(0, shape[0])], [(0, 1), (1, shape[0] - 1)]) if len(shape) == 4 else [None]:
            if orbitals is None:
                cut = blocks
            else:
                cut = [
                    Block((first, *block.start), (count, *block.shape)) for first, count in orbitals for block in blocks
                ]
            assert digest_in_parts(array, cut[::-1]) == whole


def test_the_digest_is_the_same_on_every_machine():
    # this program's own numbers, from its first version: checkpoints of one machine are read on another
    array = np.arange(100_000, dtype=np.float64).reshape(100, 1000)
    assert whole_array_digest(array) == "adeacbdd04f9144efe59fae591fcd090"


@pytest.mark.parametrize("dtype", TYPES)
def test_every_single_bit_counts(dtype):
    array = random_array((4, 3), dtype)
    seen = {whole_array_digest(array)}
    for bit in range(array.nbytes * 8):
        damaged = array.copy()
        damaged.reshape(-1).view(np.uint8)[bit // 8] ^= 1 << bit % 8
        seen.add(whole_array_digest(damaged))
    assert len(seen) == array.nbytes * 8 + 1


def test_swaps_shifts_zeroed_blocks_and_signs_count():
    array = random_array((40, 30), np.complex128)
    swapped, rows, zeroed, negative = (array.copy() for _ in range(4))
    swapped[3, 4], swapped[17, 2] = array[17, 2], array[3, 4]
    rows[[5, 6]] = rows[[6, 5]]
    zeroed[10:12] = 0
    negative[zeroed == 0] *= -1
    signed_zero = np.zeros((2, 2))
    other_zero = signed_zero.copy()
    other_zero[1, 0] = -0.0
    everything = [array, swapped, rows, zeroed, negative, np.roll(array, 1), array.conj(), np.zeros_like(array)]
    digests = [whole_array_digest(one) for one in [*everything, signed_zero, other_zero]]
    assert len(set(digests)) == len(digests)


def test_arrays_of_any_size_and_views_that_are_not_contiguous():
    array = random_array((70_001,), np.complex128)  # several blocks of words and a rest
    assert whole_array_digest(array) == digest_in_parts(array, [Block((0,), (33_333,)), Block((33_333,), (36_668,))])
    turned = np.ascontiguousarray(random_array((7, 9), np.float64).T)
    assert whole_array_digest(turned) == whole_array_digest(np.ascontiguousarray(turned.T).T)
    assert whole_array_digest(np.empty((0, 3))) == "0" * 32


def test_a_combined_digest_knows_names_and_contents_but_no_order():
    assert combined_digest({"a": "1", "b": "2"}) == combined_digest({"b": "2", "a": "1"})
    assert combined_digest({"a": "1", "b": "2"}) != combined_digest({"a": "2", "b": "1"})
