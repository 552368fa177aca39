"""Radial transforms of cut functions exp(-rate q(r)) h(r) for all rates of a range: in a frame that grows a kernel's
range shrinks from kick to kick, and a quadrature for each would cost far more than the kick."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.transform import RadialTransform
from hpcmix.problem.sections.interactions.section import RANGES

LARGEST_EXPONENT = 40.5
"""rate q(radius) at the end of the range: the function is 3e-18 there, below the rounding of a sum."""

POINTS = RANGES
"""exp(-u) on [0, 2a] is a sum of Chebyshev terms exp(-a) I_n(a): those left out are below 5e-17 for a = 20.25."""


class DecayingTransforms:
    """The transforms at Chebyshev points of the rate, made once, and between them by interpolation.

    exponent  q(r), which grows up to the radius.
    factor    h(r).
    """

    def __init__(
        self,
        radius: float,
        exponent: Callable[[np.ndarray], np.ndarray],
        factor: Callable[[np.ndarray], np.ndarray],
        dimensions: int,
        largest: float,
    ) -> None:
        angles = np.pi * (np.arange(POINTS) + 0.5) / POINTS
        self._rates = 0.5 * LARGEST_EXPONENT / float(exponent(np.array(radius))) * (1.0 + np.cos(angles))
        self._weights = np.sin(angles) * (-1.0) ** np.arange(POINTS)
        function = RadialFunction(
            (0.0, radius),
            lambda r: factor(r)[:, np.newaxis] * np.exp(-np.multiply.outer(exponent(r), self._rates)),
        )
        self._transforms = RadialTransform.of(function, dimensions, largest)

    def at(self, rate: float) -> RadialTransform:
        """The transform at one rate of the range, by the barycentric formula."""
        distances = rate - self._rates
        if np.any(distances == 0.0):
            return self._transforms.combined((distances == 0.0).astype(float))
        shares = self._weights / distances
        return self._transforms.combined(shares / np.sum(shares))
