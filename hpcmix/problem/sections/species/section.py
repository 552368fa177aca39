"""What every ``[[species]]`` answers about itself: one kind of particle, its potentials and its initial state."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Taken, Value, Widened, one_or_many
from hpcmix.problem.reading.values import described, quantity, real
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.initial import InitialSection
from hpcmix.problem.sections.species.potentials import HarmonicPotential, Potential
from hpcmix.problem.sections.species.state import StateSection
from hpcmix.problem.sections.species.vector_potentials import VectorPotential
from hpcmix.problem.units.dimensions import MASS

Statistics = Literal["bosons", "fermions", "classical"]


_OF_FILES = {"x": "an axis", "y": "an axis", "z": "an axis", "time": "the time", "step": "the step"}
"""Names that stand in the root of files of fields, where every species has a group of its name."""


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise wrong(f"must be a name of letters a to z, digits and _ that starts with a letter, not {described(value)}")
    if value in _OF_FILES:
        raise wrong(f'"{value}" is the name of {_OF_FILES[value]} in the output files; choose another name')
    return value


def _one_or_many(value: Any) -> Any:
    if isinstance(value, dict):
        return (value,)
    if not isinstance(value, (list, tuple)):
        raise wrong(f"must be a table or a list of tables, not {described(value)}")
    return tuple(value)


NAME = Taken("name", {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"})


class SpeciesSection(Section):
    """What every species has. A kind is a class of its own that answers what is abstract here; who adds one adds it to
    :data:`~hpcmix.problem.sections.species.species.Species` and to the functions that are dispatched by it."""

    name: Annotated[str, Value(_name, taken=NAME)]
    """Of letters, digits and _; interactions, files and options use it.
    Example: ``"up"``."""
    kind: str
    mass: Annotated[float, quantity(MASS, above=0)] = 1.0
    """Of a particle. Expressions of the species know it as ``mass``."""
    particles: Annotated[float, real(at_least=0)] = 1.0
    """The integral of the density. A [scaling] may give the density another norm.
    Example: ``50_000``."""
    kinetic: Literal["nonrelativistic", "semirelativistic"] = "nonrelativistic"
    """``p^2 / (2 m)``, or ``sqrt(m^2 + p^2)`` with c = 1."""
    rest_mass: Literal["included", "subtracted"] | None = None
    """Whether the semi-relativistic kinetic energy is ``sqrt(m^2 + p^2)``, as the papers write it, or less m. Of
    semi-relativistic species "included" unless given."""
    potential: Annotated[tuple[Potential, ...], Widened(_one_or_many, widens=one_or_many)] = ()
    """The external potentials, to be added.
    Example: ``[{ kind = "harmonic", frequency = "50 Hz" }]``."""
    vector_potential: VectorPotential | None = None
    """A(x): -i hbar grad + A stands for the momentum p in the kinetic energy. The charge is part of it.
    Example: ``{ kind = "uniform", field = [0, 0, 1.5] }``."""
    initial: StateSection = Field({"kind": "ground-state"}, validate_default=True)
    """The state at time zero; options without ``kind`` are those of a ground state.
    Example: ``{ kind = "gaussian", width = "2 um" }``."""

    has_orbitals: ClassVar[bool] = True
    """Whether it is made of wave functions; otherwise of markers in phase space."""

    @property
    def harmonic_traps(self) -> tuple[HarmonicPotential, ...]:
        """Those of its potentials that are harmonic."""
        return tuple(trap for entry in self.potential if (trap := entry.harmonic_trap) is not None)

    @property
    def oscillator(self) -> HarmonicPotential | None:
        """The trap whose oscillator states are a basis: the first harmonic one with a frequency along every axis, of
        those that act at time 0- if there are any."""
        whole = [trap for trap in self.harmonic_traps if all(trap.frequency)]
        return next((trap for trap in whole if trap.holds(0.0, before_start=True)), next(iter(whole), None))

    @property
    def wave_functions(self) -> InitialSection:
        """``initial`` of a species that has wave functions. Raises TypeError for others."""
        raise TypeError(f'"{self.name}" has no wave functions')

    @property
    @abstractmethod
    def number_of_orbitals(self) -> int:
        """M, the number of its wave functions."""

    @property
    def number_of_markers(self) -> int:
        """How many markers carry it: none where it has wave functions."""
        return 0

    @property
    def is_set(self) -> bool:
        """Whether it has more than one wave function."""
        return self.number_of_orbitals > 1

    @property
    @abstractmethod
    def weight(self) -> float:
        """nu where no [scaling] sets it: the particles of an orbital."""

    @abstractmethod
    def integral(self, weight: float) -> float:
        """The integral of its density, where `weight` is the nu that the scaling gives it."""

    @abstractmethod
    def at_a_point(self, weight: float) -> float:
        """The most of its density's integral that may be at one point."""

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

    def comments(self, hbar: float, grid: Grid) -> list[str]:
        """What it is and obeys, where the names of its entries do not say so."""
        return []

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, table: Any) -> Any:
        """Fill in what depends on another entry: what becomes of the rest mass; and what the kind fills in."""
        if not isinstance(table, dict):
            return table
        if table.get("kinetic") == "semirelativistic":
            table = {"rest_mass": "included"} | table
        return cls._completed(table)

    @classmethod
    def _completed(cls, table: dict[str, Any]) -> dict[str, Any]:
        """The table with what this kind fills in."""
        return table

    @model_validator(mode="after")
    def _rest_mass_has_a_use(self) -> Self:
        if self.rest_mass is not None and self.kinetic != "semirelativistic":
            raise wrong(f'is for kinetic = "semirelativistic"; it is "{self.kinetic}" here', key="rest_mass")
        return self
