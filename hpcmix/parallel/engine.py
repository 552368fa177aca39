"""Which transform a run uses."""

from __future__ import annotations

import numpy as np

from hpcmix.kernels import dispatch, reference
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.line_transform import LineTransform
from hpcmix.parallel.pencil_transform import PencilTransform
from hpcmix.parallel.slab_transform import SlabTransform
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transform import Transform


def make_transform(communicators: Communicators, real: bool, dtype: np.dtype, timers: Timers) -> Transform:
    """The transform for the grid of `communicators`; `dtype` is that of the spectrum. Collective over the group.

    Complex fields on slabs go through the compiled lines, where there are compiled kernels; pencils, real fields and
    one
    dimension through ducc0.
    """
    decomposition = communicators.decomposition
    engine: type[Transform] = PencilTransform
    if decomposition.dimensions == 1:
        engine = LineTransform
    elif not real and decomposition.pencil_grid[1] == 1 and dispatch.implementation() is not reference:
        engine = SlabTransform
    return engine(communicators, real, dtype, timers)
