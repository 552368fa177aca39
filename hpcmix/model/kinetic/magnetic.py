"""Kinetic energies that are diagonal neither in x nor in k: with a vector potential, or in a rotating frame.

    magnetic                    T = (-i hbar grad + A)^2 / (2 m)                  AHH (8), MO (2.7) with -A for A
    magnetic semi-relativistic  T = sqrt(m^2 + (-i hbar grad + A)^2)              MO after (2.7), c = 1

In a frame that rotates with Omega the term -Omega.L, L = r x p, turns the first into itself with A - m Omega x r for A,
and adds (Omega x r).A - m (Omega x r)^2 / 2 to the external potential (:func:`rotation_energy`): the kinetic energy is
that of the motion the frame sees, and the rest is the centrifugal potential.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.kinetic.axis_resolvents import AxisResolvents
from hpcmix.model.kinetic.free import KineticEnergy, SemirelativisticKineticEnergy
from hpcmix.model.kinetic.kinetic_momentum import KineticMomentum
from hpcmix.model.kinetic.lanczos import Lanczos
from hpcmix.model.kinetic.vector_potentials import cross
from hpcmix.parallel.transforms.transform import Transform


class KrylovKineticEnergy(ABC):
    """What kinetic energies made of Pi^2 have in common. Fields are this rank's; methods are collective over the group.

    momentum  Pi.
    lanczos   makes functions of Pi^2; may be shared with other species.
    free      T without A and rotation.
    """

    diagonal = False
    may_fail = False
    """Whether a function of it may raise :class:`~hpcmix.model.kinetic.lanczos.KrylovError`."""

    def __init__(self, momentum: KineticMomentum, lanczos: Lanczos, free: KineticEnergy) -> None:
        self.momentum = momentum
        self.free = free
        self.rest_energy = free.rest_energy
        self._lanczos = lanczos
        self._resolvents: AxisResolvents | None = None  # made when first needed

    @property
    def rotates(self) -> bool:
        """See :class:`KineticEnergy`."""
        return any(part is not None for part in self.momentum.frame)

    def planes(self, grid: Grid) -> Iterator[tuple[slice, np.ndarray]]:
        """T without A: :meth:`KineticEnergy.planes`."""
        return self.free.planes(grid)

    def smallest_excitation(self, grid: Grid) -> float:
        """Without A: :meth:`KineticEnergy.smallest_excitation`."""
        return self.free.smallest_excitation(grid)

    def largest(self, grid: Grid) -> float:
        """Without A: :meth:`KineticEnergy.largest`."""
        return self.free.largest(grid)

    @property
    def rest_mass(self) -> float | None:
        """See :class:`KineticEnergy`."""
        return self.free.rest_mass

    @property
    def growth(self) -> int:
        """See :class:`KineticEnergy`."""
        return self.free.growth

    def of_squares(self, squares: float) -> float:
        """Where |Pi|^2 is hbar^2 `squares`: :meth:`KineticEnergy.of_squares`."""
        return self.free.of_squares(squares)

    def above_rest(self, squares: np.ndarray) -> np.ndarray:
        """Where |Pi|^2 is hbar^2 `squares`: :meth:`KineticEnergy.above_rest`."""
        return self.free.above_rest(squares)

    def wave_number(self, excitation: np.ndarray) -> np.ndarray:
        """|Pi| / hbar where T - T(0) is `excitation`: :meth:`KineticEnergy.wave_number`."""
        return self.free.wave_number(excitation)

    @abstractmethod
    def from_rest(self) -> KrylovKineticEnergy:
        """The same less its rest energy."""

    @abstractmethod
    def apply(self, source: np.ndarray, target: np.ndarray) -> None:
        """target = T source."""

    @abstractmethod
    def drift(self, field: np.ndarray, duration: float) -> None:
        """field <- exp(-i duration T / hbar) field."""

    @abstractmethod
    def decay(self, field: np.ndarray, duration: float) -> None:
        """field <- exp(-duration T) field: imaginary time."""

    def lowpass(self, field: np.ndarray, alpha: float, grid: Grid, transform: Transform) -> None:
        """field <- nearly [alpha / (alpha + T - T(0))] field, in place (axis_resolvents.py)."""
        if self._resolvents is None:
            self._resolvents = self.momentum.resolvents(self.free)
        self._resolvents.apply(field, alpha)

    @abstractmethod
    def _average(self, field: np.ndarray) -> float:
        """This rank's part of the sum of conj(field) T field."""

    def averages(self, field: np.ndarray) -> np.ndarray:
        """This rank's part of the sums of conj(field) T field and, per axis, of conj(field) (p + A) field, the kinetic
        momentum in the laboratory frame; without the volume element."""
        kinetic = self._average(field)
        values = [kinetic]
        for axis, part in enumerate(self.momentum.frame):
            product = kernels.inner_product(field, self.momentum.along(field, axis)).real / self.momentum.scale
            if part is not None:
                product -= float(np.sum((field.real**2 + field.imag**2) * part, dtype=np.float64))
            values.append(product)
        return np.array(values)


