"""Absurd numbers in every entry of a small problem: a sentence or a run, never a warning of numpy or a traceback."""

from __future__ import annotations

import pytest

from hpcmix.cli import main

PROBLEM = """
[grid]
points = [16]
lengths = [10.0]
[[species]]
name = "a"
mass = 1.2
particles = 3.0
potential = [{ kind = "harmonic", frequency = 1.0, centre = 0.1 }, { kind = "gaussian", height = 0.3, width = 0.8 }]
[[species]]
name = "b"
vector_potential = { kind = "random", amplitude = 1.0, correlation_length = 3.0 }
initial = { kind = "gaussian", width = 1.0, momentum = 0.1, noise = { amplitude = 0.01 } }
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.3
[[interaction]]
between = ["a", "b"]
kind = "gaussian"
strength = 0.3
width = 0.9
[ground_state]
tolerance = 1e-4
[time]
final = 0.02
step = 0.01
[output]
directory = "out"
snapshots = { every = 100 }
"""

ENTRIES = [
    "grid.lengths.0", "species.a.mass", "species.a.particles", "species.a.potential.0.frequency",
    "species.a.potential.0.centre", "species.a.potential.1.height", "species.a.potential.1.width",
    "species.b.vector_potential.amplitude", "species.b.vector_potential.correlation_length", "species.b.initial.width",
    "species.b.initial.momentum", "species.b.initial.noise.amplitude", "interaction.0.strength",
    "interaction.1.strength", "interaction.1.width", "ground_state.tolerance", "time.final", "time.step",
]  # fmt: skip


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("value", ["1e-320", "1e-25", "1e25", "1e300"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_no_number_is_computed_with_that_cannot_be(entry, value, tmp_path, monkeypatch, capfd):
    (tmp_path / "absurd.toml").write_text(PROBLEM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpcmix", "run", "absurd.toml", "--set", f"{entry}={value}"])
    with pytest.raises(SystemExit) as left:
        main()
    said = capfd.readouterr().err
    assert (left.value.code == 0) == (said == "") and "Traceback" not in said and "Warning" not in said
    if value == "1e300":
        assert left.value.code == 2 and "1e300" in said
