"""A run that goes on with other physics, by consent, through the real command: it is another system from there on, and
is held against itself."""

from __future__ import annotations

import json

import pytest

from tests.system.commands import hpcmix, summary

PROBLEM = """
[grid]
points = [24, 24]
lengths = [12.0, 12.0]
[[species]]
name = "a"
particles = 10.0
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0 }
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 2.0
[time]
final = 0.2
step = 0.01
[output]
directory = "out"
observables = { every = 5 }
checkpoints = { every = 10 }
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a run that is over."""
    folder = tmp_path_factory.mktemp("accepted")
    (folder / "one.toml").write_text(PROBLEM)
    assert hpcmix("run", "one.toml", folder=folder).returncode == 0
    return folder


@pytest.mark.parametrize(
    ("change", "ranks"),
    [
        ("interaction.0.strength=2.4", 1),
        ("species.a.potential=[]", 2),
        ("species.a.particles=20", 1),
    ],
    ids=str,
)
def test_a_large_change_that_is_accepted_goes_on(finished, change, ranks):
    """The energy jumps by more than the twentieth at which a run is lost, at once and by the user's own wish."""
    name = change.split("=")[0]
    options = ("--set", change, "--set", f"output.directory={name}", "--set", "time.final=0.4", "--restart", "out")
    went_on = hpcmix("run", "one.toml", *options, "--accept-changes", ranks=ranks, folder=finished)
    assert went_on.returncode == 0, went_on.stderr
    found = summary(finished / name)
    assert (found["status"], found["step"]) == ("done", 40)
    records = [json.loads(line) for line in (finished / name / "observables.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == list(range(0, 41, 5))
    energies = [record["energy"]["total"] for record in records]
    before, after = energies[:4], energies[4:]  # the record of step 20 is that of the run that goes on
    for part in (before, after):  # splitting error of this step
        assert max(part) == pytest.approx(min(part), rel=1e-5)
    assert abs(after[0] / before[0] - 1.0) > 0.05
    log = (finished / name / "run.log").read_text()
    assert "changed, and accepted: " in log and "particles and energy are held against what they are now" in log


def test_in_the_same_directory(finished):
    """--set goes on in place; the balance of what follows is the new one's, also after the next restart."""
    (finished / "same.toml").write_text(PROBLEM.replace('"out"', '"same"'))
    assert hpcmix("run", "same.toml", folder=finished).returncode == 0
    change = ("--set", "species.a.potential=[]", "--set", "time.final=0.3")
    refused = hpcmix("run", "same.toml", *change, folder=finished)
    assert refused.returncode == 2 and "--accept-changes" in refused.stderr
    assert hpcmix("run", "same.toml", *change, "--accept-changes", folder=finished).returncode == 0
    longer = hpcmix("restart", "same", "--until", "0.4", folder=finished)
    assert longer.returncode == 0, longer.stderr
    assert summary(finished / "same")["step"] == 40
