"""Every number that a problem file may hold, at zero, at its smallest and at its largest: a sentence, or a problem that
can be planned."""

from __future__ import annotations

import tomllib
import types
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.mistakes.hints.annotations import models_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import FileInitial
from hpcmix.problem.sections.species.potentials import FilePotential
from hpcmix.problem.sections.sweep import Range
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.running.planning.preflight import preflight
from tests.system.mutations.problems import MORE, cards
from tests.system.mutations.toml_text import toml

VALUES = (
    "0", "-0.0", "-1", "1", "5e-324", "1e-60", "-1e-60", "1e60", "-1e60", "1.7e308", "nan", "9223372036854775807",
    "1" + "0" * 30,
)  # fmt: skip


def is_numeric(annotation: Any) -> bool:
    """Whether a field may hold a number, or numbers."""
    if annotation in (int, float):
        return True
    return not models_of(annotation) and any(is_numeric(one) for one in get_args(annotation))


def is_list(annotation: Any) -> bool:
    """Whether the field is a tuple of any length."""
    if get_origin(annotation) is tuple:
        return True
    return get_origin(annotation) in (types.UnionType,) and any(map(is_list, get_args(annotation)))


def fields_of(section: BaseModel, tables: Any, path: tuple = ()) -> Iterator[tuple[type, str, str]]:
    """Model, field and dotted key of every number of a section and of what is in it."""
    for name, field in type(section).model_fields.items():
        key, value = field.alias or name, getattr(section, name)
        here = (*path, key)
        mixed = any(is_numeric(one) for one in get_args(field.annotation)) if not is_list(field.annotation) else False
        if is_numeric(field.annotation) or mixed:
            listed = isinstance(tables.get(key), list) if isinstance(tables, dict) else False
            yield type(section), name, ".".join(map(str, (*here, 0) if listed else here))
        if isinstance(value, BaseModel):
            yield from fields_of(value, tables.get(key, {}) if isinstance(tables, dict) else {}, here)
        elif isinstance(value, tuple):
            entries = tables.get(key, []) if isinstance(tables, dict) else []
            entries = [entries] if isinstance(entries, dict) else entries
            for index, one in enumerate(value):
                if isinstance(one, BaseModel):
                    yield from fields_of(one, entries[index] if index < len(entries) else {}, (*here, index))


def all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for one in models_of(field.annotation):
            if one not in found:
                found |= all_models(one)
    return found


ON_MODES = f"""
grid = {{ points = [16], lengths = [8.0] }}
[[species]]
name = "a"
particles = 3.0
initial.kind = "gaussian"
initial.width = 1.0
initial.modes = {{ path = "{__file__}", numbers = [0], amplitude = 0.1, phase = 0.2 }}
"""
"""No card can name the file of another run; here any that exists will do, nobody reads it."""

BASES = {name: toml(tables) for name, tables in cards().items()} | {"on modes": ON_MODES}
FIELDS: dict[tuple[type, str], tuple[str, str]] = {}
"""Of every number of the schema one place where it can be set: a file and a key."""
for base in (*MORE, *BASES):
    for model, field, key in fields_of(parse_problem(BASES[base]), tomllib.loads(BASES[base])):
        FIELDS.setdefault((model, field), (base, key))


def test_every_number_of_the_schema_stands_in_some_file():
    numbers = {
        (model, name)
        for model in all_models(Problem)
        for name, field in model.model_fields.items()
        if is_numeric(field.annotation)
        and model not in (FileInitial, FilePotential, Range)  # numbers of all files; a range has a test of its own
    }
    assert len(numbers) > 60 and numbers <= FIELDS.keys(), numbers - FIELDS.keys()


@pytest.mark.parametrize(("base", "key"), FIELDS.values(), ids=[f"{model.__name__}-{name}" for model, name in FIELDS])
def test_a_number_at_its_limits_is_a_sentence_or_a_problem(base, key, monkeypatch):
    monkeypatch.setattr(
        "hpcmix.running.planning.costs.steps.seconds_per_pair", lambda points, ranks: 1.0
    )  # measures a transform
    accepted = 0
    for value in VALUES:
        try:
            problem = parse_problem(BASES[base], [f"{key}={value}"])
            preflight(problem)
            plan_lines(problem, make_plan(problem, 1), 1)
        except ProblemError as error:
            assert all(complaint.message for complaint in error.complaints) and error.complaints
            continue
        accepted += 1
        assert parse_problem(resolved_toml(problem)) == problem
    assert accepted < len(VALUES), "not a number is not refused"


@pytest.mark.parametrize("scaling", ["fractions", "geometric-mean"])
def test_species_without_particles_beside_a_scaling_that_compares_them(scaling):
    """log(0) and 1/0 in the prefactors, and in the condition for solutions at all times."""
    for zero in ("0.0", "0"):
        with pytest.raises(ProblemError, match="particles: must be positive"):
            parse_problem(BASES["30_semirelativistic-yukawa"],
                          [f"species.0.particles={zero}", f"scaling.kind={scaling}"])  # fmt: skip


@pytest.mark.parametrize("key", ["from", "to", "number"])
@pytest.mark.parametrize("spacing", ["linear", "logarithmic"])
def test_a_range_of_a_sweep_at_its_limits_is_a_sentence_or_a_problem(key, spacing):
    """No --set reaches it: the key that is swept stands in its name."""
    outcomes = set()
    for value in VALUES:
        entries = {"from": "0.5", "to": "2.0", "number": "3"} | {key: value}
        words = ", ".join(f"{name} = {entry}" for name, entry in entries.items())
        text = f'{BASES["on modes"]}\n[sweep.keys]\n"species.a.particles" = {{ {words}, spacing = "{spacing}" }}\n'
        try:
            parse_problem(text)
            outcomes.add("accepted")
        except ProblemError as error:
            assert all(complaint.message for complaint in error.complaints) and error.complaints
            outcomes.add("refused")
    assert outcomes == {"accepted", "refused"} or key == "number"
