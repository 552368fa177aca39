"""pyFFTW and numexpr on one process, with threads: transforms in place by measured plans, every pointwise expression in
one sweep of numexpr, the kicks of neighbouring steps merged."""

from __future__ import annotations

import os
import sys

import numexpr
import numpy as np
import pyfftw

from comparison import problem
from comparison.problem import Case
from comparison.programs.split_step import SplitStep
from comparison.turns import serve
from hpcmix.running.planning.memory import MemoryMeter


class Expressions(SplitStep):
    """The split step in numexpr's expressions. Double precision only: numexpr has no single complex numbers."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        threads = int(os.environ["OMP_NUM_THREADS"])
        numexpr.set_num_threads(threads)
        shape = (case.points,) * 3
        X = problem.places(case.points)
        self.potential = problem.potential(X)
        self.tables = self.kinetic_tables(problem.squares(case.points), np.dtype(complex))
        self.psi = [pyfftw.empty_aligned(shape, dtype=complex) for _ in range(case.components)]
        options = {"axes": (0, 1, 2), "flags": ("FFTW_MEASURE",), "threads": threads}
        self.forward = [pyfftw.FFTW(psi, psi, **options) for psi in self.psi]
        self.backward = [pyfftw.FFTW(psi, psi, direction="FFTW_BACKWARD", **options) for psi in self.psi]
        for a, psi in enumerate(self.psi):  # planning overwrites
            psi[...] = problem.initial_field(a, X)
        self.densities = [np.empty(shape) for _ in self.psi]
        self.angle = np.empty(shape)
        if case.interaction == "convolution":
            squares = problem.squares(case.points, half=True)
            self.kernels = self.multipliers(squares, np.dtype(float))
            self.real = pyfftw.empty_aligned(shape, dtype=float)
            self.spectra = [pyfftw.empty_aligned(squares.shape, dtype=complex) for _ in self.psi]
            self.total = pyfftw.empty_aligned(squares.shape, dtype=complex)
            self.real_forward = [pyfftw.FFTW(self.real, spectrum, **options) for spectrum in self.spectra]
            self.real_backward = pyfftw.FFTW(self.total, self.real, direction="FFTW_BACKWARD", **options)

    def kick(self, duration: float) -> None:
        """See :meth:`SplitStep.kick`."""
        for psi, density in zip(self.psi, self.densities, strict=True):
            numexpr.evaluate("p * p + q * q", {"p": psi.real, "q": psi.imag}, out=density)
        convolution = self.case.interaction == "convolution"
        if convolution:
            for density, transform in zip(self.densities, self.real_forward, strict=True):
                self.real[...] = density
                transform.execute()
        for a, psi in enumerate(self.psi):
            terms = {f"n{b}": density for b, density in enumerate(self.densities)}
            factors = {f"g{b}": problem.COUPLINGS[a][b] for b in range(self.case.components)}
            total = " + ".join(f"g{b} * n{b}" for b in range(self.case.components))
            if convolution:
                self._convolve(a)
                terms["w"] = self.real
                total += " + w"
            names = terms | factors | {"u": self.potential, "s": -duration}
            numexpr.evaluate(f"s * (u + {total})", names, out=self.angle)
            numexpr.evaluate("p * complex(cos(f), sin(f))", {"p": psi, "f": self.angle}, out=psi)

    def _convolve(self, a: int) -> None:
        components = range(self.case.components)
        names = {f"s{b}": self.spectra[b] for b in components}
        names |= {f"m{b}": self.kernels[min(a, b), max(a, b)] for b in components}
        numexpr.evaluate(" + ".join(f"s{b} * m{b}" for b in components), names, out=self.total)
        self.real_backward.execute()

    def drift(self, duration: float) -> None:
        """See :meth:`SplitStep.drift`."""
        for psi, forward, backward in zip(self.psi, self.forward, self.backward, strict=True):
            forward.execute()
            numexpr.evaluate("p * t", {"p": psi, "t": self.tables[duration]}, out=psi)
            backward.execute()

    def fields(self) -> list[tuple[tuple[slice, ...], np.ndarray]]:
        """See :meth:`SplitStep.fields`."""
        return [((slice(None),) * 3, psi) for psi in self.psi]


if __name__ == "__main__":
    meter = MemoryMeter()
    case = Case.from_json(sys.argv[1])
    serve(Expressions(case), None, meter, case.state_shape, np.dtype(complex))
