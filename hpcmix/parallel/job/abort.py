"""Ending the whole job from one rank, at any moment: during imports, beside a call of MPI, from any thread."""

from __future__ import annotations

import faulthandler
import os
import sys
from contextlib import suppress
from typing import NoReturn

_LAST_RESORT_SECONDS = 3.0


def end_job(status: int) -> NoReturn:
    """End this process, and with it all ranks, at once.

    MPI is not imported here: the main thread may be at it. Where it has not begun, or is alone, the launcher ends the
    other ranks when it sees this one end with a status that is not 0. Should MPI not let go of the process, a timer in
    C ends it.
    """
    with suppress(Exception):
        nowhere = open(os.devnull, "w")  # noqa: SIM115  # for the timer, as long as there is a process
        faulthandler.dump_traceback_later(_LAST_RESORT_SECONDS, exit=True, file=nowhere)
        sys.stdout.flush()
        sys.stderr.flush()
    with suppress(Exception):
        library = sys.modules.get("mpi4py.MPI")
        running = library is not None and library.Is_initialized() and not library.Is_finalized()
        if library is not None and running and library.COMM_WORLD.Get_size() > 1:
            library.COMM_WORLD.Abort(status)
    os._exit(status)
