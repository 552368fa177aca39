"""A problem as Python has it: read from a file, a text or a dictionary, changed, checked, written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import index
from pathlib import Path
from typing import Any, SupportsIndex

from hpcmix.api.endings import BadInput
from hpcmix.api.findings import Findings
from hpcmix.api.markup import table
from hpcmix.problem import schema
from hpcmix.problem.files.cards import find_problem
from hpcmix.problem.files.load import parse_problem, problem_of, text_of
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.source import Source
from hpcmix.problem.reading.values import described, is_writable
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.words.show import resolved_dict, resolved_toml, toml_value

Settings = Mapping[str, Any]
"""Entries of a problem by their dotted keys, as ``--set`` has them: ``{"time.final": "20 ms"}``. Indices count from
zero, species have their names."""


@dataclass(frozen=True)
class Origin:
    """What a problem is made of, before settings.

    text    of a file; empty where there are `tables` in its place.
    file    what mistakes call it.
    folder  where relative paths in it start.
    name    of the run: its directory is runs/<name> unless the problem says another.
    sections  that are there with their defaults where they are left out.
    """

    text: str = ""
    tables: Mapping[str, Any] | None = None
    file: str = "problem"
    folder: Path = field(default_factory=Path)
    name: str = "problem"
    sections: tuple[str, ...] = ()

    def assembled(self, overrides: Sequence[str]) -> schema.Problem:
        """The problem with settings in place. Raises :class:`~hpcmix.api.endings.BadInput`."""
        try:
            if self.tables is None:
                return parse_problem(
                    self.text, overrides, self.sections, file=self.file, folder=self.folder, name=self.name
                )
            return problem_of(dict(self.tables), overrides, self.sections, Source(self.file), self.folder, self.name)
        except ProblemError as error:
            raise BadInput.of(error) from None


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A problem: what a problem file says, with every default filled in. It is immutable and has no mistakes; whoever
    makes one from what is wrong gets :class:`~hpcmix.BadInput` with all of them.

    Two problems are equal when they say the same, wherever they were read from.
    """

    origin: Origin
    settings: tuple[str, ...] = ()
    """Settings of :meth:`replace`, as options ``--set`` of the command have them."""
    content: schema.Problem = field(init=False)
    """The sections as objects, every number in code units."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", self.origin.assembled(self.settings))

    @classmethod
    def read(cls, path: str | Path) -> Problem:
        """The problem of a TOML file, or of an example by its bare name (``"rubidium-mixture"``).

        Raises :class:`~hpcmix.BadInput` with every mistake in the file.
        """
        try:
            if not isinstance(path, (str, Path)):
                hint = "; Problem.from_dict makes one of dictionaries" if isinstance(path, Mapping) else ""
                raise BadInput(f"a problem is read from a file or an example's name, not from {described(path)}{hint}")
            file, name = find_problem(str(path))
            text = text_of(file)
        except ProblemError as error:
            raise BadInput.of(error) from None
        return cls(Origin(text, None, str(file), file.parent, name))

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any], name: str = "problem", folder: str | Path = ".") -> Problem:
        """The problem of nested dictionaries and lists with the names of the file:
        ``{"grid": {"points": [64], "lengths": [16.0]}, "species": [{"name": "up", "particles": 100}]}``. Numpy's
        numbers and arrays and paths are taken too; what is None is left out.

        name    of the run: its directory is ``runs/<name>`` unless ``output.directory`` says another.
        folder  where relative paths in it start.
        Raises :class:`~hpcmix.BadInput` with every mistake.
        """
        if not isinstance(tables, Mapping):
            raise BadInput(f"problem: must be a dictionary of sections, not {described(tables)}")
        try:
            plain = _plain(tables)
        except RecursionError:
            raise BadInput("problem: its dictionaries and lists are nested too deeply, or hold themselves") from None
        return cls(Origin(tables=plain, folder=Path(folder), name=_name(name)))

    @classmethod
    def from_toml(cls, text: str, name: str = "problem", folder: str | Path = ".") -> Problem:
        """The problem of the text of a file; otherwise as :meth:`from_dict`."""
        if not isinstance(text, str):
            raise BadInput(f"problem: must be the text of a file, not {described(text)}")
        return cls(Origin(text, file=f"{_name(name)}.toml", folder=Path(folder), name=name))

    def replace(self, settings: Settings) -> Problem:
        """The same problem with other entries, by the keys and with the values of the file::

            problem.replace({"time.final": "20 ms", "species.up.particles": 2e4, "interaction.0.strength": 0.5})

        All of them are set before anything is checked, after those of earlier calls. It is what ``--set key=value``
        does. Raises :class:`~hpcmix.BadInput` with every mistake, and for None: entries are not taken away.
        """
        if not isinstance(settings, Mapping):
            raise BadInput(
                f'replace: must be a dictionary such as {{"time.final": "20 ms"}}, not {described(settings)}'
            )
        if words := [described(key) for key in settings if not isinstance(key, str)]:
            raise BadInput(f'replace: keys must be texts such as "time.final", not {", ".join(words)}')
        if missing := [key for key, value in settings.items() if value is None]:
            raise BadInput(f"{', '.join(missing)}: None is no value of a file; make a problem without the entry")
        options = [f"{key}={toml_value(_plain(value))}" for key, value in settings.items()]
        return Problem(self.origin, (*self.settings, *options))

    def with_sections(self, *sections: str) -> Problem:
        """The same problem with sections that it leaves out, each with its defaults. Raises
        :class:`~hpcmix.BadInput`."""
        return Problem(replace(self.origin, sections=(*self.origin.sections, *sections)), self.settings)

    def check(self) -> Findings:
        """What a run would refuse before its first step although the file is well-formed (values on the grid that are
        not finite, states that vanish), and what it would warn of: clouds that box or grid will not hold, steps too
        long, scattering lengths without their unit.

        The findings are objects, and ``print(problem.check())`` says them in sentences. A few planes of the grid are
        looked at at a time; nothing large is allocated.
        """
        from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
        from hpcmix.running.planning.plan_table import warning_lines
        from hpcmix.running.planning.preflight import preflight

        condition = semirelativistic_condition(self.content)
        lines = [] if condition is None else condition.lines()
        try:
            preflight(self.content)
            lines += warning_lines(self.content)
        except ProblemError as error:
            return Findings.of(self.content.locate(error).complaints, _warnings(lines))
        return Findings.of((), _warnings(lines))

    def plan(self, ranks: int = 1) -> str:
        """Memory per rank, sizes of files, decomposition and time of a run on so many ranks, in words, as ``hpcmix
        plan`` says it. Nothing is allocated. Raises :class:`~hpcmix.BadInput` where so many ranks cannot be used."""
        ranks = whole_number("ranks", ranks)
        try:
            if self.content.many_body is not None:
                from hpcmix.running.planning.many_body.lines import bodies_lines as lines_of
            else:
                from hpcmix.running.planning.plan_table import planned_lines as lines_of
            return "\n".join(lines_of(self.content, ranks))
        except ProblemError as error:
            raise BadInput.of(self.content.locate(error)) from None

    def to_toml(self, path: str | Path | None = None) -> str:
        """The complete problem as the text of a file that reads back to an equal problem: every default filled in,
        every number in code units, floats to the last bit. It is written to `path` too where one is given."""
        text = resolved_toml(self.content)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def to_dict(self) -> dict[str, Any]:
        """The same as nested dictionaries and lists, which :meth:`from_dict` reads."""
        return resolved_dict(self.content)

    @property
    def title(self) -> str:
        """The title that the file gives, or its name."""
        return self.content.title

    @property
    def species(self) -> tuple[str, ...]:
        """Names of the species in their order."""
        return tuple(species.name for species in self.content.species)

    @property
    def directory(self) -> Path:
        """Where its run leaves its files."""
        return Path(self.content.output.directory)

    def __eq__(self, other: object) -> bool:
        return self.content == other.content if isinstance(other, Problem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.content)

    def __repr__(self) -> str:
        return f"<hpcmix.Problem {self.title!r}: {', '.join(self.species)} on {_points(self.content)} points>"

    def _repr_html_(self) -> str:
        """For notebooks: what the file says, a section in a line."""
        given = self.content.tables
        rows = [("grid", f"{_points(self.content)} points, {_lengths(self.content)}")]
        rows += [(f"species {entry['name']}", _in_words(entry, "name")) for entry in given["species"]]
        rows += [(" – ".join(entry["between"]), _in_words(entry, "between")) for entry in given.get("interaction", [])]
        if self.content.time is not None:
            from hpcmix.problem.words.times import TimeWords, steps_in_words

            rows.append(("time", steps_in_words(self.content.time, TimeWords.of_problem(self.content))))
        rows.append(("directory", str(self.directory)))
        return table(rows, title=self.title)


def problem_from(problem: Problem | str | Path) -> Problem:
    """A problem as it is, or that of a file or an example. Raises :class:`~hpcmix.api.endings.BadInput`."""
    return problem if isinstance(problem, Problem) else Problem.read(problem)


def whole_number(name: str, number: object) -> int:
    """A whole number of at least one, numpy's too. Raises :class:`~hpcmix.api.endings.BadInput` for anything else."""
    if not isinstance(number, SupportsIndex):
        raise BadInput(f"{name} must be a whole number, not {described(number)}")
    if index(number) < 1:
        raise BadInput(f"{name} must be at least 1, not {number}")
    return index(number)


