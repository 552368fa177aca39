"""A run that is interrupted and gone on with ends with the bits of one that is not: semi-relativistic and coupled
species."""

import pytest

from tests.system.commands import hpcmix, summary

PROBLEM = """
[grid]
points = [12, 10, 9]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "a"
kinetic = "semirelativistic"
mass = 1.2
particles = 3.0
initial = {{ kind = "gaussian", width = 1.4, momentum = 0.3 }}
[[species]]
name = "b"
mass = {mass}
kinetic = "{kinetic}"
{particles}
[[interaction]]
between = ["a", "b"]
kind = "contact"
strength = 0.4
{coupling}
[time]
final = 0.4
step = 0.02
[output]
checkpoints = {{ every = 10 }}
"""

COUPLING = """
[[coupling]]
between = ["a", "b"]
rabi_frequency = 2.0
detuning = 0.4
from = 0.1
ramp = 0.3
"""


@pytest.mark.parametrize(
    ("kinetic", "mass", "coupled", "ranks"),
    [("semirelativistic", 0.7, False, 1), ("semirelativistic", 1.2, True, 2), ("nonrelativistic", 1.7, True, 1)],
)
def test_restart_to_the_bit(tmp_path, kinetic, mass, coupled, ranks):
    particles = "particles = 0" if coupled else 'initial = { kind = "gaussian", width = 1.2 }'
    text = PROBLEM.format(kinetic=kinetic, mass=mass, particles=particles, coupling=COUPLING if coupled else "")
    (tmp_path / "one.toml").write_text(text)
    whole = hpcmix("run", "one.toml", "--set", "output.directory=whole", ranks=ranks, folder=tmp_path, timeout=280)
    assert whole.returncode == 0, whole.stderr
    begun = ("--set", "output.directory=parts", "--set", "time.final=0.2")
    first = hpcmix("run", "one.toml", *begun, ranks=ranks, folder=tmp_path, timeout=280)
    assert first.returncode == 0, first.stderr
    second = hpcmix("restart", "parts", "--until", "0.4", ranks=ranks, folder=tmp_path, timeout=280)
    assert second.returncode == 0, second.stderr
    left, right = summary(tmp_path / "whole"), summary(tmp_path / "parts")
    assert left["digest"] == right["digest"] and left["step"] == right["step"] == 20
    assert left["energy"] == right["energy"]
    assert (left["species"]["b"]["particles"] > 1e-3) and ("coupling" in left["energy"]) == coupled
