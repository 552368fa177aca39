"""What is wrong with an entry of the file, as those say it who find it: checks collect it, the source adds its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hpcmix.problem.reading.source import KeyPath

Misfit = tuple[KeyPath, str]
"""The key to blame, from the section on that is asked, and a sentence."""

Finding = tuple[KeyPath, str, str | None]
"""The key to blame, from the top of the file on, a sentence, and where there is one a suggestion."""


def under(misfits: Iterable[Misfit], *place: str | int) -> Iterator[Misfit]:
    """The same misfits as the section sees them in which theirs stands at a place."""
    for path, sentence in misfits:
        yield (*place, *path), sentence


def findings(misfits: Iterable[Misfit], *place: str | int) -> Iterator[Finding]:
    """The misfits of a section that stands at a place of the file: nothing is suggested."""
    for path, sentence in misfits:
        yield (*place, *path), sentence, None
