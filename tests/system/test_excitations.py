"""``hpcmix excitations`` through the command line: its files, how it stops and goes on, and what it refuses."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import xarray

from tests.system.commands import hpcmix, summary

MIXTURE = """
title = "Two components in a trap"
[grid]
points = [30, 27]
lengths = [13.0, 12.0]
[[species]]
name = "up"
particles = 20.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.1] }]
[[species]]
name = "down"
particles = 10.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.1] }]
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.5
[[interaction]]
between = ["down", "down"]
kind = "contact"
strength = 0.6
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 0.3
[excitations]
modes = 5
[output]
directory = "out"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    return tmp_path


def excitations(folder):
    return json.loads((folder / "out" / "excitations.json").read_text(encoding="utf-8"))


def test_the_files_on_several_ranks_and_what_looks_at_them(folder):
    result = hpcmix("excitations", "mixture.toml", "--plot", folder=folder, ranks=2)
    assert result.returncode == 0, result.stderr
    found = excitations(folder)
    frequencies = [mode["frequency"] for mode in found["modes"]]
    assert len(frequencies) >= 5 and frequencies == sorted(frequencies)
    assert summary(folder / "out")["excitations"]["frequencies"] == frequencies
    assert found["residual"] <= 1e-8
    for mode in found["modes"]:
        assert mode["residual"] <= 1e-8
        # a mode is one quantum, however it is divided
        assert sum(entry["weight"] for entry in mode["species"].values()) == pytest.approx(1.0, abs=1e-9)
        assert sum(entry["excitations"] for entry in mode["species"].values()) == pytest.approx(mode["excitations"])
    kohn = min(found["modes"], key=lambda mode: abs(mode["frequency"] - 1.0))
    assert kohn["frequency"] == pytest.approx(1.0, abs=1e-4)  # of 30 points
    assert kohn["dipole"][0] == pytest.approx(15.0, rel=1e-3)  # N / (2 m omega)
    with h5py.File(folder / "out" / "excitations.h5") as file:
        u, v = file["up/u"][...], file["up/v"][...]
        assert u.shape == (len(frequencies), 30, 27)
        weight = np.sum(np.abs(u[0]) ** 2 - np.abs(v[0]) ** 2) * (13.0 / 30.0) * (12.0 / 27.0)
        assert weight == pytest.approx(found["modes"][0]["species"]["up"]["weight"], abs=1e-12)
        assert file["frequency"][...] == pytest.approx(frequencies, rel=1e-15)
    with xarray.open_dataset(folder / "out" / "excitations.h5") as dataset:
        assert dataset["up_density_change"].dims == dataset["up_u"].dims == ("mode", "x", "y")
        assert dataset["frequency"].dims == ("mode",)
    assert (folder / "out" / "excitations.png").exists() and (folder / "out" / "excitations.xdmf").exists()
    assert not list((folder / "out").glob("*-search.h5"))
    verified = hpcmix("verify", "out", folder=folder)
    assert verified.returncode == 0 and "excitations.h5: 6 arrays" in verified.stdout
    assert f"{len(frequencies)}, frequencies" in hpcmix("show", "out", folder=folder).stdout
    again = hpcmix("excitations", "mixture.toml", folder=folder)
    assert again.returncode == 0 and "nothing to do: out holds these excitations" in again.stdout
    run = hpcmix("run", "mixture.toml", "--set", "time.final=1.0", "--set", "time.step=0.01", folder=folder)
    assert run.returncode == 4 and "holds excitations already" in run.stderr
    assert "starting from the beginning" not in run.stdout  # where the directory is refused
    (folder / "out" / "excitations.h5").unlink()
    drawn = hpcmix("plot", "out", folder=folder)
    assert drawn.returncode == 1 and "excitations.h5 is missing" in drawn.stderr


