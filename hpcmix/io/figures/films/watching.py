"""Figures that follow a run while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.locking.lock import Lock


def changes(directory: RunDirectory, interval: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Yield now, then whenever the run has left something new, and once more after it has ended; looks every `interval`
    seconds. A run that is not at work ends it at once."""
    seen = None
    while True:
        at_work = Lock(directory.path).holder() is not None  # asked first: what it leaves at its end is seen below
        now = _state(directory)
        if now != seen:
            seen = now
            yield
        if not at_work:
            return
        sleep(interval)


def _state(directory: RunDirectory) -> list[tuple[Path, int, int]]:
    """Sizes and times of what figures are made of."""
    files = [directory.series, directory.summary, *(path for _, path in directory.stored_output())]
    return [
        (path, stat.st_size, stat.st_mtime_ns) for path in files if path.exists() and (stat := path.stat()) is not None
    ]
