"""What an expression or a file gives must be finite: the error that names its key, and who raises it."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.problem.checks.magnitudes import LARGEST_VALUES
from hpcmix.problem.mistakes.errors import ProblemError


class NotFinite(FloatingPointError):
    """An expression or a file of the problem has a value that is not finite: its key, and a sentence without it."""

    def __init__(self, where: str, sentence: str) -> None:
        self.where, self.sentence = where, sentence
        super().__init__(where, sentence)

    def __str__(self) -> str:
        return f"{self.where} {self.sentence}"

    def of_the_file(self) -> ProblemError:
        """The same as a mistake of the problem file."""
        return ProblemError.of(self.where, self.sentence)


def finite_strength(envelope: Envelope, instant: Instant, where: str) -> float:
    """e(t) at an instant. Raises :class:`NotFinite` with the key `where`."""
    strength = envelope(instant)
    if not np.isfinite(strength):
        raise NotFinite(where, f"is not finite at t = {instant.time:g}")
    return strength


def require_finite(where: str, grid: Grid, values: np.ndarray, time: float, scale: float = 1.0) -> None:
    """Raise :class:`NotFinite` naming the first point at which `values` is not finite, or so large that its
    square is not; `scale` is that of the frame."""
    finite = np.abs(values) <= LARGEST_VALUES["double"]
    if np.all(finite):
        return
    index = np.unravel_index(np.argmin(np.broadcast_to(finite, grid.position_shape)), grid.position_shape)
    point = ", ".join(
        f"{name} = {scale * float(x.ravel()[i]):g}" for name, x, i in zip("xyz", grid.coordinates, index, strict=False)
    )
    value = np.broadcast_to(values, grid.position_shape)[index]
    what = f"is {value:.3g}, too large to compute with," if np.isfinite(value) else "is not finite"
    raise NotFinite(where, f"{what} at {point}, t = {time:g}")
