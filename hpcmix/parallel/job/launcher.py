"""What the programs that start ranks tell a process in its environment, before and without MPI; and how one rank ends
all of them, at any moment: during imports, beside a call of MPI, from any thread."""

from __future__ import annotations

import faulthandler
import os
import sys
from contextlib import suppress
from typing import NoReturn

_LAST_RESORT_SECONDS = 3.0

RANK_VARIABLES = (
    "OMPI_COMM_WORLD_RANK",  # Open MPI's mpirun
    "PMI_RANK",  # Hydra, of MPICH and Intel MPI; srun --mpi=pmi2; Cray's PALS
    "PMIX_RANK",  # srun --mpi=pmix, PRRTE
    "MV2_COMM_WORLD_RANK",  # MVAPICH's mpirun_rsh
    "PALS_RANKID",
    "FLUX_TASK_RANK",
    "SLURM_PROCID",  # srun, whatever the MPI
)
"""The number of a process among those that were started with it, the innermost launcher first."""

SIZE_VARIABLES = (
    "OMPI_COMM_WORLD_SIZE",
    "PMI_SIZE",
    "MV2_COMM_WORLD_SIZE",
    "FLUX_JOB_SIZE",
    "SLURM_STEP_NUM_TASKS",
)
"""How many were started."""


def rank_started() -> int:
    """The number of this process among those that a launcher started; 0 without one."""
    return _first_number(RANK_VARIABLES, 0)


def ranks_started() -> int:
    """How many processes a launcher started together with this one, itself included, as far as one tells."""
    return _first_number(SIZE_VARIABLES, 1)


def is_live() -> bool:
    """True when standard output is a terminal that a person looks at.

    mpirun gives every rank a pseudo-terminal of its own, also in a batch job: then it is mpirun's own output that
    counts.
    """
    if sys.stdout is None or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if "OMPI_COMM_WORLD_RANK" not in os.environ:
        return True
    try:
        return os.readlink(f"/proc/{os.getppid()}/fd/1").startswith(("/dev/pts", "/dev/tty"))
    except OSError:
        return False


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


def _first_number(names: tuple[str, ...], otherwise: int) -> int:
    texts = (os.environ.get(name, "") for name in names)
    return next((int(text) for text in texts if text.isascii() and text.isdigit()), otherwise)