class MagneticKineticEnergy(KrylovKineticEnergy):
    """T = Pi^2 / (2 m); the scale of `momentum` is 1 / sqrt(2 m)."""

    def from_rest(self) -> MagneticKineticEnergy:
        return self

    def apply(self, source: np.ndarray, target: np.ndarray) -> None:
        self.momentum.square(source, target)

    def drift(self, field: np.ndarray, duration: float) -> None:
        self._lanczos.exponential(self.apply, field, -1j * duration / self.free.hbar)

    def decay(self, field: np.ndarray, duration: float) -> None:
        self._lanczos.exponential(self.apply, field, -duration)

    def _average(self, field: np.ndarray) -> float:
        # as a sum of squares: not negative, and half the transforms
        axes = range(len(self.momentum.frame))
        return sum(kernels.squared_norm(self.momentum.along(field, axis)) for axis in axes)


class MagneticSemirelativisticKineticEnergy(KrylovKineticEnergy):
    """T = sqrt(m^2 + Pi^2), c = 1, less m if that of `free` is. The scale of `momentum` is one.

    is_first  on one rank of the group, which then counts what all of them know.
    """

    may_fail = True
    free: SemirelativisticKineticEnergy

    def __init__(
        self, momentum: KineticMomentum, lanczos: Lanczos, free: SemirelativisticKineticEnergy, is_first: bool
    ) -> None:
        super().__init__(momentum, lanczos, free)
        self._is_first = is_first

    def from_rest(self) -> MagneticSemirelativisticKineticEnergy:
        free = self.free.from_rest()
        return MagneticSemirelativisticKineticEnergy(self.momentum, self._lanczos, free, self._is_first)

    def apply(self, source: np.ndarray, target: np.ndarray) -> None:
        np.copyto(target, source)
        self._lanczos.function(self.momentum.square, target, self._energy)

    def drift(self, field: np.ndarray, duration: float) -> None:
        angle = duration / self.free.hbar
        self._lanczos.function(self.momentum.square, field, lambda square: np.exp(-1j * angle * self._energy(square)))

    def decay(self, field: np.ndarray, duration: float) -> None:
        self._lanczos.function(self.momentum.square, field, lambda square: np.exp(-duration * self._energy(square)))

    def _average(self, field: np.ndarray) -> float:
        # the quadrature gives the sum over all ranks of the group: one of them has it
        average = self._lanczos.average(self.momentum.square, field, self._energy)
        return average if self._is_first else 0.0

    def _energy(self, square: np.ndarray) -> np.ndarray:
        """T of eigenvalues of Pi^2, which rounding may make negative."""
        return self.free.of_terms(np.maximum(square, 0.0))


def rotation_energy(
    grid: Grid, mass: float, rotation: Sequence[float], potential: Sequence[np.ndarray | None]
) -> np.ndarray:
    """(Omega x r).A - m (Omega x r)^2 / 2 on this rank: what -Omega.L adds to the external potential beside A.

    rotation  Omega, three components; along z in two dimensions.
    potential A per axis, None for zero.
    """
    energy = np.zeros(grid.position_shape)
    for velocity, part in zip(cross(rotation, grid), potential, strict=True):
        if velocity is not None:
            energy = energy - 0.5 * mass * velocity**2
            if part is not None:
                energy = energy + velocity * part
    return energy
