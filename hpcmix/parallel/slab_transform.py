"""Slabs by the compiled lines: planes in cache, and a drift's two halves beside the kick.

The transform of a field on slabs falls into two parts: the planes that a rank holds (axes y and z), then, after the
exchange, the
lines along x. What a drift does in wave-number space touches one line at a time if its factor separates, so lines are
transformed, multiplied and transformed back in one sweep; and what a kick does touches one plane at a time, so a plane
is brought
back from the last drift, kicked and sent towards the next one in one sweep too (:class:`hpcmix.evolve.flows.Flows`).
Lines go through full tiles of the vector registers, whatever a rank holds: the bits do not depend on the number of
ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.kernels import transforms as kernels
from hpcmix.parallel.pencil_transform import PencilTransform


class SlabTransform(PencilTransform):
    """Complex fields in two or three dimensions on P1 x 1 ranks, every line by the compiled kernels."""

    @property
    def description(self) -> str:
        """See :meth:`Transform.description`."""
        return super().description.replace("lines by ducc0", "compiled lines, planes fused with the kicks")

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        """See :meth:`Transform.forward`."""
        first = self._first_array() if self._exchanges else wave
        np.copyto(first, field)
        self.planes_forward(first)
        spectrum = self._to_lines(first)
        with self.timers.phase("transform"):
            kernels.transform_lines(spectrum, 0, True)
        if spectrum is not wave:
            np.copyto(wave, spectrum)
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        """See :meth:`Transform.backward`."""
        spectrum = self.work if self._exchanges else field
        if spectrum is not wave:
            np.copyto(spectrum, wave)
        with self.timers.phase("transform"):
            kernels.transform_lines(spectrum, 0, False, self.inverse_points if normalise else 1.0)
        self._from_lines(field)
        self.planes_backward(field)
        return field

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None]) -> None:
        """See :meth:`Transform.multiply`. The field is its own first work array."""
        self.planes_forward(field)
        spectrum = self._to_lines(field)
        with self.timers.phase("transform"):
            kernels.transform_lines(spectrum, 0, True)
        with self.timers.phase("multiply"):
            multiplier(spectrum)
        with self.timers.phase("transform"):
            kernels.transform_lines(spectrum, 0, False)
        self._from_lines(field)
        self.planes_backward(field)

    def planes_forward(self, field: np.ndarray) -> None:
        """Transform every plane of this rank, in place."""
        with self.timers.phase("transform"):
            kernels.transform_planes(field, True)

    def planes_backward(self, field: np.ndarray) -> None:
        """Undo :meth:`planes_forward`, without a factor."""
        with self.timers.phase("transform"):
            kernels.transform_planes(field, False)

    def multiply_planes(self, field: np.ndarray, factors: Sequence[np.ndarray]) -> None:
        """What a multiplier that separates does to a field whose planes are transformed, in place. Collective.

        factors  one-dimensional, one per axis, on this rank's wave-number block; 1/n_points is theirs to hold.
        """
        spectrum = self._to_lines(field)
        with self.timers.phase("transform"):
            kernels.multiply_lines(spectrum, factors)
        self._from_lines(field)

    def _to_lines(self, field: np.ndarray) -> np.ndarray:
        """The array in which axis x is whole: the field itself on one rank, else where the exchange lands it."""
        if not self._exchanges:
            return field
        with self.timers.phase("exchange"):
            self._exchanges[0].forward(field)
        return self._exchanges[0].landing

    def _from_lines(self, field: np.ndarray) -> None:
        """The way back of :meth:`_to_lines`."""
        if self._exchanges:
            with self.timers.phase("exchange"):
                self._exchanges[0].backward(field)
