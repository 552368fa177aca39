"""The distributed Fourier transform behind a narrow interface.

The rest of the program sees whole transforms - :meth:`Transform.forward`, :meth:`Transform.backward`,
:meth:`Transform.multiply`, :meth:`Transform.convolve` - and, for the loop, the two halves that a time step is made of:
the last :attr:`Transform.plane_axes` axes, which a kick transforms in its own sweep, and
:meth:`Transform.multiply_factors`, which a drift does with all others. The spectrum stays in the layout that the last
exchange leaves it in; there is no return transpose.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.transforms.multipliers import Factors, Turn
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.spectral_matrix import SpectralMatrix
from hpcmix.problem.mistakes.errors import Complaint, ProblemError


def thread_count() -> int:
    """Threads that a rank may use: OMP_NUM_THREADS, or one. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    asked = os.environ.get("OMP_NUM_THREADS", "").strip() or "1"
    outermost = asked.split(",")[0].strip()  # of a list, one number for each level of nested regions
    if not (outermost.isascii() and outermost.isdigit()) or int(outermost) < 1:
        message = f'is "{asked}"; it must be the number of threads of a rank, at least 1'
        raise ProblemError([Complaint("OMP_NUM_THREADS", None, "", message)])
    return int(outermost)


class Transform(ABC):
    """Fourier transform of fields on one group's grid, complex or real in position space.

    Conventions: forward ``f^(k) = sum_x f(x) exp(-ikx)``, backward with the factor 1/n_points (CONVENTIONS.md).

    resources      ranks, precision, timers, memory and kernels that it works with.
    real           True for real fields: the spectrum has the half last axis.
    Arrays: position space ``position_block.shape``, wave-number space ``wave_block.shape``, C-contiguous. All verbs are
    collective over the group.

    plane_axes     how many of the last axes are transformed where a field lies in position space, before anything is
                   exchanged: a field in which they are is *half way*. 0: a transform is not taken apart, and half way
                   is position space.
    fields_together
                   how many fields are worth moving at once by :meth:`multiply_together` and :meth:`convolve_together`;
                   1: fields are moved one by one, and there is no :meth:`convolve_together`. More than 1 only where
                   half way is position space.
    obstacle       why there was no shared memory for the exchange or the fields although they were to use it; empty
                   where there is, or none was wanted.
    """

    plane_axes: int = 0
    fields_together: int = 1
    obstacle: str = ""

    def __init__(self, resources: Resources, real: bool) -> None:
        communicators = resources.communicators
        decomposition, rank = communicators.decomposition, communicators.group.rank
        self.resources = resources
        self.communicators = communicators
        self.timers = resources.timers
        self.kernels = resources.kernels
        self.real = real
        self.points = decomposition.points
        self.wave_points = decomposition.half_points if real else decomposition.points
        self.wave_dtype = resources.complex_dtype
        self.position_dtype = resources.real_dtype if real else resources.complex_dtype
        self.position_block: Block = decomposition.position_block(rank)
        self.wave_block: Block = decomposition.wave_block(rank, real)
        self.inverse_points = 1.0 / float(np.prod([float(n) for n in self.points]))
        self.threads = thread_count()
        self._work: np.ndarray | None = None
        self._spectra_together: list[np.ndarray] = []

    def make_room_for(self, fields: int) -> None:  # noqa: B027 - not every transform moves several at once
        """Be ready for a drift or a convolution that moves so many fields at once."""

    def empty_position(self) -> np.ndarray:
        """An uninitialised field in position space."""
        return self.resources.empty(self.position_block.shape, self.position_dtype)

    def empty_wave(self) -> np.ndarray:
        """An uninitialised spectrum."""
        return self.resources.empty(self.wave_block.shape, self.wave_dtype)

    def empty_fields(self, count: int) -> np.ndarray:
        """`count` fields, zero, shape (count, *position block) - for real fields their half spectra before an exchange
        - in the memory that the transform works in best. They belong to the transform and go with :meth:`free`."""
        return self.resources.zeros((count, *self.position_block.shape), self.wave_dtype)

    @property
    def work(self) -> np.ndarray:
        """A spectrum that belongs to the transform, for results that are looked at and not kept; made when first
        needed.
        """
        if self._work is None:
            self._work = self.empty_wave()
        return self._work

    @property
    @abstractmethod
    def description(self) -> str:
        """How it works, for the log."""

    @property
    def exchange_name(self) -> str:
        """How ranks exchange their blocks, one of :data:`hpcmix.parallel.transforms.exchange.EXCHANGES`; empty where
        there is nothing to exchange, or no choice."""
        return ""

    @abstractmethod
    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        """Spectrum of `field` into `wave`, which is returned; `field` is left as it is."""

    @abstractmethod
    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        """Field of the spectrum `wave` into `field`, which is returned; `wave` is overwritten. `normalise` applies
        1/n_points."""

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None]) -> None:
        """``field <- n_points F^-1 [ m(k) F field ]`` in place: transform, let `multiplier` change the spectrum in
        place, transform back.

        The factor 1/n_points is the multiplier's to apply: folded into another factor it costs nothing. What lies in
        :attr:`work` is lost.
        """
        self.forward(field, self.work)
        with self.timers.phase("multiply"):
            multiplier(self.work)
        self.backward(self.work, field, normalise=False)

    def multiply_along(self, field: np.ndarray, axis: int, table: np.ndarray) -> None:
        """``field <- n F^-1 [ m(k_axis) F field ]`` in place, for a multiplier that depends on one component of the
        wave number; n is the number of points along that axis.

        table  m on all wave numbers of the axis; 1/n is its to hold. What lies in :attr:`work` is lost.
        """
        tables = [np.ones(n, np.complex128) for n in self.wave_block.shape]
        scale = self.inverse_points * self.points[axis]
        tables[axis] = scale * np.asarray(table, np.complex128)[self.wave_block.slices[axis]]
        self.multiply(field, lambda spectrum: self.kernels.multiply_separable(spectrum, tables))

    def enter_position(self, half_way: np.ndarray, field: np.ndarray) -> None:
        """From half way to position space, without a factor; `half_way` is overwritten, and may be `field` itself where
        that is complex. Local."""
        if half_way is not field:
            np.copyto(field, half_way)

    def multiply_factors(self, fields: Sequence[np.ndarray], factors: Sequence[Factors | Turn]) -> None:
        """``field <- n_points F^-1 [ m(k) F field ]`` for fields that are half way, in place, and leave them half way.

        factors  for each field m, either as a product or as a phase; 1/n_points is theirs to hold.
        """
        for field, factor in zip(fields, factors, strict=True):
            self.multiply(field, partial(self._apply, factor))

    def multiply_together(self, arrays: Sequence[np.ndarray], factors: Sequence[Factors | Turn]) -> None:
        """The same as :meth:`multiply_each`, by which many fields may be moved at once. They round otherwise then; a
        field's bits depend neither on how many there are nor on its place among them."""
        self.multiply_each(arrays, factors)

    def multiply_each(self, arrays: Sequence[np.ndarray], factors: Sequence[Factors | Turn]) -> None:
        """:meth:`multiply_factors` of all fields of some arrays (number, *position block), one factor for each
        array."""
        several = [factor for array, factor in zip(arrays, factors, strict=True) for _ in array]
        if several:
            self.multiply_factors([field for array in arrays for field in array], several)

    def _apply(self, factor: Factors | Turn, spectrum: np.ndarray) -> None:
        """Multiply a whole spectrum, in place."""
        if isinstance(factor, Turn):
            self.kernels.rotate_phase(spectrum, factor.symbol, factor.angle)
            spectrum *= spectrum.real.dtype.type(factor.scale)
        else:
            self.kernels.multiply_separable(spectrum, factor)

    def multiply_matrix(self, fields: Sequence[np.ndarray], matrix: SpectralMatrix) -> None:
        """``field_a <- n_points F^-1 [ sum_b m_ab(k) F field_b ]`` for complex fields that are half way, in place, and
        leave them half way. 1/n_points is the matrix's to hold."""
        if len(self._spectra_together) < len(fields):
            self._spectra_together = [self.empty_wave() for _ in fields]
        spectra = self._spectra_together[: len(fields)]
        for field, spectrum in zip(fields, spectra, strict=True):
            self.forward(field, spectrum)
        with self.timers.phase("multiply"):
            matrix.multiply_spectra(self.kernels, spectra)
        for spectrum, field in zip(spectra, fields, strict=True):
            self.backward(spectrum, field, normalise=False)

    def convolve(
        self,
        sources: Sequence[np.ndarray],
        multipliers: Sequence[Sequence[np.ndarray | None]],
        targets: Sequence[np.ndarray],
    ) -> None:
        """``target_a <- F^-1 [ sum_b m_ab(k) F source_b ]`` for real fields, each transformed once.

        multipliers  a square matrix of real arrays on the wave-number block, None for zero.
        targets      as many as sources; may be the same arrays.
        """
        spectra = [self.forward(source, self.empty_wave()) for source in sources]
        for row, target in zip(multipliers, targets, strict=True):
            total = np.zeros_like(spectra[0])
            for multiplier, spectrum in zip(row, spectra, strict=True):
                if multiplier is not None:
                    total += multiplier * spectrum
            self.backward(total, target)

    def convolve_together(
        self,
        sources: Sequence[np.ndarray],
        multipliers: Sequence[Sequence[np.ndarray | None]],
        targets: Sequence[np.ndarray],
    ) -> None:
        """:meth:`convolve` of many fields in the place of each: sources and targets are arrays (number, *position
        block). Of bits what :meth:`multiply_together` says. Where :attr:`fields_together` is not 1."""
        raise NotImplementedError(f"{type(self).__name__} moves fields one by one")

    def half_way_fields(self, count: int) -> list[np.ndarray]:
        """Fields of :meth:`empty_fields` that belong to the transform; :meth:`convolve` works in them too. Collective
        where there have not been as many before."""
        raise NotImplementedError(f"{type(self).__name__} is not taken apart")

    def mix_half_way(self, spectra: Sequence[np.ndarray], multipliers: Sequence[Sequence[np.ndarray | None]]) -> None:
        """What :meth:`convolve` does between the parts of its transforms: the spectra of real fields that are half way,
        :meth:`half_way_fields`, become those of the results, in place. Where :attr:`plane_axes` is not 0."""
        raise NotImplementedError(f"{type(self).__name__} is not taken apart")

    def free(self) -> None:  # noqa: B027 - not every engine holds MPI resources
        """Give MPI resources back (collective)."""
