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
from hpcmix.parallel.exchange import Exchange, MessageExchange, SharedExchange, make_exchange
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

    On one rank there is one stage with every axis; slabs have two stages, pencils three. A field's own memory serves
    the first stage where it may be overwritten, the exchanges' landing arrays serve the later ones.
    """

    def __init__(self, communicators: Communicators, real: bool, dtype: np.dtype, timers: Timers) -> None:
        super().__init__(communicators, real, dtype, timers)
        self._stages = self._make_stages()
        self._exchanges = [stage.exchange for stage in self._stages if stage.exchange is not None]
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
                exchange = make_exchange(comm, shape, shapes[place + 1], whole, whole - 1, self.wave_dtype)
                stages.append(Stage(tuple(axes), shape, exchange))
                axes = []
        return stages

    @property
    def description(self) -> str:
        """See :meth:`Transform.description`."""
        kinds = {SharedExchange: "shared memory", MessageExchange: "messages"}
        ways = dict.fromkeys(kinds[type(exchange)] for exchange in self._exchanges)
        return "lines by ducc0" + (f", exchanged through {' and '.join(ways)}" if ways else "")

    @property
    def work(self) -> np.ndarray:
        """See :meth:`Transform.work`."""
        return self._exchanges[-1].landing if self._exchanges else super().work

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        """See :meth:`Transform.forward`."""
        first_axes = self._stages[0].axes
        first = self._first_array() if self._exchanges else wave
        with self.timers.phase("transform"):
            if self.real:
                ducc0.fft.r2c(field, axes=first_axes[:1], out=first, nthreads=self.threads)
                self._lines(first, first_axes[1:], True, first)
            else:
                self._lines(field, first_axes, True, first)
        self._later_stages_forward(first, wave)
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        """See :meth:`Transform.backward`."""
        first_axes = self._stages[0].axes
        first = wave
        if self._exchanges:
            first = self._first_array() if self.real else field
        self._later_stages_backward(first, wave)
        with self.timers.phase("transform"):
            if self.real:
                self._lines(first, first_axes[:0:-1], False, first)
                ducc0.fft.c2r(
                    first,
                    axes=first_axes[:1],
                    lastsize=self.points[-1],
                    forward=False,
                    out=field,
                    nthreads=self.threads,
                    allow_overwriting_input=True,
                )
            else:
                self._lines(first, first_axes, False, field)
            if normalise:
                field *= field.real.dtype.type(self.inverse_points)
        return field

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None]) -> None:
        """See :meth:`Transform.multiply`. A complex field is its own first work array."""
        if self.real:
            super().multiply(field, multiplier)
            return
        first_axes = self._stages[0].axes
        spectrum = self.work if self._exchanges else field
        with self.timers.phase("transform"):
            self._lines(field, first_axes, True, field)
        self._later_stages_forward(field, spectrum)
        with self.timers.phase("multiply"):
            multiplier(spectrum)
        self._later_stages_backward(field, spectrum)
        with self.timers.phase("transform"):
            self._lines(field, first_axes, False, field)

    def free(self) -> None:
        """See :meth:`Transform.free`."""
        for exchange in self._exchanges:
            exchange.free()

    def _first_array(self) -> np.ndarray:
        """Where the first stage works when the field's own memory will not do; made when first needed."""
        if self._scratch is None:
            self._scratch = np.empty(self._stages[0].shape, self.wave_dtype)
        return self._scratch

    def _later_stages_forward(self, first: np.ndarray, wave: np.ndarray) -> None:
        """From the array of the first stage through the landing arrays; the last lines go to `wave`."""
        array = first
        for exchange, stage in zip(self._exchanges, self._stages[1:], strict=True):
            with self.timers.phase("exchange"):
                exchange.forward(array)
            array = exchange.landing
            with self.timers.phase("transform"):
                self._lines(array, stage.axes, True, wave if stage is self._stages[-1] else array)

    def _later_stages_backward(self, first: np.ndarray, wave: np.ndarray) -> None:
        """Undo :meth:`_later_stages_forward`, from `wave` back to the array of the first stage."""
        source = wave
        for place in range(len(self._exchanges) - 1, -1, -1):
            exchange, stage = self._exchanges[place], self._stages[place + 1]
            with self.timers.phase("transform"):
                self._lines(source, stage.axes, False, exchange.landing)
            source = self._exchanges[place - 1].landing if place > 0 else first
            with self.timers.phase("exchange"):
                exchange.backward(source)

    def _lines(self, source: np.ndarray, axes: tuple[int, ...], forward: bool, target: np.ndarray) -> None:
        """Transform along `axes` from `source` to `target` (which may be the same), without a factor."""
        if axes:
            ducc0.fft.c2c(source, axes=axes, forward=forward, out=target, nthreads=self.threads)
