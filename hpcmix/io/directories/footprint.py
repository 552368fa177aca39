"""What a command has put into its directory so far, to be taken back when its input is refused after all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class Footprint:
    """Make it before anything is made. For the root rank.

    path   the directory that will be written to.
    names  the files that may be written before the input is known to be good; nothing else is ever removed.
    """

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._path = path
        self._missing = [place for place in (path, *path.parents) if not place.exists()]
        self._identity = _identity(path)
        self._names = [name for name in names if not (path / name).exists()]
        self._all_names = list(names)

    def take_back(self) -> None:
        """Remove the files and directories that are new, and put back a directory that was moved aside. What cannot be
        removed stays; there is nobody to tell."""
        moved = self._identity is not None and _identity(self._path) != self._identity
        for name in self._all_names if moved else self._names:
            with suppress(OSError):
                (self._path / name).unlink()
        if moved:
            self._put_back()
        for directory in self._missing:  # the deepest first; one that is not empty stays
            with suppress(OSError):
                directory.rmdir()

    def _put_back(self) -> None:
        place = self._path.resolve()
        with suppress(OSError):
            for aside in place.parent.glob(f"{place.name}.previous-*"):
                if _identity(aside) == self._identity:
                    place.rmdir()
                    os.rename(aside, place)
                    return


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of a directory; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
