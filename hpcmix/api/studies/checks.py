"""Claims of theorems, measured: what a check found, as numbers, a table and a figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from hpcmix.api.endings import BadInput, RunFailed
from hpcmix.api.markup import picture
from hpcmix.api.problem import Problem, problem_from, whole_number
from hpcmix.api.results.checked import FileChecks
from hpcmix.api.running import seconds_in
from hpcmix.api.studies.launched import StudyCommand
from hpcmix.problem.reading.values import described
from hpcmix.studies.looking.checks import FIGURE, REPORT, TEXT
from hpcmix.studies.measuring.budget import numbers_of
from hpcmix.studies.measuring.options import OPTIONS


class Check:
    """What the check of a claim came to, by :func:`hpcmix.check` or :func:`hpcmix.open_check`.

    directory  of the check.
    report     ``claim.json``: the claim, its rows, fits, notes and verdict.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        try:
            text = (self.directory / REPORT).read_text(encoding="utf-8")
            self.report: dict[str, Any] = json.loads(text)
        except FileNotFoundError:
            message = f"{directory} holds no outcome of a check"
            raise RunFailed(message, self.directory) from None
        except (OSError, ValueError) as error:
            raise RunFailed(f"{self.directory / REPORT} is damaged: {error}", self.directory) from None

    @property
    def verdict(self) -> str:
        """Whether the claim is confirmed, in the words of the report."""
        return str(self.report["verdict"])

    @property
    def holds(self) -> bool | None:
        """Whether it is confirmed; None where the numbers do not decide."""
        holds: bool | None = self.report["holds"]
        return holds

    @property
    def statement(self) -> str:
        """What is claimed, and where."""
        claim = self.report["claim"]
        return f"{claim['name']}: {claim['statement']} ({claim['source']})"

    @property
    def fits(self) -> list[dict[str, Any]]:
        """The fitted exponents, each with its interval and confidence."""
        return list(self.report["fits"])

    @property
    def notes(self) -> list[str]:
        """What is to be known of the numbers."""
        return list(self.report["notes"])

    @cached_property
    def table(self) -> xr.Dataset:
        """What was measured: a variable over (row) for every column."""
        rows = np.array([numbers_of(row) for row in self.report["rows"]], dtype=float)
        rows = rows.reshape(len(rows), len(self.report["columns"]))
        return xr.Dataset({name: ("row", column) for name, column in zip(self.report["columns"], rows.T, strict=True)})

    @property
    def figure(self) -> Path:
        """The path of the figure."""
        return self.directory / FIGURE

    def verify(self) -> FileChecks:
        """Check every file of the check, as ``hpcmix verify`` does."""
        return FileChecks.of(self.directory)

    def __str__(self) -> str:
        return (self.directory / TEXT).read_text(encoding="utf-8").rstrip("\n")

    def __repr__(self) -> str:
        return f"<hpcmix.Check {self.directory}: {self.report['claim']['name']}, {self.verdict}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        from html import escape

        return f"<pre>{escape(str(self))}</pre>" + (picture(self.figure) if self.figure.exists() else "")


def check(
    claim: str,
    problem: Problem | str | Path,
    *,
    numbers: Sequence[int] = (),
    bosons: Sequence[int] = (),
    markers: int | None = None,
    at_start: bool = False,
    ranks: int = 1,
    directory: str | Path | None = None,
    launcher: str | None = None,
    restart: Literal["auto", "never"] = "auto",
    max_wall: float | str | None = None,
) -> Check:
    """Measure a claim of the papers on a problem, as ``hpcmix check`` does, and open what it found. Computed in
    processes of their own; called again a complete check is opened, and one that was stopped goes on. A claim that is
    not confirmed is a result, too: :attr:`Check.verdict` says it.

    claim      its name, such as "dispersion" (docs/claims).
    numbers    particle numbers of the family; bosons: numbers of bosons beside a fixed number of fermions; markers: of
               the classical gas that fermions are compared with.
    at_start   measure at time zero only, even where the problem has a ``[time]``.
    The other arguments are those of :func:`hpcmix.run`. Raises :class:`~hpcmix.BadInput` for a claim that there is not
    and options that it does not take, :class:`~hpcmix.Stopped` and :class:`~hpcmix.RunFailed`.
    """
    if claim not in OPTIONS:
        raise BadInput(f"claim must be {', '.join(OPTIONS)}, not {described(claim)}")
    if restart not in ("auto", "never"):
        raise BadInput(f'restart of a study is "auto" or "never", not {restart!r}')
    problem = problem_from(problem)
    if directory is not None:
        problem = problem.replace({"output.directory": str(directory)})
    options = ["--restart", restart]
    for option, counts in (("--numbers", numbers), ("--bosons", bosons)):
        if counts:
            options += [option, ",".join(str(whole_number(option.removeprefix("--"), count)) for count in counts)]
    options += [] if markers is None else ["--markers", str(whole_number("markers", markers))]
    options += ["--at-start"] if at_start else []
    seconds = seconds_in(max_wall)
    options += [] if seconds is None else ["--max-wall", f"{seconds:.17g}s"]
    StudyCommand(("check", claim), options, whole_number("ranks", ranks), launcher).run(problem)
    return Check(problem.directory)


def open_check(directory: str | Path) -> Check:
    """The outcome of a check in its directory. Needs no MPI. Raises :class:`~hpcmix.RunFailed` where there is none."""
    return Check(directory)
