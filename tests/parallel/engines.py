"""Engines for tests of transforms."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process.timers import Timers


def engine_on(
    communicators: Communicators, dtype: DTypeLike = np.complex128, exchange: str = "sub-array-messages"
) -> Engine:
    """On these ranks, with spectra of that type."""
    (precision,) = (precision for precision in Precision if precision.complex_type == dtype)
    return Engine(communicators, precision, Timers(), exchange)
