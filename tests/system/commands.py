"""How the tests call the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.patience import patience
from tests.system.forks import Forks

COMMAND = [sys.executable, "-c", "from hpcmix.cli import main; main()"]
"""The command ``hpcmix`` of the interpreter that runs the tests."""

MPI_ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_pml": "ob1",  # what is chosen here anyway, without 0.2 s of asking for networks in every process
    "OMP_NUM_THREADS": "1",
}


def hpcmix(*arguments: str, ranks: int = 1, folder: Path, timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run ``hpcmix`` with the arguments in a folder, under mpirun for more than one rank; standard output and error as
    text. On one rank the process has its imports before it is called (forks.py). `timeout` is that of a machine with
    nothing else to do."""
    environment = clean_environment()
    if ranks == 1 and forks().serves(environment):
        return forks().run([*map(str, arguments)], folder, environment, patience(timeout))
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    return subprocess.run(
        [*launcher, *COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=patience(timeout),
        check=False,
    )


@cache
def forks() -> Forks:
    """The process that has its imports, of this worker of pytest."""
    return Forks(clean_environment())


def clean_environment() -> dict[str, str]:
    """The environment without traces of a launcher, with what Open MPI needs; and where nothing may be written beside
    the sources, with a place for their bytecode: every rank of every command would compile all of them anew."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OMPI_", "PMIX_", "PMI_", "SLURM_"))}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault(
            "PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / f"hpcmix-tests-{os.getuid()}-bytecode")
        )
    return kept | MPI_ENVIRONMENT


def summary(directory: Path) -> dict:
    """The summary.json of a run."""
    return json.loads((directory / "summary.json").read_text(encoding="utf-8"))
