"""The ways a command can end: exit statuses, and errors that have a sentence for the user."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What the process ends with (docs/reference/environment.md)."""

    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    BLEW_UP = 3
    NO_CHECKPOINT = 4
    STOPPED = 75


class Foreseen(Exception):
    """An end that was foreseen: its text is a sentence for the user, and needs no traceback."""

    of_the_problem: ClassVar[bool] = False
    """Whether it is the problem that ends so, whenever and wherever it is computed: not the machine, nor somebody who
    asked for it."""

    @property
    def status(self) -> ExitStatus:
        """What the process ends with."""
        return ExitStatus.FAILED

    @property
    def for_terminal(self) -> str:
        """The text as standard error shows it."""
        return f"hpcmix: {self}"
