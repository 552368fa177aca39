"""Scrambled Sobol points: the point is a function of its index, so that any rank makes any of them.

A coordinate of the point j is the sum of 2^-r over the digits r that are set in C j, with j the vector of the binary
digits and C the triangular matrix of one of the sequences of Joe and Kuo (SIAM J. Sci. Comput. 30 (2008) 2635; numbers
of new-joe-kuo-6). The order of the points is one in which an index i, read backwards, is the coordinate that one more
sequence has: i = C' j. Any 2^m first points are those that they always are; and points whose indices agree modulo 2^m
are an interval of that coordinate and therefore even themselves, such as the even and the odd ones, which in the usual
order lie in different halves of the box.

Owen's scrambling flips every digit by a random number that depends on the digits before it. Here it is a hash (Laine
and Karras; Burley, J. Comput. Graph. Tech. 9 (2020) 4): read backwards, with the first digit lowest, sums with a
number, products with an odd number and x ^ (x * even number) let a bit depend on itself and on lower ones only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

DIGITS = 64
"""Binary digits of a coordinate while it is made, and of an index."""
LARGEST_DIMENSION = 6

_JOE_KUO: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (0, 0, ()),
    (1, 0, (1,)),
    (2, 1, (1, 3)),
    (3, 1, (1, 3, 1)),
    (3, 2, (1, 1, 1)),
    (4, 1, (1, 1, 3, 3)),
    (4, 4, (1, 3, 5, 13)),
)
"""Degree s of the primitive polynomial, its inner coefficients a as a binary number, and m_1 .. m_s. The first sequence
has the unit matrix, m_k = 1."""

_ROUNDS = 4
"""Rounds of the hash, each with random numbers of its own."""


@dataclass(frozen=True)
class ScrambledSobol:
    """The sequence of a number of dimensions, at most :data:`LARGEST_DIMENSION`, and a seed."""

    dimensions: int
    seed: int

    def __post_init__(self) -> None:
        if not 1 <= self.dimensions <= LARGEST_DIMENSION:
            raise ValueError(f"Sobol points have 1 to {LARGEST_DIMENSION} dimensions here, not {self.dimensions}")

    def points(self, index: np.ndarray) -> np.ndarray:
        """The points of some indices, none negative: shape (number, dimensions), in (0, 1). Local."""
        coordinates = [self.coordinate(index, axis) for axis in range(self.dimensions)]
        return np.stack(coordinates, axis=-1)

    def coordinate(self, index: np.ndarray, axis: int) -> np.ndarray:
        """One coordinate of the points of some indices, in (0, 1)."""
        digits = _scrambled(backward_digits(index, axis, self.dimensions), _keys(self.seed, axis))
        # 52 digits and a half more: exact in double precision, and neither 0 nor 1
        return ((reversed_bits(digits) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def backward_digits(index: np.ndarray, axis: int, dimensions: int) -> np.ndarray:
    """The digits of an unscrambled coordinate of `dimensions` as bits of integers, the first digit lowest."""
    remaining = np.asarray(index, np.uint64)
    digits = np.zeros(remaining.shape, np.uint64)
    longest = int(remaining.max()).bit_length() if remaining.size else 0
    for place, table in enumerate(_byte_tables(axis, dimensions)):
        if 8 * place >= longest:
            break
        digits ^= table[((remaining >> np.uint64(8 * place)) & np.uint64(255)).astype(np.intp)]
    return digits


def reversed_bits(values: np.ndarray) -> np.ndarray:
    """64-bit integers with their bits in the opposite order."""
    for shift, mask in (
        (1, 0x5555555555555555),
        (2, 0x3333333333333333),
        (4, 0x0F0F0F0F0F0F0F0F),
        (8, 0x00FF00FF00FF00FF),
        (16, 0x0000FFFF0000FFFF),
        (32, 0x00000000FFFFFFFF),
    ):
        step, kept = np.uint64(shift), np.uint64(mask)
        values = ((values >> step) & kept) | ((values & kept) << step)
    return values


@cache
def direction_numbers(axis: int) -> tuple[int, ...]:
    """v_1, v_2, ... of a sequence: what the bits of j set, as integers of :data:`DIGITS` bits, the first digit highest.

    m_k = 2 a_1 m_(k-1) ^ 4 a_2 m_(k-2) ^ ... ^ 2^s m_(k-s) ^ m_(k-s), v_k = m_k 2^(-k).
    """
    degree, inner, first = _JOE_KUO[axis]
    odd = list(first) if degree else [1] * DIGITS
    for k in range(len(odd), DIGITS):
        number = odd[k - degree] ^ (odd[k - degree] << degree)
        for j in range(1, degree):
            if inner >> (degree - 1 - j) & 1:
                number ^= odd[k - j] << j
        odd.append(number)
    return tuple(number << (DIGITS - 1 - k) for k, number in enumerate(odd))


@cache
def reordered_numbers(axis: int, dimensions: int) -> tuple[int, ...]:
    """What the bits of an index set in a coordinate, as :func:`direction_numbers` gives them for j: the columns of C
    C'^-1, C' of the sequence after the last dimension.

    C' e_k = e_k + sum of e_j over some j < k, so that C C'^-1 e_k = C e_k + sum of C C'^-1 e_j over the same j.
    """
    columns: list[int] = []
    for k, (number, ordering) in enumerate(zip(direction_numbers(axis), direction_numbers(dimensions), strict=True)):
        for j in range(k):
            if ordering >> (DIGITS - 1 - j) & 1:
                number ^= columns[j]
        columns.append(number)
    return tuple(columns)


@cache
def _byte_tables(axis: int, dimensions: int) -> tuple[np.ndarray, ...]:
    """For every byte of an index what its 256 values set, the first digit lowest."""
    tables = []
    directions = reversed_bits(np.array(reordered_numbers(axis, dimensions), np.uint64))
    for place in range(DIGITS // 8):
        table = np.zeros(256, np.uint64)
        for bit, direction in enumerate(directions[8 * place : 8 * place + 8]):
            table[1 << bit : 2 << bit] = table[: 1 << bit] ^ direction
        tables.append(table)
    return tuple(tables)


def _scrambled(digits: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Every bit flipped by a hash of the lower ones."""
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64
        for added, even, odd in keys:
            digits = digits + added
            digits = digits ^ (digits * even)
            digits = digits * odd
        return digits + keys[0, 2]


@cache
def _keys(seed: int, axis: int) -> np.ndarray:
    """Three random numbers for every round, the second even and the third odd."""
    keys = np.random.Philox(key=[seed, axis]).random_raw(3 * _ROUNDS).reshape(_ROUNDS, 3)
    keys[:, 1] &= ~np.uint64(1)
    keys[:, 2] |= np.uint64(1)
    return keys
