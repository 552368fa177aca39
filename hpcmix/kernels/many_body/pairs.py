"""The product of a pair Hamiltonian of bosons in a few modes with their wave function, without tables of its length.

    target_n <- keep target_n + shift source_n
                + scale sum_(pq) f_pq(k) sum_(rs) V_(pq)(rs) f_rs(k) source_{k + e_r + e_s},     k = n - e_p - e_q

over p <= q and r <= s: a*_p a*_q a_s a_r by way of the configurations k of two particles less, with f_rs(k) =
sqrt((k_r + 1) (k_s + 1)), or sqrt((k_r + 1) (k_r + 2)) for r = s. Configurations stand in lexicographic order, their
ranks are computed on the way. Compiled or numpy, as the other kernels; a row gets the same bits whatever rows are asked
for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins import pairs as reference_pairs

MOST_MODES = 16
"""More than these are done by the numpy twin."""


def ways_of(particles: int, modes: int) -> NDArray[np.int64]:
    """C(R + M, M) for R = 0 .. particles and M = 0 .. modes - 1: ways to put R particles into M + 1 modes."""
    table = np.ones((particles + 1, modes), np.int64)
    for mode in range(1, modes):
        np.cumsum(table[:, mode - 1], out=table[:, mode])
    return table


def apply_pairs(
    source: NDArray,
    target: NDArray,
    first: int,
    ways: NDArray[np.int64],
    start: NDArray[np.int64],
    columns: NDArray[np.int32],
    values: NDArray,
    *,
    places: tuple[int, int, int, int, int] | None = None,
    scale: float = 1.0,
    shift: float = 0.0,
    keep: float = 0.0,
) -> None:
    """The product above.

    Args:
        source: complex128, one number for each configuration.
        target: complex128, those from `first` on, shares no memory with the source.
        first: rank of the target's first configuration.
        ways: of :func:`ways_of`; two particles and two modes at least.
        start, columns, values: V as a sparse matrix, a row for each pair (p, q), p <= q, q running quicker.
        places: (a, b, x, y, z): the configuration of rank n is source[n + x] for n < a, source[n + y] for a <= n < b,
            source[n + z] from there on; source[n] unless given.
        scale, shift, keep: as above.
    """
    arguments.check_field("source", source, written=False)
    arguments.check_field("target", target, written=True)
    if source.dtype != np.complex128 or target.dtype != np.complex128 or source.ndim != 1 or target.ndim != 1:
        raise TypeError("source and target must be complex128 of one dimension")
    if np.may_share_memory(source, target):
        raise ValueError("source and target share memory")
    particles, modes = ways.shape[0] - 1, ways.shape[1]
    if particles < 2 or modes < 2:
        raise ValueError("there must be two particles and two modes at least")
    count = int(ways[-1, -1])
    if first < 0 or first + len(target) > count:
        raise ValueError(f"there are {count} configurations, not those from {first} to {first + len(target)}")
    if len(start) != modes * (modes + 1) // 2 + 1 or len(columns) != len(values):
        raise ValueError("V must have a row for every pair and a value for every column")
    if places is None:
        if len(source) != count:
            raise ValueError(f"the source has {len(source)} numbers in place of {count}")
        places = (0, count, 0, 0, 0)
    kernels = dispatch.implementation()
    module = reference_pairs if kernels is reference or modes > MOST_MODES else kernels
    roots = np.sqrt(np.arange(particles + 1, dtype=np.float64))
    module.apply_pairs(source, target, first, places, ways, roots, start, columns, values, scale, shift, keep)
