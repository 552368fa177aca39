"""The Gaussian interaction G(r) = strength exp(-r^2 / (2 width^2))."""

from __future__ import annotations

import numpy as np


def gaussian_multiplier(squared_wave_number: np.ndarray, strength: float, width: float, dimensions: int) -> np.ndarray:
    """G^(k) = strength (2 pi width^2)^(d/2) exp(-width^2 k^2 / 2) in d dimensions (EQUATIONS, kernels).

    The infinite-space transform at the box's wave numbers: the kernel summed over the periodic images.
    """
    return strength * (2.0 * np.pi * width**2) ** (dimensions / 2.0) * np.exp(-0.5 * width**2 * squared_wave_number)
