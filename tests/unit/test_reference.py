"""The reference of keys: complete, the same as the schema, and found by whoever asks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from hpcmix.cli import app
from hpcmix.problem.files.cards import cards
from hpcmix.problem.reference import lookup, words
from hpcmix.problem.reference.docstrings import key_text, table_text
from hpcmix.problem.reference.entries import keys_of, tables_of
from hpcmix.problem.reference.page import PAGES
from hpcmix.problem.schema import Problem
from hpcmix.problem.units.functions import FUNCTIONS
from hpcmix.problem.units.named import RESERVED, UNITS
from hpcmix.problem.units.units import units_from_text

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def schema_models() -> list[type[BaseModel]]:
    """All tables of the file, from pydantic alone."""
    models: list[type[BaseModel]] = [Problem]
    for model in models:
        for field in model.model_fields.values():
            models += [inner for inner in models_in(field.annotation) if inner not in models]
    return models


MODELS = schema_models()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_that_of_the_schema(name: str) -> None:
    """scripts/reference writes them anew."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_key_has_a_docstring() -> None:
    bare = [
        f"{model.__name__}.{name}"
        for model in MODELS
        for name in model.model_fields
        if not (key_text(model, name) or (name == "kind" and table_text(model)))
    ]
    assert bare == []
    assert [model.__name__ for model in MODELS if not table_text(model)] == []


def test_every_key_says_what_it_takes_with_an_example() -> None:
    assert {table.model for table in tables_of(Problem)} == set(MODELS)
    for model in MODELS:
        keys = {key.name: key for key in keys_of(model)}
        expected = {
            field.alias or name for name, field in model.model_fields.items() if field.annotation is not type(None)
        }
        assert expected <= keys.keys()
        for key in keys.values():
            assert key.taken.schema and key.taken.words != "value", (model, key.name)
            assert key.taken.example, (model, key.name)
            assert key.text.rstrip().endswith((".", ":", ")")) or "\n" in key.text, (model, key.name, key.text)


def test_every_key_is_on_the_page() -> None:
    page = PAGES["keys.md"]()
    rows = re.findall(r"^\| `([\w]+)` \| .* \| (.*) \|$", page.replace(r"\<", "<"), re.MULTILINE)
    for model in MODELS:
        for name, field in model.model_fields.items():
            key = field.alias or name
            if field.annotation is type(None) or model is Problem:
                continue
            begins = " ".join(key_text(model, name).replace("``", "`").replace("|", r"\|").split())[:60]
            if name != "kind":
                assert any(row == key and begins in text for row, text in rows), (model, key)
    for name in Problem.model_fields:
        assert f"`[{name}]`" in page or f"`[[{name}]]`" in page or f"| `{name}` |" in page
    for model in MODELS:
        kind = model.model_fields.get("kind")
        if kind is not None and get_origin(kind.annotation) is Literal:
            assert all(f'"{word}"' in page for word in get_args(kind.annotation))


def test_texts_are_for_users() -> None:
    """Nothing of Python in them: no roles of Sphinx, no None, no files of the source."""
    for model in MODELS:
        for text in (table_text(model), *(key_text(model, name) for name in model.model_fields)):
            assert not re.search(r":\w+:`|\bNone\b|\.py\b", text), (model, text)


def test_functions_and_units_of_the_page_are_known() -> None:
    page = PAGES["expressions.md"]()
    assert all(f"| `{name}({function.arguments})` |" in page for name, function in FUNCTIONS.items())
    units = units_from_text("1 um", "1 u")
    for unit in UNITS:
        assert np.isfinite(units.constant(f"1 {unit}").value), unit
        assert unit in RESERVED


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("potential.lattice", "species.condensate.potential.lattice"),
        ("species.potential.lattice.depth", "species.condensate.potential.lattice.depth"),
        ("species.0.potential.1.harmonic", "species.condensate.potential.harmonic"),
        ("[[interaction]].contact", "interaction.contact"),
        ("time.step", "time.step"),
        ("grid", "grid"),
        ("from", "species.condensate.potential.harmonic.from"),
        ("factor.path", "species.condensate.potential.harmonic.factor.path"),
    ],
)
def test_questions(question: str, place: str) -> None:
    assert place in [each for answer in lookup.answers(question) for each in answer.places]


def test_equal_keys_are_one_answer() -> None:
    (answer,) = [each for each in lookup.answers("species.mass") if each.key]
    assert answer.places == ("species.condensate.mass", "species.fermions.mass", "species.classical.mass")
    assert "species.condensate|fermions|classical.mass" in words.in_words([answer])


def test_examples_of_a_key_and_its_table_are_told_once() -> None:
    found = lookup.answers("time.step")
    assert len(found) > 1 and words.in_words(found).count("  In the examples ") == 1


def test_examples_that_have_it() -> None:
    def examples(question: str) -> list[str]:
        return [name for answer in lookup.answers(question) for name in lookup.examples_with(answer)]

    assert "lattice-ramp" in examples("potential.lattice") and "manakov-soliton" not in examples("potential.lattice")
    assert "gravitational-sag" in examples("parameters")
    assert set(examples("species.classical")) == {
        name for name, path in cards().items() if re.search(r'^kind = "classical"', path.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("question", "meant"),
    [("potential.lattce", "potential.lattice"), ("time.steps", "time.step"), ("scatering_length", "scattering_length")],
)
def test_suggestions(question: str, meant: str) -> None:
    assert not lookup.answers(question)
    assert lookup.suggestion(question) == meant
    assert lookup.answers(meant)


@pytest.mark.parametrize(
    ("beginning", "completed"),
    [
        ("ti", ["title", "time"]),
        ("time.st", ["time.step"]),
        ("grid.frame.", ["grid.frame.fixed", "grid.frame.expanding"]),
    ],
)
def test_a_shell_completes_keys(beginning: str, completed: list[str]) -> None:
    argument = app.commands["help"].command().params[0]
    context = click.Context(app)
    assert [item.value for item in argument.shell_complete(context, beginning)] == completed


def test_commands() -> None:
    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments, standalone_mode=False)
        assert result.exception is None
        return result.return_value, result.stdout, result.stderr

    status, said, _ = call("help", "potential.lattice")
    assert status == 0 and 'Example: depth = ["2 kHz", 0, 0]' in said and "length, positive" in said
    status, said, _ = call("help")
    assert status == 0 and all(f"[{name}]" in said for name in ("grid", "time", "parameters"))
    status, said, _ = call("help", "expressions")
    assert status == 0 and "atan2(y, x)" in said
    status, said, complaint = call("help", "potential.lattce")
    assert status == 2 and said == "" and 'did you mean "potential.lattice"' in complaint
    assert call("help", "potential", "lattice") == call("help", "potential.lattice")
    status, _, complaint = call("help", "magneton")
    assert status == 2 and "there is no key" in complaint
    status, _, complaint = call("help", "Thomas-Fermi")
    assert status == 2 and "species.condensate.initial.ground-state.start" in complaint
    status, said, _ = call("help", "plan")
    assert status == 0 and "Usage:" in said and "--ranks" in said
    status, said, _ = call("schema")
    assert status == 0 and said.startswith('{\n "$schema"')
