"""What is wrong with a problem file, said to the person who wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen


@dataclass(frozen=True)
class Complaint:
    """One mistake: where it is, what it is, and what was probably meant.

    ``file`` is the problem file as the user named it, or the ``--set`` option that brought the value in; ``line``
    counts from one and is None where no line exists; ``key`` is the dotted path, with species by name
    (``species.up.mass``).
    """

    file: str
    line: int | None
    key: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        hint = f'; did you mean "{self.suggestion}"?' if self.suggestion else ""
        return ": ".join(part for part in (place, self.key, self.message + hint) if part)


class ProblemError(Foreseen):
    """The problem file is wrong; ``complaints`` holds every mistake that was found, in the order of the file."""

    status = ExitStatus.BAD_INPUT
    of_the_problem = True

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__(self.complaints)

    @classmethod
    def of(cls, key: str, message: str) -> ProblemError:
        """One mistake found behind the problem file's own checks; ``Problem.locate`` adds file and line."""
        return cls([Complaint("", None, key, message)])

    @property
    def for_terminal(self) -> str:
        """Every complaint begins with the place it is about."""
        return str(self)

    def __str__(self) -> str:
        return "\n".join(str(complaint) for complaint in self.complaints)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` is most likely a misspelling of, or None. Case and the choice of - or _ count for
    nothing."""

    def plain(text: str) -> str:
        return text.lower().replace("_", "-")

    by_plain = {plain(candidate): candidate for candidate in candidates}
    matches = difflib.get_close_matches(plain(word), by_plain, n=1, cutoff=0.6)
    return by_plain[matches[0]] if matches else None