def test_a_search_that_is_not_done_is_gone_on_with(folder):
    few = hpcmix("excitations", "mixture.toml", "--set", "excitations.max_iterations=4", folder=folder)
    assert few.returncode == 1
    assert "after 4 iterations" in few.stderr and "the same command again goes on from it" in few.stderr
    shown = hpcmix("show", "out", folder=folder).stdout
    assert "the same command goes on with the search that is kept in out/excitations-search.h5" in shown
    verified = hpcmix("verify", "out", folder=folder)  # there are no records yet, and none are missing
    assert verified.returncode == 0, verified.stdout
    (folder / "out" / "STOP").touch()
    stopped = hpcmix("excitations", "mixture.toml", folder=folder)
    assert stopped.returncode == 75, stopped.stderr
    assert "the same command goes on from there" in stopped.stderr
    rest = hpcmix("excitations", "mixture.toml", folder=folder, ranks=2)
    assert rest.returncode == 0, rest.stderr
    assert "excitations: going on from" in rest.stdout
    assert "after 0 iterations" in rest.stdout  # the ground state was kept
    assert not list((folder / "out").glob("*-search.h5"))
    released = ("--set", "output.directory=whole", "--set", "species.up.potential.0.until=0")
    whole = hpcmix("excitations", "mixture.toml", *released, folder=folder)
    assert whole.returncode == 0
    assert "potentials and couplings are those of time 0-" in whole.stdout  # where the trap still is
    expected = json.loads((folder / "whole" / "excitations.json").read_text(encoding="utf-8"))
    pairs = zip(excitations(folder)["modes"], expected["modes"], strict=True)
    for mode, beside in pairs:
        assert mode["frequency"] == pytest.approx(beside["frequency"], rel=1e-9)


SEPARATING = """
[grid]
points = [12]
lengths = [12.0]
[[species]]
name = "up"
particles = 24.0
initial = { kind = "expression", amplitude = "1" }
[[species]]
name = "down"
particles = 24.0
initial = { kind = "expression", amplitude = "1" }
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.5
[[interaction]]
between = ["down", "down"]
kind = "contact"
strength = 0.5
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 0.9
[excitations]
modes = 10
method = "dense"
[output]
directory = "out"
"""


def test_a_spectrum_that_begins_with_growing_modes_is_whole(folder):
    """The quickest stands first, though the real part of each is rounding."""
    (folder / "separating.toml").write_text(SEPARATING)
    result = hpcmix("excitations", "separating.toml", folder=folder)
    assert result.returncode == 0 and "by matrices of 48^2 complex numbers" in result.stdout
    rates = [mode.get("growth_rate", 0.0) for mode in excitations(folder)["modes"]]
    energies = np.array([1.0, 2.0, 3.0]) ** 2 * (2.0 * np.pi / 12.0) ** 2 / 2.0  # eps^2 + 2 n (g - g_12) eps < 0
    expected = np.sort(np.repeat(np.sqrt(energies * (1.6 - energies)), 2))[::-1]
    np.testing.assert_allclose(rates[:6], expected, rtol=1e-9)
    verified = hpcmix("verify", "out", folder=folder)
    assert verified.returncode == 0, verified.stdout
    shown = hpcmix("show", "out", folder=folder).stdout
    assert "10, frequencies 0 to " in shown and f"growth rates up to {expected[0]:.6g}" in shown


GAUSSIAN = 'species.up.initial={ kind = "gaussian", width = 1.0 }'


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ([GAUSSIAN], "the state is not stationary: |H phi - mu phi| / |mu phi| is"),
        (["ground_state.tolerance=1e-6"], "ground_state.tolerance"),
        (['grid.frame={ kind = "expanding", rate = 1.0 }'], "in a frame that expands no state is stationary"),
        (["parallel.precision=single"], 'use "double"'),
        (["excitations.modes=1618"], "must be at most 1617"),
        (["excitations.tolerance=1e-13"], "cannot be reached"),
    ],
)
def test_bad_input(folder, settings, sentence):
    options = [part for entry in settings for part in ("--set", entry)]
    result = hpcmix("excitations", "mixture.toml", *options, folder=folder)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stderr
    assert not (folder / "out" / "excitations.json").exists()
