"""Frequencies and rates from the record of a mode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def prony(times: Sequence[float], values: Sequence[float], start: float = 0.0) -> complex:
    """w of values ~ Re(c exp(-i w t)), Re w >= 0, from equidistant times after ``start``: the least squares of the
    linear recurrence that such values obey, v_(n+1) = 2 e^(w'' h) cos(w' h) v_n - e^(2 w'' h) v_(n-1).
    """
    times, values = np.asarray(times), np.asarray(values)
    step = times[1] - times[0]
    used = values[times >= start]
    stride = max(1, round(0.5 / step))  # short strides would see rounding and noise more than the wave
    middle, before, after = used[stride:-stride], used[: -2 * stride], used[2 * stride :]
    scale = np.maximum(np.abs(before) + np.abs(middle), 1e-300)
    a, b = np.linalg.lstsq(np.stack([middle / scale, before / scale], axis=1), after / scale, rcond=None)[0]
    z = (a + np.emath.sqrt(a * a + 4 * b)) / 2
    w = 1j * np.log(complex(z)) / (stride * step)
    return complex(abs(w.real), w.imag)
