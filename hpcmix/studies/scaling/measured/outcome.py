"""Medians, spreads, speed-up and parallel efficiency of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.running.bench.spread import Spread
from hpcmix.studies.scaling.configurations import Configuration, points_of
from hpcmix.studies.scaling.measured.phases import Parts, oversubscribed


@dataclass(frozen=True)
class Row:
    """A configuration and its repeats, by round.

    results   the JSON of ``hpcmix bench`` of every repeat; failed: why there is none.
    """

    configuration: Configuration
    results: Mapping[int, Mapping[str, Any]]
    failed: str = ""

    @property
    def parts(self) -> dict[int, Parts]:
        """Every repeat by parts."""
        return {round_number: Parts.of(result) for round_number, result in self.results.items()}

    @property
    def step(self) -> Spread:
        """Seconds of a step over the repeats."""
        return Spread.of(parts.step for parts in self.parts.values())

    def part(self, name: str) -> Spread | None:
        """One of :data:`hpcmix.studies.scaling.measured.phases.PARTS` over the repeats, None where it was not
        measured."""
        values = [getattr(parts, name) for parts in self.parts.values()]
        return None if None in values else Spread.of(values)

    @property
    def last(self) -> Mapping[str, Any]:
        """The newest repeat, for what is the same in all of them."""
        return self.results[max(self.results)]

    @property
    def oversubscribed(self) -> bool:
        """Whether ranks had to share cores."""
        return any(oversubscribed(result) for result in self.results.values())


@dataclass(frozen=True)
class Compared:
    """A row beside the baseline.

    speed_up     grid points per second, over those of one core of the baseline.
    efficiency   speed-up per core.
    Both by round, then median and quartiles: what slows the machine down for a while slows both.
    """

    row: Row
    speed_up: Spread
    efficiency: Spread


@dataclass(frozen=True)
class Outcome:
    """All rows, those that were measured beside the baseline.

    baseline   the quickest configuration with one rank and one thread, the best that a serial run can do; where none
               was measured the quickest of those with the fewest cores.
    """

    measured: tuple[Compared, ...]
    failed: tuple[Row, ...]
    baseline: Row | None

    @property
    def serial(self) -> bool:
        """Whether the baseline is a serial run."""
        return self.baseline is not None and self.baseline.configuration.cores == 1

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Outcome:
        """Compare them."""
        measured = [row for row in rows if row.results]
        failed = tuple(row for row in rows if not row.results and row.failed)
        if not measured:
            return cls((), failed, None)
        fewest = min(row.configuration.cores for row in measured)
        baseline = min((row for row in measured if row.configuration.cores == fewest), key=lambda row: row.step.median)
        return cls(tuple(_compared(row, baseline) for row in measured), failed, baseline)

    def baseline_sentence(self) -> str:
        """What speed-up and efficiency are relative to."""
        if self.baseline is None:
            return "nothing was measured"
        words = f"{self.baseline.configuration.label}, {1e3 * self.baseline.step.median:.4g} ms a step"
        if self.serial:
            return f"speed-up and efficiency are relative to the best serial run: {words}"
        return (
            f"no serial run was measured: speed-up and efficiency are relative to the quickest run on the fewest cores "
            f"({words}), counted as {self.baseline.configuration.cores}; what that one loses itself does not show"
        )


def _compared(row: Row, baseline: Row) -> Compared:
    own, base = row.parts, baseline.parts
    rounds = sorted(set(own) & set(base))
    if rounds:
        quotients = np.array([base[number].step / own[number].step for number in rounds])
    else:
        quotients = np.array([baseline.step.median / row.step.median])
    quotients = quotients * points_of(row.configuration) / points_of(baseline.configuration)
    cores, base_cores = row.configuration.cores, baseline.configuration.cores
    return Compared(row, Spread.of(quotients * base_cores), Spread.of(quotients * base_cores / cores))
