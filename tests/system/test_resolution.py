"""Clouds that box or grid do not hold: what is said, and how a run ends."""

import json

import h5py
import pytest

from tests.system.commands import hpcmix, summary

LENGTH_FORGOTTEN = """
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [20, 20, 20]
lengths = [20.0, 20.0, 20.0]
[[species]]
name = "a"
mass = "86.909 u"
particles = 10000.0
potential = [{ kind = "harmonic", frequency = "50 Hz" }]
[[interaction]]
between = ["a", "a"]
kind = "contact"
scattering_length = 100
[time]
final = "0.2 ms"
step = "20 us"
[output]
directory = "out"
observables = { every = 5 }
"""

FACE = """
[grid]
points = [64]
lengths = [16.0]
[[species]]
name = "a"
potential = [{ kind = "harmonic", frequency = 1.0, centre = [7.9] }]
[time]
final = 0.5
step = 0.01
[output]
directory = "out"
observables = { every = 10 }
"""
"""The trap's centre is at the face: half of the cloud is pushed against it."""

NARROW = """
[grid]
points = [32, 32]
lengths = [16.0, 16.0]
[[species]]
name = "a"
potential = [{ kind = "harmonic", frequency = [1.0, 30.0] }]
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 1.0
[time]
final = 0.05
step = 0.001
[output]
directory = "out"
"""


@pytest.mark.parametrize(
    ("text", "ranks", "expected", "reason"),
    [
        (LENGTH_FORGOTTEN, 2, ["gas parameter", "reach the faces"], 'the box does not hold species "a": in step 0'),
        (FACE, 1, ["reach the faces"], 'the box does not hold species "a": in step 0'),
        (NARROW, 3, ["narrower than a spacing"], 'the grid does not resolve species "a": in step 0'),
    ],
    ids=["length", "face", "narrow"],
)
def test_a_cloud_that_is_not_held(tmp_path, text, ranks, expected, reason):
    (tmp_path / "cloud.toml").write_text(text)
    planned = hpcmix("plan", "cloud.toml", folder=tmp_path)
    assert planned.returncode == 0 and "resolution     spacing" in planned.stdout
    result = hpcmix("run", "cloud.toml", ranks=ranks, folder=tmp_path)
    assert result.returncode == 3, result.stderr
    assert f"hpcmix: {reason}" in result.stderr
    for words in expected:
        for output in (planned.stdout, result.stdout):
            assert sum(line.startswith("warning: ") and words in line for line in output.splitlines()) == 1
    found = summary(tmp_path / "out")
    assert found["status"] == "failed" and found["message"].startswith(reason)
    log = (tmp_path / "out" / "run.log").read_text()
    assert log.splitlines()[-1].startswith(f"stopped: {reason}")
    (line,) = (tmp_path / "out" / "observables.jsonl").read_text().splitlines()  # the record that shows it
    last = json.loads(line)["species"]["a"]
    assert max(last["face_density"]) > 0.1 or max(last["spectral_tail"]) > 0.1
    assert hpcmix("verify", "out", folder=tmp_path).returncode == 0


def test_it_goes_on_where_it_is_told_to(tmp_path):
    """From the checkpoint of the start, its ground state: warnings once, then none."""
    (tmp_path / "cloud.toml").write_text(FACE)
    assert hpcmix("run", "cloud.toml", folder=tmp_path).returncode == 3
    warned = hpcmix("run", "cloud.toml", "--set", 'output.resolution="warn"', folder=tmp_path)
    assert warned.returncode == 0, warned.stderr
    assert "ground state: residual" not in warned.stdout
    lines = [line for line in warned.stdout.splitlines() if line.startswith("warning: ")]
    assert sum("meets its periodic images" in line for line in lines) == 1  # of six records
    records = (tmp_path / "out" / "observables.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in records] == [0, 10, 20, 30, 40, 50]
    ignored = hpcmix("run", "cloud.toml", "--restart", "never", "--set", 'output.resolution="ignore"', folder=tmp_path)
    assert ignored.returncode == 0 and "warning" not in ignored.stdout
    assert max(summary(tmp_path / "out")["species"]["a"]["face_density"]) > 0.1


def test_a_ground_state_is_written_all_the_same(tmp_path):
    (tmp_path / "cloud.toml").write_text(NARROW)
    result = hpcmix("ground", "cloud.toml", folder=tmp_path)
    assert result.returncode == 3 and "does not resolve" in result.stderr
    assert summary(tmp_path / "out")["ground_state"]["residual"] < 1e-6
    with h5py.File(tmp_path / "out" / "snapshots" / "000000.h5") as file:
        assert file["a/wave_function"].shape == (32, 32)


def test_one_fermion_that_repels_itself(tmp_path):
    """Said by every command that takes the file."""
    text = FACE.replace("centre = [7.9]", "centre = [0.0]").replace(
        'name = "a"', 'name = "a"\nkind = "fermions"\norbitals = 1'
    )
    text += '[[interaction]]\nbetween = ["a", "a"]\nkind = "contact"\nstrength = 1.0\n'
    (tmp_path / "cloud.toml").write_text(text)
    for command, *options in (["plan"], ["run"], ["ground", "--set", 'output.directory="ground"']):
        result = hpcmix(command, "cloud.toml", *options, folder=tmp_path)
        assert result.returncode == 0, result.stderr
        assert sum("by Pauli's principle" in line for line in result.stdout.splitlines()) == 1, command
    checked = hpcmix("check", "conservation", "cloud.toml", "--set", 'output.directory="check"', folder=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "by Pauli's principle" in checked.stdout
