"""What a collapse leaves: exit status 3, its time, the series, and a checkpoint from before it."""

import json

import pytest

from tests.system.commands import hpcmix, summary

STAR = """
[grid]
points = [20, 20, 20]
lengths = [10.0, 10.0, 10.0]
[[species]]
name = "star"
kinetic = "semirelativistic"
particles = {particles}
initial = {{ kind = "gaussian", width = 1.3 }}
[[interaction]]
between = ["star", "star"]
kind = "coulomb"
strength = -1.0
[time]
final = 4.0
step = 0.05
[output]
directory = "out"
observables = {{ every = 4 }}
checkpoints = {{ every = 5, keep = 100 }}
"""


@pytest.mark.parametrize("ranks", [2])
def test_a_boson_star_above_the_critical_number(tmp_path, ranks):
    (tmp_path / "star.toml").write_text(STAR.format(particles=4.5))
    result = hpcmix("run", "star.toml", ranks=ranks, folder=tmp_path)
    assert result.returncode == 3, result.stderr
    assert "condition (SR) of Anapolitanos, Hott and Hundertmark does not hold for star" in result.stdout
    assert "= 4.5 >= 4/pi = 1.273" in result.stdout
    found = summary(tmp_path / "out")
    assert found["status"] == "failed" and found["message"].startswith("collapse in step")
    # said once: to people by standard error, in the log by its last line
    assert (result.stdout + result.stderr).count("collapse in step") == 1
    assert "hpcmix: collapse in step" in result.stderr and "results in out" in result.stdout
    log = (tmp_path / "out" / "run.log").read_text()
    assert log.count("collapse in step") == 1 and log.splitlines()[-1].startswith("stopped: collapse in step")
    assert 0.5 < found["collapse_time"] < 4.0
    assert found["semirelativistic_condition"]["holds"] is False
    lines = [json.loads(line) for line in (tmp_path / "out" / "observables.jsonl").read_text().splitlines()]
    assert lines[-1]["time"] == found["collapse_time"]
    assert lines[-1]["energy"]["kinetic"] > 2.0 * lines[0]["energy"]["kinetic"]
    steps = sorted(int(path.stem) for path in (tmp_path / "out" / "checkpoints").glob("*.h5"))
    assert steps == list(range(0, lines[-1]["step"], 5))  # up to the last before it, and not its own
    assert hpcmix("verify", "out", folder=tmp_path).returncode == 0
    again = hpcmix("run", "star.toml", ranks=ranks, folder=tmp_path)  # goes on from before, to the same end
    assert again.returncode == 3
    assert summary(tmp_path / "out")["collapse_time"] == found["collapse_time"]


def test_one_below_it_stays(tmp_path):
    (tmp_path / "star.toml").write_text(STAR.format(particles=1.2))
    result = hpcmix("run", "star.toml", ranks=1, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "condition (SR) holds for star" in result.stdout and "= 1.2 < 4/pi = 1.273" in result.stdout
    found = summary(tmp_path / "out")
    assert found["semirelativistic_condition"]["holds"] is True and "collapse_time" not in found
    assert "condition (SR) holds" in hpcmix("plan", "star.toml", folder=tmp_path).stdout


def test_a_ground_state_that_is_none(tmp_path):
    text = STAR.format(particles=6.0).replace('{ kind = "gaussian", width = 1.3 }', '{ kind = "ground-state" }')
    (tmp_path / "star.toml").write_text(text)
    result = hpcmix("run", "star.toml", ranks=1, folder=tmp_path)
    assert result.returncode == 1
    assert "has shrunk to the grid's resolution" in result.stderr and "Traceback" not in result.stderr
