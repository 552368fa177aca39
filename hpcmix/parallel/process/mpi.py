"""The one place where MPI is started: ``from hpcmix.parallel.process.mpi import MPI``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mpi4py
import numpy as np

from hpcmix.parallel.job.launcher import was_launched

mpi4py.rc.thread_level = "serialized"  # OpenMP threads compute, only the main thread talks to MPI

ALONE = {"OMPI_MCA_ess_singleton_isolated": "1", "OMPI_MCA_pml": "ob1"}
"""What spares a process that no launcher started a third of a second: Open MPI neither starts a daemon for processes
that never come nor tries every network."""

WHILE_ALONE = {"OMPI_MCA_sharedfp": "^sm"}
"""What such a process keeps: Open MPI shares a directory among all of them on a machine, and the first that ends takes
it away from the others, who complain of every file that they open. Nothing here has use for what it looks for there."""


@contextmanager
def _quick_start_alone() -> Iterator[None]:
    """Sets :data:`ALONE` while MPI starts, where no launcher did and the user did not say otherwise; programs that this
    process starts later, mpirun above all, choose for themselves."""
    added = {} if was_launched() else {name: value for name, value in ALONE.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


if not was_launched():
    for _name, _value in WHILE_ALONE.items():
        os.environ.setdefault(_name, _value)
with _quick_start_alone():
    from mpi4py import MPI
from mpi4py.util import dtlib  # noqa: E402

__all__ = ["MPI", "element_type"]


def element_type(dtype: np.dtype) -> MPI.Datatype:
    """MPI's type of the numbers of an array."""
    return dtlib.from_numpy_dtype(dtype)
