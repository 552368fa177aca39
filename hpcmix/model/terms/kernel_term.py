"""What terms of kernels have in common, wherever their convolutions take place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.channels import Blend, channels_of
from hpcmix.model.terms.term import PairTerm
from hpcmix.parallel.engine import Engine


class ShapeMultiplier(Protocol):
    """The multiplier of a kernel g on this rank's wave numbers (model/pair_kernels/scaled_multipliers.py)."""

    def shape_with(self, others: Sequence[Self]) -> tuple[int, ...]:
        """The shape of an array that holds a sum of this multiplier and others."""

    def fill(self, contraction: float, out: np.ndarray) -> None:
        """Fill an array for this multiplier alone with that of b^2 g(b y), b = 1/contraction."""

    def at(self, wave_numbers: Sequence[np.ndarray], contraction: float) -> np.ndarray:
        """b^2 g(b y) transformed at some wave vectors, one array per axis of components."""

    def brought_to(self, shape: tuple[int, ...], values: np.ndarray) -> np.ndarray:
        """What :meth:`fill` gave, as a part of a sum of that shape."""


@dataclass(frozen=True)
class KernelShape:
    """Kernels that differ by a factor only, G_ab = c_ab g.

    couplings   the symmetric matrix c, with a row for every species of the mixture.
    multiplier  of g.
    """

    couplings: np.ndarray
    multiplier: ShapeMultiplier

    def times(self, factors: Mapping[tuple[int, int], float]) -> KernelShape:
        """The same, the kernels of some pairs (lower index first) multiplied by a factor."""
        couplings = self.couplings.copy()
        for (a, b), factor in factors.items():
            couplings[a, b] *= factor
            couplings[b, a] = couplings[a, b]
        return replace(self, couplings=couplings)


class KernelTerm(PairTerm):
    """Kernels of several shapes between the species of a mixture, by the channels of model/terms/channels.py.

    shapes  G_ab = sum_s c^s_ab g_s.
    engine  makes the transform, and the arrays of multipliers and potentials.

    potential   W_a = sum_b G_ab * rho_b
    """

    def __init__(self, shapes: Sequence[KernelShape], engine: Engine) -> None:
        self._shapes = tuple(shapes)
        self._species = len(shapes[0].couplings)
        self._engine = engine
        self.channels = channels_of([shape.couplings for shape in shapes], self._species)
        self._multipliers = {
            blend: engine.empty(self._shape_of(blend), engine.real_dtype) for blend in self.channels.multipliers
        }
        self._contraction = 1.0
        self._fill()

    @property
    def acts(self) -> bool:
        return self.channels.count > 0

    @property
    def multiplier_bytes(self) -> int:
        """What this rank's multipliers take."""
        return sum(multiplier.nbytes for multiplier in self._multipliers.values())

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray:
        shapes = [
            np.multiply.outer(one.couplings, one.multiplier.at(wave_numbers, instant.contraction))
            for one in self._shapes
        ]
        return np.asarray(sum(shapes))

    @abstractmethod
    def times(self, factors: Mapping[tuple[int, int], float]) -> Self:
        """The same term with the kernels of some pairs of species (lower index first) multiplied by a factor."""

    def _set_scale(self, contraction: float) -> None:
        """Have the multipliers of the frame at b = 1/contraction."""
        if contraction != self._contraction:
            self._contraction = contraction
            with self._engine.timers.phase("kernels"):
                self._fill()

    def _multiplier(self, d: int, e: int) -> np.ndarray | None:
        """M_de, None for zero; the same array where it is the same blend of shapes."""
        blend = self.channels.blends.get((min(d, e), max(d, e)))
        return None if blend is None else self._multipliers[blend]

    def _shapes_times(self, factors: Mapping[tuple[int, int], float]) -> list[KernelShape]:
        return [shape.times(factors) for shape in self._shapes]

    def _shape_of(self, blend: Blend) -> tuple[int, ...]:
        first, *others = [self._shapes[number].multiplier for _, number in blend]
        return first.shape_with(others)

    def _fill(self) -> None:
        """All multipliers at the scale of the frame; that of a shape is made once, whatever it is a part of."""
        begun: set[Blend] = set()
        for number, shape in enumerate(self._shapes):
            parts = {blend: c for blend in self._multipliers for c, part in blend if part == number}
            if not parts:
                continue
            only = next(iter(parts))
            alone = len(parts) == 1 and len(only) == 1
            like = self._multipliers[only]
            values = like if alone else np.empty(shape.multiplier.shape_with(()), like.dtype)
            shape.multiplier.fill(self._contraction, values)
            for blend, coefficient in parts.items():
                target = self._multipliers[blend]
                part = shape.multiplier.brought_to(target.shape, values)
                if blend in begun:
                    target += target.dtype.type(coefficient) * part
                elif part is not target or coefficient != 1.0:
                    np.multiply(part, target.dtype.type(coefficient), out=target)
                begun.add(blend)
