"""A directory of many runs, as ``show``, ``plot`` and ``verify`` ask it. Needs no MPI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from hpcmix.io.directories.holdings import StudyMarks, holds_run
from hpcmix.io.verify import Finding


class StudyDirectory(ABC):
    """What a study has left in a directory so far."""

    marks: ClassVar[StudyMarks]
    """How it is told from others."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def holds(cls, path: Path) -> bool:
        """Whether such a study has begun there, and no run."""
        return cls.marks.is_in(path) and not holds_run(path)

    @abstractmethod
    def description(self) -> list[str]:
        """What became of it, in lines for the terminal."""

    @abstractmethod
    def draw(self, suffix: str, dots: int | None = None) -> Path | None:
        """Draw its figure anew as a file with that suffix, such as ".png", with so many pixels per inch; None where
        there is nothing to draw yet. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""

    def figures_in_words(self) -> str:
        """What it is and which figures it has, for somebody who asked for those of a run."""
        return f"{self.path} holds {self.marks.name}, which has one figure"

    @abstractmethod
    def nothing_to_draw(self) -> str:
        """Why there is no figure yet, and what to do."""

    @abstractmethod
    def verify(self) -> Iterator[Finding]:
        """Look at every file of it."""
