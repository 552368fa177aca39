"""Grids of a weak scaling study: as many points for each rank, whatever the number of ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

LARGEST_FACTOR = 7
"""Transforms of lengths without a larger prime factor are the quick ones."""


def grown(points: Sequence[int], ratio: Fraction, axes: Sequence[int]) -> tuple[int, ...]:
    """The grid with `ratio` times as many points, grown along some axes only.

    The prime factors of the ratio go, the largest first, to the shortest of `axes` (the first of equals), so that a
    cube stays as near to a cube as it can and the number of points is met exactly. An axis that has then a prime factor
    above 7 that it did not have before, or no whole number of points, gets the nearest number without: the points per
    rank are then met to a few per cent. Raises ValueError where nothing would be left of an axis.
    """
    sizes = [Fraction(count) for count in points]
    for factor in sorted(_prime_factors(ratio.numerator), reverse=True):
        sizes[min(axes, key=lambda axis: sizes[axis])] *= factor
    for factor in sorted(_prime_factors(ratio.denominator), reverse=True):
        whole = [axis for axis in axes if sizes[axis].denominator == 1 and sizes[axis].numerator % factor == 0]
        sizes[max(whole or axes, key=lambda axis: sizes[axis])] /= factor
    result = tuple(_friendly(size, count) for size, count in zip(sizes, points, strict=True))
    if min(result) < 2:
        raise ValueError(f"a grid of {' x '.join(map(str, points))} cannot be made {float(1 / ratio):g} times smaller")
    return result


def _prime_factors(number: int) -> list[int]:
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors


def _friendly(size: Fraction, before: int) -> int:
    """The whole number that is nearest to a size, by its ratio to it, and has no larger prime factor than 7 and those
    that the axis had before."""
    largest = max(LARGEST_FACTOR, *_prime_factors(before))
    if size.denominator == 1 and _is_friendly(size.numerator, largest):
        return size.numerator
    candidates = [number for number in range(1, math.ceil(2 * size) + 1) if _is_friendly(number, largest)]
    return min(candidates, key=lambda number: (abs(math.log(number / size)), number))


def _is_friendly(number: int, largest: int) -> bool:
    """Whether no prime factor is above `largest`."""
    for factor in range(2, largest + 1):
        while number % factor == 0:
            number //= factor
    return number == 1
