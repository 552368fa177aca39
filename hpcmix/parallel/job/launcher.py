"""What the programs that start ranks tell a process in its environment, before and without MPI."""

from __future__ import annotations

import os

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


def was_launched() -> bool:
    """Whether a program that starts ranks has started this process."""
    return any(name in os.environ for name in RANK_VARIABLES)


def _first_number(names: tuple[str, ...], otherwise: int) -> int:
    texts = (os.environ.get(name, "") for name in names)
    return next((int(text) for text in texts if text.isascii() and text.isdigit()), otherwise)
