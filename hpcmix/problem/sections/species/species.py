"""``[[species]]``: one kind of particle, its potentials and its initial state."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import described, integer, is_number, quantity, real
from hpcmix.problem.sections.species.initial import GroundStateInitial, Initial, PlaneWavesInitial
from hpcmix.problem.sections.species.potentials import Potential
from hpcmix.problem.sections.species.vector_potentials import VectorPotential
from hpcmix.problem.units.dimensions import MASS

Statistics = Literal["bosons", "fermions"]


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise wrong(f"must be a name of letters, digits and _ that starts with a letter, not {described(value)}")
    if value in ("x", "y", "z"):
        raise wrong(f'"{value}" is the name of an axis in the output files; choose another name')
    return value


def _one_or_many(value: Any) -> Any:
    if isinstance(value, dict):
        return (value,)
    if not isinstance(value, (list, tuple)):
        raise wrong(f"must be a table or a list of tables, not {described(value)}")
    return tuple(value)


class SpeciesSection(Section):
    """What every species has. A kind is a class of its own that answers what is abstract here; who adds one adds it to
    :data:`Species` and to the functions that are dispatched by it."""

    name: Annotated[str, PlainValidator(_name)]
    kind: str
    mass: Annotated[float, quantity(MASS, above=0)] = 1.0
    particles: Annotated[float, real(at_least=0)] = 1.0
    """The integral of the density. A [scaling] may give the density another norm."""
    kinetic: Literal["nonrelativistic", "semirelativistic"] = "nonrelativistic"
    """``p^2 / (2 m)``, or ``sqrt(m^2 + p^2)`` with c = 1."""
    rest_mass: Literal["included", "subtracted"] | None = None
    """Whether the semi-relativistic kinetic energy is ``sqrt(m^2 + p^2)``, as the papers write it, or less m. Never
    None for semi-relativistic species: "included" unless given."""
    potential: Annotated[tuple[Potential, ...], BeforeValidator(_one_or_many)] = ()
    """The external potentials, to be added."""
    vector_potential: VectorPotential | None = None
    """A(x): -i hbar grad + A stands for the momentum p in the kinetic energy. The charge is part of it."""
    initial: Initial = Field({"kind": "ground-state"}, validate_default=True)

    @property
    @abstractmethod
    def number_of_orbitals(self) -> int:
        """M, the number of its wave functions."""

    @property
    def is_set(self) -> bool:
        """Whether it has more than one wave function."""
        return self.number_of_orbitals > 1

    @property
    @abstractmethod
    def weight(self) -> float:
        """nu where no [scaling] sets it: the particles of an orbital."""

    @property
    @abstractmethod
    def statistics(self) -> Statistics:
        """What its particles are."""

    @abstractmethod
    def quick_initial(self, lengths: Sequence[float]) -> dict[str, Any]:
        """What a file says of an initial state that takes no time to make, for who needs any state. `lengths`: of the
        box."""

    def quickest_initial(self, lengths: Sequence[float]) -> str:
        """The same as a ``--set`` entry writes it."""
        return "{" + ", ".join(f"{key}={value!r}" for key, value in self.quick_initial(lengths).items()) + "}"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, table: Any) -> Any:
        """Fill in what depends on another entry: what becomes of the rest mass, the kind of an initial state of which
        only options are given, the dataset that holds this species in a file; and what the kind fills in."""
        if not isinstance(table, dict):
            return table
        if table.get("kinetic") == "semirelativistic":
            table = {"rest_mass": "included"} | table
        table, initial = cls._completed(table), table.get("initial")
        options = GroundStateInitial.model_fields.keys() - {"kind"}
        if isinstance(initial, dict) and initial.keys() <= options:
            return table | {"initial": {"kind": "ground-state"} | initial}
        if isinstance(initial, dict) and initial.get("kind") == "file" and "dataset" not in initial:
            return table | {"initial": initial | {"dataset": f"{table.get('name')}/wave_function"}}
        start = initial.get("start") if isinstance(initial, dict) else None
        if isinstance(start, dict) and "dataset" not in start:
            return table | {"initial": initial | {"start": start | {"dataset": f"{table.get('name')}/wave_function"}}}
        return table

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The table with what this kind fills in."""
        return table

    @model_validator(mode="after")
    def _rest_mass_has_a_use(self) -> Self:
        if self.rest_mass is not None and self.kinetic != "semirelativistic":
            raise wrong(f'is for kinetic = "semirelativistic"; it is "{self.kinetic}" here', key="rest_mass")
        return self


class Condensate(SpeciesSection):
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
            return table | {"initial": {"numbers": 0} | initial}
        return table

    @model_validator(mode="after")
    def _wave_is_named(self) -> Self:
        if isinstance(self.initial, PlaneWavesInitial) and self.initial.numbers is None:
            raise wrong("is required: the wave's number of periods along each axis", key="initial.numbers")
        return self


def _require_orbitals(value: Any) -> Any:
    if value is None:
        raise wrong("is required for fermions: the number of orbitals, one particle in each")
    return value


class Fermions(SpeciesSection):
    """Fermions at zero temperature: a Slater determinant of ``orbitals`` orbitals that hold one particle each
    (CONVENTIONS.md, Wave functions and densities)."""

    kind: Literal["fermions"]
    orbitals: Annotated[int, integer(at_least=1), BeforeValidator(_require_orbitals)] = Field(
        None, validate_default=True
    )
    """Their number M. It is that of the particles too."""

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
        if is_number(table.get("orbitals")) and "particles" not in table:
            return table | {"particles": table["orbitals"]}
        return table

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
    Annotated[Condensate | Fermions, Field(discriminator="kind")], BeforeValidator(_condensate_unless_told)
]
"""The kinds of species that a problem file can name: who adds one adds it here."""
