"""Sobol points with hashed Owen scrambling: scipy's sequence, its nets, and what scrambling leaves of them."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from scipy.special import jv
from scipy.stats import qmc

from hpcmix.initial.markers.points.balls import phase_space_ball
from hpcmix.initial.markers.points.sobol import (
    DIGITS,
    LARGEST_DIMENSION,
    ScrambledSobol,
    backward_digits,
    direction_numbers,
    reversed_bits,
)

QUALITY = {2: 0, 4: 3, 6: 8}
"""t of the first 2, 4 and 6 sequences: the sum of the degrees of their polynomials, each less one."""
QUALITY_WITH_INDEX = {2: 1, 4: 5, 6: 11}
"""The same with the sequence that orders the points."""


def unscrambled(index, axis, dimensions):
    return reversed_bits(backward_digits(index, axis, dimensions)).astype(float) * 2.0**-DIGITS


@pytest.mark.parametrize("axis", range(LARGEST_DIMENSION + 1))
def test_directions_are_those_of_joe_and_kuo(axis):
    """scipy goes through the points in the order of a Gray code."""
    count = 1 << 12
    expected = qmc.Sobol(LARGEST_DIMENSION + 1, scramble=False, bits=60).random(count)[:, axis]
    numbers = direction_numbers(axis)
    for place in [1, 2, 3, 17, 100, 1023, 2048, 4095]:
        digits = 0
        for bit in range(12):
            if (place ^ (place >> 1)) >> bit & 1:
                digits ^= numbers[bit]
        assert digits * 2.0**-DIGITS == expected[place]


@pytest.mark.parametrize("dimensions", [2, 4, 6])
@pytest.mark.parametrize("power", [0, 1, 5, 10])
def test_first_points_are_those_of_the_sequence(dimensions, power):
    """The order differs, the sets of 2^m first points do not."""
    count = 1 << power
    points = np.stack([unscrambled(np.arange(count), axis, dimensions) for axis in range(dimensions)], axis=1)
    expected = (
        qmc.Sobol(dimensions, scramble=False, bits=60).random_base2(power) if power else np.zeros((1, dimensions))
    )
    assert sorted(map(tuple, points)) == sorted(map(tuple, expected))


def largest_imbalance(points, level):
    """Over all boxes of volume 2^-level whose edges are powers of two: the largest and the smallest number of points,
    less the mean."""
    count, dimensions = points.shape
    worst = 0
    for parts in combinations_with_replacement(range(dimensions), level):
        powers = np.bincount(parts, minlength=dimensions)
        cells = np.floor(points * 2.0**powers).astype(int)
        counts = np.bincount(np.ravel_multi_index(cells.T, 2**powers), minlength=1 << level)
        worst = max(worst, int(np.max(np.abs(counts - count // (1 << level)))))
    return worst


@pytest.mark.parametrize("dimensions", [2, 4, 6])
@pytest.mark.parametrize("seed", [0, 7])
def test_scrambled_points_are_nets(dimensions, seed):
    power = 12
    points = ScrambledSobol(dimensions, seed).points(np.arange(1 << power))
    assert largest_imbalance(points, power - QUALITY[dimensions]) == 0


@pytest.mark.parametrize("dimensions", [2, 4, 6])
@pytest.mark.parametrize(("stride", "rest"), [(2, 0), (2, 1), (16, 0), (16, 11)])
def test_indices_that_agree_modulo_a_power_of_two_are_nets(dimensions, stride, rest):
    """Even and odd markers, and every 16th, are samples by themselves."""
    power = 14
    points = ScrambledSobol(dimensions, 3).points(np.arange(rest, 1 << power, stride))
    level = max(1, power - int(np.log2(stride)) - QUALITY_WITH_INDEX[dimensions])
    assert largest_imbalance(points, level) == 0


def test_a_point_is_a_function_of_its_index():
    sequence = ScrambledSobol(6, 5)
    index = np.array([0, 1, 77, 4096, 123_456_789, 10**12 - 1])
    points = sequence.points(index)
    shuffled = np.array([3, 0, 5, 1, 4, 2])
    assert np.array_equal(points[shuffled], sequence.points(index[shuffled]))
    assert np.array_equal(points[2:3], ScrambledSobol(6, 5).points(index[2:3]))
    assert np.all((points > 0.0) & (points < 1.0))
    assert sequence.points(np.empty(0, np.int64)).shape == (0, 6)


def test_seeds_and_axes_are_scrambled_apart():
    """Axes of a seed are as good as uncorrelated; the same axis of two seeds has its first digit flipped or not for all
    points alike, and the third digit of one half of them or of the other."""
    index = np.arange(1 << 10)
    columns = {(seed, axis): ScrambledSobol(2, seed).coordinate(index, axis) for seed in range(8) for axis in range(2)}
    for seed in range(8):
        correlation = np.corrcoef(columns[seed, 0], columns[seed, 1])[0, 1]
        assert abs(correlation) < 0.01  # of 1024 independent points 0.03
    first_digits = {column[0] > 0.5 for column in columns.values()}
    assert first_digits == {True, False}
    assert len({column[0] for column in columns.values()}) == len(columns)


def test_no_more_than_six_dimensions():
    with pytest.raises(ValueError, match="1 to 6 dimensions"):
        ScrambledSobol(7, 0)


def test_flips_are_even_and_depend_on_all_digits_before():
    """Scrambling of a digit over many seeds: each value of the digits before it is flipped in half of the seeds, and
    two values that differ in one digit independently of each other."""
    seeds, depth = 800, 6
    places = np.array([0b000000, 0b000001, 0b010000, 0b100000, 0b111111], np.uint64)
    index = {}
    for place in places:  # the index whose first coordinate begins with these digits, that of van der Corput
        numbers = backward_digits(np.arange(1 << depth), 0, 2) & np.uint64((1 << depth) - 1)
        index[int(place)] = int(np.flatnonzero(numbers == place)[0])
    flips = np.empty((seeds, len(places)), bool)
    for seed in range(seeds):
        values = ScrambledSobol(2, seed).coordinate(np.array([index[int(place)] for place in places]), 0)
        digit = np.floor(values * 2.0 ** (depth + 1)).astype(int) & 1
        plain = backward_digits(np.array([index[int(place)] for place in places]), 0, 2) >> np.uint64(depth)
        flips[seed] = digit != (plain & np.uint64(1)).astype(int)
    deviation = 4.0 / np.sqrt(seeds)  # four standard deviations of a mean of fair signs
    signs = 1.0 - 2.0 * flips
    assert np.max(np.abs(signs.mean(axis=0))) < deviation
    products = signs.T @ signs / seeds - np.eye(len(places))
    assert np.max(np.abs(products)) < deviation


def transform_error(count, size, seeds=3, stride=1):
    """rms error of f^ at |zeta| = size of the ball of three dimensions whose volume is (2 pi)^3, over 24 directions."""
    radius = np.sqrt(2.0 * 6.0 ** (1.0 / 3.0))
    directions = np.random.default_rng(0).normal(size=(24, 6))
    directions /= np.linalg.norm(directions, axis=1)[:, np.newaxis]
    exact = 6.0 * (2.0 / (radius * size)) ** 3 * jv(3, radius * size)
    squares = []
    for seed in range(seeds):
        position, momentum = phase_space_ball(ScrambledSobol(6, seed).points(stride * np.arange(count)))
        places = radius * np.concatenate([position, momentum], axis=1)
        squares.append(np.abs(np.exp(-1j * size * (places @ directions.T)).mean(axis=0) - exact) ** 2)
    return float(np.sqrt(np.mean(squares)))


@pytest.mark.parametrize(
    ("size", "few", "many", "rate"),
    [(1.0, 4.5e-4, 2.0e-5, 1.17), (3.0, 2.7e-3, 2.0e-4, 1.00), (8.0, 1.3e-2, 2.1e-3, 0.75)],
)
def test_errors_of_a_ball_in_phase_space(size, few, many, rate):
    """Those of linear scrambling with 4096 and 65 536 points, random points have 7.7e-3 .. 1.6e-2 with 4096. A rms
    error of three seeds is known to a factor of two or so, a rate over four octaves to 0.25."""
    errors = transform_error(1 << 12, size), transform_error(1 << 16, size)
    assert errors[0] < 2.0 * few
    assert errors[1] < 2.0 * many
    assert np.log2(errors[0] / errors[1]) / 4.0 > rate - 0.25


def test_every_sixteenth_point_is_as_good_as_so_many():
    assert transform_error(1 << 12, 1.0, stride=16) < 2.0 * 4.5e-4
