"""Reading a problem file: ``load_problem`` for a file or an example's name, ``parse_problem`` for its text."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hpcmix.problem.assemble import assemble
from hpcmix.problem.files.cards import find_problem
from hpcmix.problem.files.overrides import apply_overrides
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.mistakes.hints.syntax import explained
from hpcmix.problem.reading.lines import index_lines
from hpcmix.problem.reading.source import KeyPath, Source
from hpcmix.problem.schema import Problem

Origin = TypeVar("Origin")
"""Where an entry stands: a line of the file, or an option."""


def load_problem(file: str, overrides: Sequence[str] = (), sections: Sequence[str] = ()) -> Problem:
    """The problem of a TOML file, or of an example card by its bare name, with ``--set`` overrides applied before
    validation. `sections`: those that are there with their defaults where the file leaves them out.

    Raises ProblemError with every mistake in the file, whatever is wrong with it.
    """
    path, name = find_problem(str(file))
    return parse_problem(text_of(path), overrides, sections, file=str(path), folder=path.parent, name=name)


def parse_problem(
    text: str,
    overrides: Sequence[str] = (),
    sections: Sequence[str] = (),
    *,
    file: str = "problem.toml",
    folder: Path = Path(),
    name: str = "problem",
) -> Problem:
    """The problem of a TOML text. ``file`` is what complaints call it, ``folder`` where relative paths start, ``name``
    the run's default name, `sections` those that are there with their defaults where the text leaves them out.

    Raises ProblemError with every mistake.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    tables = _tables(text, file)
    if not tables and not overrides:
        raise _refusal(file, None, "the file is empty; a problem needs at least [grid] and [[species]]")
    return problem_of(tables, overrides, sections, Source(file, _with_swept_keys(index_lines(text))), folder, name)


def problem_of(
    tables: dict[str, Any],
    overrides: Sequence[str],
    sections: Sequence[str],
    source: Source,
    folder: Path,
    name: str,
) -> Problem:
    """The problem of tables as TOML has them, which stay as they are; `source` has the file's name and the lines, the
    rest as :func:`parse_problem` has it. Raises ProblemError with every mistake."""
    tables, options, complaints = apply_overrides(tables, overrides)
    for section in sections:
        tables.setdefault(section, {})
    return assemble(replace(source, options=_with_swept_keys(options), tables=tables), folder, name, complaints)


def _with_swept_keys(origins: dict[KeyPath, Origin]) -> dict[KeyPath, Origin]:
    """The lines or options of entries, and of the keys of a sweep as one part of their path however they are written:
    as a dotted key ``species.0.particles``, or as ``"species.0.particles"`` in quotes."""
    swept = {path: origin for path, origin in origins.items() if path[:2] == ("sweep", "keys") and len(path) > 3}
    return origins | {(*path[:2], ".".join(map(str, path[2:]))): origin for path, origin in swept.items()}


def _refusal(file: str, line: int | None, message: str) -> ProblemError:
    return ProblemError([Complaint(file, line, "", message)])


def text_of(path: Path) -> str:
    """The text of a file. Raises ProblemError where it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(str(path), None, f"cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\0" in content:  # in no text: HDF5, pictures
            advice = "hpcmix show, plot and verify take the directory of a run"
            raise _refusal(str(path), None, f"is a binary file and no problem file; {advice}") from None
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(str(path), line, "this is no UTF-8 text; save the file in UTF-8") from None


def _tables(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, line, column = explained(str(error), text)
        raise _refusal(file, line, f"not valid TOML: {reason}{column}") from None
    except RecursionError:
        raise _refusal(file, None, "lists or tables are nested too deeply") from None
