"""Spectra, sweeps and checks that Python starts: the numbers of the commands, and how they are opened."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from system.commands import MPI_ENVIRONMENT

import hpcmix
from hpcmix.api.studies import launched
from hpcmix.api.studies.launched import StudyCommand
from hpcmix.commands.sweeping import sweep as sweep_command

TABLES = {
    "title": "a gas",
    "parameters": {"strength": 0.1},
    "grid": {"points": [24], "lengths": [12.0]},
    "species": [{"name": "a", "particles": 10, "potential": [{"kind": "harmonic", "frequency": 1.0}],
                 "initial": {"kind": "ground-state"}}],
    "interaction": [{"between": ["a", "a"], "kind": "contact", "strength": "strength"}],
    "output": {"resolution": "ignore"},
}  # fmt: skip
SWEPT = TABLES | {"sweep": {"command": "ground", "keys": {"parameters.strength": [0.1, 0.2]}}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in MPI_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_spectrum_with_the_defaults_of_its_section(folder):
    """A harmonic trap's dipole mode is at its frequency, whatever the interaction (Kohn)."""
    problem = hpcmix.Problem.from_dict(TABLES, name="gas")
    modes = hpcmix.excitations(problem.replace({"excitations.modes": 3}), directory="modes").excitations
    strongest = int(np.argmax(modes.dipole.sel(axis="x").values))
    assert float(modes.frequency[strongest]) == pytest.approx(1.0, abs=1e-6)  # of the box's faces and the grid
    assert problem.with_sections("excitations").content.excitations.modes == 20
    again = hpcmix.excitations(problem.replace({"excitations.modes": 3}), directory="modes")
    assert again.summary["excitations"]["frequencies"] == modes.frequency.values.tolist()
    with pytest.raises(hpcmix.BadInput, match="restart of a search"):
        hpcmix.excitations(problem, restart="modes")


def test_a_sweep_is_opened_as_the_command_left_it(folder, monkeypatch):
    """Its points are runs, its failures sentences."""
    monkeypatch.setattr("hpcmix.studies.sweeps.figure.draw_sweep", lambda found, path, what: path.touch())
    failing = SWEPT | {"sweep": {"command": "ground", "keys": {"ground_state.max_iterations": [500, 2]}}}
    lines = [f"{key} = {launched.toml_value(value)}" for key, value in failing.items()]
    (folder / "gas.toml").write_text("\n".join(lines))
    assert CliRunner().invoke(sweep_command, ["gas.toml"], standalone_mode=False).return_value == 0
    swept = hpcmix.open_sweep("runs/gas")
    assert len(swept) == 1 and swept.missing == [] and list(swept.failures) == ["ground_state.max_iterations = 2"]
    (label,) = swept
    assert swept.settings[label] == {"ground_state.max_iterations": 500}
    energy = swept[label].summary["energy"]["total"]
    assert float(swept.data.energy_total[0]) == energy and np.isnan(swept.data.energy_total[1])
    bad = [check.path.name for check in swept.verify().bad]
    assert bad == ["sweep.png"]  # the stub above
    assert "1 of 2 points done, 1 without an answer" in repr(swept)
    with pytest.raises(hpcmix.RunFailed, match="holds no sweep"):
        hpcmix.open_sweep("nowhere")
    with pytest.raises(hpcmix.BadInput, match=r"has no \[sweep\]"):
        hpcmix.sweep(hpcmix.Problem.from_dict(TABLES))


def test_what_a_study_is_told(folder, monkeypatch):
    """The problem as it was written, parameters and all: a key of a sweep may be one. A file that was read is named
    itself."""
    told = []

    class Process:
        pid = 0

        def __init__(self, words, **options):
            file = next(word for word in words if word.endswith(".toml"))
            told.append((words, (folder / file).read_text()))

        def wait(self, timeout=None):
            return 75

    monkeypatch.setattr("subprocess.Popen", Process)
    with pytest.raises(hpcmix.Stopped):
        hpcmix.sweep(
            hpcmix.Problem.from_dict(SWEPT, name="gas"), at_once=2, retry=True, max_wall="1m", directory="here"
        )
    words, text = told.pop()
    assert hpcmix.Problem.from_toml(text) == hpcmix.Problem.from_dict(SWEPT)
    assert "parameters = { strength = 0.1 }" in text and not list(folder.glob(".gas-*"))
    options = words[words.index("--at-once") :]
    assert options == ["--at-once", "2", "--restart", "auto", "--retry", "--max-wall", "60s"]
    assert words[words.index("--set") :][:4] == ["--set", 'output.directory="here"', "--set", 'output.directory="here"']
    (folder / "gas.toml").write_text(text)
    with pytest.raises(hpcmix.Stopped):
        hpcmix.check("dispersion", "gas.toml", numbers=[4, 10], at_start=True, ranks=4)
    words, _ = told.pop()
    assert words[:3] == ["mpirun", "-n", "4"] and words[6:9] == ["check", "dispersion", "gas.toml"]
    assert words[-5:] == ["--restart", "auto", "--numbers", "4,10", "--at-start"]
    with pytest.raises(hpcmix.BadInput, match="claim must be scattering-rates"):
        hpcmix.check("dispersal", "gas.toml")


def test_the_outcome_of_a_check(folder):
    report = {
        "claim": {"name": "dispersion", "statement": "spreads", "source": "a paper"},
        "columns": ["N", "rate"],
        "rows": [[4, 0.5], [10, None]],
        "fits": [],
        "notes": ["a note"],
        "verdict": "confirmed",
        "holds": True,
    }
    (folder / "claim.json").write_text(json.dumps(report))
    (folder / "claim.txt").write_text("a table\nverdict: confirmed\n")
    outcome = hpcmix.open_check(folder)
    assert (outcome.verdict, outcome.holds, outcome.notes) == ("confirmed", True, ["a note"])
    assert outcome.table.N.values.tolist() == [4, 10] and np.isnan(outcome.table.rate[1])
    assert str(outcome).endswith("verdict: confirmed") and "<pre>a table" in outcome._repr_html_()
    with pytest.raises(hpcmix.RunFailed, match="no outcome"):
        hpcmix.open_check(folder / "nowhere")


@pytest.mark.slow
def test_a_sweep_from_python_goes_on(folder):
    """Two points at once in processes; called again nothing is computed."""
    problem = hpcmix.Problem.from_dict(SWEPT, name="gas")
    swept = hpcmix.sweep(problem, at_once=2)
    assert len(swept) == 2 and swept.figure.exists() and swept.data["parameters.strength"].values.tolist() == [0.1, 0.2]
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs/gas/points").rglob("*.json")}
    assert dict(hpcmix.sweep(problem)).keys() == dict(swept).keys()
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_a_check_from_python(folder):
    """What a claim does not take is told in the command's words."""
    evolving = hpcmix.Problem.from_dict(TABLES | {"time": {"final": 0.2, "step": 0.02}}, name="gas")
    outcome = hpcmix.check("conservation", evolving, directory="checked")
    assert outcome.holds and outcome.table.sizes["row"] == len(outcome.report["rows"]) > 0
    assert outcome.figure.exists() and outcome.verify().good
    with pytest.raises(hpcmix.BadInput, match="--bosons"):
        hpcmix.check("conservation", evolving, bosons=[4], directory="checked")


def test_a_study_starts_no_processes_from_several_ranks(monkeypatch):
    monkeypatch.setattr(launched, "ranks_started", lambda: 4)
    with pytest.raises(hpcmix.BadInput, match="started on 4 ranks itself"):
        StudyCommand(("sweep",), []).run(hpcmix.Problem.from_dict(SWEPT))
