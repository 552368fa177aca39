"""Sums over ranks that are exact: every number counts with all of its digits, and only the sum is rounded, once. So
they have the same bits at any number of ranks, and in any order: records of markers, and norms of initial states.

A float is m 2^e with an integer m of 53 bits. Its two halves of 27 and 26 bits are added up among the numbers with the
same e in floats, without rounding, and these few sums as integers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hpcmix.parallel.process.mpi import MPI

CHUNK = 1 << 16
"""Numbers of a column looked at together: they stay in the cache, and sums of as many halves are exact in a float."""

_LOWER_BITS = 26
_SMALLEST_EXPONENT = -1100
"""Below that of every float, as numpy.frexp has it."""
_BASE = _SMALLEST_EXPONENT - 2 * _LOWER_BITS
"""Sums are integers in units of 2 to this."""


def exact_sums(ranks: MPI.Comm, number: int, columns: Callable[[slice], np.ndarray]) -> np.ndarray:
    """The sum of every column over the rows of all ranks; NaN of one with a number that is not finite. Collective over
    `ranks`.

    number   of the rows here, such as markers.
    columns  of a slice of the rows, shape (columns, rows of the slice), in double precision.
    """
    here = _integers(columns(slice(0, 0)))
    for first in range(0, number, CHUNK):
        here = here + _integers(columns(slice(first, min(first + CHUNK, number))))
    # integers of any size, each with the number of values that are not finite
    total = ranks.allreduce(here)
    return np.array([_rounded(value) if not lost else np.nan for value, lost in total])


def _integers(values: np.ndarray) -> np.ndarray:
    """Per row its sum as an integer, and how many of its values are not finite: shape (rows, 2), of Python integers."""
    result = np.empty((len(values), 2), dtype=object)
    for place, row in enumerate(values):
        finite = np.isfinite(row)
        lost = row.size - int(np.count_nonzero(finite))
        result[place] = _integer(row if lost == 0 else row[finite]), lost
    return result


def _integer(row: np.ndarray) -> int:
    """The exact sum in units of 2^_BASE."""
    if row.size == 0:
        return 0
    fractions, exponents = np.frexp(row)
    upper = np.rint(np.ldexp(fractions, 53 - _LOWER_BITS))
    lower = np.ldexp(fractions, 53) - np.ldexp(upper, _LOWER_BITS)
    places = exponents - _SMALLEST_EXPONENT
    total = 0
    for halves, shift in ((upper, _LOWER_BITS), (lower, 0)):
        sums = np.bincount(places, weights=halves)
        for place in np.flatnonzero(sums):
            # place = e - _SMALLEST_EXPONENT, a half counts 2^(e - 53 + shift) = 2^(_BASE + place + shift - 1)
            total += int(sums[place]) << (int(place) + shift - 1)
    return total


def _rounded(value: int) -> float:
    """The nearest float of an integer in units of 2^_BASE."""
    return float(Fraction(value, 1 << -_BASE))
