"""What is asked of the files of every study: whether they read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.locking.lock import Lock
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.verify import Finding, verify

_PNG_BEGIN, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


def judged(path: Path, read: Callable[[Path], str]) -> Finding:
    """What a file holds in words, or what is wrong with it: whatever `read` says or raises."""
    try:
        return Finding(path, True, read(path))
    except OutputError as error:
        return Finding(path, False, str(error).removeprefix(f"{path} "))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding(path, False, f"is damaged: {error}")


def judged_all(checks: Iterable[tuple[Path, Callable[[Path], str]]], expected: bool) -> Iterator[Finding]:
    """All of these files; one that is not there is missing where it is `expected`."""
    for path, read in checks:
        if path.exists():
            yield judged(path, read)
        elif expected:
            yield Finding(path, False, "is missing")


def sealed_below(path: Path) -> Iterator[Finding]:
    """Checkpoints and kept searches anywhere below a directory, each held to its seal and digests."""
    for file in sorted([*path.glob("**/checkpoints/*.h5"), *path.glob("**/ground-state-search.h5")]):
        yield from verify(file)


def picture(path: Path) -> str:
    """A PNG file that begins and ends as one; raises :class:`Damaged` for others."""
    content = path.read_bytes()
    if not (content.startswith(_PNG_BEGIN) and content.endswith(_PNG_END)):
        raise Damaged(f"{path} is no whole PNG picture")
    return "a picture"


def at_work(path: Path) -> str:
    """Who is at work in a directory, in words; empty where nobody is."""
    holder = Lock(path).holder()
    return "" if holder is None else f"{holder.in_words} is at work on it"


def table(facts: list[tuple[str, str]]) -> list[str]:
    """Labels and texts as lines that are aligned."""
    width = max(len(label) for label, _ in facts)
    return [f"  {label:<{width}}  {text}" for label, text in facts]
