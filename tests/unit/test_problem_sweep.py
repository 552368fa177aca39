"""``[sweep]``: values of lists and ranges, the points that they make, and what is refused with a sentence."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from hpcmix.commands.looking import plan
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.sweep import Range
from hpcmix.problem.words.show import resolved_toml
from hpcmix.studies.sweeps.axes import SweptKey
from hpcmix.studies.sweeps.directory import PointRecord, is_of
from hpcmix.studies.sweeps.points import Point, Setting, chains_of
from hpcmix.studies.sweeps.reading import read_sweep

FILE = """
[units]
length = "1 um"
mass = "86.909 u"

[grid]
points = [32]
lengths = [16.0]

[[species]]
name = "a"
mass = "86.909 u"
particles = 100.0
potential = [{ kind = "harmonic", frequency = "50 Hz" }]

[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.1

[sweep]
"""


HEAD = FILE.count("\n")
"""The line of [sweep]."""


def parsed(section: str):
    return parse_problem(FILE + section)


def points_of(section: str) -> list[Point]:
    return [point for chain in chains_of(parsed(section).sweep) for point in chain.points]


@pytest.mark.parametrize(
    ("entries", "values"),
    [
        # rounded once from the decimals of the file: 0.8 + 0.4 * 3 / 8 is 0.9500000000000001 in floats
        ({"from": 0.8, "to": 1.2, "number": 9}, (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)),
        ({"from": "50 Hz", "to": "2e3 Hz", "number": 4}, ("50 Hz", "700 Hz", "1350 Hz", "2000 Hz")),
        ({"from": "2 pi 50 Hz", "to": "2 pi 51 Hz", "number": 3}, ("2 pi 50 Hz", "2 pi 50.5 Hz", "2 pi 51 Hz")),
        ({"from": "95.4 a0", "to": "-4.6 a0", "number": 3}, ("95.4 a0", "45.4 a0", "-4.6 a0")),
        ({"from": 1, "to": 5, "number": 3}, (1, 3, 5)),
        ({"from": 1, "to": 4, "number": 3}, (1, 2.5, 4)),
        ({"from": 1, "to": 1000, "number": 4, "spacing": "logarithmic"}, (1, 10, 100, 1000)),
        ({"from": -0.1, "to": -1e-3, "number": 3, "spacing": "logarithmic"}, (-0.1, -0.01, -0.001)),
    ],
)
def test_a_range_has_the_values_that_one_would_write(entries, values):
    found = Range(**entries).values
    assert found == values and [type(value) for value in found] == [type(value) for value in values]


def test_the_last_key_varies_fastest_and_zip_takes_values_together():
    keys = "[sweep.keys]\nspecies.a.particles = [100, 200]\ninteraction.0.strength = [0.1, 0.2, 0.3]\n"
    found = points_of(keys)
    assert [point.place for point in found] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert found[4].overrides == ("species.a.particles=200", "interaction.0.strength=0.2")
    together = points_of('combine = "zip"\n' + keys.replace("[100, 200]", "[100, 200, 300]"))
    assert [point.overrides[0] for point in together] == [f"species.a.particles={n}" for n in (100, 200, 300)]
    assert [point.place for point in together] == [(0,), (1,), (2,)]


def test_states_are_continued_along_the_last_key_there_and_back():
    keys = "[sweep.keys]\nspecies.a.particles = [100, 200]\ninteraction.0.strength = [0.1, 0.2]\n"
    chains = chains_of(parsed('order = "continued"\n' + keys).sweep)
    assert [[(point.place, point.direction) for point in chain.points] for chain in chains] == [
        [((n, 0), "forward"), ((n, 1), "forward"), ((n, 1), "backward"), ((n, 0), "backward")] for n in (0, 1)
    ]
    (way,) = {point.direction for point in points_of('order = "continued"\ndirections = ["backward"]\n' + keys)}
    assert way == "backward"


def test_keys_with_and_without_quotes_are_the_same_and_read_back():
    bare = parsed("[sweep.keys]\nspecies.a.potential.0.frequency = { from = '40 Hz', to = '60 Hz', number = 3 }\n")
    quoted = parsed('keys = { "species.a.potential.0.frequency" = { from = "40 Hz", to = "60 Hz", number = 3 } }\n')
    assert bare == quoted and hash(bare) == hash(quoted)
    assert bare.sweep.command == "ground"
    assert parse_problem(resolved_toml(bare)) == bare
    # a key whose last part is called like an entry of ranges
    markers = parsed("[sweep.keys]\nspecies.a.markers.number = [10, 20]\n")
    assert markers.sweep.values == {"species.a.markers.number": (10, 20)}


def test_a_point_has_a_directory_of_its_own_whatever_its_values():
    values = [0.5, "50 Hz", "a/b", "a?b", [1, 2], [1, 3], {"kind": "x"}, "y" * 300, "y" * 301]
    names = {Point((Setting("key.0", value),), (0,)).name for value in values}
    assert len(names) == len(values) and {"key.0=0.5", "key.0=50_Hz"} < names
    assert all("/" not in name and len(name) < 140 for name in names)


def test_values_are_numbers_with_their_unit_where_they_can_be():
    hertz = SweptKey.of("f", ("50 Hz", "6e1 Hz"))
    assert (list(hertz.numbers), hertz.label, hertz.numeric) == ([50.0, 60.0], "f (Hz)", True)
    for values in (("50 Hz", "60 kHz"), ("strang", "blanes-moan-4"), ([1, 2], [1, 3]), (True, False)):
        words = SweptKey.of("f", values)
        assert not words.numeric and list(words.numbers) == [0.0, 1.0] and len(set(words.coordinate)) == 2


@pytest.mark.parametrize(
    ("section", "below", "sentence"),
    [
        ("", 0, "sweep.keys: is required"),
        ("keys = {}", 1, "sweep.keys: names no key"),
        ("keys = 3", 1, "sweep.keys: "),
        ("[sweep.keys]\na.b = 3", 2, "sweep.keys.a.b: must be a list, not 3"),
        ("[sweep.keys]\na.b = []", 1, "a.b has no value"),
        ("[sweep.keys]\na.b = [1, 2, 1]", 1, "a.b has the value 1 twice"),
        ("[sweep.keys]\na.b = { from = 1, to = 2 }", 2, "sweep.keys.a.b.number: is required"),
        ("[sweep.keys]\na.b = { from = 1, to = 2, number = 1 }", 2, "number: must be at least 2"),
        ("[sweep.keys]\na.b = { from = 1, to = 1, number = 2 }", 2, "to: is where the range begins"),
        ("[sweep.keys]\na.b = { from = 1, to = '2 s', number = 2 }", 2, "to: \"2 s\" must have the unit of 1"),
        ("[sweep.keys]\na.b = { from = 1, to = 'x', number = 2 }", 2, "to: must be a number, or one with a unit"),
        ("[sweep.keys]\na.b = { from = 0, to = 1, number = 2, spacing = 'logarithmic' }", 2, "two ends of one sign"),
        ("[sweep.keys]\na.b = { from = 0, to = 1, numbers = 2 }", 2, "known here: from, to, number, spacing"),
        ("[sweep.keys]\noutput.directory = ['x']", 1, "every point has a directory in it"),
        ("[sweep.keys]\nunits.mass = ['1 u']", 1, "is the same for all points"),
        ("combine = 'zip'\n[sweep.keys]\na.b = [1]\na.c = [1, 2]", 1, "different numbers: a.b 1, a.c 2"),
        ("combine = 'zipp'\n[sweep.keys]\na.b = [1]", 1, 'did you mean "zip"?'),
        ("directions = ['forward']\n[sweep.keys]\na.b = [1]", 1, 'are for order = "continued"'),
        ("order = 'continued'\ndirections = []\n[sweep.keys]\na.b = [1]", 2, "must name a direction"),
        ("order = 'continued'\ncommand = 'run'\n[sweep.keys]\na.b = [1]", 2, '"run" begins at time zero'),
        ("order = 'continued'\n[sweep.keys]\nspecies.a.initial.start = ['gaussian']", 2, "leave one of them out"),
        ("[sweep.keys]\na.b = { from = 1, to = 2, number = 400 }\na.c = { from = 1, to = 2, number = 400 }", 1,
         "make 160000 points, more than the 100000"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(section, below, sentence):
    with pytest.raises(ProblemError) as caught:
        parsed(section)
    told = [(complaint.line, str(complaint)) for complaint in caught.value.complaints]
    assert any(at == HEAD + below and sentence in text for at, text in told), told


@pytest.mark.parametrize("index", [0, 2])
def test_an_option_may_sweep_over_an_entry_of_a_list(index, tmp_path):
    """Which the keys of the file's own sweep do not name."""
    file = tmp_path / "file.toml"
    file.write_text(FILE.replace("[sweep]\n", ""))
    problem = load_problem(str(file), [f"sweep.keys.interaction.{index}.strength=[1, 2]"])
    assert problem.sweep is not None
    assert list(problem.sweep.keys) == [f"interaction.{index}.strength"]


def test_a_record_without_a_problem_is_of_no_problem(tmp_path):
    file = tmp_path / "file.toml"
    file.write_text(FILE.replace("[sweep]\n", ""))
    for nothing in (5, {}, {"ground_state": {}, "output": {}, "species": [5]}, {"ground_state": 1, "output": 2}):
        assert not is_of(PointRecord("done", "", nothing, 1.0), load_problem(str(file)))


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("sweep.keys.species.a.particles=5", "must be a list, not 5"),
        ("sweep.keys.species.a.particles=[100, -1]", "-1: must not be negative"),
        ("sweep.keys.species.a.particles={ from = 1, to = 2, number = 0 }", "must be at least 2"),
        ("sweep.keys=5", "must be a table, not 5"),
    ],
)
def test_mistakes_of_an_option_are_told_at_the_option(option, sentence, tmp_path):
    """Although the file has values of the same key: they are not what is wrong."""
    file = tmp_path / "file.toml"
    file.write_text(FILE + "[sweep.keys]\nspecies.a.particles = [100, 200]\n")
    with pytest.raises(ProblemError) as caught:
        read_sweep(str(file), [option])
    (complaint,) = caught.value.complaints
    assert complaint.file == f"--set {option}" and sentence in complaint.message


