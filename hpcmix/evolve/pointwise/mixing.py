"""The flow of a coherent coupling that depends on place: a unitary among species at every point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.sections.components.coupling import connected

Unitary = dict[tuple[int, int], np.ndarray]
"""U_ab at every point of this rank, by pairs of species."""


class Mixing:
    """phi_a <- sum_b exp(-i duration R(x, t) / hbar)_ab phi_b at every point, with the R of an instant: exact.

    It does not commute with the phases of a kick, V = U + W, where they differ between the species, and changes the
    densities that W is made of. A kick of H = V + R is therefore made of both by a splitting of its own

        V(c_0 tau) R(d_1 tau) V(c_1 tau) ... R(d_s tau) V(c_s tau)

    of the order of the integrator (:func:`hpcmix.splittings.within_kicks`), so that the step keeps that order; it ends
    with a phase, which leaves the densities alone that it sees, and which the first of the next step is done with.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        names = [species.name for species in mixture.species]
        pairs = [(names[coupling.first], names[coupling.second]) for coupling in mixture.local]
        self._groups = connected(names, pairs)
        self._kept: dict[float, Unitary] = {}

    def forget(self) -> None:
        """Drop what was kept for the durations so far: they do not come again."""
        self._kept.clear()

    def move(self, fields: Sequence[np.ndarray], duration: float, instant: Instant) -> None:
        """Move fields in position space, in place: of every species an array (number, *block). Local."""
        unitary = self._unitary(duration, instant)
        for group in self._groups:
            for number in range(len(fields[group[0]])):
                before = [fields[b][number].copy() for b in group]
                for a in group:
                    field = fields[a][number]
                    if (a, a) not in unitary:
                        continue
                    field *= unitary[a, a]
                    for b, other in zip(group, before, strict=True):
                        if b != a and (a, b) in unitary:
                            field += unitary[a, b] * other

    def _unitary(self, duration: float, instant: Instant) -> Unitary:
        """Kept for every duration, where the coupling never changes."""
        if not self._mixture.local.constant:
            return self._made(duration, instant)
        if duration not in self._kept:
            self._kept[duration] = self._made(duration, instant)
        return self._kept[duration]

    def _made(self, duration: float, instant: Instant) -> Unitary:
        mixture = self._mixture
        fields, angle = mixture.local.fields(instant), duration / mixture.hbar
        unitary: Unitary = {}
        for group in self._groups:
            own = {pair: values for pair, values in fields.items() if pair[0] in group}
            if len(own) == 2:
                (pair, values), _ = own.items()
                unitary |= _of_two(pair, values, angle)
            elif own:
                unitary |= _of_many(group, own, angle)
        dtype = mixture.engine.complex_dtype
        return {pair: values.astype(dtype) for pair, values in unitary.items()}


def _of_two(pair: tuple[int, int], values: np.ndarray, angle: float) -> Unitary:
    """cos(angle |R|) - i sin(angle |R|) R / |R|, of two species that nothing else is coupled to."""
    size = np.abs(values)
    cosine = np.cos(angle * size)
    across = (-1j * angle) * np.sinc(angle * size / np.pi) * values
    a, b = pair
    return {(a, a): cosine, (b, b): cosine, (a, b): across, (b, a): -across.conj()}


def _of_many(group: tuple[int, ...], fields: Unitary, angle: float) -> Unitary:
    """By the eigenvectors of R at every point."""
    shape = next(iter(fields.values())).shape
    matrix = np.zeros((*shape, len(group), len(group)), np.complex128)
    for (a, b), values in fields.items():
        matrix[..., group.index(a), group.index(b)] = values
    levels, vectors = np.linalg.eigh(matrix)
    turned = (vectors * np.exp(-1j * angle * levels)[..., np.newaxis, :]) @ np.swapaxes(vectors.conj(), -1, -2)
    return {(a, b): turned[..., i, j] for i, a in enumerate(group) for j, b in enumerate(group)}
