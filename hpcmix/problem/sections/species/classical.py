"""``kind = "classical"``: a density in phase space, carried by markers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Taken, Value, Widened, of_integer, of_number
from hpcmix.problem.reading.values import (
    described,
    integer,
    is_number,
    number_in_range,
    pure_number,
    real,
    whole_number,
)
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.distributions import OF_WAVE_FUNCTIONS, Distribution, GroundStateDistribution
from hpcmix.problem.sections.species.section import SpeciesSection, Statistics

MOST_MARKERS = 10**12
"""64 bytes each in three dimensions: 64 TB. More is a slip."""

TIGHTEST_TOLERANCE, LOOSEST_TOLERANCE = 1e-12, 1e-3
"""What windows of 14 and of 4 cells reach (model/markers/window.py)."""


def _number(value: Any, info: ValidationInfo) -> int:
    number = whole_number(pure_number(value, info), at_least=2)
    if number > MOST_MARKERS:
        raise wrong(f"is too large: at most {MOST_MARKERS:.0e} markers can be numbered and stored, not {number:.3g}")
    return number


def _tolerance(value: Any, info: ValidationInfo) -> float:
    number = number_in_range(pure_number(value, info))
    if not TIGHTEST_TOLERANCE <= number <= LOOSEST_TOLERANCE:
        raise wrong(f"must be from {TIGHTEST_TOLERANCE:g} to {LOOSEST_TOLERANCE:g}, not {number:g}")
    return number


class MarkersSection(Section):
    """The markers that stand for f(x, p): how many, which random numbers place them, and how exactly their forces are
    those of points."""

    number: Annotated[int, Value(_number, taken=of_integer(2, "65_536"))] = 262_144
    """N. Their initial places are the first N points of a scrambled Sobol sequence."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the scrambling; another seed is another sample of the same f."""
    tolerance: Annotated[
        float,
        Value(_tolerance, taken=of_number(at_least=TIGHTEST_TOLERANCE, at_most=LOOSEST_TOLERANCE, example="1e-6")),
    ] = 1e-8
    """Relative error of energies and forces that spreading on the grid may make; it sets the width of the window."""


def _number_or_table(value: Any, info: ValidationInfo) -> Any:
    number = pure_number(value, info)
    if is_number(number):
        return {"number": number}
    if not isinstance(value, dict | MarkersSection):
        raise wrong(f"must be a whole number or a table, such as {{ number = 65536 }}, not {described(value)}")
    return value


def _number_too(table: Taken) -> Taken:
    number = of_integer(2, "65_536")
    return Taken(f"{number.words}; or a table", {"anyOf": [number.schema, table.schema]}, example=number.example)


def _required(value: Any) -> Any:
    if value is None:
        raise wrong("is required for a classical species: the integral of its density")
    return value


def _no_vector_potential(value: Any) -> None:
    if value is not None:
        raise wrong("acts on wave functions in this version, and a classical species has none; leave it out")


class Classical(SpeciesSection):
    """A density f(x, p) in phase space that obeys the Vlasov equation ``d/dt f + dT/dp.grad_x f - grad(U + sum_b G_ab *
    rho_b).grad_p f = 0``, rho = integral f dp: the semi-classical limit of fermions. It has no wave functions;
    ``particles`` is the integral of rho, and of the weights of its markers."""

    kind: Literal["classical"]
    particles: Annotated[float, real(above=0), Widened(_required, demands=True)] = Field(None, validate_default=True)
    markers: Annotated[MarkersSection, Widened(_number_or_table, widens=_number_too)] = Field(
        default_factory=MarkersSection
    )
    """What carries the density; 262 144 unless given."""
    vector_potential: Annotated[None, Value(_no_vector_potential)] = None
    initial: Distribution = Field({"kind": "ground-state"}, validate_default=True)

    has_orbitals: ClassVar[bool] = False
    foreign_keys: ClassVar[Mapping[str, str]] = {
        "orbitals": 'belongs to kind = "fermions"; a classical species has no wave functions: give particles, the '
        "integral of its density, in its place"
    }

    @property
    def number_of_orbitals(self) -> int:
        """None."""
        return 0

    @property
    def number_of_markers(self) -> int:
        """N."""
        return self.markers.number

    @property
    def weight(self) -> float:
        """One: the particles are in the weights of the markers."""
        return 1.0

    def integral(self, weight: float) -> float:
        """Its particles, which its markers carry."""
        return self.particles

    def at_a_point(self, weight: float) -> float:
        """All its particles."""
        return self.particles

    @property
    def statistics(self) -> Statistics:
        """Neither."""
        return "classical"

    def comments(self, hbar: float, grid: Grid) -> list[str]:
        """Its equations of motion, and what f begins as."""
        velocity = "p/sqrt(m^2 + p^2)" if self.kinetic == "semirelativistic" else "p/m"
        return [
            f"a density f(x, p) in phase space, carried by {self.markers.number} markers, of fermions for hbar -> 0:",
            f"d/dt f + {velocity}.grad_x f - grad(U + sum_b G_ab * rho_b).grad_p f = 0, rho = integral f dp;",
            *textwrap.wrap(f"at time 0 {self.initial.in_words(self.particles, self.mass, hbar, grid)}", width=110),
        ]

    def quick_initial(self, lengths: Sequence[float]) -> dict[str, Any]:
        """A Gaussian."""
        return {"kind": "gaussian", "width": min(lengths) / 8.0}

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The kind of an initial state of which only options are given."""
        initial = table.get("initial")
        options = (GroundStateDistribution.model_fields.keys() | OF_WAVE_FUNCTIONS) - {"kind"}
        if isinstance(initial, dict) and initial.keys() <= options:
            return table | {"initial": {"kind": "ground-state"} | initial}
        return table
