"""The one place where MPI is started: ``from hpcmix.parallel.process.mpi import MPI``."""

import mpi4py
import numpy as np

mpi4py.rc.thread_level = "serialized"  # OpenMP threads compute, only the main thread talks to MPI

from mpi4py import MPI  # noqa: E402
from mpi4py.util import dtlib  # noqa: E402

__all__ = ["MPI", "element_type"]


def element_type(dtype: np.dtype) -> MPI.Datatype:
    """MPI's type of the numbers of an array."""
    return dtlib.from_numpy_dtype(dtype)
