"""The periodic Yukawa interaction G(r) = strength exp(-screening r) / r, summed over the images of the box."""

from __future__ import annotations

import numpy as np


def yukawa_multiplier(
    squared_wave_number: np.ndarray, strength: float, screening: float, dimensions: int
) -> np.ndarray:
    """The transform of the kernel; `screening` > 0.

    Three dimensions: G^(k) = 4 pi strength / (k^2 + screening^2).
    Two dimensions (the same function of r in the plane): G^(k) = 2 pi strength / sqrt(k^2 + screening^2).
    In one dimension exp(-screening |x|)/|x| has no transform; the problem file refuses it.
    """
    denominator = squared_wave_number + screening**2
    if dimensions == 3:
        return 4.0 * np.pi * strength / denominator
    return 2.0 * np.pi * strength / np.sqrt(denominator)
