"""mpi4py-fft and numpy as the documentation of mpi4py-fft suggests: the default plan of slabs, its distributed arrays,
whole-array expressions, normalising transforms. A step kicks by half, drifts and kicks by half."""

from __future__ import annotations

import sys

import numpy as np
from mpi4py import MPI
from mpi4py_fft import PFFT, newDistArray

from comparison import problem
from comparison.problem import Case
from comparison.programs.split_step import SplitStep
from comparison.turns import serve
from hpcmix.running.planning.memory import MemoryMeter


class Documented(SplitStep):
    """The split step in the style of the documentation's examples."""

    merging = False

    def __init__(self, case: Case, comm: MPI.Comm) -> None:
        super().__init__(case)
        shape = np.array([case.points] * 3, dtype=int)
        self.fft = PFFT(comm, shape, axes=(0, 1, 2), dtype=complex, grid=(-1,))
        self.u = [newDistArray(self.fft, False) for _ in range(case.components)]
        self.u_hat = [newDistArray(self.fft, True) for _ in range(case.components)]
        self.block = self.fft.local_slice(False)
        X = problem.places(case.points, self.block)
        self.V = problem.potential(X)
        self.K2 = problem.squares(case.points, self.fft.local_slice(True))
        for a in range(case.components):
            self.u[a][:] = problem.initial_field(a, X)
        if case.interaction == "convolution":
            self.real_fft = PFFT(comm, shape, axes=(0, 1, 2), dtype=float, grid=(-1,))
            self.n_hat = [newDistArray(self.real_fft, True) for _ in range(case.components)]
            self.K2_real = problem.squares(case.points, self.real_fft.local_slice(True), half=True)

    def kick(self, duration: float) -> None:
        """See :meth:`SplitStep.kick`."""
        components = range(self.case.components)
        n = [np.abs(u) ** 2 for u in self.u]
        W = [self.V + sum(problem.COUPLINGS[a][b] * n[b] for b in components) for a in components]
        if self.case.interaction == "convolution":
            # into arrays of their own: without one, forward returns the plan's array, which the next call overwrites
            n_hat = [self.real_fft.forward(n[b], self.n_hat[b]) for b in components]
            for a in components:
                total = sum(problem.yukawa_multiplier(a, b, self.K2_real) * n_hat[b] for b in components)
                W[a] = W[a] + self.real_fft.backward(total)
        for a in components:
            self.u[a][:] = np.exp(-1j * duration * W[a]) * self.u[a]

    def drift(self, duration: float) -> None:
        """See :meth:`SplitStep.drift`."""
        for a in range(self.case.components):
            self.u_hat[a] = self.fft.forward(self.u[a], self.u_hat[a])
            self.u_hat[a] *= np.exp(-0.5j * duration * self.K2)
            self.u[a] = self.fft.backward(self.u_hat[a], self.u[a])

    def fields(self) -> list[tuple[tuple[slice, ...], np.ndarray]]:
        """See :meth:`SplitStep.fields`."""
        return [(self.block, u) for u in self.u]


if __name__ == "__main__":
    meter = MemoryMeter()
    case = Case.from_json(sys.argv[1])
    serve(Documented(case, MPI.COMM_WORLD), MPI.COMM_WORLD, meter, case.state_shape, np.dtype(complex))
