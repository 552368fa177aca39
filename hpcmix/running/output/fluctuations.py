"""What a run says of its fluctuations: a line for each species at the end, and where they are too many to be small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import shared_particles
from hpcmix.running.log import Log

LARGEST_SHARE = 0.1
"""Of the particles, that may be outside the condensate: beyond it they see each other, which the quadratic Hamiltonian
leaves out."""

FEWEST_PARTICLES = 10.0
"""Fewer stand for a density of some normalisation: of them a number of excitations is no share."""


class FluctuationWatch:
    """Looks at records, and says once of each species when its fluctuations have become large. On every rank; the log
    speaks on the root."""

    def __init__(self, problem: Problem, log: Log) -> None:
        self._problem, self._particles = problem, countable_particles(problem)
        self._log = log
        self._said: set[str] = set()

    def look(self, record: Mapping[str, Any], when: str) -> None:
        """At a record, which need not hold any; `when`: its time, in words."""
        for name, entries in of_species(record):
            particles = self._particles.get(name)
            if name in self._said or particles is None or not entries["excitations"] > LARGEST_SHARE * particles:
                continue
            self._said.add(name)
            self._log.line(
                f'warning: species "{name}": at t = {when} {_number(entries, "excitations")} of '
                f"{_whose(self._problem, name, particles)} are excitations, "
                f"{_percent(entries['excitations'], particles)}; beyond {_percent(LARGEST_SHARE, 1.0)} they see each "
                "other, and what is quadratic in them is not enough"
            )


def fluctuation_lines(problem: Problem, record: Mapping[str, Any]) -> Iterator[str]:
    """N and N_perp of every species in the record, with their errors and their share of the particles; where the start
    is correlated N_Xi, the dressed number, too."""
    particles = countable_particles(problem)
    for name, entries in of_species(record):
        total, transverse = entries["excitations"], entries["transverse_excitations"]
        line = (
            f'fluctuations of "{name}": N = {_number(entries, "excitations")}, '
            f"N_perp = {_number(entries, 'transverse_excitations')}"
        )
        if "dressed_excitations" in entries:
            line += f", N_Xi = {_number(entries, 'dressed_excitations')}"
        if name in particles:
            share = f"{_percent(total, particles[name])} and {_percent(transverse, particles[name])}"
            line += f"; N and N_perp are {share} of {_whose(problem, name, particles[name])}"
        yield line


def of_species(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and numbers of every species in the fluctuations of a record; nothing of one without."""
    yield from (record.get("fluctuations") or {}).get("species", {}).items()


def countable_particles(problem: Problem) -> dict[str, float]:
    """By species how many particles it has, coupled ones together, where there are enough for a share of them to mean
    anything."""
    particles = {species.name: species.particles for species in problem.species}
    shared = shared_particles(particles, [entry.between for entry in problem.coupling])
    return {name: number for name, number in shared.items() if number >= FEWEST_PARTICLES}


def _whose(problem: Problem, name: str, particles: float) -> str:
    """The particles that a species has by itself, or with those that it is coupled to."""
    coupled = any(name in entry.between for entry in problem.coupling)
    return f"the {particles:.6g} particles of the coupled species" if coupled else f"its {particles:.6g} particles"


def _number(entries: Mapping[str, Any], name: str) -> str:
    value, error = entries[name], entries[f"{name}_error"]
    return f"{value:.6g} +- {error:.2g}" if error else f"{value:.6g}"


def _percent(part: float, whole: float) -> str:
    return f"{100.0 * part / whole:.3g} %"
