"""The real command where markers begin: ground states, marker files of its own, and sentences on what is no start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.commands import hpcmix, summary

PROBLEM = """
title = "A gas and a condensate at zero temperature"
[grid]
points = [48]
lengths = [12.0]
[[species]]
name = "bosons"
particles = 2.0
potential = { kind = "harmonic", frequency = 1.0 }
[[species]]
name = "gas"
kind = "classical"
particles = 3.0
markers = 2000
potential = { kind = "harmonic", frequency = 1.0 }
[[interaction]]
between = ["bosons", "gas"]
kind = "gaussian"
strength = 0.6
width = 0.8
[time]
final = 0.2
step = 0.02
[output]
directory = "out"
markers = { every = 5 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cold.toml").write_text(PROBLEM)
    return tmp_path


def test_ground_state_of_a_gas_and_a_condensate(folder):
    done = hpcmix("ground", "cold.toml", folder=folder)
    assert done.returncode == 0, done.stderr
    found = summary(folder / "out")["ground_state"]
    assert found["residual"] < 1e-10
    assert found["gases"]["gas"]["residual"] < 1e-10
    assert found["gases"]["gas"]["chemical_potential"] > 3.0  # without the condensate it would be 3
    assert 'species "gas" fills phase space up to 3.' in done.stdout


@pytest.mark.parametrize("ranks", [1, 2])
def test_its_own_marker_file_makes_the_same_cloud(folder, ranks):
    """Bits of positions, momenta and weights: the run that begins from the file has the digest of the one that wrote
    it, on any number of ranks."""
    given = "species.gas.initial={kind='gaussian', width=0.7, momentum=0.3}"
    wave = "species.bosons.initial={kind='gaussian', width=0.9}"
    assert hpcmix("run", "cold.toml", "--set", given, "--set", wave, folder=folder).returncode == 0
    file = "species.gas.initial={kind='file', path='out/markers/000000.h5'}"
    options = ["--set", file, "--set", wave, "--set", "output.directory=again"]
    done = hpcmix("run", "cold.toml", *options, folder=folder, ranks=ranks)
    assert done.returncode == 0, done.stderr
    assert summary(folder / "again")["digest"] == summary(folder / "out")["digest"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["species.gas.potential={kind='harmonic', frequency=0.1}"], "at the faces of the box is"),
        (
            ["species.gas.initial={kind='expression', value='exp(-px**2) - 0.1', momentum_extent=5.0}"],
            "is negative at x = ",
        ),
        (["species.gas.initial={kind='file', path='cold.toml'}"], "cannot be read as HDF5"),
    ],
)
@pytest.mark.parametrize("ranks", [1, 2])
def test_no_start(folder, options, sentence, ranks):
    sets = [word for option in options for word in ("--set", option)]
    done = hpcmix("run", "cold.toml", *sets, folder=folder, ranks=ranks)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "species.gas." in done.stderr


def test_a_search_that_does_not_end_says_what_to_do(folder):
    done = hpcmix("ground", "cold.toml", "--set", "ground_state.max_iterations=2", folder=folder)
    assert done.returncode == 1
    assert "raise ground_state.max_iterations or ground_state.tolerance" in done.stderr


_HELD = 'initial = { kind = "gaussian", width = 1.0 }'
GAS = PROBLEM.replace('between = ["bosons", "gas"]', 'between = ["gas", "gas"]').replace(
    'potential = { kind = "harmonic", frequency = 1.0 }', _HELD, 1
)
"""A gas in its own mean field: nothing but the self-consistency is sought."""


def test_a_search_for_a_gas_is_kept_and_gone_on_with(tmp_path):
    """From where the fields had come, on another number of ranks, to the state of a search without interruption."""
    (tmp_path / "gas.toml").write_text(GAS)
    first = hpcmix("ground", "gas.toml", "--set", "ground_state.max_iterations=4", ranks=2, folder=tmp_path)
    kept = tmp_path / "out" / "ground-state-search.h5"
    assert first.returncode == 1 and kept.exists()
    assert "after 4 iterations" in first.stderr and "the same command again goes on from it" in first.stderr
    assert "good  out/ground-state-search.h5" in hpcmix("verify", "out", folder=tmp_path).stdout
    second = hpcmix("ground", "gas.toml", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "going on from out/ground-state-search.h5, residual" in second.stdout and not kept.exists()
    alone = hpcmix("ground", "gas.toml", "--set", "output.directory='alone'", folder=tmp_path)
    found, direct = (summary(tmp_path / name)["ground_state"]["gases"]["gas"] for name in ("out", "alone"))
    assert found["iterations"] < direct["iterations"] and alone.returncode == 0
    assert found["chemical_potential"] == pytest.approx(direct["chemical_potential"], rel=1e-9)  # residuals of 1e-10
