"""Frequencies and rates from the record of a mode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares


def fitted_wave(
    times: Sequence[float], values: Sequence[float], guess: complex, others: Sequence[complex] = (), start: float = 0.0
) -> complex:
    """w of values ~ Re(c exp(-i w t)) + the same with the frequencies ``others``, which are known, at times from
    ``start`` on: least squares in w, every amplitude c being the best for it. All times weigh alike, as the noise of
    markers does.
    """
    used = np.asarray(times) >= start
    t, v = np.asarray(times)[used], np.asarray(values)[used]

    def rest(w: np.ndarray) -> np.ndarray:
        waves = [np.exp(-1j * frequency * t) for frequency in (complex(*w), *others)]
        columns = np.stack([part for wave in waves for part in (wave.real, wave.imag)], axis=1)
        return (v - columns @ np.linalg.lstsq(columns, v, rcond=None)[0]) / np.max(np.abs(v))

    return complex(*least_squares(rest, [guess.real, guess.imag], xtol=1e-14, ftol=1e-14, gtol=1e-14).x)
