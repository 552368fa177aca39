"""Whether somebody is watching: a live bar on a terminal, plain lines everywhere else."""

from __future__ import annotations

import os
import sys


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
