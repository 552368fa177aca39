"""``[[interaction]]``: the kernels G_ab between two species, or of one with itself."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from hpcmix.problem.dimensions import ENERGY, INVERSE_LENGTH, LENGTH
from hpcmix.problem.radial import RadialTable, ScatteringPotential
from hpcmix.problem.section import Section, context_of, wrong
from hpcmix.problem.values import described, quantity, real, sequence

if TYPE_CHECKING:
    from hpcmix.problem.schema import Problem


GAUSSIAN_NEGLIGIBLE = 9.0
"""Widths after which a Gaussian is 3e-18 of its maximum, below the rounding of a sum."""

YUKAWA_NEGLIGIBLE = 40.0
"""Screening lengths after which exp(-mu r) is 4e-18, below the rounding of a sum."""

RANGES = 41
"""Chebyshev points of the range at which a cut kernel is transformed (model/decaying_transforms.py)."""


def two_names(value: Any) -> tuple:
    """The type of `between`."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        raise wrong(f'must be a list of two species names, such as ["up", "down"], not {described(value)}')
    return tuple(value)


class InteractionSection(Section):
    """What every interaction has: the pair it acts between; ``G_ab = G_ba`` is written once."""

    between: Annotated[tuple[str, str], BeforeValidator(two_names)]

    @property
    def kernel_boundary(self) -> Literal["periodic", "free"] | None:
        """Where the convolution with the kernel takes place, or None for what acts at a point."""
        return None

    def shape(self, problem: Problem) -> Hashable:
        """What kernels have in common that differ by a factor only. Of those with a :attr:`kernel_boundary`."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    def factor(self, problem: Problem) -> float:
        """The factor of this kernel, code units."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    def reach(self, diagonal: float) -> float:
        """The distance at which the kernel may be cut between points at most `diagonal` apart."""
        return diagonal

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """Radius of the support, and number of functions, of the quadrature that the kernel's transform takes; None
        where it has a closed form."""
        return None

    @property
    def parts(self) -> int:
        """Number of parts of different parity that the kernel's transform has."""
        return 1


class ContactInteraction(InteractionSection):
    """``G_ab = g delta(x)``, by its coupling ``strength`` = g or by the scattering length (three dimensions)."""

    kind: Literal["contact"]
    strength: Annotated[float, quantity(lambda dimensions: ENERGY + LENGTH * dimensions)] | None = None
    """The coupling g, an energy times length^d."""
    scattering_length: Annotated[float, quantity(LENGTH)] | None = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self, info: ValidationInfo):
        if self.strength is None and self.scattering_length is None:
            raise wrong("needs strength or scattering_length")
        if self.strength is not None and self.scattering_length is not None:
            raise wrong("contradicts strength; give one of the two", key="scattering_length")
        if self.scattering_length is not None and context_of(info).dimensions not in (3, None):
            raise wrong("has a meaning in three dimensions only; give strength here", key="scattering_length")
        return self

    def coupling(self, problem: Problem) -> float:
        """The coupling g in code units: ``2 pi hbar^2 a / m_red`` from a scattering length, ``m_red = m_a m_b / (m_a +
        m_b)``."""
        if self.strength is not None:
            return self.strength
        return 2.0 * math.pi * problem.hbar**2 * self.scattering_length / problem.reduced_mass(self.between)


class KernelInteraction(InteractionSection):
    """An interaction through a kernel: on the periodic box it acts between all images (``periodic``), or between the
    particles in the box alone (``free``)."""

    boundary: Literal["periodic", "free"] = "periodic"

    @property
    def kernel_boundary(self) -> Literal["periodic", "free"] | None:
        """See :attr:`InteractionSection.kernel_boundary`."""
        return self.boundary

    def factor(self, problem: Problem) -> float:
        """See :meth:`InteractionSection.factor`: the strength."""
        return self.strength