def _name(name: object) -> str:
    """The name of a run, which its directory has. Raises :class:`~hpcmix.api.endings.BadInput`."""
    parts = name.split("/") if isinstance(name, str) and is_writable(name) else [""]
    if not isinstance(name, str) or set(parts) & {"", ".", ".."} or any(len(part.encode()) > 255 for part in parts):
        raise BadInput(f"name must be a text that can be the name of a directory, not {described(name)}")
    return name


def _warnings(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.startswith("warning: ")]


def _plain(value: Any) -> Any:
    """A value in the types that a file has: numpy's become Python's, None is left out of tables."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, (list, tuple, range, Iterator)):
        return [_plain(entry) for entry in value]
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value


def _points(problem: schema.Problem) -> str:
    return " x ".join(map(str, problem.grid.points))


def _lengths(problem: schema.Problem) -> str:
    """The box, in micrometres where the file has units."""
    return MeasureWords(problem.scales).lengths(problem.grid.lengths, " x ")


def _in_words(entries: Mapping[str, Any], *known: str) -> str:
    """A table of the file in a line, without what is said beside it."""
    return ", ".join(f"{key} = {_short(value)}" for key, value in entries.items() if key not in known)


def _short(value: Any) -> str:
    """A value with numbers of few digits: of a table its kind, where it has one."""
    match value:
        case {"kind": kind}:
            return str(kind)
        case dict():
            return "{ " + _in_words(value) + " }"
        case list():
            return "[" + ", ".join(map(_short, value)) + "]"
        case float():
            return f"{value:.6g}"
    return str(value)
