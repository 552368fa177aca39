"""``[[species]]``: the kinds of particles that a problem file can name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.taken import Widened
from hpcmix.problem.reading.values import integer, is_number
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.initial import (
    GroundStateInitial,
    Initial,
    InitialSection,
    PlaneWavesInitial,
)
from hpcmix.problem.sections.species.section import SpeciesSection, Statistics


class QuantumSection(SpeciesSection):
    """A species that is made of wave functions."""

    initial: Initial = Field({"kind": "ground-state"}, validate_default=True)

    @property
    def wave_functions(self) -> InitialSection:
        """Its initial state."""
        return self.initial

    def integral(self, weight: float) -> float:
        """nu M, the orbitals being orthonormal."""
        return weight * self.number_of_orbitals

    def at_a_point(self, weight: float) -> float:
        """nu: of orthogonal orbitals at most one is at a point."""
        return weight

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The kind of an initial state of which only options are given; the dataset that holds this species in a
        file."""
        initial = table.get("initial")
        options = GroundStateInitial.model_fields.keys() - {"kind"}
        if isinstance(initial, dict) and initial.keys() <= options:
            return table | {"initial": {"kind": "ground-state"} | initial}
        if isinstance(initial, dict) and initial.get("kind") == "file" and "dataset" not in initial:
            return table | {"initial": initial | {"dataset": f"{table.get('name')}/wave_function"}}
        start = initial.get("start") if isinstance(initial, dict) else None
        if isinstance(initial, dict) and isinstance(start, dict) and "dataset" not in start:
            return table | {"initial": initial | {"start": start | {"dataset": f"{table.get('name')}/wave_function"}}}
        return table


class Condensate(QuantumSection):
    """A single orbital that holds ``particles`` particles (CONVENTIONS.md, Wave functions and densities)."""

    kind: Literal["condensate"] = "condensate"

    @property
    def number_of_orbitals(self) -> int:
        """One."""
        return 1

    @property
    def weight(self) -> float:
        """All its particles."""
        return self.particles

    @property
    def statistics(self) -> Statistics:
        """Bosons."""
        return "bosons"

    def quick_initial(self, lengths: Sequence[float]) -> dict[str, Any]:
        """A Gaussian."""
        return {"kind": "gaussian", "width": min(lengths) / 8.0}

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The oscillator's state without quanta."""
        if "orbitals" in table:
            raise wrong('belongs to kind = "fermions"; a condensate has one orbital', key="orbitals")
        initial = table.get("initial")
        if isinstance(initial, dict) and initial.get("kind") == "oscillator":
            table = table | {"initial": {"numbers": 0} | initial}
        return super()._completed(table)

    @model_validator(mode="after")
    def _wave_is_named(self) -> Self:
        if isinstance(self.initial, PlaneWavesInitial) and self.initial.numbers is None:
            raise wrong("is required: the wave's number of periods along each axis", key="initial.numbers")
        return self


def _require_orbitals(value: Any) -> Any:
    if value is None:
        raise wrong("is required for fermions: the number of orbitals, one particle in each")
    return value


class Fermions(QuantumSection):
    """Fermions at zero temperature: a Slater determinant of ``orbitals`` orbitals that hold one particle each
    (CONVENTIONS.md, Wave functions and densities)."""

    kind: Literal["fermions"]
    orbitals: Annotated[int, integer(at_least=1), Widened(_require_orbitals, demands=True)] = Field(
        None, validate_default=True
    )
    """Their number M. It is that of the particles too.
    Example: ``84``."""

    @property
    def number_of_orbitals(self) -> int:
        """As many as particles."""
        return self.orbitals

    @property
    def weight(self) -> float:
        """One particle in each orbital."""
        return 1.0

    @property
    def statistics(self) -> Statistics:
        """Fermions."""
        return "fermions"

    def quick_initial(self, lengths: Sequence[float]) -> dict[str, Any]:
        """A Fermi sphere."""
        return {"kind": "plane-waves"}

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The number of particles."""
        if (is_number(table.get("orbitals")) or isinstance(table.get("orbitals"), str)) and "particles" not in table:
            table = table | {"particles": table["orbitals"]}
        return super()._completed(table)

    @model_validator(mode="after")
    def _one_particle_in_each(self) -> Self:
        if self.particles != self.orbitals:
            raise wrong(
                f"must equal orbitals = {self.orbitals} for fermions, one particle in each; leave it out",
                key="particles",
            )
        return self

    @model_validator(mode="after")
    def _initial_makes_sets(self) -> Self:
        if not self.initial.makes_sets:
            raise wrong(
                f'"{self.initial.kind}" is one wave function, and fermions need orthogonal ones '
                "(available: ground-state, oscillator, plane-waves, file)",
                key="initial.kind",
            )
        if getattr(self.initial, "numbers", None) is not None:
            raise wrong(
                "is for a condensate; fermions fill the orbitals of lowest energy, leave it out", key="initial.numbers"
            )
        return self


def _condensate_unless_told(table: Any) -> Any:
    return {"kind": "condensate"} | table if isinstance(table, dict) else table


Species = Annotated[
    Annotated[Condensate | Fermions | Classical, Field(discriminator="kind")], Widened(_condensate_unless_told)
]
"""The kinds of species that a problem file can name: who adds one adds it here."""
