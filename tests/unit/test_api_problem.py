"""A problem from Python: read, changed, checked, written."""

from __future__ import annotations

import numpy as np
import pytest

import hpcmix
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.words.show import toml_of

TABLES = {
    "title": "two clouds",
    "units": {"length": "1 um", "mass": "86.909 u"},
    "grid": {"points": [32], "lengths": ["20 um"]},
    "species": [
        {
            "name": "up",
            "mass": "86.909 u",
            "particles": 100,
            "potential": [{"kind": "harmonic", "frequency": "200 Hz"}],
        },
        {"name": "down", "mass": "86.909 u", "particles": 50, "initial": {"kind": "gaussian", "width": "1.5 um"}},
    ],
    "interaction": [{"between": ["up", "down"], "kind": "contact", "strength": 0.1}],
    "time": {"final": "1 ms", "step": "10 us"},
}


@pytest.fixture
def problem():
    return hpcmix.Problem.from_dict(TABLES)


def test_a_card_is_what_the_command_reads():
    assert hpcmix.Problem.read("rubidium-mixture").content == load_problem("rubidium-mixture")


def test_settings_are_those_of_the_command(problem):
    """Key by key what ``--set`` makes of the same text, options in the order they were given."""
    changed = problem.replace({"time.final": "2 ms", "species.up.particles": 7}).replace(
        {"interaction.0.strength": 0.3}
    )
    options = ['time.final="2 ms"', "species.up.particles=7", "interaction.0.strength=0.3"]
    assert changed.content == parse_problem(toml_of(TABLES), options)
    assert changed != problem
    assert changed.content.species[0].particles == 7.0


def test_the_original_stays(problem):
    before = problem.to_toml()
    problem.replace({"time.final": "2 ms"})
    assert problem.to_toml() == before == hpcmix.Problem.from_dict(TABLES).to_toml()
    assert TABLES["time"]["final"] == "1 ms"


@pytest.mark.parametrize(
    "written", [lambda p: hpcmix.Problem.from_toml(p.to_toml()), lambda p: p.from_dict(p.to_dict())]
)
def test_what_is_written_reads_back(problem, written):
    again = written(problem)
    assert again == problem
    assert hash(again) == hash(problem)


def test_it_is_written_to_a_file(problem, tmp_path):
    problem.to_toml(tmp_path / "clouds.toml")
    assert hpcmix.Problem.read(tmp_path / "clouds.toml") == problem


def test_numbers_of_numpy_and_paths(tmp_path):
    np.savetxt(tmp_path / "ramp.txt", [[0.0, 1.0], [1.0, 2.0]])
    tables = {
        "grid": {"points": np.array([16]), "lengths": (np.float64(8.0),)},
        "species": [{"name": "a", "particles": np.int64(3), "mass": None}],
        "output": {"directory": tmp_path / "results"},
    }
    problem = hpcmix.Problem.from_dict(tables)
    assert problem.content.species[0].particles == 3.0
    assert problem.directory == tmp_path / "results"


def test_every_mistake_at_once(problem):
    with pytest.raises(hpcmix.BadInput) as caught:
        problem.replace({"time.final": "1 kg", "species.up.partcles": 3, "grid.points": [1]})
    findings = {finding.key: finding for finding in caught.value.findings}
    assert findings["time.final"].message == 'must be a time, but "1 kg" is a mass'
    assert findings["time.final"].place == 'replace time.final="1 kg"'
    assert findings["species.up.partcles"].suggestion == "particles"
    assert set(findings) >= {"time.final", "species.up.partcles", "grid.points.0"}
    assert caught.value.status == 2
    assert str(caught.value).count("\n") == len(findings) - 1
    assert not caught.value.findings.good


def test_an_entry_is_not_taken_away(problem):
    with pytest.raises(hpcmix.BadInput, match=r"^species.up.potential: None is no value"):
        problem.replace({"species.up.potential": None})


