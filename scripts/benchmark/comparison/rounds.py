"""The interleaved measurement: every candidate of a batch is kept alive and takes its turn in every round."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from comparison.entries import Entry
from comparison.turns import Contestant, Failed
from hpcmix.running.bench.spread import Spread

CHECK_STEPS = 4
"""Steps after which states are compared."""

Say = Callable[[str], None]


@dataclass
class Measurement:
    """What came of an entry.

    seconds     per unit of work, by (batch, round).
    difference  of its state from hpcmix's, or of the round trip.
    memory      bytes beyond the program's baseline, the largest over the ranks.
    note        why there is no number, or "" if there is one.
    """

    entry: Entry
    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    difference: float | None = None
    memory: float | None = None
    note: str = ""

    @property
    def spread(self) -> Spread | None:
        """Of all rounds; None if nothing was measured."""
        return Spread.of(self.seconds.values()) if self.seconds else None


def ratio(numerator: Measurement, denominator: Measurement, factor: float = 1.0) -> Spread | None:
    """Spread over the rounds of numerator / (factor * denominator): both were measured within seconds of each other.

    None when they share no round.
    """
    common = sorted(numerator.seconds.keys() & denominator.seconds.keys())
    if not common:
        return None
    return Spread.of(numerator.seconds[key] / (factor * denominator.seconds[key]) for key in common)


def batches(entries: Sequence[Entry], budget: float) -> list[list[Entry]]:
    """Divide entries so that each batch needs at most `budget` bytes; anchors are in every batch.

    An entry that does not even fit beside the anchors has a batch of its own with them: it may still run.
    """
    anchors = [entry for entry in entries if entry.anchor]
    others = [entry for entry in entries if not entry.anchor]
    room = budget - sum(entry.memory_estimate for entry in anchors)
    divided: list[list[Entry]] = []
    left = -math.inf
    for entry in others:
        if entry.memory_estimate > left:
            divided.append([])
            left = room
        divided[-1].append(entry)
        left -= entry.memory_estimate
    return [[*anchors, *rest] for rest in divided] or [anchors]


def available_memory() -> float:
    """Bytes that programs may still use, as far as the system tells."""
    try:
        with open("/proc/meminfo") as file:
            entries = dict(line.split(":", 1) for line in file)
        return 1024.0 * float(entries["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return 0.5 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Contest:
    """Runs batches and collects the measurements of all entries by their keys.

    rounds        turns of every entry.
    turn_seconds  that a turn takes about, at least one unit of work.
    """

    def __init__(self, rounds: int, turn_seconds: float, say: Say) -> None:
        self.measurements: dict[tuple, Measurement] = {}
        self._rounds = rounds
        self._turn_seconds = turn_seconds
        self._say = say
        self._batch = 0

    def measure(self, entries: Sequence[Entry], budget: float) -> None:
        """Measure entries; those that failed before or are not installed are noted and left out."""
        present = []
        for entry in entries:
            measurement = self.measurements.setdefault(entry.key, Measurement(entry))
            if missing := entry.candidate.missing():
                measurement.note = missing
            if not measurement.note:
                present.append(entry)
        for batch in batches(present, budget):
            self._run(batch)

    def _run(self, batch: Sequence[Entry]) -> None:
        self._batch += 1
        started: list[tuple[Measurement, Contestant]] = []
        references: dict[tuple, np.ndarray] = {}
        try:
            for entry in batch:
                measurement = self.measurements[entry.key]
                self._say(f"  starting {entry.candidate.name}: {entry.what}, {entry.case.points}^3, {entry.ranks}")
                contestant = None
                try:
                    contestant = entry.candidate.start(entry.case, entry.ranks)
                    contestant.wait_until_ready()
                    if entry.checked:
                        self._check(measurement, contestant, references)
                    started.append((measurement, contestant))
                except Failed as failure:
                    self._fail(measurement, contestant, failure)
            references.clear()
            self._take_turns(started)
        finally:
            for _, contestant in started:
                contestant.close()

    def _check(self, measurement: Measurement, contestant: Contestant, references: dict) -> None:
        """Compare the state after a few steps with that of the first hpcmix entry with the same problem. Raises
        :class:`Failed`."""
        entry = measurement.entry
        tolerance = entry.candidate.tolerance
        contestant.run(CHECK_STEPS)
        difference: float | None
        if entry.candidate.unit == "pair":
            difference = contestant.round_trip()
        else:
            case = entry.case
            problem = (case.points, case.components, case.interaction)
            state = self._state_of(entry, contestant)
            if entry.candidate.name == "hpcmix" and problem not in references:
                references[problem] = np.array(state)
                return
            difference = relative_difference(state, references[problem]) if problem in references else None
        if difference is None:
            return
        measurement.difference = max(difference, measurement.difference or 0.0)
        if not difference <= tolerance:
            raise Failed(f"wrong result: differs by {difference:.1e}, more than {tolerance:.0e}")

    @staticmethod
    def _state_of(entry: Entry, contestant: Contestant) -> np.ndarray:
        if entry.candidate.check is None:
            return contestant.state(entry.case)
        checked = entry.candidate.check(entry.case, entry.ranks)
        try:
            checked.wait_until_ready()
            checked.run(CHECK_STEPS)
            return np.array(checked.written_state(entry.case))
        finally:
            checked.close()

    def _take_turns(self, started: list[tuple[Measurement, Contestant]]) -> None:
        units: dict[tuple, int] = {}
        for number in range(self._rounds + 1):  # the first round is for warming up and counting
            # everybody begins a round once in a while, so that nobody always follows the same
            first = number % max(1, len(started))
            for measurement, contestant in started[first:] + started[:first]:
                key = measurement.entry.key
                if measurement.note:
                    continue
                try:
                    if number == 0:
                        seconds = contestant.run(1)
                        units[key] = max(1, round(self._turn_seconds / seconds))
                    else:
                        measurement.seconds[self._batch, number] = contestant.run(units[key]) / units[key]
                except Failed as failure:
                    self._fail(measurement, None, failure)
        for measurement, contestant in started:
            if not measurement.note:
                memory = contestant.memory()
                measurement.memory = max(memory, measurement.memory or 0.0)

    def _fail(self, measurement: Measurement, contestant: Contestant | None, failure: Failed) -> None:
        measurement.note = f"failed: {failure}"
        measurement.seconds.clear()
        self._say(f"    {measurement.note}")
        if contestant is not None:
            contestant.close()


def relative_difference(state: np.ndarray, reference: np.ndarray) -> float:
    """The largest over the components of |state - reference| / |reference|, in the Euclidean norm."""
    return max(
        float(np.linalg.norm((one - other).ravel()) / np.linalg.norm(other.ravel()))
        for one, other in zip(state, reference, strict=True)
    )
