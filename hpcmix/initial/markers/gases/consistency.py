"""Mean fields that make the densities which make them: a fixed point, with Anderson's mixing.

Fields F are mapped to g(F), the mean fields of what lives in F. With r = g(F) - F and the differences dF, dr of the
last fields (Anderson, J. ACM 12 (1965) 547)

    F -> F + b r - sum_j c_j (dF_j + b dr_j),     c = argmin |r - sum_j c_j dr_j|,

in the norm |r|^2 = sum of integral rho r^2. Between gases that repel each other g falls where F grows, and small enough
steps b always lead to the only fixed point; they are halved wherever the residual grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.initial.markers.gases.trapped import TrappedGas
from hpcmix.parallel.communicators import Communicators

HISTORY = 6
GROWTH = 4.0
"""Factor by which a residual may lie above the smallest before: mixing takes it up at times on its way down."""
SMALLEST_STEP = 1.0 / 256.0

Fields = list[np.ndarray]


class SelfConsistency:
    """The fields of some gases, on their way.

    respond  fills the gases by given fields and gives the mean fields that follow. Collective.
    residual of the last fields: the largest over the gases of (integral rho r^2 / N)^(1/2) in units of their spread.
    """

    def __init__(
        self, gases: Sequence[TrappedGas], respond: Callable[[Fields], Fields], communicators: Communicators
    ) -> None:
        self._gases, self._respond, self._communicators = gases, respond, communicators
        self._cell = gases[0].points.mixture.grid.cell_volume
        self.residual = math.inf
        self.iterations = 0

    def run(self, fields: Fields, tolerance: float, most: int, alive: Callable[[], None]) -> Fields:
        """The fixed point that is found from `fields`, to a residual of `tolerance`, in `most` iterations in all. The
        gases are filled by what is returned. Raises :class:`NotConverged`. Collective."""
        step, best_residual = 1.0, math.inf
        best = (fields, fields)
        past: list[tuple[Fields, Fields]] = []
        before: tuple[Fields, Fields] | None = None
        while True:
            change = [new - old for new, old in zip(self._respond(fields), fields, strict=True)]
            self.residual = self._norm(change)
            self.iterations += 1
            alive()
            if self.residual <= tolerance:
                return fields
            if self.iterations >= most:
                raise NotConverged(
                    f"ground state: the mean fields of {self._names} change by {self.residual:.1e} of what moves their "
                    f"particles after {self.iterations} iterations, asked for {tolerance:.1e}; raise "
                    "ground_state.max_iterations or ground_state.tolerance"
                )
            if not self.residual <= GROWTH * best_residual:
                step *= 0.5
                if step < SMALLEST_STEP:
                    raise NotConverged(
                        f"ground state: no density of {self._names} agrees with the mean field that it makes; is an "
                        "attraction too strong? A temperature or a trap may hold the cloud"
                    )
                past.clear()
                before, fields = None, _moved(*best, step)
                continue
            if self.residual < best_residual:
                best, best_residual = (fields, change), self.residual
            if before is not None:
                past.append((_difference(fields, before[0]), _difference(change, before[1])))
                del past[:-HISTORY]
            before = (fields, change)
            fields = self._mixed(fields, change, past, step)

    def distance(self, left: Fields, right: Fields) -> float:
        """How far two sets of fields are from each other, as residuals are. Collective."""
        return self._norm(_difference(left, right))

    @property
    def _names(self) -> str:
        return " and ".join(f'"{gas.name}"' for gas in self._gases)

    def _mixed(self, fields: Fields, change: Fields, past: list[tuple[Fields, Fields]], step: float) -> Fields:
        """The next fields."""
        mixed = _moved(fields, change, step)
        if past:
            count = len(past)
            local = [self._product(past[i][1], past[j][1]) for i in range(count) for j in range(count)]
            local += [self._product(past[i][1], change) for i in range(count)]
            sums = self._communicators.sum(local)
            matrix, right = sums[: count * count].reshape(count, count), sums[count * count :]
            scale = 1.0 / np.sqrt(np.maximum(matrix.diagonal(), np.finfo(float).tiny))
            parts = scale * np.linalg.lstsq(scale[:, np.newaxis] * matrix * scale, scale * right, rcond=1e-12)[0]
            for part, (shift, bend) in zip(parts, past, strict=True):
                for field, moved, bent in zip(mixed, shift, bend, strict=True):
                    field -= part * (moved + step * bent)
        return mixed

    def _product(self, left: Fields, right: Fields) -> float:
        """This rank's part of sum_a integral rho_a left_a right_a."""
        triples = zip(self._gases, left, right, strict=True)
        return self._cell * sum(float(np.sum(gas.density * u * v, dtype=np.float64)) for gas, u, v in triples)

    def _norm(self, change: Fields) -> float:
        local = [
            self._cell * float(np.sum(gas.density * r * r, dtype=np.float64))
            for gas, r in zip(self._gases, change, strict=True)
        ]
        sums = self._communicators.sum(local)
        return max(
            math.sqrt(max(total, 0.0) / gas.setting.particles) / gas.spread
            for gas, total in zip(self._gases, sums, strict=True)
        )


def _difference(left: Fields, right: Fields) -> Fields:
    return [u - v for u, v in zip(left, right, strict=True)]


def _moved(fields: Fields, change: Fields, step: float) -> Fields:
    return [field + step * r for field, r in zip(fields, change, strict=True)]
