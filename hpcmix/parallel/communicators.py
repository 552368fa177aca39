"""The ranks of a run: orbital groups x pencil grid, and sums over them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from hpcmix.parallel.decomposition import Decomposition, choose_pencil_grid, part
from hpcmix.parallel.job.launcher import ranks_started
from hpcmix.parallel.process.company import company, crowding
from hpcmix.parallel.process.mpi import MPI, element_type
from hpcmix.parallel.sharing.division import Division, DivisionRequest, divide
from hpcmix.parallel.sharing.orbital_groups import MEMORY_SHARE
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted


def world() -> MPI.Comm:
    """All ranks that compute together: those that ``mpirun`` or ``srun`` started, a single one in a serial run, or this
    rank's part of them where several things are computed side by side
    (:func:`~hpcmix.parallel.process.company.in_parts`)."""
    return company()


def launcher_mismatch() -> str | None:
    """A sentence when the launcher started several processes but MPI sees one each (an MPI that does not match
    mpi4py's), else None."""
    started = ranks_started()
    if started == 1 or MPI.COMM_WORLD.size > 1:
        return None
    return (
        f"the launcher started {started} processes but each of them is alone under {mpi_library()}: "
        "the launcher belongs to another MPI; use the mpirun or mpiexec of that library, or with Slurm srun --mpi=pmix "
        "(Open MPI) or --mpi=pmi2 (MPICH, Intel MPI); MPI4PY_LIBMPI=/path/to/libmpi.so makes mpi4py take another one"
    )


def mpi_library() -> str:
    """Name and version of the MPI library, for logs and provenance."""
    return library_name(MPI.Get_library_version())


def library_name(text: str) -> str:
    """Name and version from what an MPI library says of itself, which some of them do in tables and others in a
    sentence."""
    line = " ".join(text.split(",")[0].strip().splitlines()[0].split()).strip("\0 ")
    if table := re.fullmatch(r"(.+?) Version ?: ?(\S+).*", line, re.IGNORECASE):  # MPICH, MVAPICH
        name, version = table.groups()
        if cray := re.search(r"CRAY MPICH version (\S+)", line):
            name, version = "Cray MPICH", cray[1]
        return f"{name} {version}"
    return line.removesuffix(" for Linux* OS").replace("Intel(R) MPI Library", "Intel MPI")


@dataclass
class _Unison:
    """Whether sums are those of the first replica everywhere."""

    active: bool = False


@dataclass(frozen=True)
class Communicators:
    """The communicators of one run: ranks = replicas x orbital groups x pencil grid.

    world    every rank; owned by the caller.
    group    the P1 x P2 ranks that share the grid of one orbital group.
    across   the ranks at the same place of every group's grid, within a replica.
    between  the ranks at the same place of every replica.
    along    communicators within `group` along the first and the second direction of the pencil grid.
    groups   number of orbital groups of a replica.
    replicas how many times the condensates are there, to the bit the same; each replica has a part of the pairs of
             fluctuations beside them.
    node_ranks  ranks of the first rank's node.
    notes    sentences about what the problem file asks for and does not get (division.py).
    """

    world: MPI.Comm
    group: MPI.Comm
    across: MPI.Comm
    between: MPI.Comm
    along: tuple[MPI.Comm, MPI.Comm]
    decomposition: Decomposition
    groups: int
    replicas: int = 1
    notes: tuple[str, ...] = ()
    node_ranks: int = 1
    _unison: _Unison = field(default_factory=lambda: _Unison(), compare=False, repr=False)

    @classmethod
    def create(
        cls,
        comm: MPI.Comm,
        points: tuple[int, ...],
        pencil_grid: tuple[int, int] | None = None,
        groups: int = 1,
        replicas: int = 1,
    ) -> Communicators:
        """Split `comm` into replicas of so many orbital groups, each with the pencil grid asked for or chosen for
        `points`.

        Collective over `comm`. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when the ranks do not fit.
        """
        parts = groups * replicas
        if parts < 1 or comm.size % parts:
            raise ProblemError.of(
                "parallel.orbital_groups",
                f"{counted(comm.size, 'rank')} cannot be divided into {parts} groups of equal size",
            )
        grid = choose_pencil_grid(points, comm.size // parts, pencil_grid)
        return cls.divided(comm, Division(groups, Decomposition(points, grid), replicas=replicas))

    @classmethod
    def divided(cls, comm: MPI.Comm, division: Division, node_ranks: int = 1) -> Communicators:
        """Split `comm` as a division says. Collective over `comm`."""
        groups, replicas, decomposition = division.groups, division.replicas, division.decomposition
        replica_index, within = divmod(comm.rank, comm.size // replicas)
        group_index, place = divmod(within, comm.size // (replicas * groups))
        group = comm.Split(replica_index * groups + group_index, place)
        across = comm.Split(replica_index * decomposition.ranks + place, group_index)
        between = comm.Split(within, replica_index)
        first, second = decomposition.position_in_grid(place)
        along = (group.Split(second, first), group.Split(first, second))
        parts = (group, across, between, along)
        return cls(comm, *parts, decomposition, groups, replicas, division.notes, node_ranks)

    @classmethod
    def of(cls, request: DivisionRequest, comm: MPI.Comm) -> Communicators:
        """The division of `comm` that is asked for, or the quickest. Collective over `comm`.

        Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when the ranks cannot be divided as asked.
        """
        node = comm.Split_type(MPI.COMM_TYPE_SHARED)
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        # of the first rank's node, so that all ranks choose alike
        node_ranks, memory_per_rank = comm.bcast((node.size, MEMORY_SHARE * memory / (node.size * crowding())))
        node.Free()
        return cls.divided(comm, divide(request, comm.size, node_ranks, memory_per_rank), node_ranks)

    @property
    def division(self) -> Division:
        """How the ranks are divided."""
        return Division(self.groups, self.decomposition, self.notes, self.replicas)

    @property
    def group_index(self) -> int:
        """Number of the orbital group that this rank belongs to."""
        return self.across.rank

    @property
    def replica_index(self) -> int:
        """Number of the replica that this rank belongs to."""
        return self.between.rank

    @property
    def holds_first_copy(self) -> bool:
        """Whether this rank is in the first group of the first replica, which writes what all groups hold."""
        return self.group_index == 0 and self.replica_index == 0

    def pairs_of_replica(self, pairs: int, replica: int | None = None) -> range:
        """Which of so many pairs of fluctuations a replica holds; this rank's own where none is named. They are dealt
        in their order, the first replicas take one more where the number does not divide."""
        first, count = part(pairs, self.replicas, self.replica_index if replica is None else replica)
        return range(first, first + count)

    @property
    def rank(self) -> int:
        """This rank's number among all ranks."""
        return self.world.rank

    @property
    def size(self) -> int:
        """Number of all ranks."""
        return self.world.size

    @property
    def is_root(self) -> bool:
        """True on the rank that prints and writes small files."""
        return self.world.rank == 0

    def sum(self, values: ArrayLike) -> np.ndarray:
        """Sum of a small array (or number) over the ranks of this group; the same bits on every rank of it."""
        return self._reduce(self.group, values, MPI.SUM)

    def sum_all(self, values: ArrayLike) -> np.ndarray:
        """Sum of a small array over the ranks of all groups: of what every group has of its own orbitals. The order of
        the sum is that of :meth:`sum` where there is one group."""
        return self._reduce(self.group if self.groups == 1 else self.world, values, MPI.SUM)

    def sum_over_groups(self, array: np.ndarray) -> None:
        """Add up a contiguous array of this rank's part of the grid over the groups, in place; the same bits in every
        group. Collective over `across`."""
        if self.groups > 1:
            self.across.Allreduce(MPI.IN_PLACE, array, op=MPI.SUM)

    # --------------------------------------------------------------- between replicas

    def gather_replicas(self, values: np.ndarray) -> np.ndarray:
        """The rows of all replicas, one replica's after the other, the same on every rank: of numbers that each replica
        has for its own pairs, those of all pairs in their order. Sums over them then do not depend on the number of
        replicas. Collective over `between`; rows are alike and few."""
        if self.replicas == 1:
            return values
        return np.concatenate(self.between.allgather(values))

    def sum_over_replicas(self, array: np.ndarray) -> None:
        """Add up a contiguous array over the replicas, in place; the same bits in every replica. Collective over
        `between`."""
        if self.replicas > 1:
            self.between.Allreduce(MPI.IN_PLACE, array, op=MPI.SUM)

    @contextmanager
    def in_unison(self) -> Iterator[None]:
        """Inside, :meth:`sum`, :meth:`sum_all` and :meth:`maximum` give every replica the numbers of the first: what
        goes by them, such as the search for a ground state, goes the same way everywhere, also where MPI rounds sums
        over one group of ranks otherwise than over another. They are then collective over the world."""
        before, self._unison.active = self._unison.active, True
        try:
            yield
        finally:
            self._unison.active = before

    def copy_from_first_replica(self, array: np.ndarray) -> None:
        """Give every replica the values of the first, in place; a field at a time where they do not lie together.
        Collective over `between`."""
        if self.replicas == 1:
            return
        if not array.flags.c_contiguous and array.ndim > 1:
            for row in array:
                self.copy_from_first_replica(row)
            return
        contiguous = np.ascontiguousarray(array)
        self.between.Bcast([contiguous, element_type(array.dtype)], root=0)
        array[...] = contiguous

    def maximum(self, values: ArrayLike) -> np.ndarray:
        """Largest of each entry over the ranks of this group."""
        return self._reduce(self.group, values, MPI.MAX)

    def _reduce(self, comm: MPI.Comm, values: ArrayLike, operation: MPI.Op) -> np.ndarray:
        local = np.array(values, copy=True, order="C")  # its own memory: the reduction is in place
        if local.dtype.kind in "iub":
            local = local.astype(np.float64)
        if comm.size > 1:
            comm.Allreduce(MPI.IN_PLACE, local, op=operation)
        if self._unison.active and self.replicas > 1:
            self.between.Bcast([local, element_type(local.dtype)], root=0)
        return local

    def free(self) -> None:
        """Give the communicators back (collective). The world stays the caller's."""
        for comm in (*self.along, self.between, self.across, self.group):
            comm.Free()
