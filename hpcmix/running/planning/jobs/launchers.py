"""How a job script starts its ranks: the launchers, and what the MPI libraries want of them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from hpcmix.problem.mistakes.errors import ProblemError

LAUNCHERS = ("srun", "mpirun", "mpiexec")


@dataclass(frozen=True)
class Library:
    """An MPI library, or a family that starts ranks alike.

    title     its name in sentences.
    sign      what tells it from others in what its ``mpirun --version`` prints.
    modules   what sites call what provides it and HDF5.
    options   words for its mpirun and mpiexec.
    per_node  its word before the number of ranks on a node; empty where Slurm's allocation says that already.
    srun      its name among the types of ``srun --mpi``.
    """

    title: str
    sign: str
    modules: str
    options: tuple[str, ...]
    per_node: str
    srun: str


LIBRARIES = {
    "openmpi": Library(
        "Open MPI",
        "(Open MPI)",
        "openmpi hdf5",
        # it ends its ranks a second after a SIGTERM otherwise, too soon for a checkpoint
        ("--mca", "odls_base_sigkill_timeout", "30"),
        "",
        "pmix",
    ),
    # passes USR1, TERM and Ctrl-C on and waits for the ranks; USR2 ends mpiexec itself, so no script sends it
    "mpich": Library("MPICH", "HYDRA build details", "mpich hdf5", (), "-ppn", "pmi2"),
    "intel-mpi": Library("Intel MPI", "Intel(R) MPI Library", "intel-mpi hdf5", (), "-ppn", "pmi2"),
}
"""By their names on the command line; Cray's and MVAPICH's launchers are MPICH's."""

_ANY = "openmpi hdf5 (or mpich, cray-mpich, intel-mpi)"


def library_of(launcher: str, asked: str | None) -> str | None:
    """The name of the library that a launcher belongs to: the one asked for, or what the launcher on this machine says.
    None for srun, which starts ranks of any library.

    Raises :class:`ProblemError` where there is no such launcher here, or none that is known.
    """
    if asked is not None or launcher == "srun":
        return asked
    names = ", ".join(LIBRARIES)
    try:
        result = subprocess.run(
            [launcher, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ProblemError.of(
            "--mpi", f"there is no {launcher} here that says which MPI it belongs to; add --mpi, one of {names}"
        ) from None
    said = result.stdout + result.stderr
    spoken = next((name for name, library in LIBRARIES.items() if library.sign in said), None)
    if spoken is None:
        first = (said.strip() or "nothing").splitlines()[0]
        raise ProblemError.of("--mpi", f'{launcher} says "{first}", which is no MPI known here; add one of {names}')
    return spoken


def start(launcher: str, mpi: str | None, ranks: int | None, all_ranks: int, per_node: int) -> str:
    """The line that starts the program, on all ranks of the job unless their number is given."""
    if launcher == "srun":
        kind = f" --mpi={LIBRARIES[mpi].srun}" if mpi else ""
        return f"srun{kind} --kill-on-bad-exit=1" + ("" if ranks is None else f" -n {ranks}")
    library = LIBRARIES[mpi or "openmpi"]
    ranks = ranks or all_ranks
    placed = [library.per_node, str(min(per_node, ranks))] if library.per_node else []
    return " ".join([launcher, *library.options, *placed, "-n", str(ranks)])


def template(launcher: str, mpi: str | None) -> str:
    """What ``hpcmix scaling`` starts its ranks with in a job."""
    if launcher == "srun":
        kind = f" --mpi={LIBRARIES[mpi].srun}" if mpi else ""
        return f"srun{kind} --kill-on-bad-exit=1 -N {{nodes}} -n {{ranks}}"
    placed = f" {LIBRARIES[mpi].per_node} {{ranks_per_node}}" if mpi and LIBRARIES[mpi].per_node else ""
    return f"{launcher}{placed} -n {{ranks}}"


def modules(mpi: str | None) -> str:
    """What a script that knows no site suggests to load."""
    return LIBRARIES[mpi].modules if mpi else _ANY
