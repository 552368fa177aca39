"""Runs with [fluctuations] that are stopped, killed and gone on with, on any ranks in any groups: their condensates and
pairs have the bits of the run that was not. The whole program, in process."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from parallel.interruptions import asked_to_stop_after, folder_of, killed_in, run, summary

from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running import launch as launching
from hpcmix.running.launch import Request, launch

DONE, STOPPED, WRONG = ExitStatus.DONE, ExitStatus.STOPPED, ExitStatus.BAD_INPUT

PROBLEM = """
title = "Fluctuations around two components that move, in a trap that is shaken and one that is switched off"
[grid]
points = [8, 6, 5]
lengths = [6.0, 6.0, 5.0]
[[species]]
name = "up"
particles = 30.0
potential = [{ kind = "expression", value = "0.5*(x*x + y*y + z*z) + 0.2*x*sin(3*t)" }]
initial = { kind = "gaussian", width = 1.0, momentum = [0.4, 0.0, 0.0] }
[[species]]
name = "down"
mass = 1.5
particles = 20.0
potential = [{ kind = "harmonic", frequency = 1.1, until = 0.05 }]
initial = { kind = "gaussian", width = 0.9 }
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.3
[[interaction]]
between = ["up", "down"]
kind = "gaussian"
strength = 0.2
width = 0.7
[time]
final = 0.1
step = 0.01
integrator = "blanes-moan-4"
[fluctuations]
modes = 3
probes = 3
seed = 4
also = ["density", "momentum-distribution"]
[output]
directory = "out"
resolution = "ignore"
observables = { every = 3 }
snapshots = { every = 4, slices = false, fields = ["wave_function"] }
checkpoints = { every = 5, keep = 2 }
"""
STEPS, PAIRS = 10, 9


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    with folder_of(comm, shared_tmp_path, monkeypatch, PROBLEM) as prepared:
        yield prepared


def go_on(folder, name, *settings, **options):
    return run(folder, name, *settings, **options)


def on_ranks(comm, monkeypatch, ranks, work):
    """Do `work` on the first ranks; the others wait."""
    some = comm.Split(0 if comm.rank < ranks else 1, comm.rank)
    if comm.rank < ranks:
        with monkeypatch.context() as patch:
            patch.setattr(launching, "world", lambda: some)
            work(some)
    some.Free()
    comm.barrier()


def groups_of(ranks):
    """Numbers of groups that so many ranks can be divided into."""
    return [groups for groups in range(1, ranks + 1) if ranks % groups == 0]


def last_state(folder, name):
    """Condensates and pairs of the newest checkpoint."""
    path = RunDirectory(folder / name).stored_checkpoints()[-1][1]
    with h5py.File(path) as file:
        return [file[f"{species}/{array}"][:] for species in ("up", "down") for array in ("orbitals", "pairs")]


def records(folder, name):
    return [json.loads(line) for line in (folder / name / "observables.jsonl").read_text().splitlines()]


def contents(folder, name):
    """Everything of a run that has to be the same: series, snapshots as arrays, digest."""
    snapshots = {}
    for index, path in RunDirectory(folder / name).stored_snapshots():
        with h5py.File(path) as file:
            arrays = ("wave_function", "fluctuation_density")
            snapshots[index] = [
                file[f"{species}/{array}"][:].tobytes() for species in ("up", "down") for array in arrays
            ]
    return (folder / name / "observables.jsonl").read_bytes(), snapshots, summary(folder, name)["digest"]


@pytest.mark.ranks(1, 2, 4)
@pytest.mark.parametrize("which", ["fewest", "most"])
def test_a_stop_a_kill_and_the_rest_are_the_whole_run(comm, folder, monkeypatch, which):
    """Byte for byte, on all ranks in one group and in as many as there can be."""
    setting = f"parallel.orbital_groups={1 if which == 'fewest' else comm.size}"
    assert run(folder, "whole", setting, "output.checkpoints={enabled=false}") == DONE
    with asked_to_stop_after(comm, monkeypatch, 3):
        assert run(folder, "parts", setting) == STOPPED
    assert summary(folder, "parts")["step"] == 3
    with killed_in(monkeypatch, 8):
        go_on(folder, "parts", setting)
    comm.barrier()
    assert go_on(folder, "parts", setting) == DONE
    assert contents(folder, "parts") == contents(folder, "whole")
    found = summary(folder, "parts")
    assert found["groups"] == (1 if which == "fewest" else comm.size) and len(found["ancestors"]) == 2
    assert found["fluctuations"] == records(folder, "parts")[-1]["fluctuations"]
    assert found["fluctuations"]["pairs"] == PAIRS and found["fluctuations"]["symplectic_defect"] < 1e-13


@pytest.mark.ranks(1, 2, 4)
def test_any_ranks_in_any_groups_go_on(comm, folder, monkeypatch):
    """Stopped on every division, gone on with on the others: the fields are those of one rank."""

    def on(ranks, name, groups, steps):
        def work(some):
            setting = f"parallel.orbital_groups={groups}"
            if steps is None:
                assert go_on(folder, name, setting) == DONE
                return
            with asked_to_stop_after(some, monkeypatch, steps):
                assert run(folder, name, setting) == STOPPED

        on_ranks(comm, monkeypatch, ranks, work)

    # a job of two ranks has tried the divisions of one and two among each other
    mine = [(comm.size, groups) for groups in groups_of(comm.size)]
    others = [(ranks, groups) for ranks in range(1, comm.size) for groups in groups_of(ranks)]
    turns = [*zip(mine, [*mine[1:], mine[0]], strict=True)]
    turns += [(division, mine[place % len(mine)])[:: 1 - 2 * (place % 2)] for place, division in enumerate(others)]
    names = []
    for (ranks, groups), (later, others_groups) in turns:
        names.append(f"{ranks}-{groups}-{later}-{others_groups}")
        on(ranks, names[-1], groups, 3)
        on(later, names[-1], others_groups, None)
    first = last_state(folder, names[0])
    assert all(np.linalg.norm(array) > 0.1 for array in first)
    for name in names[1:]:
        for array, expected in zip(last_state(folder, name), first, strict=True):
            # sums over ranks (norms, projections of the start) are rounded in another order: some units of 1e-16 each
            np.testing.assert_allclose(array, expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))


def test_groups_do_not_change_the_fields_and_records_but_by_rounding(comm, folder, monkeypatch):
    """A group of one rank each: the same fields to the bit."""
    if comm.size == 1:
        pytest.skip("one rank is one group")
    on_ranks(comm, monkeypatch, 1, lambda some: run(folder, "one", "parallel.orbital_groups=1") == DONE)
    assert run(folder, "many", f"parallel.orbital_groups={comm.size}") == DONE
    for array, wanted in zip(last_state(folder, "many"), last_state(folder, "one"), strict=True):
        np.testing.assert_array_equal(array, wanted)
    assert summary(folder, "many")["digest"] == summary(folder, "one")["digest"]
    for record, wanted in zip(records(folder, "many"), records(folder, "one"), strict=True):
        ours, theirs = record.pop("fluctuations"), wanted.pop("fluctuations")
        assert record == wanted
        for species in ("up", "down"):
            for key, value in theirs["species"][species].items():
                # sums over groups are of few pairs, each rounded in its last digit
                np.testing.assert_allclose(ours["species"][species][key], value, rtol=1e-13, atol=1e-20)


@pytest.mark.ranks(1, 2)
def test_changed_pairs_are_refused_and_moved_aside_on_demand(comm, folder, monkeypatch, capfd):
    with asked_to_stop_after(comm, monkeypatch, 3):
        assert run(folder, "changed") == STOPPED
    before = (folder / "changed" / "observables.jsonl").read_bytes()
    comm.barrier()
    for change, sentence in {
        "fluctuations.modes=4": "fluctuations.modes: 3 in the checkpoint, 4 now: its pairs began as others",
        "fluctuations.probes=5": "fluctuations.probes: 3 in the checkpoint, 5 now",
        "fluctuations.seed=1": "fluctuations.seed: 4 in the checkpoint, 1 now",
    }.items():
        for accept_changes in (False, True):
            capfd.readouterr()
            assert run(folder, "changed", change, accept_changes=accept_changes) == WRONG
            if comm.rank == 0:
                said = capfd.readouterr().err
                assert sentence in said and "--restart never" in said and "--accept-changes" not in said
    assert (folder / "changed" / "observables.jsonl").read_bytes() == before
    assert run(folder, "changed", "fluctuations.also=[]", "time.final=0.05") == DONE  # what is measured is free
    assert run(folder, "changed", "fluctuations.seed=1", "time.final=0.05", restart="never") == DONE
    comm.barrier()
    assert len(list(folder.glob("changed*"))) == 2


def test_a_damaged_checkpoint_falls_back_and_one_without_pairs_is_refused(comm, folder, monkeypatch, capfd):
    assert run(folder, "whole", "output.checkpoints={enabled=false}") == DONE
    with asked_to_stop_after(comm, monkeypatch, 7):
        assert run(folder, "damaged") == STOPPED
    newest = RunDirectory(folder / "damaged").checkpoint(7)
    if comm.rank == 0:
        array = read_header(newest).seal.arrays["down/pairs"]
        content = bytearray(newest.read_bytes())
        content[array.offset + array.size - 20] ^= 1
        newest.write_bytes(content)
    comm.barrier()
    capfd.readouterr()
    assert go_on(folder, "damaged") == DONE
    if comm.rank == 0:
        first = capfd.readouterr().out.splitlines()[0]
        assert "step 5 of 10" in first and f"{newest} is damaged: the digest of down/pairs" in first
    assert contents(folder, "damaged") == contents(folder, "whole")


@pytest.mark.ranks(1, 2)
def test_pairs_cannot_be_added_on_the_way_and_can_be_left_behind(comm, folder, monkeypatch, capfd):
    text = PROBLEM[: PROBLEM.index("[fluctuations]")] + PROBLEM[PROBLEM.index("[output]") :]
    if comm.rank == 0:
        (folder / "bare.toml").write_text(text)
    comm.barrier()

    def bare(name, **options):
        return launch(
            Request(str(folder / "bare.toml"), (f"output.directory={json.dumps(str(folder / name))}",), **options)
        )

    with asked_to_stop_after(comm, monkeypatch, 3):
        assert bare("later") == STOPPED
    capfd.readouterr()
    assert run(folder, "later", accept_changes=True) == WRONG
    if comm.rank == 0:
        assert "fluctuations: absent in the checkpoint, which has no pairs to go on with" in capfd.readouterr().err
    with asked_to_stop_after(comm, monkeypatch, 3):  # norms of the start are rounded by the ranks of a group
        assert run(folder, "left", "parallel.orbital_groups=1") == STOPPED
    assert bare("left") == WRONG
    assert bare("left", accept_changes=True) == DONE
    assert bare("later") == DONE
    for array, expected in zip(last_bare(folder, "left"), last_bare(folder, "later"), strict=True):
        np.testing.assert_array_equal(array, expected)  # the condensates do not know of their pairs


def last_bare(folder, name):
    with h5py.File(RunDirectory(folder / name).stored_checkpoints()[-1][1]) as file:
        assert "pairs" not in file["up"]
        return [file[f"{species}/orbitals"][:] for species in ("up", "down")]
