"""What an interaction kernel of finite or infinite range has to know about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.transform import RadialTransform

WaveNumbers = Sequence[np.ndarray]
"""Wave numbers along each axis, shaped to broadcast against each other."""


Profile = Callable[[np.ndarray], np.ndarray]
"""A function of |k|."""


@dataclass(frozen=True)
class CutPart:
    """A part of a cut kernel's transform with a parity: even in the wave number along an axis, or `odd`; with its
    `profile` where it is a function of |k|."""

    odd: tuple[bool, ...]
    evaluate: Callable[[WaveNumbers], np.ndarray]
    profile: Profile | None = None


class Kernel(ABC):
    """A real, even kernel G(x)."""

    @abstractmethod
    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        """G^(k) = integral G(x) exp(-ikx) dx at the box's wave numbers: G summed over the periodic images.

        directed  the same wave numbers for what is odd along an axis: the Nyquist mode counts as zero.
        """

    @abstractmethod
    def reach(self, diagonal: float) -> float:
        """The radius at which G may be cut without being missed by two points at most `diagonal` apart."""

    @property
    def power(self) -> float | None:
        """p where b^2 G(b y) = b^p G(y) for every scale b; None for a kernel with a length of its own."""
        return None

    @property
    def radial(self) -> bool:
        """Whether G^ is a function of |k|."""
        return True

    @abstractmethod
    def profile(self, largest: float) -> Profile:
        """G^ as a function of |k| up to `largest`, for kernels that are :attr:`radial` and have no power."""

    @abstractmethod
    def at_scale(self, contraction: float) -> Kernel:
        """b^2 G(b y) as a kernel in y, b = 1/contraction: what acts in a frame x = b y."""

    @abstractmethod
    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """The transform of G cut at a radius, for wave numbers up to |k| = `largest`; a smooth function of k."""


@dataclass(frozen=True)
class RadialKernel(Kernel):
    """A kernel that is a given function of r: tables, and kernels whose cut transform has no closed form.

    function     G(r), zero beyond its radius.
    contraction  1/b: the kernel is b^2 G(b r).
    made         transforms of `function`, by the largest wave number; all scales share them.
    """

    function: RadialFunction
    dimensions: int
    contraction: float = 1.0
    made: dict[float, RadialTransform] = field(default_factory=dict, repr=False, compare=False)

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return self.profile(largest_of(wave_numbers))(modulus(wave_numbers))

    def profile(self, largest: float) -> Profile:
        if largest not in self.made:
            self.made[largest] = RadialTransform.of(self.function, self.dimensions, largest)
        transform, c = self.made[largest], self.contraction
        return lambda k: c ** (self.dimensions - 2) * transform(c * k)

    def at_scale(self, contraction: float) -> Kernel:
        return replace(self, contraction=self.contraction * contraction)

    def reach(self, diagonal: float) -> float:
        return min(diagonal, self.contraction * self.function.radius)

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        c, function = self.contraction, self.function
        if radius >= c * function.radius:
            return radial_part(self.dimensions, self.profile(largest))
        edges = tuple(c * edge for edge in function.edges)
        cut = RadialFunction(edges, lambda r: function.evaluate(r / c) / c**2).cut(radius)
        return radial_part(self.dimensions, RadialTransform.of(cut, self.dimensions, largest))


def even_part(dimensions: int, evaluate: Callable[[WaveNumbers], np.ndarray]) -> list[CutPart]:
    """The parts of a kernel whose transform is even along every axis."""
    return [CutPart((False,) * dimensions, evaluate)]


def radial_part(dimensions: int, profile: Profile) -> list[CutPart]:
    """The parts of a kernel whose transform is a function of |k|."""
    return [CutPart((False,) * dimensions, lambda k: profile(modulus(k)), profile)]


def modulus(wave_numbers: WaveNumbers) -> np.ndarray:
    """|k|."""
    return np.sqrt(squared_modulus(wave_numbers))


def squared_modulus(wave_numbers: WaveNumbers) -> np.ndarray:
    """|k|^2."""
    return reduce(np.add, (k**2 for k in wave_numbers))


def largest_of(wave_numbers: WaveNumbers) -> float:
    """The largest |k| of a box of wave numbers; 0 for an empty one."""
    return float(np.sqrt(sum(np.max(k**2, initial=0.0) for k in wave_numbers)))
