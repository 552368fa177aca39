"""The one place where MPI is started: ``from hpcmix.parallel.mpi import MPI``."""

import mpi4py

mpi4py.rc.thread_level = "serialized"  # OpenMP threads compute, only the main thread talks to MPI

from mpi4py import MPI  # noqa: E402

__all__ = ["MPI"]