def test_mistakes_of_all_points_are_told_at_the_lines_of_their_keys(tmp_path):
    file = tmp_path / "wrong.toml"
    keys = (
        "[sweep.keys]\nspecies.a.particles = [100, -1]\n"
        '"interaction.0.strenght" = [1, 2]\nspecies.b.mass = [1]\ngrid.points = [[32], [1]]\n'
    )
    file.write_text(FILE + keys)
    with pytest.raises(ProblemError) as caught:
        read_sweep(str(file), [])
    told = sorted({(complaint.line, complaint.key, complaint.suggestion) for complaint in caught.value.complaints})
    assert (HEAD + 2, "sweep.keys.species.a.particles", None) in told
    assert (HEAD + 3, "sweep.keys.interaction.0.strenght", "strength") in told
    assert any(line == HEAD + 4 and key == "sweep.keys.species.b.mass" for line, key, _ in told)
    assert any(line == HEAD + 5 for line, _, _ in told)
    assert "-1: must not be negative" in str(caught.value)


def test_a_file_without_sweep_and_states_that_nobody_seeks_are_refused(tmp_path):
    file = tmp_path / "file.toml"
    file.write_text(FILE.replace("[sweep]\n", ""))
    with pytest.raises(ProblemError, match=r"needs a \[sweep\] section"):
        read_sweep(str(file), [])
    given = FILE.replace('"50 Hz" }]', '"50 Hz" }]\ninitial = { kind = "gaussian", width = 1.0 }')
    file.write_text(given + 'order = "continued"\n[sweep.keys]\nspecies.a.particles = [100, 200]\n')
    with pytest.raises(ProblemError, match="no species of the file asks for one"):
        read_sweep(str(file), [])


def test_a_plan_looks_at_the_points_of_a_sweep(tmp_path):
    """Their mistakes are told by what comes before the sweep."""
    path = tmp_path / "swept.toml"
    path.write_text(FILE + '[sweep.keys]\n"species.a.particles" = [50, 100, 200]\n')
    told = CliRunner().invoke(plan, [str(path)])
    assert told.exit_code == 0 and told.output.splitlines()[-1].startswith("[sweep]: 3 points for hpcmix sweep")
    path.write_text(FILE + '[sweep.keys]\n"species.a.mess" = [50, 100]\n')
    told = CliRunner().invoke(plan, [str(path)])
    assert isinstance(told.exception, ProblemError) and 'did you mean "mass"' in str(told.exception)
