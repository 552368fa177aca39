"""A search for the ground state that does not come to its end is kept, and gone on from where the physics are the
same."""

from __future__ import annotations

import pytest

from tests.system.commands import hpcmix, summary

MIXTURE = """
title = "Two components and fermions"
[grid]
points = [20, 18]
lengths = [11.0, 10.0]
[[species]]
name = "up"
particles = 20.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.2] }]
[[species]]
name = "down"
particles = 10.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.2] }]
[[species]]
name = "f"
kind = "fermions"
orbitals = 3
potential = [{ kind = "harmonic", frequency = [1.0, 1.2] }]
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.5
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 0.3
[[interaction]]
between = ["up", "f"]
kind = "contact"
strength = 0.2
[ground_state]
tolerance = 1e-9
[time]
final = 0.02
step = 0.01
[output]
directory = "out"
[parallel]
orbital_groups = "auto"
"""
FEW = ("--set", "ground_state.max_iterations=6")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    return tmp_path


def kept(folder):
    return folder / "out" / "ground-state-search.h5"


def test_a_search_goes_on_on_another_number_of_ranks(folder):
    """Two orbital groups, then one rank, then an evolution; the same state as without an interruption."""
    groups = ("--set", "parallel.orbital_groups=2")
    first = hpcmix("ground", "mixture.toml", *FEW, *groups, ranks=2, folder=folder)
    assert first.returncode == 1
    assert "the state is kept in out/ground-state-search.h5: the same command again goes on from it" in first.stderr
    assert kept(folder).exists() and summary(folder / "out")["status"] == "failed"
    second = hpcmix("run", "mixture.toml", folder=folder)
    assert second.returncode == 0, second.stderr
    assert "ground state: going on from out/ground-state-search.h5, residual" in second.stdout
    assert not kept(folder).exists()  # it is done
    found = summary(folder / "out")["ground_state"]
    alone = hpcmix("ground", "mixture.toml", "--set", 'output.directory="alone"', folder=folder)
    assert alone.returncode == 0
    direct = summary(folder / "alone")
    # the state of two groups and six iterations is worth about as many: the rest is gone on with, not begun anew
    assert found["iterations"] < direct["ground_state"]["iterations"] - 2
    # an energy errs by the square of the residual, beside rounding
    assert summary(folder / "out")["energy"]["total"] == pytest.approx(direct["energy"]["total"], rel=1e-12)
    assert found["residual"] <= 1e-9 and found["curvature"] > 0.0


def test_a_kept_search_of_another_problem_is_set_aside(folder):
    assert hpcmix("run", "mixture.toml", *FEW, folder=folder).returncode == 1
    good = hpcmix("verify", "out", folder=folder)
    assert "good  out/ground-state-search.h5" in good.stdout
    changed = hpcmix("run", "mixture.toml", "--set", "interaction.1.strength=0.4", folder=folder)
    assert changed.returncode == 0, changed.stderr
    assert "it belongs to another problem: interaction.1.strength: 0.3 where it was sought, 0.4 now" in changed.stdout
    assert kept(folder).with_name("ground-state-search.h5.set-aside").exists() and not kept(folder).exists()
    assert "going on" not in changed.stdout


def test_a_damaged_search_is_set_aside(folder):
    assert hpcmix("run", "mixture.toml", *FEW, folder=folder).returncode == 1
    content = bytearray(kept(folder).read_bytes())
    content[len(content) // 2] ^= 1
    kept(folder).write_bytes(content)
    again = hpcmix("ground", "mixture.toml", ranks=2, folder=folder)
    assert again.returncode == 0, again.stderr
    assert "is not gone on from" in again.stdout and "is damaged" in again.stdout


def test_how_far_a_search_goes_may_change(folder):
    """Neither the final time nor seeds, noise, and limits of the search are physics of the ground state; nor is
    what becomes of it; a coarser tolerance takes what is there."""
    assert hpcmix("ground", "mixture.toml", *FEW, folder=folder).returncode == 1
    words = ("ground_state.tolerance=0.5", "time.final=0.04", "ground_state.saddles=ignore",
             'species.0.initial={kind="ground-state",seed=3,momentum=[0.1,0.0]}')  # fmt: skip
    taken = hpcmix("run", "mixture.toml", *(part for word in words for part in ("--set", word)), folder=folder)
    assert taken.returncode == 0, taken.stderr
    assert "after 0 iterations" in taken.stdout


def test_starts_that_do_not_converge_are_kept_and_gone_on_from(folder):
    starts = ("--set", "ground_state.starts=2")
    assert hpcmix("ground", "mixture.toml", *FEW, *starts, folder=folder).returncode == 1
    again = hpcmix("ground", "mixture.toml", *starts, ranks=2, folder=folder)
    assert again.returncode == 0, again.stderr
    assert ", 2 starts behind" in again.stdout
    assert summary(folder / "out")["ground_state"]["residual"] <= 1e-9


def test_a_search_of_a_check_is_kept_and_gone_on_with(folder):
    """In the part of the check that it belongs to, under another limit too; what is found is the same."""
    words = ("check", "conservation", "mixture.toml")
    first = hpcmix(*words, *FEW, folder=folder)
    part = "out/tracks/as-given-*/0/ground-state-search.h5"
    [search] = folder.glob(part)
    assert first.returncode == 1 and f"the state is kept in {search.relative_to(folder)}" in first.stderr
    assert "good  out/tracks/as-given-" in hpcmix("verify", "out", folder=folder).stdout
    second = hpcmix(*words, folder=folder)
    assert second.returncode == 0, second.stderr
    assert not list(folder.glob("out/tracks/*/0")) and (folder / "out" / "claim.json").exists()
