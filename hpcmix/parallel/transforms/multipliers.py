"""What a field is multiplied by in wave-number space. No MPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Factors = Sequence[np.ndarray]
"""A multiplier in wave-number space that is a product: one complex table per axis on this rank's block."""


@dataclass(frozen=True)
class Turn:
    """A multiplier in wave-number space that is a phase: scale * exp(-1j * angle * symbol).

    symbol  real array on this rank's block of wave numbers, in the precision of the fields.
    """

    symbol: np.ndarray
    angle: float
    scale: float
