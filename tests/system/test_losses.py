"""Losses through the commands: a run that is interrupted, its series, summary and plan; what claims say of them."""

import json

import h5py
import numpy as np
import pytest

from hpcmix.cli import main
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.resuming.changes import compare
from tests.system.commands import hpcmix, summary

PROBLEM = """
[grid]
points = [32]
lengths = [16]
[[species]]
name = "rb"
particles = 3000
potential = { kind = "harmonic", frequency = 1 }
initial = { kind = "gaussian", width = 1.2 }
[[species]]
name = "k"
mass = 0.47
particles = 500
potential = { kind = "harmonic", frequency = 1 }
initial = { kind = "gaussian", width = 1 }
[[interaction]]
between = ["rb", "k"]
kind = "contact"
strength = 1e-3
[[loss]]
kind = "three-body"
channel = ["rb", "rb", "k"]
rate = 0.001
[[loss]]
kind = "absorber"
width = 3
strength = 3
until = 0.2
[[loss]]
kind = "one-body"
rate = 0.01
from = 0.1
ramp = 0.17
[time]
final = 0.4
step = 0.01
[output]
observables = { every = 10 }
checkpoints = { every = 20 }
"""


def test_a_run_counts_what_it_loses_and_goes_on_counting(tmp_path):
    """Interrupted where an absorber is switched off, and within the ramp of another loss: the same bits."""
    (tmp_path / "one.toml").write_text(PROBLEM)
    whole = hpcmix("run", "one.toml", "--set", "output.directory=whole", folder=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert "three-body loss of rb + rb + k" in whole.stdout
    begun = ("--set", "output.directory=parts", "--set", "time.final=0.2")
    assert hpcmix("run", "one.toml", *begun, folder=tmp_path).returncode == 0
    second = hpcmix("restart", "parts", "--until", "0.4", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    left, right = summary(tmp_path / "whole"), summary(tmp_path / "parts")
    assert left["digest"] == right["digest"] and left["lost"] == right["lost"]
    assert left["species"] == right["species"]
    for name, number in (("rb", 3000.0), ("k", 500.0)):
        entries = left["species"][name]
        assert entries["particles"] + sum(entries["lost"]) == pytest.approx(number, rel=1e-12)
    assert left["species"]["rb"]["lost"][0] == pytest.approx(2.0 * left["species"]["k"]["lost"][0], rel=1e-12)
    records = [json.loads(line) for line in (tmp_path / "parts" / "observables.jsonl").read_text().splitlines()]
    switched = np.array([record["lost"] for record in records])
    times = np.array([record["time"] for record in records])
    assert np.all(switched[times <= 0.1, 2] == 0.0) and np.all(np.diff(switched[times >= 0.1, 2]) > 0.0)
    assert switched[times == 0.2, 1] > 0.0 and np.ptp(switched[times >= 0.2, 1]) == 0.0
    lost = [sum(record["lost"]) for record in records]
    assert lost[0] == 0.0 and sorted(set(lost)) == lost and lost[-1] > 1.0
    with h5py.File(tmp_path / "parts" / "observables.h5") as file:
        assert file["lost"].shape == (len(records), 2, 3)


def test_what_else_reads_a_file_with_losses(tmp_path, monkeypatch, capfd):
    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["hpcmix", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code

    (tmp_path / "one.toml").write_text(PROBLEM)
    monkeypatch.chdir(tmp_path)
    assert command("show", "one.toml") == 0
    assert "# d n_rb/dt = -K n_rb^2 n_k, d n_k/dt = -K/2 n_rb^2 n_k" in capfd.readouterr().out
    assert command("check", "conservation", "one.toml") == 2
    assert "one.toml:20: loss.0: claims are about equations that keep their particles" in capfd.readouterr().err
    problem = load_problem("one.toml")
    kept, lossy = make_plan(problem.without_losses(), 1), make_plan(problem, 1)
    assert lossy.evolution_bytes - kept.evolution_bytes == 32 * 8 * (2 + 1)  # two densities, a profile
    # taken out of the file, they make other physics of a checkpoint
    (difference,) = [
        line for line in compare(resolved_toml(problem), problem.without_losses()).others if "0.rate" in line
    ]
    assert difference == "loss.0.rate: 0.001 in the checkpoint, absent now"
