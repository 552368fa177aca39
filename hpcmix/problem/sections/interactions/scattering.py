"""``kind = "scattering"``: kernels made from the scattering problem of two particles."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Annotated, Literal, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import context_of, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity, real
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Boundary, Constants, InteractionSection
from hpcmix.problem.sections.species.radial import ScatteringPotential
from hpcmix.problem.units.dimensions import LENGTH

STRONGEST_BARRIER = 1e8
"""kappa V R^2 of a scattering potential: a hard sphere to a part in 1e4, resolved by as many panels."""

LARGEST_BALL = 1e12
"""Radius of the Neumann problem over the potential's: beyond, its solution is that of the scattering problem to all
digits."""


class ScatteringInteraction(InteractionSection):
    """The modified Gross-Pitaevskii kernel ``G_ab = N^3 (V f_l)(N x)``, N = ``particles``, l = ``neumann_radius``;
    with ``limit`` the contact interaction ``2 pi hbar^2 a / m_red`` that it tends to as N grows."""

    kind: Literal["scattering"]
    potential: ScatteringPotential
    """V, before it is scaled with N."""
    particles: Annotated[float, real(above=0)] | None = None
    """N, by which V is scaled.
    Example: ``1000``."""
    neumann_radius: Annotated[float, quantity(LENGTH, above=0)] | None = None
    """The Neumann problem lives on the ball r <= N l of V's own coordinates.
    Example: ``0.5``."""
    limit: bool = False
    """The contact interaction that the kernel tends to, in place of the kernel."""

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if context_of(info).dimensions not in (3, None):
            raise wrong("scattering has a meaning in three dimensions only", key="kind")
        if self.switched:
            given = {"from": math.isfinite(self.from_time), "until": math.isfinite(self.until), "factor": True}
            raise wrong(
                "does not go with scattering: V f_l follows from the two-body problem of V, whose scattering length is "
                'not proportional to V; ramp a contact interaction, by scattering_length = { path = "..." }',
                key=next(key for key, is_given in given.items() if is_given),
            )
        if self.limit:
            return self
        for key in ("particles", "neumann_radius"):
            if getattr(self, key) is None:
                raise wrong("is required, unless limit = true", key=key)
        number, neumann_radius = self.neumann_problem
        if self.potential.radius >= number * neumann_radius:
            raise wrong(
                f"{neumann_radius:.6g} is too small: the ball of radius N l = "
                f"{number * neumann_radius:.6g} must hold the potential, whose radius is "
                f"{self.potential.radius:.6g}",
                key="neumann_radius",
            )
        return self

    @property
    def neumann_problem(self) -> tuple[float, float]:
        """N and l. The limit is made without them."""
        if self.particles is None or self.neumann_radius is None:
            raise TypeError("the limit of a scattering interaction has no Neumann problem")
        return self.particles, self.neumann_radius

    @property
    def kernel_boundary(self) -> Boundary | None:
        """See :class:`InteractionSection`; the range is within the box."""
        return None if self.limit else "periodic"

    @property
    def several_of_a_pair(self) -> bool:
        return True

    def shape(self, constants: Constants) -> Hashable:
        """See :class:`InteractionSection`: V f_l depends on the reduced mass."""
        numbers = (self.particles, self.neumann_radius, constants.reduced_mass(self.between))
        return self.kind, self.potential.model_dump_json(), *numbers

    def coefficient(self, constants: Constants) -> float:
        return 1.0

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        return None if self.limit else (self.potential.radius / self.neumann_problem[0], 1)

    @property
    def parts(self) -> int:
        return 1

    @property
    def even_along_axes(self) -> bool:
        return True

    @property
    def moves_markers(self) -> bool:
        """See :class:`InteractionSection`; the limit is a contact interaction."""
        return not self.limit

    def round_about(self, axis: int) -> bool:
        return True

    def attraction(self, constants: Constants) -> Attraction:
        """See :class:`InteractionSection`: none where V repels everywhere, as f_l is not negative. Of a well the kernel
        is bounded for every N, by what its Neumann problem says; the sign of the limit is that problem's too."""
        if self.potential.lowest >= 0.0:
            return Attraction()
        return Attraction(more_singular=True) if self.limit else Attraction(depth=math.inf)

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        """See :class:`InteractionSection`: a scattering length is at most about the radius, unless it is resonant."""
        coupling = 2.0 * math.pi * constants.hbar**2 * self.potential.radius / constants.reduced_mass(self.between)
        return ("potential",), coupling / math.prod(grid.spacings)

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        if self.limit:
            return
        half = min(grid.lengths) / 2.0
        support, (number, _) = self.potential.radius, self.neumann_problem
        if support / number > half:
            message = (
                f"{number:.6g} is too small: the kernel then reaches to {support / number:.6g}, beyond half the box "
                f"({half:.6g}), and would act on its own images; at least {support / half:.6g} is needed"
            )
            yield ("particles",), message

    def out_of_range(self, constants: Constants) -> Iterator[Misfit]:
        """See :class:`InteractionSection`: potentials whose scattering solution takes more panels than there is memory,
        or none that rounding can tell."""
        potential = self.potential
        kappa = 2.0 * constants.reduced_mass(self.between) / constants.hbar**2
        barrier = kappa * potential.highest * potential.radius * potential.radius
        if not 1e-60 <= barrier <= STRONGEST_BARRIER:
            message = f"2 m V R^2/hbar^2 is {barrier:.3g}, which must be between 1e-60 and {STRONGEST_BARRIER:.0e}"
            yield ("potential",), f"{message}; check height and radius"
        if self.limit:
            return
        number, neumann_radius = self.neumann_problem
        ball = number * neumann_radius / potential.radius
        if ball > LARGEST_BALL:
            message = f"particles times neumann_radius is {ball:.3g} times the potential's radius, beyond what rounding"
            yield ("particles",), f"{message} tells from infinity ({LARGEST_BALL:.0e}); use limit = true"
