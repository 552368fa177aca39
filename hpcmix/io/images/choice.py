"""Which snapshots of a run are looked at."""

from __future__ import annotations

from collections.abc import Sequence

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.reader import RunReader, StoredFile


class BadChoice(ValueError):
    """No choice of snapshots; the text is a sentence."""


def chosen(run: RunReader, words: str) -> list[StoredFile]:
    """The snapshots that "last", "all" or numbers such as "0,3" name, in their order.

    Raises :class:`BadChoice` for other words and numbers of none, and
    :class:`~hpcmix.io.documents.atomic.OutputError` where the run has no snapshot yet.
    """
    stored = run.snapshots
    if not stored:
        raise OutputError(f"{run.directory.path} holds no snapshot that a camera could look at")
    if words == "all":
        return list(stored)
    if words == "last":
        return [stored[-1]]
    numbers = _numbers(words)
    known = {snapshot.index: snapshot for snapshot in stored}
    for number in numbers:
        if number not in known:
            raise BadChoice(f"there is no snapshot {number}: the run has {stored[0].index} to {stored[-1].index}")
    return [known[number] for number in numbers]


def _numbers(words: str) -> Sequence[int]:
    try:
        return sorted({int(word) for word in words.split(",")})
    except ValueError:
        raise BadChoice(f'must be "last", "all" or numbers of snapshots such as "0,3", not "{words}"') from None
