"""Sums over ranks: every digit counts, and the order does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcmix.parallel.process.exact_sums import CHUNK, exact_sums


class OneRank:
    @staticmethod
    def allreduce(values):
        return values


ALONE = OneRank


def summed(values: np.ndarray) -> np.ndarray:
    return exact_sums(ALONE, values.shape[1], lambda part: values[:, part])


def samples() -> np.ndarray:
    random = np.random.default_rng(1)
    number = 2 * CHUNK + 17
    plain = random.normal(size=number)
    return np.array(
        [
            plain,
            plain * 10.0 ** random.integers(-290, 290, number),  # of all sizes
            np.concatenate([plain[1:], [-math.fsum(plain[1:])]]),  # that cancel each other
            np.full(number, 0.1),
            np.where(random.random(number) < 0.5, 5e-324, -2.5e-320),  # the smallest floats
            np.zeros(number),
        ]
    )


def test_the_sum_is_the_nearest_float():
    values = samples()
    np.testing.assert_array_equal(summed(values), [math.fsum(row) for row in values])


def test_no_order_and_no_division_changes_a_bit():
    values = samples()
    order = np.random.default_rng(2).permutation(values.shape[1])
    np.testing.assert_array_equal(summed(values[:, order]), summed(values))

    parts = np.split(values, [5, CHUNK + 1, CHUNK + 1], axis=1)
    held = []

    class Ranks:
        @staticmethod
        def allreduce(here):
            held.append(here)
            return sum(held[1:], held[0])

    for part in parts:
        total = exact_sums(Ranks, part.shape[1], lambda piece, part=part: part[:, piece])
    np.testing.assert_array_equal(total, summed(values))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_that_is_not_finite_is_told(bad):
    values = np.ones((2, 5))
    values[1, 3] = bad
    np.testing.assert_array_equal(summed(values), [5.0, np.nan])


def test_no_markers_at_all():
    np.testing.assert_array_equal(summed(np.empty((3, 0))), np.zeros(3))
