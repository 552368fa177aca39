"""The command as a program of its own, on one rank or several: its words, and what it said last. Imports no MPI."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

Process = subprocess.Popen[bytes]

PROGRAM = (sys.executable, "-c", "from hpcmix.cli import main; main()")
"""The command ``hpcmix`` of this interpreter."""

LAUNCHER = "mpirun -n {ranks}"
"""What starts several ranks, unless another is asked for."""

_OF_A_LAUNCHER = ("OMPI_COMM_WORLD_", "PMIX_", "PMI_")
"""What launchers tell a rank in its environment: another program of MPI, started by it, would take it for its own."""

GRACE_SECONDS = 10.0
"""How long a launcher may take to end its ranks when it is told to."""


def environment() -> dict[str, str]:
    """That of a program which is no rank of this job."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_A_LAUNCHER)}


def started(words: Sequence[str], said: IO[bytes], surroundings: Mapping[str, str] | None = None) -> Process:
    """A program of its own, with what it says on standard error in a file; what else it says is in its log. A Ctrl-C is
    left to who started it.

    surroundings  its environment; that of this process unless given.
    Raises FileNotFoundError where there is no such program.
    """
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        env=surroundings,
        start_new_session=True,
    )


def tell(process: Process, number: int) -> None:
    """Send a signal to a program and all that it has started, where they are still there."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def end(process: Process) -> None:
    """End a program and all that it has started, if they are still there: by SIGTERM and, after ten seconds,
    SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        tell(process, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)


def last_words(text: str) -> str:
    """What a failed program said, in a line: hpcmix's own sentences where there are any, else its last lines; without
    what launchers add."""
    noise: tuple[str, ...] = ("srun: ", "slurmstepd")
    noise += ("mpirun", "Primary job", "prun", "---", "MPI_ABORT", "with errorcode", "NOTE:")  # Open MPI's
    noise += ("[mpiexec@", "[proxy:", "=", "Abort(", "YOUR APPLICATION", "This typically refers")  # Hydra's
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    own = [line for line in lines if line.startswith("hpcmix: ")]
    rest = [line for line in lines if not line.startswith(noise)]
    return "; ".join(own[:3] or rest[-3:] or lines[-3:])
