"""``[[species]]``: one kind of particle, its potentials and its initial state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import described, integer, is_number, quantity, real
from hpcmix.problem.sections.initial import GroundStateInitial, Initial, PlaneWavesInitial
from hpcmix.problem.sections.potentials import Potential
from hpcmix.problem.sections.vector_potentials import VectorPotential
from hpcmix.problem.units.dimensions import MASS


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


class Species(Section):
    """One condensate, a single orbital that holds ``particles`` particles; or fermions at zero temperature, a Slater
    determinant of ``orbitals`` orbitals that hold one each (CONVENTIONS.md, Wave functions and densities)."""

    name: Annotated[str, PlainValidator(_name)]
    kind: Literal["condensate", "fermions"] = "condensate"
    mass: Annotated[float, quantity(MASS, above=0)] = 1.0
    particles: Annotated[float, real(at_least=0)] = 1.0
    """The integral of the density; of fermions the number of orbitals. A [scaling] may give the density another
    norm."""
    orbitals: Annotated[int, integer(at_least=1)] | None = None
    """The number M of orbitals of fermions; None for a condensate."""
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
    def number_of_orbitals(self) -> int:
        """M: one for a condensate."""
        return self.orbitals or 1

    @property
    def weight(self) -> float:
        """nu where no [scaling] sets it: the particles of an orbital."""
        match self.kind:
            case "condensate":
                return self.particles
            case "fermions":
                return 1.0
        raise TypeError(f'a species of kind "{self.kind}" does not say how many particles an orbital holds')

    def quickest_initial(self, lengths: Sequence[float]) -> str:
        """An `initial` that costs next to nothing in a box of these lengths, as a ``--set`` entry writes it: where the
        state does not matter."""
        match self.kind:
            case "condensate":
                return f"{{kind='gaussian', width={[0.125 * length for length in lengths]}}}"
            case "fermions":
                return "{kind='plane-waves'}"
        raise TypeError(f'a species of kind "{self.kind}" has no quickest initial state')

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, table: Any) -> Any:
        """Fill in what depends on another entry: the particles of fermions, what becomes of the rest mass, the kind of
        an initial state of which only options are given, the dataset that holds this species in a file, the quanta of
        a condensate."""
        if not isinstance(table, dict):
            return table
        if table.get("kind") == "fermions" and is_number(table.get("orbitals")) and "particles" not in table:
            table = table | {"particles": table["orbitals"]}
        if table.get("kinetic") == "semirelativistic":
            table = {"rest_mass": "included"} | table
        initial = table.get("initial")
        options = GroundStateInitial.model_fields.keys() - {"kind"}
        if isinstance(initial, dict) and initial.keys() <= options:
            return table | {"initial": {"kind": "ground-state"} | initial}
        if isinstance(initial, dict) and initial.get("kind") == "file" and "dataset" not in initial:
            return table | {"initial": initial | {"dataset": f"{table.get('name')}/wave_function"}}
        start = initial.get("start") if isinstance(initial, dict) else None
        if isinstance(start, dict) and "dataset" not in start:
            return table | {"initial": initial | {"start": start | {"dataset": f"{table.get('name')}/wave_function"}}}
        if isinstance(initial, dict) and initial.get("kind") == "oscillator" and table.get("kind") != "fermions":
            return table | {"initial": {"numbers": 0} | initial}
        return table

    @model_validator(mode="after")
    def _rest_mass_has_a_use(self):
        if self.rest_mass is not None and self.kinetic != "semirelativistic":
            raise wrong(f'is for kinetic = "semirelativistic"; it is "{self.kinetic}" here', key="rest_mass")
        return self

    @model_validator(mode="after")
    def _orbitals_fit(self):
        match self.kind:
            case "condensate":
                self._check_condensate()
            case "fermions":
                self._check_fermions()
            case _:
                raise TypeError(f'nothing checks the orbitals of a species of kind "{self.kind}"')
        return self

    def _check_condensate(self) -> None:
        if self.orbitals is not None:
            raise wrong('belongs to kind = "fermions"; a condensate has one orbital', key="orbitals")
        if isinstance(self.initial, PlaneWavesInitial) and self.initial.numbers is None:
            raise wrong("is required: the wave's number of periods along each axis", key="initial.numbers")

    def _check_fermions(self) -> None:
        if self.orbitals is None:
            raise wrong("is required for fermions: the number of orbitals, one particle in each", key="orbitals")
        if self.particles != self.orbitals:
            raise wrong(
                f"must equal orbitals = {self.orbitals} for fermions, one particle in each; leave it out",
                key="particles",
            )
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
