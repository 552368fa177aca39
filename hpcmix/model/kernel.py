"""What an interaction kernel of finite or infinite range has to know about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.radial_functions import RadialFunction
from hpcmix.model.radial_transform import RadialTransform

WaveNumbers = Sequence[np.ndarray]
"""Wave numbers along each axis, shaped to broadcast against each other."""


Profile = Callable[[np.ndarray], np.ndarray]
"""A function of |k|."""


@dataclass(frozen=True)
class CutPart:
    """A part of a cut kernel's transform with a parity: even in the wave number along an axis, or `odd`."""

    odd: tuple[bool, ...]
    evaluate: Callable[[WaveNumbers], np.ndarray]


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

    @abstractmethod
    def profile(self, largest: float) -> Profile:
        """G^ as a function of |k| up to `largest`, for kernels that are one and have no power."""

    @abstractmethod
    def at_scale(self, contraction: float) -> Kernel:
        """b^2 G(b y) as a kernel in y, b = 1/contraction: what acts in a frame x = b y (EQUATIONS section 4)."""

    @abstractmethod
    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """The transform of G cut at a radius, for wave numbers up to |k| = `largest`; a smooth function of k."""


@dataclass(frozen=True)
class RadialKernel(Kernel):
    """A kernel that is a given function of r: tables, and kernels whose cut transform has no closed form.

    function  G(r), zero beyond its radius.
    """

    function: RadialFunction
    dimensions: int

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        """See :meth:`Kernel.multiplier`."""
        return self.profile(largest_of(wave_numbers))(modulus(wave_numbers))

    def profile(self, largest: float) -> Profile:
        """See :meth:`Kernel.profile`."""
        return RadialTransform.of(self.function, self.dimensions, largest)

    def at_scale(self, contraction: float) -> Kernel:
        """See :meth:`Kernel.at_scale`."""
        function = self.function
        edges = tuple(edge * contraction for edge in function.edges)
        scaled = RadialFunction(edges, lambda r: function.evaluate(r / contraction) / contraction**2)
        return RadialKernel(scaled, self.dimensions)

    def reach(self, diagonal: float) -> float:
        """See :meth:`Kernel.reach`."""
        return min(diagonal, self.function.radius)

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`."""
        transform = RadialTransform.of(self.function.cut(radius), self.dimensions, largest)
        return even_part(self.dimensions, lambda k: transform(modulus(k)))


def even_part(dimensions: int, evaluate: Callable[[WaveNumbers], np.ndarray]) -> list[CutPart]:
    """The parts of a kernel whose transform is even along every axis."""
    return [CutPart((False,) * dimensions, evaluate)]


def modulus(wave_numbers: WaveNumbers) -> np.ndarray:
    """|k|."""
    return np.sqrt(sum(k**2 for k in wave_numbers))


def largest_of(wave_numbers: WaveNumbers) -> float:
    """The largest |k| of a box of wave numbers; 0 for an empty one."""
    return float(np.sqrt(sum(np.max(k**2, initial=0.0) for k in wave_numbers)))
