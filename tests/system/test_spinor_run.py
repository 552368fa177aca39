"""Spinor gases through the commands: a quench from a ground state, restarts to the bit, modes."""

import json
import math

import pytest

from tests.system.commands import hpcmix, summary

PROBLEM = """
[grid]
points = [16]
lengths = [6.283185307179586]
[[species]]
name = "plus"
particles = 0
[[species]]
name = "zero"
particles = 6.283185307179586
[[species]]
name = "minus"
particles = 0
[[spinor]]
species = ["plus", "zero", "minus"]
spin_interaction = -0.3
density_interaction = 2.0
linear_zeeman = 0.4
quadratic_zeeman = [{ energy = 0.8, until = 0 }, { energy = 0.1, from = 0 }]
magnetisation = 0.0
[time]
step = 0.05
final = 0.4
[excitations]
modes = 4
"""


def test_a_quench_goes_on_to_the_bit_and_modes_are_known(tmp_path):
    (tmp_path / "spin.toml").write_text(PROBLEM)
    whole = hpcmix("run", "spin.toml", "--set", "output.directory=whole", folder=tmp_path)
    assert whole.returncode == 0, whole.stderr
    begun = ("--set", "output.directory=parts", "--set", "time.final=0.2")
    first = hpcmix("run", "spin.toml", *begun, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    second = hpcmix("restart", "parts", "--until", "0.4", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    left, right = summary(tmp_path / "whole"), summary(tmp_path / "parts")
    assert left["digest"] == right["digest"]
    assert left["magnetisation"] == pytest.approx(0.0, abs=1e-12)
    modes = hpcmix("excitations", "spin.toml", "--set", "output.directory=modes", folder=tmp_path)
    assert modes.returncode == 0, modes.stderr
    found = [mode["frequency"] for mode in json.loads((tmp_path / "modes" / "excitations.json").read_text())["modes"]]
    polar = [math.sqrt((e + 0.8) * (e + 0.8 - 0.6)) for e in (0.0, 0.0, 0.5, 0.5)]
    # the residual's tolerance, squared
    assert found[:4] == pytest.approx(polar, abs=1e-8)
