"""Failing together: what goes wrong on one rank is known to all before the next collective call, and nothing hangs."""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from hpcmix.parallel.process.mpi import MPI


class FailedElsewhere(RuntimeError):
    """An error of another rank whose exception could not be sent; carries its text."""


@contextmanager
def together(comm: MPI.Comm) -> Iterator[None]:
    """Run a body of *local* operations that may fail; leave it with the same exception on every rank or on none.

    The exception of the lowest failing rank is raised everywhere. The body must not call collectives of `comm`: a rank
    that fails would leave the others waiting in them. Costs one small Allgather.
    """
    error: Exception | None = None
    try:
        yield
    except Exception as caught:
        error = caught
    if comm.size == 1:
        if error is not None:
            raise error
        return
    for rank, sent in enumerate(comm.allgather(None if error is None else _sendable(error))):
        if sent is not None:
            if error is not None and rank == comm.rank:
                raise error
            raise _received(sent, rank)


def _sendable(error: Exception) -> bytes | str:
    try:
        sent = pickle.dumps(error)
        pickle.loads(sent)  # some exceptions pickle but do not come back
        return sent
    except Exception:
        return "".join(traceback.format_exception_only(error)).strip()


def _received(sent: bytes | str, rank: int) -> Exception:
    if isinstance(sent, str):
        return FailedElsewhere(f"rank {rank}: {sent}")
    return pickle.loads(sent)


def abort_on_uncaught_errors(comm: MPI.Comm) -> None:
    """From now on an exception that nobody catches prints its rank and traceback and ends the whole job at once, with
    status 1.

    Without it the failing rank would leave and the others would wait for it in their next collective call.
    """
    if comm.size == 1:
        return
    usual = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(f"hpcmix: rank {comm.rank} of {comm.size} failed; the whole job is ended\n")
        usual(kind, error, trace)
        sys.stderr.flush()
        MPI.COMM_WORLD.Abort(1)  # also those that compute something else beside these ranks

    sys.excepthook = hook
