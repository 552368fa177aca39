"""A problem file with a ``[sweep]``, read: the problem of every point, and what is wrong with any of them. Imports no
MPI."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import asks_for_ground_state, dressed_groups
from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.times.evolution import NEEDS_TIME
from hpcmix.problem.words.show import toml_value
from hpcmix.studies.sweeps.points import Chain, Point, chains_of

_TAKEN_FOR_GRANTED = {"run": (), "ground": (), "excitations": ("excitations",)}
"""Sections that are there with their defaults where the file leaves them out, by the word of ``sweep.command``."""


@dataclass(frozen=True)
class State:
    """A ground state that was found: its problem, the snapshot with its wave functions, and the particles of its
    species by their names."""

    problem: Problem
    snapshot: Path
    particles: Mapping[str, float]

    @property
    def overrides(self) -> list[str]:
        """The entries of ``--set`` by which a search begins with it, of all species that were sought; one without
        particles has no form to go on from."""
        entries = []
        for index, species in enumerate(self.problem.species):
            if species.has_orbitals and asks_for_ground_state(species):
                start = {"path": str(self.snapshot.resolve()), "dataset": f"{species.name}/wave_function"}
                entries += [
                    f'species.{index}.initial.kind="ground-state"',
                    f"species.{index}.initial.start={toml_value(start)}",
                ]
        return entries

    def shared_out(self, problem: Problem) -> list[str]:
        """The entries of ``--set`` by which the particles of species that turn into each other are divided as in this
        state: a search for all of them together begins with the particles given."""
        entries = []
        for group in dressed_groups(problem.species, problem.exchanges):
            names = [problem.species[index].name for index in group]
            total = math.fsum(problem.species[index].particles for index in group)
            found = math.fsum(self.particles[name] for name in names)
            shares = [total * self.particles[name] / found for name in names[:-1]]
            divided = [*shares, total - math.fsum(shares)]
            entries += [f"species.{index}.particles={share!r}" for index, share in zip(group, divided, strict=True)]
        return entries


@dataclass(frozen=True)
class SweptFile:
    """The file with the options of the command line, and its points.

    file, overrides   as the command line names them.
    problem           of the file's own values, with its ``[sweep]``.
    chains            the points, in the order in which they are computed.
    """

    file: str
    overrides: tuple[str, ...]
    problem: Problem
    chains: tuple[Chain, ...]

    @property
    def sweep(self) -> Sweep:
        """The section."""
        return section_of(self.problem)

    @property
    def directory(self) -> Path:
        """Of the sweep: the problem's ``output.directory``."""
        return Path(self.problem.output.directory)

    @property
    def points(self) -> list[Point]:
        """All points, chain after chain."""
        return [point for chain in self.chains for point in chain.points]

    @property
    def command(self) -> str:
        """What is computed at every point: the word of a command."""
        return str(self.sweep.command)

    def problem_of(self, point: Point, directory: Path, before: State | None = None) -> Problem:
        """The problem of a point.

        directory  of its run.
        before     the state from which its ground state is sought; None: its own first guess.
        Raises ProblemError.
        """
        overrides = [*self.overrides, *point.overrides, f"output.directory={json.dumps(str(directory))}"]
        sections = _TAKEN_FOR_GRANTED[self.command]
        if before is not None:
            overrides += before.shared_out(load_problem(self.file, overrides, sections))
            overrides += before.overrides
        return load_problem(self.file, overrides, sections).without_sweep()


def section_of(problem: Problem) -> Sweep:
    """``[sweep]`` of a problem. Raises ProblemError where the file has none."""
    if problem.sweep is None:
        raise problem.complain("sweep", "hpcmix sweep needs a [sweep] section: its keys are those of --set")
    return problem.sweep


def read_sweep(file: str, overrides: Sequence[str]) -> SweptFile:
    """The file with all its points, each of them a problem without a mistake. Raises ProblemError with all mistakes, at
    the lines of the keys whose values make them."""
    problem = load_problem(file, overrides)
    section = section_of(problem)
    if section.command == "run" and problem.time is None:
        raise problem.complain("time", NEEDS_TIME)
    if section.continued and not any(map(asks_for_ground_state, problem.species)):
        message = '"continued" continues ground states, and no species of the file asks for one'
        raise problem.complain("sweep.order", message)
    swept = SweptFile(file, tuple(overrides), problem, tuple(chains_of(section)))
    told = _Told(problem)
    for point in {point.place: point for point in swept.points}.values():
        try:
            swept.problem_of(point, swept.directory)
        except ProblemError as error:
            told.take(point, error)
    if complaints := told.complaints():
        raise ProblemError(complaints)
    return swept


class _Told:
    """Complaints about points: those about a swept value at the line of its key in the file, once for all values that
    they are about; others say at which point they arise first."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._of_values: dict[tuple[str, str, str | None], dict[str, None]] = {}
        self._others: dict[tuple[str, str], Complaint] = {}

    def take(self, point: Point, error: ProblemError) -> None:
        """Add those of a point."""
        settings = {f"--set {setting.option}": setting for setting in point.settings}
        for complaint in error.complaints:
            setting = settings.get(complaint.file)
            if setting is not None:
                known = self._of_values.setdefault((setting.key, complaint.message, complaint.suggestion), {})
                known[setting.value_in_words] = None
            else:
                told = replace(complaint, message=f"{complaint.message} (at {point.label})")
                self._others.setdefault((complaint.key, complaint.message), told)

    def complaints(self) -> list[Complaint]:
        """All of them, in the order of the file. A key whose values are wrong alike is wrong itself."""
        told = list(self._others.values())
        lengths = {key: len(values) for key, values in section_of(self._problem).values.items()}
        for (key, message, suggestion), values in self._of_values.items():
            words = "" if len(values) == lengths[key] else f"{', '.join(values)}: "
            told.append(self._problem.complaint(("sweep", "keys", key), f"{words}{message}", suggestion))
        return sorted(told, key=lambda complaint: (complaint.line is None, complaint.line))
