"""The directory of a command, held for this job alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hpcmix.io.lock import Lock
from hpcmix.parallel.together import together
from hpcmix.run.log import Log
from hpcmix.run.stopping import StopRequests
from hpcmix.run.watchdog import Watchdog

Found = TypeVar("Found")


@contextmanager
def occupied(
    path: Path, prepare: Callable[[], Found], comm, log: Log, stops: StopRequests, watchdog: Watchdog
) -> Iterator[Found]:
    """Inside, no other job uses the directory. Gives what `prepare` returns. Collective.

    prepare  looks at what is in the directory and makes it ready, for which it may be moved aside; on the root, with
             the lock held where the directory exists, so that nobody changes meanwhile what it decides by.
    """
    lock, found = Lock(path, log.line), None
    try:
        with together(comm):
            if comm.rank == 0:
                stops.lock, watchdog.heartbeat = lock, lock.touch
                if path.is_dir():
                    lock.acquire()
                found = prepare()
                if not lock.is_here():
                    lock.acquire()
        yield comm.bcast(found)
    finally:
        lock.release()
