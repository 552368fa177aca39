"""Between position space and half way to wave-number space, species by species."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture


class Stages:
    """Where fields of a mixture's species are left between a kick and a drift.

    diagonal  whether the species' drift is a multiplier in k: it begins and ends half way; any other in position space.
    axes      how many of the last axes are transformed half way.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._transform, self._kernels = mixture.transform, mixture.engine.kernels
        self.diagonal = [species.kinetic.diagonal for species in mixture.species]
        self.axes = [mixture.transform.plane_axes if diagonal else 0 for diagonal in self.diagonal]

    def enter_position(self, fields: Sequence[np.ndarray]) -> None:
        """Bring fields that are half way to position space, in place; an array of fields of every species. Local."""
        for array, axes in zip(fields, self.axes, strict=True):
            for field in array if axes > 0 else ():
                self._transform.enter_position(field, field)

    def leave_position(self, fields: Sequence[np.ndarray]) -> None:
        """The reverse. Local."""
        for array, axes in zip(fields, self.axes, strict=True):
            for field in array if axes > 0 else ():
                self._kernels.transform_planes(field, True, axes=axes)
