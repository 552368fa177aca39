"""How a job script starts its ranks: the launchers, and what the MPI libraries want of them."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.jobs.systems import BatchSystem


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


@dataclass(frozen=True)
class Shape:
    """How a job's ranks lie: how many, how many of them on a node, on how many nodes, with how many threads each."""

    ranks: int
    per_node: int
    nodes: int
    threads: int


class Launcher(ABC):
    """What starts ranks in a job.

    asks_library  whether it needs to know which MPI library it belongs to.
    """

    asks_library: bool

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, mpi: str | None) -> None:  # noqa: B027 - most take what they are given
        """Raise :class:`ProblemError` for a library that it has no word for."""

    @abstractmethod
    def start(self, mpi: str | None, ranks: int | None, shape: Shape) -> str:
        """The line that starts the program, on all ranks of the job unless their number is given."""

    @abstractmethod
    def template(self, mpi: str | None) -> str:
        """What ``hpcmix scaling`` starts its ranks with in a job."""


class Srun(Launcher):
    """Slurm's, which starts ranks of any library."""

    asks_library = False

    def start(self, mpi: str | None, ranks: int | None, shape: Shape) -> str:
        """See :class:`Launcher`."""
        return f"srun{self._kind(mpi)} --kill-on-bad-exit=1" + ("" if ranks is None else f" -n {ranks}")

    def template(self, mpi: str | None) -> str:
        """See :class:`Launcher`."""
        return f"srun{self._kind(mpi)} --kill-on-bad-exit=1 -N {{nodes}} -n {{ranks}}"

    def _kind(self, mpi: str | None) -> str:
        return f" --mpi={LIBRARIES[mpi].srun}" if mpi else ""


class FluxRun(Launcher):
    """Flux's, which starts ranks of any library, and passes USR1 and TERM on."""

    asks_library = False

    def refuse(self, mpi: str | None) -> None:
        """See :class:`Launcher`."""
        if mpi is not None:
            raise ProblemError.of("--mpi", "means nothing to flux run, which finds out by itself; leave it out")

    def start(self, mpi: str | None, ranks: int | None, shape: Shape) -> str:
        """See :class:`Launcher`."""
        ranks = ranks or shape.ranks
        return f"flux run -N {min(shape.nodes, ranks)} -n {ranks} -c {shape.threads}"

    def template(self, mpi: str | None) -> str:
        """See :class:`Launcher`."""
        return "flux run -N {nodes} -n {ranks} -c {threads}"


class Mpirun(Launcher):
    """``mpirun`` and ``mpiexec`` of an MPI library."""

    asks_library = True

    def start(self, mpi: str | None, ranks: int | None, shape: Shape) -> str:
        """See :class:`Launcher`."""
        library, ranks = LIBRARIES[mpi or "openmpi"], ranks or shape.ranks
        placed = [library.per_node, str(min(shape.per_node, ranks))] if library.per_node else []
        return " ".join([self.name, *library.options, *placed, "-n", str(ranks)])

    def template(self, mpi: str | None) -> str:
        """See :class:`Launcher`."""
        placed = f" {LIBRARIES[mpi].per_node} {{ranks_per_node}}" if mpi and LIBRARIES[mpi].per_node else ""
        return f"{self.name}{placed} -n {{ranks}}"


LAUNCHERS: dict[str, Launcher] = {
    launcher.name: launcher for launcher in (Srun("srun"), Mpirun("mpirun"), Mpirun("mpiexec"), FluxRun("flux"))
}
"""By their names on the command line."""


def launcher_of(system: BatchSystem, asked: str | None) -> str:
    """The name of the launcher that is asked for, or the usual one of the batch system. Raises
    :class:`ProblemError` for that of another batch system."""
    if asked is not None and asked not in system.launchers:
        raise ProblemError.of(
            "--launcher", f"{asked} starts no ranks under {system.title}; take one of {', '.join(system.launchers)}"
        )
    return asked or system.launchers[0]


def library_of(launcher: str, asked: str | None) -> str | None:
    """The name of the library that a launcher belongs to: the one asked for, or what the launcher on this machine says.
    None for those of batch systems, which start ranks of any library.

    Raises :class:`ProblemError` where there is no such launcher here, or none that is known.
    """
    LAUNCHERS[launcher].refuse(asked)
    if asked is not None or not LAUNCHERS[launcher].asks_library:
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


def modules(mpi: str | None) -> str:
    """What a script that knows no site suggests to load."""
    return LIBRARIES[mpi].modules if mpi else _ANY
