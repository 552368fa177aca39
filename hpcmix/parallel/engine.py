"""Which transform a run uses."""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transforms.line import LineTransform
from hpcmix.parallel.transforms.pencil import PencilTransform
from hpcmix.parallel.transforms.transform import Transform


def make_transform(
    communicators: Communicators,
    real: bool,
    dtype: np.dtype,
    timers: Timers,
    way: str = "sub-array-messages",
    fields: int = 1,
) -> Transform:
    """The transform for the grid of `communicators`; `dtype` is that of the spectrum. Collective over the group.

    way     name of the exchange between ranks (:mod:`hpcmix.parallel.transforms.trial` finds the quickest).
    fields  how many fields a drift moves at once.
    """
    if communicators.decomposition.dimensions == 1:
        return LineTransform(communicators, real, dtype, timers)
    return PencilTransform(communicators, real, dtype, timers, way, fields)
