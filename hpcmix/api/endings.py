"""How a run can end that is not done, as exceptions: one for each exit status of the command."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hpcmix.api.findings import Findings
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import ProblemError


class RunFailed(Exception):
    """The program failed for another reason than those below: a full disk, a launcher that is not there, a rank that
    was killed. The text is what the command would say.

    status     exit status of the command that ends in the same way.
    directory  of the run, None where it came to none.
    """

    status: ClassVar[int] = ExitStatus.FAILED

    def __init__(self, message: str, directory: Path | None = None) -> None:
        super().__init__(message)
        self.directory = directory


class BadInput(RunFailed, ValueError):
    """The problem, or an option, is wrong. The text has every mistake on a line of its own. It is a ValueError too.

    findings  the same as objects (:class:`~hpcmix.api.findings.Findings`), none of them a warning.
    """

    status = ExitStatus.BAD_INPUT

    def __init__(self, message: str, directory: Path | None = None, findings: Findings | None = None) -> None:
        super().__init__(message, directory)
        self.findings = Findings() if findings is None else findings

    @classmethod
    def of(cls, error: ProblemError) -> BadInput:
        """The mistakes of a problem."""
        findings = Findings.of(error.complaints)
        return cls("\n".join(finding.in_words for finding in findings), findings=findings)


class BlewUp(RunFailed):
    """The solution was lost: it is not finite, a conserved quantity is not conserved, or box or grid do not hold it.
    What was written before is in :attr:`directory`."""

    status = ExitStatus.BLEW_UP


class NoCheckpoint(RunFailed):
    """There is no usable checkpoint to go on from, or the directory holds something that a new run would overwrite."""

    status = ExitStatus.NO_CHECKPOINT


class Stopped(RunFailed):
    """The run was stopped before its end, after a good checkpoint: the same call goes on."""

    status = ExitStatus.STOPPED


KINDS: dict[int, type[RunFailed]] = {kind.status: kind for kind in (RunFailed, BadInput, BlewUp, NoCheckpoint, Stopped)}
"""By their exit status; any other is a :class:`RunFailed`."""


def failure_of(error: Foreseen, directory: Path | None = None) -> RunFailed:
    """The exception for an end that was foreseen."""
    if isinstance(error, ProblemError):
        return BadInput.of(error)
    return failure(error.status, str(error), directory)


def failure(status: int, message: str, directory: Path | None = None) -> RunFailed:
    """The exception for an exit status other than zero."""
    return KINDS.get(status, RunFailed)(message, directory)
