"""What the peers written in Python share: a splitting's table applied to a kick and a drift of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from comparison import problem
from comparison.problem import Case
from hpcmix.splittings import INTEGRATORS


class SplitStep(ABC):
    """K(b_0 dt) D(a_1 dt) ... K(b_s dt) again and again; a unit of work is one step.

    merging  the last kick of a step is put together with the first one of the next, as a careful user does.
    """

    merging = True

    def __init__(self, case: Case) -> None:
        self.case = case
        table = INTEGRATORS[case.integrator]
        self._kicks = [b * case.step for b in table.kicks]
        self._drifts = [a * case.step for a in table.drifts]
        self._pending = 0.0

    def kinetic_tables(self, squares: np.ndarray, dtype: np.dtype) -> dict[float, np.ndarray]:
        """exp(-i duration k^2 / 2) / n for every duration that :meth:`drift` is asked for, n the points of the grid."""
        return {
            duration: (np.exp(-0.5j * duration * squares) / self.case.points**3).astype(dtype)
            for duration in set(self._drifts)
        }

    def multipliers(self, squares: np.ndarray, dtype: np.dtype) -> dict[tuple[int, int], np.ndarray]:
        """G_ab(k) / n for every pair of components a <= b."""
        components = range(self.case.components)
        return {
            (a, b): (problem.yukawa_multiplier(a, b, squares) / self.case.points**3).astype(dtype)
            for a in components
            for b in components[a:]
        }

    def run(self, units: int) -> None:
        """That many steps."""
        for _ in range(units):
            self.kick(self._pending + self._kicks[0])
            for number, (drift, kick) in enumerate(zip(self._drifts, self._kicks[1:], strict=True), start=1):
                self.drift(drift)
                if number < len(self._drifts) or not self.merging:
                    self.kick(kick)
            self._pending = self._kicks[-1] if self.merging else 0.0

    def write_state(self, whole: np.ndarray) -> None:
        """Complete the step and write this rank's part."""
        if self._pending:
            self.kick(self._pending)
            self._pending = 0.0
        for component, (block, field) in enumerate(self.fields()):
            whole[component][block] = field

    @abstractmethod
    def kick(self, duration: float) -> None:
        """psi_a -> exp(-i duration (U + W_a)) psi_a for all components."""

    @abstractmethod
    def drift(self, duration: float) -> None:
        """psi_a -> exp(-i duration k^2 / 2) psi_a in wave-number space, for all components."""

    @abstractmethod
    def fields(self) -> list[tuple[tuple[slice, ...], np.ndarray]]:
        """For each component this rank's block of the grid and its part of the field."""
