"""How far the pairs are from exact commutation relations."""

from __future__ import annotations

import numpy as np

from hpcmix.observe.fluctuations.sums import fluctuations_of
from hpcmix.observe.look import Look
from hpcmix.state.beginning import Beginning
from hpcmix.state.fluctuations import Fluctuations

FEWEST_TOGETHER = 16
PRODUCTS = 4e9
"""Products of numbers that a look may spend on overlaps: all pairs with each other where that takes no more, else those
of so many neighbours, 16 at the least, which cost about a tenth of a step."""

POINTS_AT_ONCE = 1 << 12
"""Of the copies of pairs that matrix products take: more would be a large part of the pairs themselves on small grids,
and is no quicker."""


def symplectic_defect(look: Look, beginning: Beginning) -> float:
    """The largest of |<u_i, u_j> - <w_j, w_i> - <f_i, f_j>| and |<u_i, w_j> - <u_j, w_i>| over |f_i| |f_j|: what is
    missing from U^+ U - V^T conj(V) = 1 and U^+ V = V^T conj(U), species summed, <,> with the volume element.

    A kick is an exactly symplectic map, so that pairs need not be completed for it. i and j are of one replica: those
    of others would have to be sent, all of them in every record. The value therefore depends on the number of
    replicas; what takes pairs out of the relations shows in any. Collective over the world.
    """
    fluctuations, communicators = fluctuations_of(look), look.mixture.communicators
    largest = 0.0
    count = len(fluctuations.held)
    size = _together(look, fluctuations)
    for first in range(0, count, size):
        place = slice(first, min(first + size, count))
        gram = _start(fluctuations, beginning, place)
        normal, anomalous = _overlaps(look, fluctuations, place)
        norms = np.sqrt(np.diag(gram).real)
        scale = np.outer(norms, norms)
        found = [np.max(np.abs(normal - gram) / scale), np.max(np.abs(anomalous - anomalous.T) / scale)]
        largest = max(largest, *map(float, found))
    return float(np.max(communicators.gather_replicas(np.array([largest]))))


def _together(look: Look, fluctuations: Fluctuations) -> int:
    """How many neighbours are compared with each other."""
    values = len(look.mixture.species) * float(np.prod(look.mixture.grid.points)) * max(1, len(fluctuations.held))
    return max(FEWEST_TOGETHER, int(PRODUCTS / values))


def _start(fluctuations: Fluctuations, beginning: Beginning, place: slice) -> np.ndarray:
    """<f_i, f_j> of some of the pairs that are held."""
    numbers = np.array(fluctuations.held[place])
    gram = np.eye(len(numbers), dtype=np.complex128)
    probes = np.flatnonzero(numbers >= fluctuations.exact)
    first = max(fluctuations.exact, fluctuations.held.start)
    own = numbers[probes] - first
    gram[np.ix_(probes, probes)] = beginning.gram[np.ix_(own, own)]
    return gram


def _overlaps(look: Look, fluctuations: Fluctuations, place: slice) -> tuple[np.ndarray, np.ndarray]:
    """The matrices <u_i, u_j> - <w_j, w_i> and <u_i, w_j>. Collective over the group."""
    mixture = look.mixture
    count = len(fluctuations.held[place])
    normal, anomalous = np.zeros((2, count, count), np.complex128)
    for array in fluctuations.pairs:
        fields = array[place].reshape(count, 2, -1)
        for begin in range(0, fields.shape[2], POINTS_AT_ONCE):
            points = slice(begin, begin + POINTS_AT_ONCE)
            u, w = (np.ascontiguousarray(fields[:, which, points]) for which in (0, 1))
            normal += u.conj() @ u.T - w @ w.conj().T
            anomalous += u.conj() @ w.T
    sums = mixture.communicators.sum(np.stack([normal, anomalous]))
    normal, anomalous = mixture.grid.cell_volume * sums
    return normal, anomalous