HOLDS_ITSELF: dict = {}
HOLDS_ITSELF["grid"] = HOLDS_ITSELF


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: hpcmix.Problem.from_dict([1]), "must be a dictionary of sections, not a list of 1"),
        (lambda: hpcmix.Problem.from_dict("text"), 'must be a dictionary of sections, not "text"'),
        (lambda: hpcmix.Problem.from_dict(HOLDS_ITSELF), "hold themselves"),
        (lambda: hpcmix.Problem.from_dict(TABLES, name=None), "name must be a text"),
        (lambda: hpcmix.Problem.from_dict(TABLES, name=300 * "x"), "name must be a text"),
        (lambda: hpcmix.Problem.from_dict(TABLES, name=""), "name must be a text"),
        (lambda: hpcmix.Problem.from_dict(TABLES, name="../here"), 'the name of a directory, not "../here"'),
        (lambda: hpcmix.Problem.from_dict(TABLES | {"title": "a\ud800b"}), "title: has a character that no file can"),
        (lambda: hpcmix.Problem.from_toml('title = "a\\u0000b"'), "title: has a character that no file can hold"),
        (
            lambda: hpcmix.Problem.from_dict(TABLES).replace({"output.directory": "runs/" + 300 * "x"}),
            "output.directory: has a name of more than 255 bytes",
        ),
        (lambda: hpcmix.Problem.from_toml(None), "must be the text of a file, not None"),
        (lambda: hpcmix.Problem.from_toml(b"x = 1"), "must be the text of a file"),
        (lambda: hpcmix.Problem.read(None), "from a file or an example's name, not from None"),
        (lambda: hpcmix.Problem.read(TABLES), "Problem.from_dict makes one of dictionaries"),
        (lambda: hpcmix.Problem.from_dict(TABLES).replace(None), "must be a dictionary such as"),
        (lambda: hpcmix.Problem.from_dict(TABLES).replace([("time.final", 1)]), "must be a dictionary such as"),
        (lambda: hpcmix.Problem.from_dict(TABLES).replace({5: 1}), "keys must be texts such as"),
        (lambda: hpcmix.Problem.from_dict(TABLES).plan(ranks=0), "ranks must be at least 1, not 0"),
        (lambda: hpcmix.Problem.from_dict(TABLES).plan(ranks="4"), 'ranks must be a whole number, not "4"'),
        (lambda: hpcmix.Problem.from_dict(TABLES).plan(ranks=None), "ranks must be a whole number, not None"),
        (lambda: hpcmix.Problem.from_dict(TABLES).plan(ranks=10**9), "the next below is 32"),
    ],
)
def test_what_is_no_problem_at_all_has_its_sentence(made, sentence):
    """Of the wrong type, not only of wrong values; of absurdly many ranks at once, too."""
    with pytest.raises(hpcmix.BadInput) as caught:
        made()
    assert sentence in str(caught.value)


def test_what_yields_values_is_a_list():
    grid = {"points": (number for number in [32]), "lengths": ["20 um"]}
    assert hpcmix.Problem.from_dict(TABLES | {"grid": grid}).content.grid.points == (32,)
    assert hpcmix.Problem.from_dict(TABLES | {"grid": grid | {"points": range(32, 33)}}).content.grid.points == (32,)


def test_mistakes_of_a_text_have_their_lines():
    with pytest.raises(hpcmix.BadInput) as caught:
        hpcmix.Problem.from_toml("[grid]\npoints = [16]\nlengths = [-8.0]\n\n[[species]]\nname = 'a'\n", name="small")
    (finding,) = [finding for finding in caught.value.findings if finding.key == "grid.lengths.0"]
    assert (finding.place, finding.line) == ("small.toml", 3)


@pytest.mark.parametrize("text", ["", "[grid", "points = 3"])
def test_no_problem_at_all(text):
    with pytest.raises(hpcmix.BadInput):
        hpcmix.Problem.from_toml(text)


def test_a_name_that_there_is_not():
    with pytest.raises(hpcmix.BadInput, match='did you mean "rubidium-mixture"'):
        hpcmix.Problem.read("rubidium-mixtur")


def test_a_good_problem_says_so(problem):
    findings = problem.check()
    assert findings.good
    assert str(findings) == "Nothing is wrong with the problem."


def test_a_warning_is_found(problem):
    """A Gaussian narrower than a spacing, 20/32 um."""
    findings = problem.replace({"species.down.initial.width": "0.1 um"}).check()
    assert findings.good
    (warning,) = findings.warnings
    assert "narrower than a spacing" in warning.message
    assert str(findings).startswith("The problem has 1 warning: a run would go on.\n  warning: species")


def test_what_a_run_would_refuse_is_found(problem):
    """An expression with a pole on the grid: nothing in the file is wrong by itself."""
    pole = problem.replace({"species.up.potential": [{"kind": "expression", "value": "1/x"}]})
    findings = pole.check()
    assert not findings.good
    assert [finding.severity for finding in findings.errors] == ["error"]
    assert findings.errors[0].key.startswith("species.up.potential")
    assert "a run would refuse it" in findings.sentence


def test_a_notebook_shows_it(problem):
    page = problem._repr_html_()
    assert "two clouds" in page and "20 um" in page and "species up" in page
    assert "width = 1.5 um" not in page and "mass = 86.909 u, particles = 100, potential = [harmonic]" in page
    angled = hpcmix.Problem.from_dict(TABLES | {"title": "<script>"})
    assert "<script>" not in angled._repr_html_()
    assert (
        "error"
        in problem.replace({"species.up.potential": [{"kind": "expression", "value": "1/x"}]}).check()._repr_html_()
    )


def test_the_plan_is_that_of_the_command(problem):
    plan = problem.plan(2)
    assert plan.startswith("two clouds\ngrid           32, 2 species")
    assert "2 ranks" in plan
    with pytest.raises(hpcmix.BadInput):
        problem.plan(1000)
