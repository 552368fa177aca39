"""mpi4py-fft and numpy with all care: slabs with the two local axes in one transform, FFTW_MEASURE, the plan's own
arrays, no normalisation, tables for the kinetic phase with 1/n inside, out= everywhere, the kicks of neighbouring steps
merged."""

from __future__ import annotations

import sys

import numpy as np
from mpi4py import MPI
from mpi4py_fft import PFFT, fftw

from comparison import problem
from comparison.problem import Case
from comparison.programs.split_step import SplitStep
from comparison.turns import serve
from hpcmix.running.planning.memory import MemoryMeter


class Careful(SplitStep):
    """The split step without a temporary array inside the loop."""

    def __init__(self, case: Case, comm: MPI.Comm) -> None:
        super().__init__(case)
        single = case.precision == "single"
        self.dtype = np.dtype(np.complex64 if single else np.complex128)
        real = np.dtype(np.float32 if single else np.float64)
        shape = (case.points,) * 3
        plan = {"axes": ((0,), (1, 2)), "grid": (-1,), "flags": (fftw.FFTW_MEASURE,)}
        self.fft = PFFT(comm, shape, dtype=self.dtype, **plan)
        self.block = self.fft.local_slice(False)
        X = problem.places(case.points, self.block)
        self.potential = problem.potential(X).astype(real)
        self.tables = self.kinetic_tables(problem.squares(case.points, self.fft.local_slice(True)), self.dtype)
        self.psi = [np.ascontiguousarray(problem.initial_field(a, X), dtype=self.dtype) for a in range(case.components)]
        self.densities = [np.empty(self.potential.shape, real) for _ in self.psi]
        self.angle, self.product = np.empty_like(self.potential), np.empty_like(self.potential)
        self.phase = np.empty(self.potential.shape, self.dtype)
        if case.interaction == "convolution":
            self.real_fft = PFFT(comm, shape, dtype=real, **plan)
            squares = problem.squares(case.points, self.real_fft.local_slice(True), half=True)
            self.kernels = self.multipliers(squares, real)
            self.spectra = [np.empty(squares.shape, self.dtype) for _ in self.psi]
            self.spectrum = np.empty(squares.shape, self.dtype)

    def kick(self, duration: float) -> None:
        """See :meth:`SplitStep.kick`."""
        components = range(self.case.components)
        for psi, density in zip(self.psi, self.densities, strict=True):
            np.square(psi.real, out=density)
            np.square(psi.imag, out=self.product)
            density += self.product
        if self.case.interaction == "convolution":
            for density, spectrum in zip(self.densities, self.spectra, strict=True):
                self.real_fft.forward.input_array[...] = density
                self.real_fft.forward(normalize=False)
                spectrum[...] = self.real_fft.forward.output_array
        for a in components:
            np.multiply(self.densities[0], problem.COUPLINGS[a][0], out=self.angle)
            for b in components[1:]:
                np.multiply(self.densities[b], problem.COUPLINGS[a][b], out=self.product)
                self.angle += self.product
            self.angle += self.potential
            if self.case.interaction == "convolution":
                self._add_convolutions(a)
            self.angle *= -duration
            np.cos(self.angle, out=self.phase.real)
            np.sin(self.angle, out=self.phase.imag)
            self.psi[a] *= self.phase

    def _add_convolutions(self, a: int) -> None:
        total = self.real_fft.backward.input_array
        for b in range(self.case.components):
            multiplier = self.kernels[min(a, b), max(a, b)]
            if b == 0:
                np.multiply(self.spectra[b], multiplier, out=total)
            else:
                np.multiply(self.spectra[b], multiplier, out=self.spectrum)
                total += self.spectrum
        self.real_fft.backward(normalize=False)
        self.angle += self.real_fft.backward.output_array

    def drift(self, duration: float) -> None:
        """See :meth:`SplitStep.drift`."""
        table = self.tables[duration]
        for psi in self.psi:
            self.fft.forward.input_array[...] = psi
            self.fft.forward(normalize=False)
            np.multiply(self.fft.forward.output_array, table, out=self.fft.backward.input_array)
            self.fft.backward(normalize=False)
            psi[...] = self.fft.backward.output_array

    def fields(self) -> list[tuple[tuple[slice, ...], np.ndarray]]:
        """See :meth:`SplitStep.fields`."""
        return [(self.block, psi) for psi in self.psi]


if __name__ == "__main__":
    meter = MemoryMeter()
    case = Case.from_json(sys.argv[1])
    program = Careful(case, MPI.COMM_WORLD)
    serve(program, MPI.COMM_WORLD, meter, case.state_shape, program.dtype)
