"""The directory of a command, held for this job alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hpcmix.io.directories.footprint import Footprint
from hpcmix.io.directories.locking.lock import Lock
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.log import Log
from hpcmix.running.stops.last_words import LastWords
from hpcmix.running.stops.requests import StopRequests
from hpcmix.running.stops.watchdog import Watchdog

Found = TypeVar("Found")


@dataclass(frozen=True)
class Attendants:
    """What a command has with it from its first moment to its last.

    comm        all ranks.
    log         what people read.
    last_words  what is left behind whatever happens.
    stops       who may ask it to stop.
    watchdog    who ends it when it hangs.
    """

    comm: MPI.Comm
    log: Log
    last_words: LastWords
    stops: StopRequests
    watchdog: Watchdog


@contextmanager
def occupied(
    path: Path, files: tuple[str, ...], prepare: Callable[[], Found], attendants: Attendants
) -> Iterator[Found]:
    """Inside, no other job uses the directory. Gives what `prepare` returns. Collective.

    files    what may be written there before the input is known to be good: taken back when it is refused after all.
    prepare  looks at what is in the directory and makes it ready, for which it may be moved aside; on the root, with
             the lock held where the directory exists, so that nobody changes meanwhile what it decides by.
    """
    comm, log = attendants.comm, attendants.log
    lock, prepared, refused = Lock(path, log.line), None, False
    footprint = Footprint(path, files) if comm.rank == 0 else None
    try:
        with together(comm):
            if comm.rank == 0:
                attendants.stops.lock, attendants.watchdog.heartbeat = lock, lock.touch
                if path.is_dir():
                    lock.acquire()
                prepared = prepare()
                if not lock.is_here():
                    lock.acquire()
        yield comm.bcast(prepared)
    except ProblemError:
        refused = True
        raise
    finally:
        if refused:
            attendants.last_words.refuse()
        lock.release()
        if refused and footprint is not None:
            log.close()
            footprint.take_back()  # of a run that goes on nothing is new
