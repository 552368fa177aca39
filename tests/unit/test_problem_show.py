"""The resolved file reads back to an equal problem, to the last bit."""

import json
import random
from pathlib import Path

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.words.show import resolved_dict, resolved_toml

FILE = """
title = "quotes \\" and backslash \\\\ and \\u007f and é"
[units]
length = "0.7 um"
mass = "86.909 u"
[grid]
points = [12, 10, 8]
lengths = ["8.1 um", "7.3 um", "6.9 um"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 3333.3
potential = [
    { kind = "harmonic", frequency = ["50 Hz", "51 Hz", "70 Hz"], until = 0, ramp = "0.1 ms", ramp_shape = "smooth" },
    { kind = "gaussian", height = "10 nK", width = "1 um", from = "1 ms", factor = "sin(t)" },
    { kind = "lattice", depth = "2 kHz", period = ["8.1 um", "7.3 um", "6.9 um"], phase = "30 deg" },
    { kind = "expression", value = "0.1*x*y*z" },
]
initial = { kind = "gaussian", width = "1 um", momentum = 0.1, noise = { amplitude = 1e-3, seed = 3 } }
[[species]]
name = "down"
mass = "87 u"
initial = { kind = "expression", amplitude = "exp(-x**2)" }
[[interaction]]
between = ["up", "down"]
kind = "contact"
scattering_length = "95.4 a0"
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = "1e-3 nK um^3"
[time]
final = "20 ms"
step = "2 us"
[parallel]
pencil_grid = [2, 1]
orbital_groups = 1
"""


def test_round_trip() -> None:
    problem = parse_problem(FILE)
    text = resolved_toml(problem)
    again = parse_problem(text, name="another name")
    assert again == problem
    assert resolved_toml(again) == text
    assert "# time unit" in text and "nK" in text


@pytest.mark.parametrize("points", ["[8]", "[8, 8]", "[8, 8, 8]"])
def test_round_trip_of_a_minimal_file(points: str) -> None:
    lengths = points.replace("8", "3.3")
    problem = parse_problem(f"grid = {{ points = {points}, lengths = {lengths} }}\nspecies = [{{ name = 'a' }}]")
    assert parse_problem(resolved_toml(problem)) == problem
    assert "time" not in resolved_dict(problem) and "units" not in resolved_dict(problem)


def test_floats_survive_to_the_last_bit() -> None:
    numbers = random.Random(1)
    for _ in range(50):
        text = f"""
[grid]
points = [4]
lengths = [{numbers.uniform(0, 1)!r}]
[[species]]
name = "a"
mass = {numbers.lognormvariate(0, 20)!r}
particles = {numbers.lognormvariate(0, 40)!r}
[time]
final = {numbers.uniform(1, 2)!r}
step = {numbers.uniform(0.001, 1)!r}
"""
        problem = parse_problem(text)
        assert parse_problem(resolved_toml(problem)) == problem


def test_every_default_is_written_and_json_can_hold_it() -> None:
    problem = parse_problem(FILE)
    tables = json.loads(json.dumps(resolved_dict(problem), allow_nan=False))
    up = tables["species"][0]
    assert list(up)[:2] == ["name", "kind"] and up["kinetic"] == "nonrelativistic"
    harmonic, gaussian, lattice, expression = up["potential"]
    assert "from" not in harmonic and "until" not in gaussian and gaussian["factor"] == "sin(t)"
    assert harmonic["until"] == 0.0 and gaussian["from"] > 0
    assert len(lattice["phase"]) == 3 and expression["value"] == "0.1*x*y*z"
    assert tables["species"][1]["initial"]["phase"] == "0"
    assert tables["output"]["observables"] == {"every": 100, "also": []}
    assert tables["output"]["directory"] == "runs/problem"
    assert tables["ground_state"]["tolerance"] == 1e-10
    assert "strength" not in tables["interaction"][0]
    assert tables["units"] == {"length": "0.7 um", "mass": "86.909 u"}


def test_what_becomes_of_the_rest_mass_is_shown() -> None:
    text = (
        "grid = { points = [4], lengths = [1] }\n"
        "[[species]]\nname = 'a'\nkinetic = 'semirelativistic'\n"
        "[[species]]\nname = 'b'\nkinetic = 'semirelativistic'\nrest_mass = 'subtracted'\n"
        "[[species]]\nname = 'c'\n"
    )
    problem = parse_problem(text)
    shown = [species.get("rest_mass") for species in resolved_dict(problem)["species"]]
    assert shown == ["included", "subtracted", None]
    assert parse_problem(resolved_toml(problem)) == problem


def test_file_paths_stay_true_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "u.h5").write_bytes(b"")
    text = (
        "grid = { points = [4], lengths = [1] }\n[[species]]\nname = 'a'\npotential = { kind = 'file', path = 'u.h5' }"
    )
    problem = parse_problem(text, folder=tmp_path)
    assert parse_problem(resolved_toml(problem), folder=Path("/")) == problem
