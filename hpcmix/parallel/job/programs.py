"""The command as a program of its own, on one rank or several: its words, and what it said last. Imports no MPI."""

from __future__ import annotations

import os
import sys

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
