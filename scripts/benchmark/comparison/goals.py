"""The goals: ratios that the program is held to, from the measurements of one interleaved run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comparison import candidates as c
from comparison.accuracy import Accuracy
from comparison.rounds import Contest, Measurement, ratio
from hpcmix.running.bench.spread import Spread

GOAL_SIZES = (128, 256)
"""Points per axis at which the goals are stated; other sizes are shown beside them."""

FLOOR_LIMITS = {"AVX-512": 0.75, "AVX2": 0.95}
"""Step against two bare pairs of transforms, by the processor's vector instructions."""


@dataclass(frozen=True)
class Row:
    """One goal.

    value  measured; None with the reason in `note`.
    limit  None where no goal is stated; `at_least`: the value must not be below it, otherwise not above it.
    """

    measure: str
    limit: float | None
    value: Spread | None
    at_least: bool = False
    note: str = ""

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.limit is None:
            return "none at this size"
        return f"at least {self.limit:g}" if self.at_least else f"at most {self.limit:g}"

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal; None where there is none or nothing was measured."""
        if self.value is None or self.limit is None:
            return None
        return self.value.median >= self.limit if self.at_least else self.value.median <= self.limit


class Goals:
    """Looks the entries up and divides them."""

    def __init__(self, contest: Contest, ranks: Sequence[int], instructions: str) -> None:
        self._measurements = contest.measurements
        self._contest = contest
        self._ranks = ranks
        self._instructions = instructions

    def rows(self, sizes: Sequence[int], accuracy: Accuracy | None) -> list[Row]:
        """All rows whose cases were measured, in the order of the goals."""
        first = (self._floor, self._xmds, self._documented, self._careful, self._transform, self._scaling)
        found = [row for group in first for points in sizes for row in group(points)]
        if accuracy is not None:
            found += self._accuracy(accuracy)
        last = (self._convolution, self._precision, self._memory)
        return found + [row for group in last for points in sizes for row in group(points)]

    def _find(self, name: str, points: int, ranks: int, *words: str) -> Measurement | None:
        """The measurement of a candidate whose case is described by exactly these words."""
        return self._measurements.get((name, ", ".join(words), points, ranks))

    def _step(self, points: int, ranks: int, interaction: str = "contact", *words: str) -> Measurement | None:
        return self._find("hpcmix", points, ranks, "2 components", interaction, "strang", *words)

    @staticmethod
    def _row(
        measure: str,
        limit: float | None,
        points: int,
        above: Measurement | None,
        below: Measurement | None,
        factor: float = 1.0,
        at_least: bool = False,
    ) -> list[Row]:
        """The row of above / (factor * below); none if one of them was not even tried."""
        if above is None or below is None:
            return []
        limit = limit if points in GOAL_SIZES else None
        value, note = ratio(above, below, factor), ""
        if value is None:
            note = "; ".join(f"{one.entry.candidate.name}: {one.note}" for one in (above, below) if one.note)
        return [Row(measure, limit, value, at_least, note)]

    def _floor(self, points: int) -> list[Row]:
        floors = [self._find(one.name, points, 1, "pair", "double") for one in (c.DUCC0, c.FFTW)]
        timed = {one.spread.median: one for one in floors if one is not None and one.spread is not None}
        quickest = timed[min(timed)] if timed else None
        name = "" if quickest is None else f" ({quickest.entry.candidate.name.split(',')[0]})"
        measure = f"two-component step, {points}^3, 1 rank, against two bare pairs of the quickest library{name}"
        limit = FLOOR_LIMITS.get(self._instructions)
        return self._row(measure, limit, points, self._step(points, 1), quickest, factor=2.0)

    def _peer(self, points: int, name: str, integrator: str, limit: float, what: str) -> list[Row]:
        rows = []
        for ranks in self._ranks:
            peer = self._find(name, points, ranks, "2 components", "contact", integrator)
            measure = f"two-component step, {points}^3, {ranks_text(ranks)}, against {what}"
            rows += self._row(measure, limit, points, self._step(points, ranks), peer)
        return rows

    def _xmds(self, points: int) -> list[Row]:
        return self._peer(points, c.XMDS.name, "SI", 0.35, "XMDS2's second-order step")

    def _documented(self, points: int) -> list[Row]:
        return self._peer(points, c.DOCUMENTED.name, "strang", 0.08, c.DOCUMENTED.name)

    def _careful(self, points: int) -> list[Row]:
        return self._peer(points, c.CAREFUL.name, "strang", 0.17, c.CAREFUL.name)

    def _transform(self, points: int) -> list[Row]:
        measure = f"distributed pair with kinetic phase, {points}^3, 2 ranks, against FFTW-MPI's with transposed output"
        ours = self._find("hpcmix", points, 2, "free step", "one component", "double")
        theirs = self._find(c.FFTW_TRANSPOSED.name, points, 2, "pair", "double")
        return self._row(measure, {128: 0.50, 256: 0.40}.get(points), points, ours, theirs)

    def _scaling(self, points: int) -> list[Row]:
        measure = f"two-component step, {points}^3: one rank against two"
        return self._row(measure, 1.8, points, self._step(points, 1), self._step(points, 2), at_least=True)

    def _accuracy(self, accuracy: Accuracy) -> list[Row]:
        measure = f"time to error 1e-8, two-component quench, {accuracy.points}^3, against XMDS2's best algorithm"
        found = accuracy.against_xmds(self._contest, 1e-8)
        if found is None:
            return [Row(measure, 0.10, None, note="; ".join(f"{k}: {v}" for k, v in accuracy.notes.items()))]
        value, ours, theirs = found
        return [Row(f"{measure} ({ours.scheme} against {theirs.scheme})", 0.10, value)]

    def _convolution(self, points: int) -> list[Row]:
        rows = []
        for ranks in self._ranks:
            measure = f"Yukawa kernels of all pairs added to the two-component step, {points}^3, {ranks_text(ranks)}"
            added, contact = self._step(points, ranks, "convolution"), self._step(points, ranks)
            rows += self._row(measure, 1.6, points, added, contact)
        return rows

    def _precision(self, points: int) -> list[Row]:
        rows = []
        for ranks in self._ranks:
            measure = f"double against single precision, two-component step, {points}^3, {ranks_text(ranks)}"
            double, single = self._step(points, ranks), self._step(points, ranks, "contact", "single")
            rows += self._row(measure, 1.6, points, double, single, at_least=True)
        return rows

    def _memory(self, points: int) -> list[Row]:
        rows = []
        for ranks in self._ranks:
            step = self._step(points, ranks)
            if step is None:
                continue
            measure = (
                f"peak memory per rank over fields and two work grids, two components, {points}^3, {ranks_text(ranks)}"
            )
            value = None
            if step.memory is not None and step.memory == step.memory:
                share = step.memory / (4.0 * step.entry.case.field_bytes / ranks)
                value = Spread(share, share, share, 1)
            rows.append(Row(measure, 1.15 if points in GOAL_SIZES else None, value, note=step.note))
        return rows


def ranks_text(ranks: int) -> str:
    """1 rank, 2 ranks."""
    return f"{ranks} rank" if ranks == 1 else f"{ranks} ranks"
