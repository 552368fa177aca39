"""A new problem file from an example card: its commented source, and the files that it reads."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpcmix.problem.files.cards import find_card
from hpcmix.problem.mistakes.errors import ProblemError

_RUN = re.compile(r'^(?P<key>\s*directory\s*=\s*)"runs/[^"]*"', re.MULTILINE)
"""The line of a card that names the directory of its run."""


def new_problem(card: str, file: str) -> list[Path]:
    """Write the source of a card as a file of one's own, which runs in a directory of its own, ``runs/<stem>``, and
    lay what it reads beside it; the paths, the problem's first.

    Raises :class:`ProblemError` for a card that is not there, and where a file is in the way: nothing is overwritten.
    """
    source, target = find_card(card), Path(file)
    text = source.read_text(encoding="utf-8")
    beside = [Path(name) for name in dict.fromkeys(_files_named(tomllib.loads(text), source.parent))]
    wanted = {target: source_of(card, target)} | {
        target.parent / name: (source.parent / name).read_text(encoding="utf-8") for name in beside
    }
    for path, content in wanted.items():
        if path.exists() and not (path != target and path.is_file() and path.read_text(encoding="utf-8") == content):
            raise ProblemError.of(str(path), "is there already and is left as it is; choose another name")
    try:
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise ProblemError.of(str(target), f"cannot be written: {error.strerror}") from None
    return list(wanted)


def source_of(card: str, target: Path) -> str:
    """The source of a card, comments and units included, whose run goes to a directory named like `target`. Raises
    :class:`ProblemError`."""
    text = find_card(card).read_text(encoding="utf-8")
    return _RUN.sub(lambda line: f'{line["key"]}"runs/{target.stem}"', text)


def _files_named(value: Any, folder: Path) -> Iterator[str]:
    """The strings anywhere in a file that are names of files in a folder."""
    if isinstance(value, dict):
        for entry in value.values():
            yield from _files_named(entry, folder)
    elif isinstance(value, list):
        for entry in value:
            yield from _files_named(entry, folder)
    elif isinstance(value, str) and value and "\n" not in value and (folder / value).is_file():
        yield value
