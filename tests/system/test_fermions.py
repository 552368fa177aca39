"""Fermions through the real command: runs on orbital groups, what they leave, restarts from files, checks of claims."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from tests.system.commands import hpcmix, summary

FILE = """
title = "four fermions and a condensate"
[grid]
points = [20, 18]
lengths = [11.0, 10.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = 4
potential = [{ kind = "harmonic", frequency = [1.0, 1.1] }]
[[species]]
name = "b"
particles = 10
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["b", "f"]
kind = "contact"
strength = 0.4
[ground_state]
tolerance = 1e-8
kernel_factors = [{ between = ["b", "f"], factor = 0.5 }]
[time]
final = 0.2
step = 0.02
[output]
directory = "out"
observables = { every = 5, also = ["momentum-distribution", "determinant-overlap", "semiclassical-norms"] }
snapshots = { interval = 0.2, fields = ["density", "phase", "wave_function", "thomas_fermi"] }
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "four.toml").write_text(FILE)
    return tmp_path


def test_a_run_on_two_groups_leaves_what_one_rank_leaves(folder):
    parts = ("--set", "parallel.orbital_groups=2")
    assert hpcmix("run", "four.toml", "--plot", *parts, ranks=2, folder=folder).returncode == 0
    assert hpcmix("run", "four.toml", "--set", "output.directory=one", ranks=1, folder=folder).returncode == 0
    two, one = summary(folder / "out"), summary(folder / "one")
    assert (two["groups"], two["pencil_grid"], one["groups"]) == (2, [1, 1], 1)
    # ground states that stop at a residual of 1e-8
    assert two["energy"]["total"] == pytest.approx(one["energy"]["total"], rel=1e-9)
    found = two["species"]["f"]
    assert found["orthonormality_defect"] < 1e-12 and 0.0 < found["determinant_overlap"] < 1.0
    assert len(found["momentum_distribution"]["y"]) == 18 and len(found["semiclassical"]["position"]) == 2
    levels = two["ground_state"]["levels"]["f"]
    assert len(levels["energies"]) == 4 and max(levels["residuals"]) <= 1e-8 and levels["gap"] > 0.0
    with h5py.File(folder / "out/snapshots/000001.h5") as file:
        orbitals = file["f/wave_function"][:]
        assert orbitals.shape == (4, 20, 18) and "f/phase" not in file
        assert file["b/wave_function"].shape == file["b/phase"].shape == (20, 18)
        np.testing.assert_allclose(np.sum(np.abs(orbitals) ** 2, axis=0), file["f/density"][:], rtol=1e-12, atol=1e-14)
        cell = 11.0 * 10.0 / 360.0
        assert np.sum(file["f/thomas_fermi"][:]) * cell == pytest.approx(4.0, rel=1e-9)
    assert {path.name for path in (folder / "out").glob("*.png")} >= {"energy.png", "series.png", "columns.png"}


def test_orbitals_go_on_from_a_ground_states_file(folder):
    assert hpcmix("ground", "four.toml", "--set", "output.directory=g", folder=folder).returncode == 0
    start = 'initial={kind="file", path="g/snapshots/000000.h5"}'
    options = [part for name in "fb" for part in ("--set", f"species.{name}.{start}")]
    assert hpcmix("run", "four.toml", *options, ranks=2, folder=folder).returncode == 0
    assert hpcmix("run", "four.toml", "--set", "output.directory=one", ranks=1, folder=folder).returncode == 0
    assert summary(folder / "out")["energy"]["total"] == pytest.approx(
        summary(folder / "one")["energy"]["total"], rel=1e-9
    )


def test_more_groups_than_orbitals_are_refused_with_a_sentence(folder):
    result = hpcmix("run", "four.toml", "--set", "parallel.orbital_groups=6", ranks=1, folder=folder)
    assert result.returncode == 2 and "6 groups cannot share 5 orbitals" in result.stderr
    result = hpcmix("run", "four.toml", "--set", "parallel.orbital_groups=3", ranks=2, folder=folder)
    assert result.returncode == 2 and "2 ranks cannot be divided into 3 groups" in result.stderr


def test_an_open_shell_is_told_in_the_log(folder):
    options = ("--set", "species.f.initial={kind='oscillator', frequency=1.0}")
    assert hpcmix("run", "four.toml", *options, ranks=1, folder=folder).returncode == 0
    assert "4 orbitals do not close a shell (there 3 or 6 would)" in (folder / "out/run.log").read_text()


def test_check_measures_a_claim_and_refuses_what_it_is_not_about(folder):
    small = [
        "--numbers", "4,10,20", "--at-start", "--set", "grid.points=[22, 22, 22]", "--set", "output.directory=claim",
    ]  # fmt: skip
    result = hpcmix("check", "semiclassical-bounds", "semiclassical-bounds", *small, folder=folder)
    assert result.returncode == 0, result.stderr
    report = json.loads((folder / "claim/claim.json").read_text())
    assert [row[0] for row in report["rows"]] == [4.0, 10.0, 20.0] and "verdict" in result.stdout
    assert all(1.0 < value < 1.7 for row in report["rows"] for value in row[2:])
    assert (folder / "claim/claim.png").exists() and (folder / "claim/claim.txt").exists()
    again = hpcmix("check", "semiclassical-bounds", "semiclassical-bounds", *small, ranks=1, folder=folder)
    assert again.returncode == 0 and "holds the outcome of this check" in again.stdout
    wrong = hpcmix("check", "semiclassical-bounds", "four.toml", ranks=1, folder=folder)
    assert wrong.returncode == 2 and 'this claim is about [scaling] kind = "bose-fermi-macro"' in wrong.stderr
