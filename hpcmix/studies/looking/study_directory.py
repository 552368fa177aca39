"""A directory of many runs, as ``show``, ``plot`` and ``verify`` ask it. Needs no MPI."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from hpcmix.io.verify import Finding


class StudyDirectory(ABC):
    """What a study has left in a directory so far."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    @abstractmethod
    def holds(cls, path: Path) -> bool:
        """Whether such a study has begun there."""

    @abstractmethod
    def description(self) -> list[str]:
        """What became of it, in lines for the terminal."""

    @abstractmethod
    def draw(self, suffix: str, dots: int | None = None) -> Path | None:
        """Draw its figure anew as a file with that suffix, such as ".png", with so many pixels per inch; None where
        there is nothing to draw yet. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""

    @abstractmethod
    def nothing_to_draw(self) -> str:
        """Why there is no figure yet, and what to do."""

    @abstractmethod
    def verify(self) -> Iterator[Finding]:
        """Look at every file of it."""
