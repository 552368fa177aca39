"""The guard: a solution that is not finite, shrinks to the grid's resolution, or loses what it must conserve, stops
the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.model.concentration import concentration
from hpcmix.model.mixture import Mixture
from hpcmix.observe.measures.conservation import PARTICLE_LIMIT, conserved_energy, energy_drift
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords
from hpcmix.problem.words.times import PLAIN, TimeWords
from hpcmix.state.state import State

ENERGY_LIMIT = 0.05
"""Change of the energy, relative to the sum of its terms' magnitudes, at which a run is not worth going on with."""


PAIRS = "the pairs of [fluctuations]"
"""What is lost beside species, in words."""


class BlowUp(RuntimeError, Foreseen):
    """The solution is lost; the text says where and when, and what to try.

    collapse_time  when a collapse was seen, if it was one.
    """

    status = ExitStatus.BLEW_UP
    of_the_problem = True

    def __init__(self, message: str, collapse_time: float | None = None) -> None:
        super().__init__(message)
        self.collapse_time = collapse_time


@dataclass(frozen=True)
class Conservation:
    """How well a record keeps what must not change.

    particles  changes of particle numbers relative to the first, of species that turn into each other together; what a
               ``[[loss]]`` took counts as there.
    energy     drift of the total, of the field's where that is a sample of a Wigner function, relative to the sum of
               its terms' magnitudes (:func:`~hpcmix.observe.measures.conservation.energy_drift`); None where something
               acts on the system from outside until the end, or takes particles.
    since      the time from which on nothing does, or None.
    """

    particles: Mapping[str, float]
    energy: float | None = None
    since: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For summary.json; what has no meaning is left out."""
        kept: dict[str, Any] = {"particles": dict(self.particles)}
        return kept | ({} if self.energy is None else {"energy": self.energy, "energy_since": self.since})


class Guard:
    """Remembers the first particle numbers and the energy since potentials stopped changing, and compares.

    memory  of the guard before, where the run goes on as it was.
    words   how times are told; measures: how lengths, densities and energies are.
    """

    def __init__(
        self,
        mixture: Mixture,
        precision: str,
        memory: Mapping[str, Any] | None = None,
        words: TimeWords = PLAIN,
        measures: MeasureWords = PLAIN_MEASURES,
    ) -> None:
        self._mixture, self._measures = mixture, measures
        self._words = words
        self._limit = PARTICLE_LIMIT[precision]
        memory = memory or {}
        self._particles: dict[str, float] = dict(memory.get("particles", {}))
        self._magnetisations: dict[str, float] = dict(memory.get("magnetisations", {}))
        self._energy: tuple[float, float] | None = tuple(memory["energy"]) if memory.get("energy") else None
        self._since: float | None = memory.get("since")
        self._last_seen = ""
        self._time: float | None = None  # of the last record

    @property
    def memory(self) -> dict[str, Any]:
        """What is compared with, for the run that goes on from a checkpoint: pass it as `memory` to its guard."""
        kept = {"particles": self._particles, "energy": self._energy, "since": self._since}
        return kept | ({"magnetisations": self._magnetisations} if self._magnetisations else {})

    def not_finite(self, state: State) -> np.ndarray:
        """Which species are not finite on this rank, and then whether their pairs of fluctuations are not, as ones and
        zeros, as far as few values tell."""
        lost = [not cloud.looks_finite() for cloud in state.clouds]
        if state.fluctuations is not None:
            lost.append(not state.fluctuations.looks_finite())
        return np.array(lost, np.float64)

    def report_not_finite(self, state: State, flags: np.ndarray) -> BlowUp:
        """The error for a vote that found species or pairs not finite."""
        names = [f'species "{species.name}"' for species in self._mixture.species]
        if state.fluctuations is not None:
            names.append(PAIRS)
        lost = ", ".join(name for name, flag in zip(names, flags, strict=True) if flag)
        time = self._mixture.grid.frame.laboratory_time(state.time)
        return BlowUp(
            f"the solution is not finite: {lost} in step {state.step}, t = {self._words(time)}; "
            f"{self._last_seen}try a smaller time.step, a finer grid, or weaker couplings"
        )

    def check(self, record: Mapping[str, Any]) -> Conservation:
        """Compare a record with the first one; particles that a ``[[loss]]`` took count as there. Raises
        :class:`BlowUp` when the state has shrunk to the grid's resolution, or particles or energy are lost."""
        when = f"in step {record['step']}, t = {self._words(record['time'])}"
        self.require_resolved(record)
        self._time = record["time"]
        places, changes = [], {}
        for names in self._mixture.conserved_together:
            particles = sum(record["species"][name]["particles"] for name in names)
            lost = sum(sum(record["species"][name].get("lost", ())) for name in names)
            first = self._particles.setdefault(" + ".join(names), particles + lost)
            changes[" + ".join(names)] = (particles + lost) / first - 1.0
            if not abs(changes[" + ".join(names)]) <= self._limit:
                who = " and ".join(f'"{name}"' for name in names)
                gone = f" and lost {lost:.12g}" if "lost" in record else ""
                raise BlowUp(
                    f"particles are not conserved: species {who} {'holds' if len(names) == 1 else 'hold'} "
                    f"{particles:.12g}{gone} {when}, {first:.12g} at the start; "
                    "the solution cannot be trusted beyond the record before"
                )
        self._check_magnetisation(record, when)
        for name, species in record["species"].items():
            density = self._measures.density(species["maximum_density"], self._mixture.grid.dimensions)
            places.append(f'"{name}" up to {density} around {self._measures.point(species["centre"])}')
        energy = self._check_energy(record, when)
        self._last_seen = (
            f"at the last record (step {record['step']}, t = {self._words(record['time'])}) the density was "
            + ", ".join(places)
            + "; "
        )
        return Conservation(changes, energy, self._since)

    def require_resolved(self, record: Mapping[str, Any]) -> None:
        """Raises :class:`BlowUp` when a species has shrunk to the grid's resolution."""
        scale = record["frame"]["scale"] if "frame" in record else 1.0
        cell = self._mixture.grid.cell_volume * scale**self._mixture.grid.dimensions  # the laboratory's
        for index, species in enumerate(self._mixture.species):
            entries = record["species"][species.name]
            at_one_point = entries["maximum_density"] * cell
            sentence = concentration(
                self._mixture, index, entries["particles"], at_one_point, entries["kinetic_energy"]
            )
            if sentence is not None:
                before = self._time
                last = "" if before is None else f"; the last record before is that of t = {self._words(before)}"
                raise BlowUp(
                    f"collapse in step {record['step']}, t = {self._words(record['time'])}: {sentence}{last}; "
                    "what follows would be the grid's, not the equation's: "
                    "weaken the attraction, or use a finer grid to follow it longer",
                    collapse_time=record["time"],
                )

    def _check_magnetisation(self, record: Mapping[str, Any], when: str) -> None:
        """Of spins that nothing else turns the particles in m = 1 less those in m = -1 stay, those that were lost
        counted."""
        for spin in (spin for spin in self._mixture.rabi.spins if spin.conserved):
            names = [self._mixture.species[a].name for a in spin.members]
            numbers = [record["species"][name]["particles"] for name in names]
            lost = [sum(record["species"][name].get("lost", ())) for name in names]
            whole = sum(numbers) + sum(lost)
            here = (numbers[0] + lost[0] - numbers[2] - lost[2]) / whole
            first = self._magnetisations.setdefault(" + ".join(names), here)
            if not abs(here - first) <= self._limit:
                who = " and ".join(f'"{name}"' for name in names)
                raise BlowUp(
                    f"the magnetisation is not conserved: that of {who} is {here:.12g} per particle {when}, "
                    f"{first:.12g} at the start; the solution cannot be trusted beyond the record before"
                )

    def _check_energy(self, record: Mapping[str, Any], when: str) -> float | None:
        """The drift of the energy; None while it may change."""
        total, scale = conserved_energy(record)
        if self._energy is None:
            if not self._mixture.conserves_energy_after(record["time"]):
                return None
            self._energy, self._since = (total, scale), record["time"]
            return 0.0
        first, first_scale = self._energy
        change = energy_drift(total, scale, first, first_scale)
        if not abs(change) <= ENERGY_LIMIT:
            now, before = self._measures.energy(total, 8), self._measures.energy(first, 8)
            raise BlowUp(
                f"the energy is not conserved: {now} {when}, {before} before, "
                f"a change of {100 * abs(change):.2g} % of the sum of its terms' magnitudes; "
                "try a smaller time.step or a finer grid"
            )
        return float(change)