class GaussianInteraction(KernelInteraction):
    """``G_ab = strength exp(-r^2 / (2 width^2))``."""

    kind: Literal["gaussian"]
    strength: Annotated[float, quantity(ENERGY)]
    width: Annotated[float, quantity(LENGTH, above=0)]

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`."""
        return self.kind, self.width

    def reach(self, diagonal: float) -> float:
        """See :meth:`InteractionSection.reach`."""
        return min(diagonal, GAUSSIAN_NEGLIGIBLE * self.width)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :meth:`InteractionSection.quadrature`: of a wide Gaussian that is cut."""
        return _cut(diagonal) if self.boundary == "free" and self.reach(diagonal) == diagonal else None


class YukawaInteraction(KernelInteraction):
    """``G_ab = strength exp(-screening r) / r`` in two or three dimensions; in one it is not integrable."""

    kind: Literal["yukawa"]
    strength: Annotated[float, quantity(ENERGY + LENGTH)]
    screening: Annotated[float, quantity(INVERSE_LENGTH, above=0)]

    def reach(self, diagonal: float) -> float:
        """See :meth:`InteractionSection.reach`."""
        return min(diagonal, YUKAWA_NEGLIGIBLE / self.screening)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :meth:`InteractionSection.quadrature`: in the plane, where the cut transform has no closed form."""
        cut = self.boundary == "free" and dimensions == 2 and self.reach(diagonal) == diagonal
        return _cut(diagonal) if cut else None

    @model_validator(mode="after")
    def _integrable(self, info: ValidationInfo):
        if context_of(info).dimensions == 1:
            raise wrong("yukawa has no meaning in one dimension: exp(-mu r)/r cannot be integrated there", key="kind")
        return self

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`."""
        return self.kind, self.screening


class CoulombInteraction(KernelInteraction):
    """``G_ab = strength / r`` in two or three dimensions: charges, or with a negative strength gravity.

    On the periodic box a neutralising background is added: the mean density exerts no force.
    """

    kind: Literal["coulomb"]
    strength: Annotated[float, quantity(ENERGY + LENGTH)]
    boundary: Literal["periodic", "free"] = "free"

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :meth:`InteractionSection.quadrature`: in the plane, where the cut transform has no closed form."""
        return _cut(diagonal) if self.boundary == "free" and dimensions == 2 else None

    @model_validator(mode="after")
    def _integrable(self, info: ValidationInfo):
        if context_of(info).dimensions == 1:
            raise wrong("coulomb has no meaning in one dimension: 1/r cannot be integrated there", key="kind")
        return self

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`."""
        return self.kind


class DipolarInteraction(KernelInteraction):
    """``G_ab = strength (1 - 3 cos^2 theta) / r^3`` of dipoles along ``direction``, by the strength mu_0 mu_a mu_b / 4
    pi or by the dipolar length, a_dd = m mu_0 mu^2 / (12 pi hbar^2) for one species."""

    kind: Literal["dipolar"]
    strength: Annotated[float, quantity(ENERGY + LENGTH * 3)] | None = None
    dipolar_length: Annotated[float, quantity(LENGTH)] | None = None
    direction: Annotated[tuple[Annotated[float, real()], ...], sequence()] = (0.0, 0.0, 1.0)
    """Need not be of length one."""
    boundary: Literal["periodic", "free"] = "free"

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo):
        if self.strength is None and self.dipolar_length is None:
            raise wrong("needs strength or dipolar_length")
        if self.strength is not None and self.dipolar_length is not None:
            raise wrong("contradicts strength; give one of the two", key="dipolar_length")
        if context_of(info).dimensions not in (3, None):
            raise wrong(
                "dipolar has a meaning in three dimensions only: 1/r^3 cannot be integrated over a plane or a line",
                key="kind",
            )
        if len(self.direction) != 3 or not any(self.direction):
            raise wrong("must be three numbers that are not all zero", key="direction")
        return self

    @property
    def parts(self) -> int:
        """See :attr:`InteractionSection.parts`: one more for every pair of components of the direction; each is no
        function of |k| and costs as much as two that are."""
        components = sum(map(bool, self.direction))
        return 2 * (1 + components * (components - 1) // 2)

    @property
    def unit_direction(self) -> tuple[float, float, float]:
        """The direction with length one."""
        largest = max(map(abs, self.direction))
        scaled = [component / largest for component in self.direction]
        length = math.hypot(*scaled)
        return tuple(component / length for component in scaled)

    def coupling(self, problem: Problem) -> float:
        """The strength in code units: ``3 hbar^2 a_dd / (2 m_red)`` from a dipolar length, 1/3 of 4 pi strength being
        the contact coupling of the same length."""
        if self.strength is not None:
            return self.strength
        return 1.5 * problem.hbar**2 * self.dipolar_length / problem.reduced_mass(self.between)

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`."""
        return self.kind, self.unit_direction

    def factor(self, problem: Problem) -> float:
        """See :meth:`InteractionSection.factor`."""
        return self.coupling(problem)


class ScatteringInteraction(InteractionSection):
    """The modified Gross-Pitaevskii kernel ``G_ab = N^3 (V f_l)(N x)`` (EQUATIONS section 4), N = ``particles``, l =
    ``neumann_radius``; with ``limit`` the contact interaction ``2 pi hbar^2 a / m_red`` that it tends to as N grows."""

    kind: Literal["scattering"]
    potential: ScatteringPotential
    """V, before it is scaled with N."""
    particles: Annotated[float, real(above=0)] | None = None
    neumann_radius: Annotated[float, quantity(LENGTH, above=0)] | None = None
    """The Neumann problem lives on the ball r <= N l of V's own coordinates."""
    limit: bool = False

    @property
    def kernel_boundary(self) -> Literal["periodic", "free"] | None:
        """See :attr:`InteractionSection.kernel_boundary`; the range is within the box."""
        return None if self.limit else "periodic"

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`: V f_l depends on the reduced mass."""
        numbers = (self.particles, self.neumann_radius, problem.reduced_mass(self.between))
        return self.kind, self.potential.model_dump_json(), *numbers

    def factor(self, problem: Problem) -> float:
        """See :meth:`InteractionSection.factor`."""
        return 1.0

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :meth:`InteractionSection.quadrature`."""
        return None if self.limit else (self.potential.radius / self.particles, 1)

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo):
        if context_of(info).dimensions not in (3, None):
            raise wrong("scattering has a meaning in three dimensions only", key="kind")
        if self.limit:
            return self
        for key in ("particles", "neumann_radius"):
            if getattr(self, key) is None:
                raise wrong("is required, unless limit = true", key=key)
        if self.potential.radius >= self.particles * self.neumann_radius:
            raise wrong(
                f"{self.neumann_radius:.6g} is too small: the ball of radius N l = "
                f"{self.particles * self.neumann_radius:.6g} must hold the potential, whose radius is "
                f"{self.potential.radius:.6g}",
                key="neumann_radius",
            )
        return self


class TableInteraction(KernelInteraction, RadialTable):
    """``G_ab`` as a radial table: lists of radii and values or a text file with these two columns, code units."""

    kind: Literal["table"]

    def shape(self, problem: Problem) -> Hashable:
        """See :meth:`InteractionSection.shape`: that of equal tables."""
        return self.kind, self.radii, self.values

    def factor(self, problem: Problem) -> float:
        """See :meth:`InteractionSection.factor`."""
        return 1.0

    def reach(self, diagonal: float) -> float:
        """See :meth:`InteractionSection.reach`."""
        return min(diagonal, self.radius)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :meth:`InteractionSection.quadrature`."""
        return (self.reach(diagonal) if self.boundary == "free" else self.radius), 1


def _cut(radius: float) -> tuple[float, int]:
    """The quadrature of a cut kernel, for all ranges that it may come to have (model/decaying_transforms.py)."""
    return radius, RANGES


Interaction = Annotated[
    ContactInteraction
    | YukawaInteraction
    | CoulombInteraction
    | GaussianInteraction
    | DipolarInteraction
    | ScatteringInteraction
    | TableInteraction,
    Field(discriminator="kind"),
]
