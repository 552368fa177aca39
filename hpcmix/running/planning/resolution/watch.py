"""Whether box and grid hold the clouds: what a run says of it at its start and at its records, and where it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hpcmix.observe.measures.spectrum import TAIL_BEGINS
from hpcmix.observe.measures.unwrapping import SMALL
from hpcmix.problem.checks.expected.confinement import Confinement
from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.checks.expected.warnings import VISIBLE_AT_FACES
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.words.times import TimeWords
from hpcmix.running.log import Log
from hpcmix.running.planning.resolution.structures import core_sentence, has_cores
from hpcmix.running.stops.guard import BlowUp

LOST_AT_FACES = 0.1
"""Density at the faces, relative to the largest, from which on a trapped cloud is another one than in free space."""

VISIBLE_IN_TAIL = 0.03
"""Share of the spectrum beyond two thirds of the largest wave number from which on derivatives are wrong: a Gaussian
density of standard deviation h / 2 has it, h the spacing."""

LOST_IN_TAIL = 0.1
"""Share from which on the grid shows its own state: a Gaussian density of standard deviation 0.4 h would have it, and a
spike on one point has a third."""


class ResolutionWatch:
    """Looks at records. Says of the first what it finds, of every species once that the density at the faces, or the
    tail of its spectrum, is more than it should be, and ends the run where they are beyond the limits, as
    ``output.resolution`` has it."""

    def __init__(self, problem: Problem, log: Log) -> None:
        self._problem = problem
        self._mode = problem.output.resolution
        self._log = log
        self._words = TimeWords.of_problem(problem)
        self._grid = problem.grid
        self._hbar = problem.hbar
        self._species = problem.species
        self._confinements = {species.name: Confinement.of(problem, species) for species in problem.species}
        self._said: set[tuple[str, str]] = set()
        self._losses = problem.loss
        self._coupled = bool(problem.exchanges)
        self._begun = False

    def look(self, record: Mapping[str, Any]) -> None:
        """Warn of a record. Raises :class:`BlowUp` where a cloud is lost."""
        if self._mode == "ignore":
            return
        if not self._begun:
            self._begun = True
            self._log.line(
                f"found: {'; '.join(_in_words(name, entries) for name, entries in record['species'].items())}"
            )
            self._look_at_cores(record)
        total = sum(entries["particles"] for entries in record["species"].values())
        for species in self._species:
            measured = record["species"][species.name]
            if self._coupled and measured["particles"] < SMALL * total:
                continue  # what a coupling has left of it, or not yet put into it, is rounding
            if measured["particles"] < SMALL * sum(measured.get("lost", ())):
                continue  # what losses have left of it
            self._look_at_faces(species, measured["face_density"], record)
            if "spectral_tail" in measured:  # markers have none
                self._look_at_tail(species, measured, record)

    def _look_at_cores(self, record: Mapping[str, Any]) -> None:
        """Cores of vortices of a state whose density the file alone does not tell."""
        for index, species in enumerate(self._species):
            healing = record["species"][species.name].get("healing_length", math.nan)
            if not has_cores(self._problem, index) or expected_lengths(self._problem, index).healing is not None:
                continue
            if math.isfinite(healing) and (sentence := core_sentence(self._problem, index, healing)) is not None:
                self._log.line(f"warning: {sentence}")

    def _look_at_faces(self, species: Species, shares: list[float], record: Mapping[str, Any]) -> None:
        confinement, start = self._confinements[species.name], record["step"] == 0
        open_axes = {
            axis
            for loss in self._losses
            if loss.holds(record["time"], before_start=start)
            for axis in loss.open_axes(self._grid, species.name)
        }
        axes = [axis for axis in range(len(shares)) if axis not in open_axes]
        held = [axis for axis in axes if confinement.holds(axis, record["time"], before_start=start)]
        lost = [axis for axis in held if shares[axis] > LOST_AT_FACES]
        at_faces = "the density at the faces of the box along"
        if lost and self._mode == "check":
            raise BlowUp(
                f'the box does not hold species "{species.name}": {self._when(record)} {at_faces} '
                f"{self._grid.in_words(lost)} is {self._largest(shares, lost)} of its largest, and its trap is "
                "meant to keep it away from there; use a larger box, and check particles, scattering lengths and "
                f"trap{_GO_ON}"
            )
        seen = [axis for axis in axes if shares[axis] > VISIBLE_AT_FACES and confinement.keeps_apart(axis)]
        seen = sorted({*seen, *(axis for axis in held if shares[axis] > VISIBLE_AT_FACES)})
        if seen:
            self._warn(
                "faces",
                species,
                f"{self._when(record)} {at_faces} {self._grid.in_words(seen)} is "
                f"{self._largest(shares, seen)} of its largest: from here on it meets its periodic images; "
                "use a larger box",
            )

    def _look_at_tail(self, species: Species, entries: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        tails, particles = entries["spectral_tail"], entries["particles"]
        lost = [axis for axis in range(len(tails)) if self._both_sides(entries, axis, particles) > LOST_IN_TAIL]
        beyond = "of its spectrum beyond two thirds of the grid's largest wave number along"
        if lost and self._mode == "check":
            raise BlowUp(
                f'the grid does not resolve species "{species.name}": {self._when(record)} it has '
                f"{self._largest(tails, lost)} {beyond} {self._grid.in_words(lost)}; use more points or a smaller "
                f"box, and check masses, scattering lengths and trap{_GO_ON}"
            )
        seen = [axis for axis, share in enumerate(tails) if share > VISIBLE_IN_TAIL]
        if seen:
            self._warn(
                "tail",
                species,
                f"{self._when(record)} it has {self._largest(tails, seen)} {beyond} {self._grid.in_words(seen)}: "
                "the grid hardly resolves it; use more points or a smaller box",
            )

    def _both_sides(self, entries: Mapping[str, Any], axis: int, particles: float) -> float:
        """The tail's share less what its mean wave number may account for: a fast packet and a plane wave, whose tail
        is on one side, are resolved as well as slow ones."""
        if not particles > 0.0:
            return 0.0
        begins = TAIL_BEGINS * self._hbar * math.pi / self._grid.spacings[axis]
        return entries["spectral_tail"][axis] - abs(entries["momentum"][axis] / particles) / begins

    def _warn(self, kind: str, species: Species, sentence: str) -> None:
        if (kind, species.name) not in self._said:
            self._said.add((kind, species.name))
            self._log.line(f'warning: species "{species.name}": {sentence}')

    def _when(self, record: Mapping[str, Any]) -> str:
        return f"in step {record['step']}, t = {self._words(record['time'])}"

    @staticmethod
    def _largest(shares: list[float], axes: list[int]) -> str:
        return f"{max((shares[axis] for axis in axes), default=0.0):.2g}"


_GO_ON = '; [output] resolution = "warn" lets the run go on'


def _in_words(name: str, entries: Mapping[str, Any]) -> str:
    if not entries["particles"] > 0.0:
        return f'"{name}" is empty'
    at_faces = f'"{name}" has {max(entries["face_density"]):.1e} of its largest density at the faces of the box'
    if "spectral_tail" not in entries:
        return at_faces
    return (
        f"{at_faces}, {max(entries['spectral_tail']):.1e} of its spectrum beyond two thirds of the largest wave number"
    )
