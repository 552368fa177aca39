"""What reduced density matrices need to know of a state of N bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.parallel.many_body.configurations import ConfigurationRows, RowExchange
from hpcmix.parallel.process.mpi import MPI


class Space(Protocol):
    """The configurations of one species, in their order.

    particles    N, the (mean) number
    modes        m
    columns      of `occupations`: m, or with one before them for the classical part sqrt(N) of a coherent state
    occupations  every configuration, (D, columns) whole numbers
    """

    statistics: Statistics
    particles: int
    modes: int
    occupations: NDArray[np.int64]

    @property
    def columns(self) -> int:
        """See above."""

    def __len__(self) -> int:
        """D."""

    def annihilate(self, occupations: NDArray[np.int64], mode: int) -> tuple[NDArray[np.int64], NDArray]:
        """a_mode on every row: the new occupations and the square of the amplitude with its sign, 0 for nothing."""

    def rank(self, occupations: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of configurations; -1 for those that are none."""

    def unit(self, mode: int) -> NDArray[np.int64]:
        """What one particle more in a mode adds to a row of `occupations`."""


class BodyState(Protocol):
    """A state psi[D1, D2, ..] of all species, one axis for each, of norm one; rows of the first axis may live on other
    ranks."""

    @property
    def spaces(self) -> Sequence[Space]:
        """The configurations of every species."""

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.complex128]:
        """psi[numbers], shape (len(numbers), D2, ..), wherever these rows are. Collective where they are on several
        ranks: every rank asks as often as the others."""

    def share(self, count: int) -> range:
        """Which of `count` pieces of work this rank does. All ranks together do each once."""

    def sum(self, array: NDArray) -> NDArray:
        """The sum over the ranks of what each has computed. Collective."""

    def largest(self, number: int) -> int:
        """The largest of the ranks' numbers. Collective."""


@dataclass(frozen=True)
class SharedState:
    """A state whose rows are cut over ranks.

    spaces  configurations of every species.
    cut     which rows are whose.
    psi     this rank's rows, (rows, D2 D3 ..).
    """

    spaces: Sequence[Space]
    cut: ConfigurationRows
    psi: NDArray[np.complex128]

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.complex128]:
        """See :class:`BodyState`. Collective."""
        columns = np.empty((len(numbers), self.cut.columns), np.complex128)
        exchange = RowExchange(self.cut, numbers)
        try:
            slots = exchange.slots(numbers)
            for number, (first, last) in enumerate(exchange.blocks):
                columns[:, first:last] = exchange.bring(self.psi, number)[slots]
                exchange.release()
        finally:
            exchange.free()
        return columns.reshape(len(numbers), *(len(space) for space in self.spaces[1:]))

    def share(self, count: int) -> range:
        """See :class:`BodyState`: in the order of the ranks' rows, so that most of what is needed is near."""
        place, size = self.cut.ranks.index(self.cut.comm.rank), self.cut.comm.size
        return range(count * place // size, count * (place + 1) // size)

    def sum(self, array: NDArray) -> NDArray:
        """Added up over the ranks. Collective."""
        total = np.array(array)
        self.cut.comm.Allreduce(MPI.IN_PLACE, total, op=MPI.SUM)
        return total

    def largest(self, number: int) -> int:
        """The largest of the ranks' numbers. Collective."""
        return int(self.cut.comm.allreduce(number, MPI.MAX))


@dataclass(frozen=True)
class DenseState:
    """A state that is whole on this rank.

    spaces  configurations of every species.
    psi     complex (D1, D2, ..).
    """

    spaces: Sequence[Space]
    psi: NDArray[np.complex128]

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.complex128]:
        """psi[numbers]."""
        return self.psi[numbers]

    def share(self, count: int) -> range:
        """See :class:`BodyState`: all."""
        return range(count)

    def sum(self, array: NDArray) -> NDArray:
        """What this rank has: there is no other."""
        return array

    def largest(self, number: int) -> int:
        """The number itself, as above."""
        return number
