"""Two- and three-dimensional grids on slabs or pencils: our own lines, and one exchange for each direction of the
pencil grid that has more than one rank.

The axes of a field fall into those that are transformed where the field lies in position space - the last
:attr:`PencilTransform.plane_axes`, two on slabs and one on pencils - and those that come after an exchange; the first
axis is always the last to be transformed. What a drift does in wave-number space touches one line at a time if its
factor separates or is a table, so lines along the first axis are transformed, multiplied and transformed back in one
sweep; and what a kick does touches one plane or row at a time, so a plane is brought back from the last drift, kicked
and sent towards the next one in one sweep too (:class:`hpcmix.evolve.flows.Flows`).

Axes are transformed in the same order on every pencil grid, and lines go through full tiles of the vector registers
whatever a rank holds: the bits of a field do not depend on the number of ranks, nor on how they share the grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hpcmix.parallel.process.shared_memory import NoSharedMemory, SharedFields
from hpcmix.parallel.transforms.exchange import WITHOUT_SHARED_MEMORY, Exchange, Redistribution, make_exchanges
from hpcmix.parallel.transforms.multipliers import Factors, Turn
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.spectral_matrix import SpectralMatrix
from hpcmix.parallel.transforms.transform import Transform

ChangeLines = Callable[[Sequence[np.ndarray], int], None]
"""Works on spectra whose first axis is whole and the only one not yet transformed; its second argument is the number of
the first of them."""


class PencilTransform(Transform):
    """Complex or real fields in two or three dimensions."""

    def __init__(self, resources: Resources, real: bool) -> None:
        super().__init__(resources, real)
        communicators = resources.communicators
        self._way = resources.exchange
        self._shared: dict[int, SharedFields] = {}
        self._whole: dict[int, np.ndarray] = {}
        layouts = communicators.decomposition.layouts()
        rank = communicators.group.rank
        self._shapes = [communicators.decomposition.block(rank, layout, self.wave_points).shape for layout in layouts]
        pencils = len(layouts) == 3 and communicators.along[1].size > 1
        self.plane_axes = len(layouts) - (2 if pencils else 1)
        self._tasks: list[Redistribution] = []
        for place in range(len(layouts) - 1):
            whole = len(layouts) - 1 - place
            comm = communicators.along[layouts[place][whole - 1] - 1]
            if comm.size > 1:
                shapes = self._shapes[place], self._shapes[place + 1]
                # the first rank has the largest block in every layout
                largest = communicators.decomposition.block(0, layouts[place + 1], self.wave_points).size
                self._tasks.append(
                    Redistribution(
                        comm,
                        *shapes,
                        whole,
                        whole - 1,
                        self.wave_dtype,
                        empty=resources.empty,
                        largest_bytes=largest * self.wave_dtype.itemsize,
                    )
                )
        self._pencils = pencils
        self._made: list[Exchange] = []
        self._scratch: np.ndarray | None = None
        self._spectra: np.ndarray | None = None

    # --------------------------------------------------------------- what it is

    @property
    def description(self) -> str:
        lines = self.kernels.description()
        return f"{lines}, exchanged through {self._way.replace('-', ' ')}" if self._tasks else lines

    @property
    def exchange_name(self) -> str:
        return self._way if self._tasks else ""

    @property
    def work(self) -> np.ndarray:
        return self._exchanges(1)[-1].landings[0] if self._tasks else super().work

    def make_room_for(self, fields: int) -> None:
        """See :meth:`Transform.make_room_for`; joined messages are made for it. Exchanges that were made for fewer are
        made anew when they are needed."""
        self._tasks = [replace(task, fields=max(task.fields, fields)) for task in self._tasks]

    def empty_fields(self, count: int) -> np.ndarray:
        """See :meth:`Transform.empty_fields`. On slabs within a node they lie in shared memory, where the lines along
        the first axis are transformed in place."""
        shape = self._shapes[0] if self.real else self.position_block.shape
        if self._shares_fields:
            try:
                return self._shared_fields(count, shape)
            except NoSharedMemory as error:  # on all ranks of the group, which are those of the only exchange
                self._way, self.obstacle = WITHOUT_SHARED_MEMORY, str(error)
        return self.resources.zeros((count, *shape), self.wave_dtype)

    def _shared_fields(self, count: int, shape: tuple[int, ...]) -> np.ndarray:
        fields = SharedFields(self._tasks[0].comm, count, shape, self.wave_dtype)
        rows = self.wave_block.slices[1]
        for mine, whole in zip(fields.arrays, fields.whole, strict=True):
            self._shared[_address(mine)] = fields
            self._whole[_address(mine)] = whole[:, rows]
        return fields.arrays

    @property
    def _shares_fields(self) -> bool:
        return self._way == "shared-memory" and len(self._tasks) == 1 and not self._pencils

    # --------------------------------------------------------------- whole transforms

    def forward(self, field: np.ndarray, wave: np.ndarray) -> np.ndarray:
        first = self._first_array() if self._tasks else wave
        self.leave_position(field, first)
        spectrum = self._to_lines([first])[0]
        with self.timers.phase("lines"):
            self.kernels.transform_lines(spectrum, 0, True)
        if spectrum is not wave:
            np.copyto(wave, spectrum)
        return wave

    def backward(self, wave: np.ndarray, field: np.ndarray, normalise: bool = True) -> np.ndarray:
        scale = self.inverse_points if normalise else 1.0
        spectrum = wave
        if self._tasks:
            spectrum = self._exchanges(1)[-1].landings[0]
            if spectrum is not wave:
                np.copyto(spectrum, wave)
        with self.timers.phase("lines"):
            self.kernels.transform_lines(spectrum, 0, False, scale)
        first = (self._first_array() if self.real else field) if self._tasks else spectrum
        self._from_lines([first])
        self.enter_position(first, field)
        return field

    def multiply(self, field: np.ndarray, multiplier: Callable[[np.ndarray], None]) -> None:
        """See :meth:`Transform.multiply`. A complex field is its own first work array."""
        if self.real:
            super().multiply(field, multiplier)
            return

        def change(spectra: Sequence[np.ndarray], _: int) -> None:
            for spectrum in spectra:
                self.kernels.transform_lines(spectrum, 0, True)
                with self.timers.phase("multiply"):
                    multiplier(spectrum)
                self.kernels.transform_lines(spectrum, 0, False)

        self.leave_position(field, field)
        self._exchange_and_change([field], change)
        self.enter_position(field, field)

    def multiply_along(self, field: np.ndarray, axis: int, table: np.ndarray) -> None:
        """See :meth:`Transform.multiply_along`. Only the lines along that axis are transformed, and exchanged where
        they are divided."""
        if axis == 1 and self._pencils:
            exchange = self._exchanges(1)[0]
            with self.timers.phase("exchange"):
                (spectrum,) = exchange.forward([field])
            with self.timers.phase("lines"):
                self.kernels.multiply_along(spectrum, 1, table)
            with self.timers.phase("exchange"):
                exchange.backward([field])
            return
        if axis > 0 or not self._tasks:
            with self.timers.phase("lines"):
                self.kernels.multiply_along(field, axis, table)
            return
        # on pencils the lines along the second axis are transformed on the way, and back
        scaled = np.asarray(table, np.complex128) / (self.points[1] if self._pencils else 1)

        def change(spectra: Sequence[np.ndarray], _: int) -> None:
            for spectrum in spectra:
                self.kernels.multiply_along(spectrum, 0, scaled)

        self._exchange_and_change([field], change)

    # --------------------------------------------------------------- the parts of a transform

    def leave_position(self, field: np.ndarray, half_way: np.ndarray) -> None:
        """Transform the last :attr:`plane_axes` axes of a field in position space into `half_way`, which may be the
        same array where the field is complex. Local."""
        with self.timers.phase("planes"):
            if self.real:
                self.kernels.transform_real(field, half_way, planes=self.plane_axes == 2)
            else:
                if half_way is not field:
                    np.copyto(half_way, field)
                self.kernels.transform_planes(half_way, True, axes=self.plane_axes)

    def enter_position(self, half_way: np.ndarray, field: np.ndarray) -> None:
        """Undo :meth:`leave_position`, without a factor; `half_way` is overwritten. Local."""
        with self.timers.phase("planes"):
            if self.real:
                self.kernels.transform_real_inverse(half_way, field, planes=self.plane_axes == 2)
            else:
                self.kernels.transform_planes(half_way, False, axes=self.plane_axes)
                if half_way is not field:
                    np.copyto(field, half_way)

    def multiply_factors(self, fields: Sequence[np.ndarray], factors: Sequence[Factors | Turn]) -> None:
        def change(spectra: Sequence[np.ndarray], first: int) -> None:
            for number, spectrum in enumerate(spectra, first):
                factor = factors[number]
                if isinstance(factor, Turn):
                    self.kernels.turn_lines(spectrum, factor.symbol, factor.angle, factor.scale)
                else:
                    self.kernels.multiply_lines(spectrum, factor)

        self._change_lines(fields, change)

    def multiply_matrix(self, fields: Sequence[np.ndarray], matrix: SpectralMatrix) -> None:
        self._change_lines(fields, lambda spectra, _: matrix.multiply_lines(self.kernels, spectra), together=True)

    def convolve(
        self,
        sources: Sequence[np.ndarray],
        multipliers: Sequence[Sequence[np.ndarray | None]],
        targets: Sequence[np.ndarray],
    ) -> None:
        spectra = self.half_way_fields(len(sources))
        for source, spectrum in zip(sources, spectra, strict=True):
            self.leave_position(source, spectrum)
        self.mix_half_way(spectra, multipliers)
        for spectrum, target in zip(spectra, targets, strict=True):
            self.enter_position(spectrum, target)

    def half_way_fields(self, count: int) -> list[np.ndarray]:
        if self._spectra is None or len(self._spectra) < count:
            self._spectra = self.empty_fields(count)
        return list(self._spectra[:count])

    def mix_half_way(self, spectra: Sequence[np.ndarray], multipliers: Sequence[Sequence[np.ndarray | None]]) -> None:
        self._change_lines(
            spectra, lambda arrays, _: self.kernels.mix_lines(arrays, multipliers, self.inverse_points), together=True
        )

    def _change_lines(self, fields: Sequence[np.ndarray], change: ChangeLines, together: bool = False) -> None:
        """Let `change` work on the lines along the first axis of fields that are half way, and bring them back.

        together  all spectra must be there before the first is changed, for a change that mixes them.
        """
        if not self._tasks:
            with self.timers.phase("lines"):
                change(fields, 0)
        elif self._shares_fields and all(_address(field) in self._whole for field in fields):
            self._change_shared(fields, change)
        else:
            step = len(fields) if together else self._tasks[0].joined
            for first in range(0, len(fields), step):
                self._exchange_and_change(fields[first : first + step], change, first)

    def _change_shared(self, fields: Sequence[np.ndarray], change: ChangeLines) -> None:
        """Where all ranks see whole fields, each of them changes its share of the lines where they lie."""
        windows = self._shared[_address(fields[0])]
        with self.timers.phase("exchange"):
            windows.meet()
        with self.timers.phase("lines"):
            change([self._whole[_address(field)] for field in fields], 0)
        with self.timers.phase("exchange"):
            windows.meet()

    def _exchange_and_change(self, fields: Sequence[np.ndarray], change: ChangeLines, first: int = 0) -> None:
        spectra = self._to_lines(fields)
        with self.timers.phase("lines"):
            change(spectra, first)
        self._from_lines(fields)

    def _to_lines(self, fields: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """From the planes' or rows' transforms to arrays in which the first axis is whole and the only one left."""
        exchanges = self._exchanges(len(fields))
        arrays = fields
        for place, exchange in enumerate(exchanges):
            with self.timers.phase("exchange"):
                arrays = exchange.forward(arrays)
            if place == 0 and self._pencils:
                self._middle_lines(arrays, True)
        return arrays

    def _from_lines(self, fields: Sequence[np.ndarray]) -> None:
        """The way back of :meth:`_to_lines`."""
        exchanges = self._exchanges(len(fields))
        for place in reversed(range(len(exchanges))):
            if place == 0 and self._pencils:
                self._middle_lines(exchanges[0].landings[: len(fields)], False)
            with self.timers.phase("exchange"):
                exchanges[place].backward(exchanges[place - 1].landings[: len(fields)] if place > 0 else fields)

    def _middle_lines(self, arrays: Sequence[np.ndarray], forward: bool) -> None:
        with self.timers.phase("lines"):
            for array in arrays:
                self.kernels.transform_lines(array, 1, forward)

    def _exchanges(self, fields: int) -> list[Exchange]:
        """The exchanges with room for that many fields at once, made when they are first needed."""
        if self._tasks and (not self._made or len(self._made[0].landings) < fields):
            for exchange in self._made:
                exchange.free()
            self._made = make_exchanges(self._way, self._tasks, fields, self.communicators.group)
            self._way, self.obstacle = self._made[0].name, self.obstacle or self._made[0].obstacle
        return self._made

    def _first_array(self) -> np.ndarray:
        """Where a transform begins when the field's own memory will not do; made when first needed."""
        if self._scratch is None:
            self._scratch = self.resources.empty(self._shapes[0], self.wave_dtype)
        return self._scratch

    def free(self) -> None:
        for exchange in self._made:
            exchange.free()
        for fields in dict.fromkeys(self._shared.values()):
            fields.free()
        self._made, self._shared, self._whole, self._spectra = [], {}, {}, None


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
