"""How large a Krylov space may be, and how much of it is kept. Imports no MPI: plans count with it."""

from __future__ import annotations

STORED_BYTES = 1 << 28
"""Memory of a rank for basis vectors, where those of an exponential need less. A space of more dimensions costs the
rest of them a second time: they are made again from the tridiagonal matrix, bit for bit, without sums over ranks."""
FEWEST_STORED = 24
"""Basis vectors that are kept whatever their size: more than an exponential of an allowed step needs."""
PASSING = 3
"""Vectors beyond the stored ones that the recurrence needs."""
LARGEST_EXPONENTIAL = 60
"""Dimensions from which on an exponential is done in two halves: a dimension brings the less the longer the step is."""
LARGEST = 400
"""Dimensions of other functions, at most."""


def stored_vectors(field_bytes: int) -> int:
    """How many basis vectors of a rank's field of that size are kept."""
    return min(LARGEST, max(FEWEST_STORED, STORED_BYTES // field_bytes))
