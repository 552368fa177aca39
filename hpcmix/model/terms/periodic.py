"""Kernels on the periodic box, W = G * rho, by multipliers in wave-number space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.kernel_term import KernelShape, KernelTerm
from hpcmix.model.terms.term import Densities, Fields, HalfWayFields, TakeSpectra
from hpcmix.parallel.engine import Engine


class PeriodicTerm(KernelTerm):
    """All kernels of a mixture that act on the periodic box.

    Every channel (model/terms/channels.py) is transformed once, as a real field, and comes back once.
    """

    def __init__(self, shapes: Sequence[KernelShape], engine: Engine) -> None:
        super().__init__(shapes, engine)
        count = self.channels.count
        self._transform = engine.real_transform(count)
        self._matrix = [[self._multiplier(d, e) for e in range(count)] for d in range(count)]
        self._fields: list[np.ndarray] = []
        self._potentials: dict[int, np.ndarray] = {}

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        self._set_scale(instant.contraction)
        if not self._fields:
            self._fields = [self._transform.empty_position() for _ in range(self.channels.count)]
            self._potentials = {int(a): self._transform.empty_position() for a in self.channels.felt}
        for field, row in zip(self._fields, self.channels.inward, strict=True):
            combine(row, densities, field)
        if self._fields:
            self._transform.convolve(self._fields, self._matrix, self._fields)
        for a, potential in self._potentials.items():
            combine(self.channels.outward[a], self._fields, potential)
        return [self._potentials.get(a) for a in range(self._species)]

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> Fields:
        if self._transform.fields_together == 1:
            return super().responses_together(densities, changes, instant)
        self._set_scale(instant.contraction)
        make, shape, dtype = self._engine.empty, changes[0].shape, changes[0].dtype
        fields = [make(shape, dtype) for _ in range(self.channels.count)]
        for field, row in zip(fields, self.channels.inward, strict=True):
            combine(row, changes, field)
        if fields:
            self._transform.convolve_together(fields, self._matrix, fields)
        felt: Fields = [None] * self._species
        for a in map(int, self.channels.felt):
            response = make(shape, dtype)
            combine(self.channels.outward[a], fields, response)
            felt[a] = response
        return felt

    @property
    def comes_half_way(self) -> bool:
        """See :class:`~hpcmix.model.terms.term.Term`: the transform has a part that a kick can do in its own sweep."""
        return self.acts and self._transform.plane_axes > 0

    def half_way(
        self, fields: Sequence[np.ndarray], weights: np.ndarray, fields_half_way: bool, instant: Instant = BEFORE_START
    ) -> HalfWayFields:
        """The potentials of the densities weights_a |field_a|^2, one field for every species. Densities and potentials
        are never stored: the sweep that brings fields back to position space transforms the densities, and that of the
        kick takes the potentials in. Belongs to this object and is overwritten by the next call. Collective.

        fields_half_way  the fields are brought back to position space from half way, in place.
        """
        self._set_scale(instant.contraction)
        timers, transform = self._engine.timers, self._transform
        spectra = transform.half_way_fields(self.channels.count)
        with timers.phase("density"):
            self._engine.kernels.transform_densities(
                fields,
                self.channels.inward * weights,
                spectra,
                axes=transform.plane_axes,
                inverse_before=fields_half_way,
            )
        with timers.phase("mean field"):
            transform.mix_half_way(spectra, self._matrix)
        return HalfWayFields(spectra, self.channels.outward)

    def half_way_responses(self, take_spectra: TakeSpectra, instant: Instant = BEFORE_START) -> HalfWayFields:
        """See :class:`~hpcmix.model.terms.term.Term`: real and imaginary parts are convolved as if they were channels
        of their own."""
        self._set_scale(instant.contraction)
        timers, transform, count = self._engine.timers, self._transform, self.channels.count
        spectra = transform.half_way_fields(2 * count)
        with timers.phase("density"):
            take_spectra(self.channels.inward, spectra)
        none: list[np.ndarray | None] = [None] * count
        with timers.phase("mean field"):
            transform.mix_half_way(spectra, [row + none for row in self._matrix] + [none + row for row in self._matrix])
        return HalfWayFields(spectra, self.channels.outward)

    def times(self, factors: Mapping[tuple[int, int], float]) -> PeriodicTerm:
        return PeriodicTerm(self._shapes_times(factors), self._engine)


def combine(weights: np.ndarray, fields: Densities, out: np.ndarray) -> None:
    """out = sum_i weights_i fields_i of real arrays; `out` is none of them. Fields of no weight are not looked at."""
    first, *others = map(int, np.flatnonzero(weights))
    np.multiply(fields[first], out.dtype.type(weights[first]), out=out)
    for number in others:
        out += out.dtype.type(weights[number]) * fields[number]
