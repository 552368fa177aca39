"""``[[species]]``: one kind of particle, its potentials and its initial state."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from hpcmix.problem.dimensions import MASS
from hpcmix.problem.initial import Initial
from hpcmix.problem.potentials import Potential
from hpcmix.problem.section import Section, wrong
from hpcmix.problem.values import described, quantity, real


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
    """One condensate: a single orbital that holds ``particles`` particles (CONVENTIONS.md, Wave functions and
    densities)."""

    name: Annotated[str, PlainValidator(_name)]
    kind: Literal["condensate"] = "condensate"
    mass: Annotated[float, quantity(MASS, above=0)] = 1.0
    particles: Annotated[float, real(above=0)] = 1.0
    """The weight nu: the integral of the density."""
    kinetic: Literal["nonrelativistic"] = "nonrelativistic"
    potential: Annotated[tuple[Potential, ...], BeforeValidator(_one_or_many)] = ()
    """The external potentials, to be added."""
    initial: Initial = Field({"kind": "ground-state"}, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, table: Any) -> Any:
        """Fill in what depends on another entry: the dataset that holds this species in a file."""
        if not isinstance(table, dict):
            return table
        initial = table.get("initial")
        if isinstance(initial, dict) and initial.get("kind") == "file" and "dataset" not in initial:
            return table | {"initial": initial | {"dataset": f"{table.get('name')}/wave_function"}}
        return table
