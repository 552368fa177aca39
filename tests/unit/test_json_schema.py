"""The schema for editors: it takes every card, and a checker of editors names the line of what it does not take."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hpcmix.problem.files.cards import cards
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reference.entries import tables_of
from hpcmix.problem.reference.json_schema import json_schema
from hpcmix.problem.schema import Problem

SCHEMA = json_schema()

GOOD = """#:schema ./hpcmix.json
title = "Two gases"
[units]
length = "1 um"
mass = "86.909 u"
[parameters]
a = "95 a0"
[grid]
points = [32, 32]
lengths = ["16 um", "16 um"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 5000
potential = [
    { kind = "harmonic", frequency = ["50 Hz", "70 Hz"] },
    { kind = "lattice", depth = "1 kHz", period = "2 um" },
]
initial = { kind = "ground-state" }
[[species]]
name = "cloud"
kind = "classical"
mass = "86.909 u"
particles = 100
initial = { kind = "gaussian", width = "2 um" }
[[interaction]]
between = ["up", "cloud"]
kind = "gaussian"
strength = 1.0
width = 0.7
[time]
final = "20 ms"
step = { tolerance = 1e-6 }
[output]
observables = { interval = "0.1 ms", also = ["vortices"] }
snapshots = { slices = true }
checkpoints = { keep = 2 }
[parallel]
precision = "double"
"""

WRONG = [
    ('title = "Two gases"', "title = 7", 2),
    ('length = "1 um"', "length = 1", 4),
    ('mass = "86.909 u"\n[parameters]', 'masse = "86.909 u"\n[parameters]', 5),
    ('a = "95 a0"', "a = true", 7),
    ("points = [32, 32]", "points = [32, 32.5]", 9),
    ("points = [32, 32]", "points = [32, 1]", 9),
    ("points = [32, 32]", "points = [32, 32, 32, 32]", 9),
    ('lengths = ["16 um", "16 um"]', 'lenghts = ["16 um", "16 um"]', 10),
    ('name = "up"', 'name = "spin up"', 12),
    ('mass = "86.909 u"\nparticles = 5000', "mass = -1\nparticles = 5000", 13),
    ("particles = 5000", "particles = [5000]", 14),
    ('kind = "harmonic", frequency', 'kind = "harmonc", frequency', 16),
    ('kind = "harmonic", frequency', 'kind = "harmonic", frequncy', 16),
    ('["50 Hz", "70 Hz"]', '["50 Hz", -70]', 16),
    ("width = 0.7\n", "", 26),
    (', period = "2 um"', ', period = "2 um", ramp_shape = "round"', 17),
    ('kind = "ground-state"', 'kind = "ground-state", seed = -1', 19),
    ("particles = 100\n", "", 20),
    ('width = "2 um" }', 'width = "2 um", orbitals = 2 }', 25),
    ('between = ["up", "cloud"]', 'between = "up"', 27),
    ("strength = 1.0", 'strength = "1.0"', 29),
    ("{ tolerance = 1e-6 }", "{ tolerance = 0 }", 33),
    ('["vortices"]', '["vortexes"]', 35),
    ("slices = true", 'slices = "yes"', 36),
    ("keep = 2", "keep = 0", 37),
    ('precision = "double"', 'precision = "quadruple"', 39),
]
"""What is wrong, and its line; of what is missing in a table that of its header."""


def errors_of(text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(tomllib.loads(text))]


def test_it_is_a_schema_without_infinities() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA, allow_nan=False)  # raises for an infinity
    assert len(set(re.findall(r'"#/definitions/(\w+)"', text)) ^ SCHEMA["definitions"].keys()) == 0


def test_definitions_are_of_one_model_each() -> None:
    models = {table.model for table in tables_of(Problem)}
    assert len({model.__name__ for model in models}) == len(models)


@pytest.mark.parametrize("card", cards().values(), ids=cards())
def test_it_takes_every_card(card: Path) -> None:
    assert errors_of(card.read_text(encoding="utf-8")) == []


def test_the_good_file_is_good() -> None:
    assert errors_of(GOOD) == []
    parse_problem(GOOD)


@pytest.mark.parametrize(("right", "wrong", "line"), WRONG)
def test_it_refuses_what_a_run_refuses(right: str, wrong: str, line: int) -> None:
    assert GOOD.count(right) == 1
    text = GOOD.replace(right, wrong)
    assert errors_of(text)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert line in {complaint.line for complaint in caught.value.complaints}


def test_an_editor_names_the_line_of_each(tmp_path: Path) -> None:
    """tombi, the checker of the editors' extension of this name."""
    (tmp_path / "hpcmix.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "good.toml").write_text(GOOD)
    for number, (right, wrong, _) in enumerate(WRONG):
        (tmp_path / f"wrong{number:02d}.toml").write_text(GOOD.replace(right, wrong))
    tombi = Path(sys.executable).parent / "tombi"
    said = subprocess.run(
        [tombi, "lint", "--offline", "--no-cache", *sorted(path.name for path in tmp_path.glob("*.toml"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    places = re.findall(r"at (\w+)\.toml:(\d+):", re.sub(r"\x1b\[[0-9;]*m", "", said.stdout + said.stderr))
    lines: dict[str, set[int]] = {}
    for name, line in places:
        lines.setdefault(name, set()).add(int(line))
    assert "good" not in lines
    for number, (right, wrong, line) in enumerate(WRONG):
        assert line in lines.get(f"wrong{number:02d}", set()), (right, wrong, line, lines.get(f"wrong{number:02d}"))


def test_numbers_may_be_names_but_no_words_without_letters() -> None:
    assert errors_of(GOOD.replace("particles = 5000", 'particles = "2*N"')) == []
    assert errors_of(GOOD.replace("particles = 5000", 'particles = "5000"'))


def test_descriptions_defaults_and_examples_are_there() -> None:
    lattice: dict[str, Any] = SCHEMA["definitions"]["LatticePotential"]
    assert lattice["required"] == ["kind", "depth", "period"] and lattice["title"] == "lattice"
    assert "From one well to the next" in lattice["properties"]["period"]["description"]
    assert lattice["properties"]["period"]["examples"] == ["0.5 um"]
    assert lattice["properties"]["ramp_shape"]["enum"] == ["linear", "smooth"]
    assert lattice["properties"]["ramp_shape"]["default"] == "linear"
    assert "default" not in lattice["properties"]["until"]


def test_every_example_is_what_its_key_takes() -> None:
    for table in tables_of(Problem):
        schema = {"$ref": f"#/definitions/{table.model.__name__}", "definitions": SCHEMA["definitions"]}
        schema = SCHEMA if table.model is Problem else schema
        validator = jsonschema.Draft7Validator(schema)
        for key in table.keys:
            entry = tomllib.loads(key.example)
            wrong = [error for error in validator.iter_errors(entry) if key.name in error.absolute_path]
            assert not wrong, (table.path, key.example, wrong[0].message)
