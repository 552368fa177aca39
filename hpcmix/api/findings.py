"""What a look at a problem finds: mistakes and warnings, as objects and in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from hpcmix.api.markup import table
from hpcmix.problem.mistakes.errors import Complaint
from hpcmix.problem.reading.values import counted

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a problem, or probably not meant.

    severity    "error": a run would refuse the problem; "warning": it would say so and go on.
    message     the sentence.
    place       the file, or the setting of :meth:`~hpcmix.api.problem.Problem.replace` that brought the value in; empty
                for a warning.
    line        of the file, counted from one; None where there is none.
    key         dotted path of the entry, with species by name; empty for a warning.
    suggestion  what was probably meant, None where nothing is near.
    """

    severity: Severity
    message: str
    place: str = ""
    line: int | None = None
    key: str = ""
    suggestion: str | None = None

    @property
    def in_words(self) -> str:
        """Place, key and message on one line, as the command says it."""
        place = self.place if self.line is None else f"{self.place}:{self.line}"
        hint = f'; did you mean "{self.suggestion}"?' if self.suggestion else ""
        kind = "warning" if self.severity == "warning" else ""
        return ": ".join(part for part in (kind, place, self.key, self.message + hint) if part)

    def __str__(self) -> str:
        return self.in_words


class Findings(Sequence[Finding]):
    """All findings of a look, errors first. Its text is a sentence, and every finding on a line of its own."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._findings = tuple(findings)

    @classmethod
    def of(cls, complaints: Iterable[Complaint], warnings: Iterable[str] = ()) -> Findings:
        """Of complaints about a problem, and of the lines of a plan that begin with "warning:"."""
        errors = (
            Finding("error", each.message, _in_python(each.file), each.line, each.key, each.suggestion)
            for each in complaints
        )
        return cls([*errors, *(Finding("warning", line.removeprefix("warning: ")) for line in warnings)])

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        found = self._findings[index]
        return found if isinstance(found, Finding) else Findings(found)

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    @property
    def errors(self) -> Findings:
        """Those for which a run would refuse the problem."""
        return Findings(finding for finding in self if finding.severity == "error")

    @property
    def warnings(self) -> Findings:
        """Those that a run would say, and go on."""
        return Findings(finding for finding in self if finding.severity == "warning")

    @property
    def good(self) -> bool:
        """Whether there is no error among them."""
        return not self.errors

    @property
    def sentence(self) -> str:
        """How many there are, in a sentence."""
        errors, warnings = len(self.errors), len(self.warnings)
        if not errors and not warnings:
            return "Nothing is wrong with the problem."
        parts = [counted(errors, "error")] if errors else []
        parts += [counted(warnings, "warning")] if warnings else []
        end = "a run would refuse it" if errors else "a run would go on"
        return f"The problem has {' and '.join(parts)}: {end}."

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"  {finding.in_words}" for finding in self)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = [
            (finding.severity, finding.key, finding.place if finding.line is None else f"line {finding.line}", text)
            for finding in self
            for text in [finding.message + (f"; did you mean “{finding.suggestion}”?" if finding.suggestion else "")]
        ]
        return table(rows, title=self.sentence)


def _in_python(place: str) -> str:
    """A place as Python sees it: an option of the command line is a setting of ``replace``."""
    option = place.removeprefix("--set ")
    return place if option == place else f"replace {option}"
