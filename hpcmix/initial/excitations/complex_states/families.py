"""Solutions that belong together: of each family the one that stands for all."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh, qr

from hpcmix.initial.excitations.complex_states.solutions import grows_of
from hpcmix.initial.excitations.spectrum import SAME_MULTIPLET


def representatives(
    frequencies: np.ndarray, columns: np.ndarray, sign: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of all solutions of a system the growing ones with a real part that is not negative, and those of positive norm
    x^+ Sigma x with a real frequency; columns of unit length.

    A multiplet of real frequencies is combined so that Sigma is diagonal in it. `sign` is the diagonal of Sigma,
    `scale` energies over hbar, beside which an imaginary part is seen (:func:`grows_of`).
    """
    grows = grows_of(frequencies, scale)
    # the real part of a purely growing mode is rounding, and its family is closed: all are kept
    kept = grows & (frequencies.imag > 0.0) & (frequencies.real >= -SAME_MULTIPLET * np.abs(frequencies))
    values, vectors = [frequencies[kept]], [columns[:, kept]]
    steady = np.flatnonzero(~grows)
    steady = steady[np.argsort(frequencies[steady].real)]
    breaks = np.flatnonzero(np.diff(frequencies[steady].real) > SAME_MULTIPLET * scale) + 1
    for multiplet in np.split(steady, breaks):
        states, _ = qr(columns[:, multiplet], mode="economic")
        norms, turns = eigh(states.conj().T @ (sign * states))
        states = states @ turns[:, norms > 0.0]
        values.append(np.full(states.shape[1], np.mean(frequencies[multiplet].real) + 0j))
        vectors.append(states)
    found = np.concatenate(vectors, axis=1)
    return np.concatenate(values), found / np.linalg.norm(found, axis=0)


def lowest(frequencies: np.ndarray, count: int | None) -> np.ndarray:
    """The numbers of the modes in their order, growing ones before others and the quickest first, then by frequency:
    `count` of them and the rest of the last multiplet; all where it is None."""
    order = np.lexsort((frequencies.real, -frequencies.imag))
    if count is None or count >= len(order):
        return order
    last = frequencies[order[count - 1]]
    same = np.abs(frequencies[order[count:]] - last) <= SAME_MULTIPLET * abs(last)
    return order[: count + (len(same) if same.all() else int(np.argmin(same)))]
