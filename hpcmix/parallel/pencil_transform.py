"""Two- and three-dimensional grids: lines by ducc0, one exchange of pencils for each direction of the pencil grid that
has more than one rank.

ducc0 plans nothing and gives the same bits every time, which FFTW's measured plans do not (a restarted run would differ
from an uninterrupted one); its lines are as fast. The same verbs on mpi4py-fft are in ``reference_transform.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ducc0
import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.exchange import Exchange
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transform import Transform


@dataclass(frozen=True)
class Stage:
    """One layout on the way from position to wave-number space: the axes transformed in it, and the exchange that leads
    to the next."""

    axes: tuple[int, ...]
    shape: tuple[int, ...]
    exchange: Exchange | None


class PencilTransform(Transform):
    """Transform stage by stage: all axes that are whole in a layout, then the exchange to the next layout.

    On one rank there is one stage with every axis; slabs have two stages, pencils three. A spectrum passes through one
    array per stage: the field's own memory first where it may be overwritten, `wave` last.
    """

    def __init__(self, communicators: Communicators, real: bool, dtype: np.dtype, timers: Timers) -> None:
        super().__init__(communicators, real, dtype, timers)
        self._stages = self._make_stages()
        self._middle = [np.empty(stage.shape, self.wave_dtype) for stage in self._stages[1:-1]]
        self._scratch: np.ndarray | None = None

    def _make_stages(self) -> list[Stage]:
        decomposition = self.communicators.decomposition
        layouts = decomposition.layouts()
        rank = self.communicators.group.rank
        shapes = [decomposition.block(rank, layout, self.wave_points).shape for layout in layouts]
        last = len(self.points) - 1
        stages: list[Stage] = []
        axes: list[int] = []
        for place, shape in enumerate(shapes):
            whole = last - place  # the axis that is whole in this layout
            axes.append(whole)
            if place == last:
                stages.append(Stage(tuple(axes), shape, None))
                break
            # the axis that becomes whole next tells which direction of the pencil grid exchanges
            comm = self.communicators.along[layouts[place][whole - 1] - 1]
            if comm.size > 1:
                exchange = Exchange(comm, shape, shapes[place + 1], whole, whole - 1, self.wave_dtype)
                stages.append(Stage(tuple(axes), shape, exchange))
                axes = []
        return stages

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        """See :meth:`Transform.forward`."""
        chain = self._chain(None, wave)
        first_axes = self._stages[0].axes
        with self.timers.phase("transform"):
            if self.real:
                ducc0.fft.r2c(field, axes=first_axes[:1], out=chain[0], nthreads=self.threads)
                self._lines(chain[0], first_axes[1:], forward=True)
            else:
                ducc0.fft.c2c(field, axes=first_axes, out=chain[0], nthreads=self.threads)
        self._later_stages_forward(chain)
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        """See :meth:`Transform.backward`."""
        chain = self._chain(None if self.real else field, wave)
        self._later_stages_backward(chain)
        first_axes = self._stages[0].axes
        with self.timers.phase("transform"):
            if self.real:
                self._lines(chain[0], first_axes[:0:-1], forward=False)
                ducc0.fft.c2r(
                    chain[0],
                    axes=first_axes[:1],
                    lastsize=self.points[-1],
                    forward=False,
                    out=field,
                    nthreads=self.threads,
                    allow_overwriting_input=True,
                )
            else:
                ducc0.fft.c2c(chain[0], axes=first_axes, forward=False, out=field, nthreads=self.threads)
            if normalise:
                field *= field.real.dtype.type(self.inverse_points)
        return field

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None], wave: np.ndarray) -> None:
        """See :meth:`Transform.multiply`. Complex fields are their own first work array; on one rank `wave` is not
        touched."""
        if self.real:
            super().multiply(field, multiplier, wave)
            return
        chain = self._chain(field, wave) if len(self._stages) > 1 else [field]
        with self.timers.phase("transform"):
            self._lines(chain[0], self._stages[0].axes, forward=True)
        self._later_stages_forward(chain)
        with self.timers.phase("multiply"):
            multiplier(chain[-1])
        self._later_stages_backward(chain)
        with self.timers.phase("transform"):
            self._lines(chain[0], self._stages[0].axes, forward=False)

    def free(self) -> None:
        """See :meth:`Transform.free`."""
        for stage in self._stages:
            if stage.exchange is not None:
                stage.exchange.free()

    def _chain(self, first: np.ndarray | None, wave: np.ndarray) -> list[np.ndarray]:
        """The array of each stage. `first` None: a scratch array that is kept, or `wave` when there is one stage
        only."""
        if len(self._stages) == 1:
            return [wave]
        if first is None:
            if self._scratch is None:
                self._scratch = np.empty(self._stages[0].shape, self.wave_dtype)
            first = self._scratch
        return [first, *self._middle, wave]

    def _later_stages_forward(self, chain: list[np.ndarray]) -> None:
        for here, stage, array, target in zip(self._stages, self._stages[1:], chain, chain[1:], strict=False):
            with self.timers.phase("exchange"):
                here.exchange.forward(array, target)
            with self.timers.phase("transform"):
                self._lines(target, stage.axes, forward=True)

    def _later_stages_backward(self, chain: list[np.ndarray]) -> None:
        for place in range(len(self._stages) - 1, 0, -1):
            with self.timers.phase("transform"):
                self._lines(chain[place], self._stages[place].axes, forward=False)
            with self.timers.phase("exchange"):
                self._stages[place - 1].exchange.backward(chain[place], chain[place - 1])

    def _lines(self, array: np.ndarray, axes: tuple[int, ...], forward: bool) -> None:
        """Transform along `axes` in place, without a factor."""
        if axes:
            ducc0.fft.c2c(array, axes=axes, forward=forward, out=array, nthreads=self.threads)
