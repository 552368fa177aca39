"""Mean fields that make the densities which make them: a fixed point, with Anderson's mixing.

Fields F are mapped to g(F), the mean fields of what lives in F. With r = g(F) - F and the differences dF, dr of the
last fields (Anderson, J. ACM 12 (1965) 547)

    F -> F + b r - sum_j c_j (dF_j + b dr_j),     c = argmin |r - sum_j c_j dr_j|,

in the norm |r|^2 = sum of integral rho r^2. Two cases tell when F -> F + b r alone, no c, ends at a minimum of the
energy: with b = 1 between gases and wave functions that act on each other only, since to fill the gases and to find the
wave functions both lower it; and with a small enough b among gases that repel each other, where g falls as F grows. So
fields are mixed where they are close to the end, and where that goes astray, or the residual grows or stays, there are
steps without mixing, and smaller ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged, OutOfIterations
from hpcmix.initial.markers.gases.trapped import TrappedGas
from hpcmix.parallel.communicators import Communicators

HISTORY = 6
GROWTH = 4.0
"""Factor by which a residual may lie above the smallest before: mixing takes it up at times on its way down."""
SMALLEST_STEP = 1.0 / 256.0

IDLE = 12
"""Iterations without a smaller residual after which a way is lost."""
NEAR = 0.1
"""Residual from which on fields are mixed: farther away differences of fields tell little of what changes make."""
PLAIN = 8
"""Iterations without mixing after a way was lost."""

Fields = list[np.ndarray]


class _Way:
    """Where fields have come to.

    fields  the present ones.
    step    b.
    past    differences of fields and of their changes, to be mixed.
    left    the fields of the last step and the change that they made, None where they were not left by it.
    """

    def __init__(self, fields: Fields) -> None:
        self.fields, self.step = fields, 1.0
        self.past: list[tuple[Fields, Fields]] = []
        self._best, self._smallest, self._idle = (fields, fields), math.inf, 0
        self.left: tuple[Fields, Fields] | None = None
        self._before: tuple[Fields, Fields] | None = None
        self._plain = 0

    @property
    def smallest(self) -> float:
        """The smallest residual so far."""
        return self._smallest

    @property
    def nearest(self) -> Fields:
        """The fields of that residual."""
        return self._best[0]

    def is_lost(self, change: Fields, residual: float) -> bool:
        """Take note of the change that the present fields make. Whether they lead nowhere: they are then those of the
        smallest residual, moved by its change, with a smaller step if it was not mixing that went astray."""
        self._idle += 1
        if residual < self._smallest:
            self._best, self._smallest, self._idle = (self.fields, change), residual, 0
        if not residual <= GROWTH * self._smallest or self._idle >= IDLE:
            if not self.past:
                self.step *= 0.5
            self.past.clear()
            self.left = self._before = None
            self._plain, self._idle = PLAIN, 0
            self.fields = _moved(*self._best, self.step)
            return True
        if self._plain > 0:
            self._plain -= 1
        elif residual < NEAR:
            if self._before is not None:
                past = (_difference(self.fields, self._before[0]), _difference(change, self._before[1]))
                self.past = [*self.past, past][-HISTORY:]
            self._before = (self.fields, change)
        return False


class SelfConsistency:
    """The fields of some gases, on their way.

    respond  fills the gases by given fields and gives the mean fields that follow. Collective.
    residual of the last fields: the largest over the gases of (integral rho r^2 / N)^(1/2) in units of their spread.
    nearest  the fields of the smallest residual so far, and that residual; None before there are any.
    """

    def __init__(
        self, gases: Sequence[TrappedGas], respond: Callable[[Fields], Fields], communicators: Communicators
    ) -> None:
        self._gases, self._respond, self._communicators = gases, respond, communicators
        self._cell = gases[0].points.mixture.grid.cell_volume
        self.residual = math.inf
        self.iterations = 0
        self.nearest: tuple[Fields, float] | None = None

    def run(
        self,
        fields: Fields,
        tolerance: float,
        enough: float,
        most: int,
        alive: Callable[[], None],
        keep: Callable[[], str | None],
    ) -> Fields:
        """The fixed point that is found from `fields`, to a residual of `tolerance`, in `most` iterations in all; where
        residuals fall no more, to `enough`. The gases are filled by what is returned. `alive` is called in every
        iteration, and `keep`, which says where the nearest fields are kept, where they are too many. Raises
        :class:`NotConverged`. Collective."""
        way = _Way(fields)
        while True:
            change = _difference(self._respond(way.fields), way.fields)
            self.residual = self._norm(change)
            self.iterations += 1
            if self.nearest is None or self.residual < self.nearest[1]:
                self.nearest = way.fields, self.residual
            alive()
            if self.residual <= tolerance:
                return way.fields
            if self.iterations >= most:
                error = OutOfIterations(
                    f"ground state: the mean fields of {self._names} change by {self.residual:.1e} of what moves their "
                    f"particles after {self.iterations} iterations, asked for {tolerance:.1e}"
                )
                place = keep()
                raise error if place is None else error.keeping(place)
            if way.is_lost(change, self.residual):
                if way.smallest <= enough:
                    self._respond(way.nearest)
                    self.residual = way.smallest
                    return way.nearest
                if way.step < SMALLEST_STEP:
                    raise NotConverged(
                        f"ground state: no density of {self._names} was found that agrees with the mean field that it "
                        "makes, which is too strong for what moves the particles (of an attraction there may be none): "
                        "weaken it, or begin at a temperature or in a tighter trap"
                    )
                continue
            fields, change_before = way.fields, change
            way.fields = self._mixed(way.fields, change, way.past, min(way.step, self._short_step(way, change)))
            way.left = (fields, change_before)

    def distance(self, left: Fields, right: Fields) -> float:
        """How far two sets of fields are from each other, as residuals are. Collective."""
        return self._norm(_difference(left, right))

    @property
    def _names(self) -> str:
        return " and ".join(f'"{gas.name}"' for gas in self._gases)

    def _short_step(self, way: _Way, change: Fields) -> float:
        """-<dF, dr> / <dr, dr> of the last step: as far as r falls by its own size where it is steep; else one."""
        if way.left is None or way.past:
            return 1.0
        shift, bend = _difference(way.fields, way.left[0]), _difference(change, way.left[1])
        along, squared = self._communicators.sum([-self._product(shift, bend), self._product(bend, bend)])
        return float(along / squared) if 0.0 < along < squared else 1.0

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
