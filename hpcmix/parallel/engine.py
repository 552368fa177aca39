"""Which transform a run uses."""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.line_transform import LineTransform
from hpcmix.parallel.pencil_transform import PencilTransform
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transform import Transform


def make_transform(communicators: Communicators, real: bool, dtype: np.dtype, timers: Timers) -> Transform:
    """The transform for the grid of `communicators`; `dtype` is that of the spectrum. Collective over the group."""
    engine = LineTransform if len(communicators.decomposition.points) == 1 else PencilTransform
    return engine(communicators, real, dtype, timers)
