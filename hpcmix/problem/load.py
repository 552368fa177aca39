"""Reading a problem file: ``load_problem`` for a file or an example's name, ``parse_problem`` for its text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcmix.problem.assemble import assemble
from hpcmix.problem.cards import find_problem
from hpcmix.problem.errors import Complaint, ProblemError
from hpcmix.problem.lines import index_lines
from hpcmix.problem.overrides import apply_overrides
from hpcmix.problem.schema import Problem
from hpcmix.problem.source import Source


def load_problem(file: str, overrides: Sequence[str] = ()) -> Problem:
    """The problem of a TOML file, or of an example card by its bare name, with ``--set`` overrides applied before
    validation.

    Raises ProblemError with every mistake in the file, whatever is wrong with it.
    """
    path, name = find_problem(str(file))
    return parse_problem(_read(path), overrides, file=str(path), folder=path.parent, name=name)


def parse_problem(
    text: str,
    overrides: Sequence[str] = (),
    *,
    file: str = "problem.toml",
    folder: Path = Path(),
    name: str = "problem",
) -> Problem:
    """The problem of a TOML text. ``file`` is what complaints call it, ``folder`` where relative paths start, ``name``
    the run's default name.

    Raises ProblemError with every mistake.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    tables = _tables(text, file)
    if not tables and not overrides:
        raise _refusal(file, None, "the file is empty; a problem needs at least [grid] and [[species]]")
    tables, options, complaints = apply_overrides(tables, overrides)
    return assemble(Source(file, index_lines(text), options, tables), folder, name, complaints)


def _refusal(file: str, line: int | None, message: str) -> ProblemError:
    return ProblemError([Complaint(file, line, "", message)])


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(str(path), None, f"cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(str(path), line, "this is no UTF-8 text; save the file in UTF-8") from None


def _tables(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, line, column = _syntax_error(str(error), text)
        raise _refusal(file, line, f"not valid TOML: {reason}{column}") from None
    except RecursionError:
        raise _refusal(file, None, "lists or tables are nested too deeply") from None


_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")
_HINTS = {
    "Invalid value": "a value is missing or is text without its quotes",
    "Expected '=' after a key in a key/value pair": "an = is missing after the key",
    "Cannot overwrite a value": "this key stands twice in its table",
    "Expected newline or end of document after a statement": "there is more on this line than one entry",
    "Invalid statement": "this is neither a [section] nor an entry key = value",
    "Cannot declare": "this section stands twice; an array of sections has two brackets, as in [[species]]",
    "Unterminated string": "a text is not closed with its quote",
    "Expected \"'": "a text is not closed with its quote",
    "Unclosed array": "a list is not closed with ]",
    "Unclosed inline table": "a table is not closed with }, or continues on the next line",
}


def _syntax_error(message: str, text: str) -> tuple[str, int, str]:
    """The reader's message in our words, its line, and its column as text."""
    position = _POSITION.search(message)
    reason = message[: position.start()] if position else message.removesuffix(" (at end of document)")
    line, column = (
        (int(position[1]), f" (column {position[2]})") if position else (text.rstrip("\n").count("\n") + 1, "")
    )
    for beginning, hint in _HINTS.items():
        if reason.startswith(beginning):
            return hint, line, column
    return reason[:1].lower() + reason[1:], line, column
