"""A run that is interrupted in the middle of its ramps goes on with the bits of one that is not."""

from tests.system.commands import hpcmix, summary

PROBLEM = """
[grid]
points = [12, 10]
lengths = [8.0, 8.0]
[[species]]
name = "a"
particles = 3.0
initial = { kind = "gaussian", width = 1.4 }
potential = [
    { kind = "gaussian", height = 1.0, width = 1.2, centre = ["2*t - 1", { path = "path.txt" }] },
]
[[species]]
name = "b"
mass = 1.7
particles = 0
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.8
factor = { path = "ramp.txt" }
[[interaction]]
between = ["a", "b"]
kind = "gaussian"
strength = 0.5
width = 0.9
from = 0.1
ramp = 0.2
[[coupling]]
between = ["a", "b"]
rabi_frequency = 3.0
profile = "exp(-x**2/4)"
momentum = [0.7853981633974483, 0]
until = 0.2
[time]
final = 0.4
step = 0.02
[output]
checkpoints = { every = 10 }
"""


def test_restart_to_the_bit(tmp_path):
    (tmp_path / "one.toml").write_text(PROBLEM)
    (tmp_path / "ramp.txt").write_text("# time, factor\n0 1\n0.15 2.5\n0.35 -0.5\n")
    (tmp_path / "path.txt").write_text("0 0\n0.3 0.8\n")
    whole = hpcmix("run", "one.toml", "--set", "output.directory=whole", folder=tmp_path, timeout=280)
    assert whole.returncode == 0, whole.stderr
    begun = ("--set", "output.directory=parts", "--set", "time.final=0.2")
    first = hpcmix("run", "one.toml", *begun, folder=tmp_path, timeout=280)
    assert first.returncode == 0, first.stderr
    for name in ("ramp.txt", "path.txt"):
        (tmp_path / name).unlink()  # the run has them
    second = hpcmix("restart", "parts", "--until", "0.4", folder=tmp_path, timeout=280)
    assert second.returncode == 0, second.stderr
    left, right = summary(tmp_path / "whole"), summary(tmp_path / "parts")
    assert left["digest"] == right["digest"] and left["step"] == right["step"] > 20
    assert left["energy"] == right["energy"]
    assert left["species"]["b"]["particles"] > 0.05
