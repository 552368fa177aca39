"""A run that is interrupted and gone on with is, to the bit, the run that was not: the whole program, in process."""

from __future__ import annotations

import json

import numpy as np
import pytest
from parallel.interruptions import asked_to_stop_after, folder_of, killed_in, run, series, summary

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running import launch as launching
from hpcmix.running.launch import Request, launch
from hpcmix.splittings import INTEGRATORS

BLEW_UP, DONE, NO_CHECKPOINT, STOPPED = (
    ExitStatus.BLEW_UP,
    ExitStatus.DONE,
    ExitStatus.NO_CHECKPOINT,
    ExitStatus.STOPPED,
)

PROBLEM = """
title = "Two components, one of them kicked, in a trap that is shaken"
[grid]
points = [8, 6, 5]
lengths = [6.0, 6.0, 5.0]
[[species]]
name = "up"
particles = 10.0
potential = [{ kind = "expression", value = "0.5*(x*x + y*y + z*z) + 0.2*x*sin(3*t)" }]
initial = { kind = "gaussian", width = 1.0, momentum = [0.4, 0.0, 0.0], noise = { amplitude = 1e-3, seed = 3 } }
[[species]]
name = "down"
mass = 1.5
particles = 7.0
potential = [{ kind = "harmonic", frequency = 1.1 }]
initial = { kind = "gaussian", width = 0.9 }
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.1
[[interaction]]
between = ["up", "down"]
kind = "gaussian"
strength = 0.05
width = 0.7
[time]
final = 0.4
step = 0.01
[output]
directory = "out"
resolution = "ignore"
observables = { every = 3 }
snapshots = { every = 8, slices = false, fields = ["wave_function"] }
checkpoints = { every = 5, keep = 2 }
"""
STEPS = 40


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    with folder_of(comm, shared_tmp_path, monkeypatch, PROBLEM) as prepared:
        yield prepared


def go_on(folder, name, until=None, **options):
    return launch(Request.to_go_on(folder / name, until, **options))


def contents(folder, name):
    """Everything of a run that has to be the same: series, snapshots as arrays, digest."""
    import h5py

    snapshots = {}
    for index, path in RunDirectory(folder / name).stored_snapshots():
        with h5py.File(path) as file:
            snapshots[index] = (
                int(file.attrs["step"]),
                [file[f"{s}/wave_function"][:].tobytes() for s in ("up", "down")],
            )
    return series(folder, name), snapshots, summary(folder, name)["digest"]


@pytest.fixture(scope="module")
def whole_runs():
    """Contents of uninterrupted runs by integrator, filled as they are needed."""
    return {}


def uninterrupted(folder, whole_runs, integrator):
    if integrator not in whole_runs:
        assert run(folder, "whole", f"time.integrator={integrator}", "output.checkpoints={enabled=false}") == DONE
        whole_runs[integrator] = contents(folder, "whole")
    return whole_runs[integrator]


@pytest.mark.parametrize(
    "integrator",
    [name if name == "blanes-moan-4" else pytest.param(name, marks=pytest.mark.ranks(1, 2)) for name in INTEGRATORS],
)
def test_13_steps_a_kill_and_the_rest_are_the_whole_run(comm, folder, monkeypatch, whole_runs, integrator):
    expected = uninterrupted(folder, whole_runs, integrator)
    setting = f"time.integrator={integrator}"
    with asked_to_stop_after(comm, monkeypatch, 13):
        assert run(folder, "parts", setting) == STOPPED
    found = summary(folder, "parts")
    assert (found["status"], found["step"]) == ("stopped", 13) and "SIGUSR1" in found["message"]
    with killed_in(monkeypatch, 29):
        go_on(folder, "parts")
    comm.barrier()
    assert go_on(folder, "parts") == DONE
    assert contents(folder, "parts") == expected
    final = summary(folder, "parts")
    assert len(final["ancestors"]) == 2 and final["step"] == STEPS
    newest = RunDirectory(folder / "parts").stored_checkpoints()[-1][1]
    assert read_header(newest).digest == final["digest"] == expected[2]


@pytest.mark.ranks(1, 2)
@pytest.mark.parametrize("every", ["every=1", "every=7", "interval=0.07", "wall=1e9"])
def test_how_often_checkpoints_are_written_changes_nothing(folder, whole_runs, every):
    expected = uninterrupted(folder, whole_runs, "blanes-moan-4")
    assert run(folder, "often", f"output.checkpoints={{{every}, keep=3}}") == DONE
    assert contents(folder, "often") == expected
    steps = [step for step, _ in RunDirectory(folder / "often").stored_checkpoints()]
    assert (
        steps
        == {"every=1": [38, 39, 40], "every=7": [28, 35, 40], "interval=0.07": [28, 35, 40], "wall=1e9": [0, 40]}[every]
    )


def test_looking_often_changes_nothing_either(folder, whole_runs):
    expected = uninterrupted(folder, whole_runs, "blanes-moan-4")
    assert run(folder, "looked", "output.observables={every=1}") == DONE
    assert summary(folder, "looked")["digest"] == expected[2]


@pytest.mark.ranks(1, 2, 4)
def test_any_number_of_ranks_goes_on(comm, folder, monkeypatch):
    """Stopped on every number of ranks, gone on with on all of them."""

    def on(ranks, work):
        sub = comm.Split(0 if comm.rank < ranks else 1, comm.rank)
        if comm.rank < ranks:
            with monkeypatch.context() as patch:
                patch.setattr(launching, "world", lambda: sub)
                work(sub)
        sub.Free()
        comm.barrier()

    def stop(name):
        def work(sub):
            with asked_to_stop_after(sub, monkeypatch, 13):
                assert run(folder, name) == STOPPED

        return work

    def finish(name):
        def work(sub):
            assert go_on(folder, name) == DONE

        return work

    # a job of two ranks has tried the pairs of one and two
    pairs = {(comm.size, ranks) for ranks in range(1, comm.size + 1)} | {(n, comm.size) for n in range(1, comm.size)}
    for first, second in sorted(pairs):
        on(first, stop(f"{first}{second}"))
        on(second, finish(f"{first}{second}"))
    states = []
    for name in (f"{first}{second}" for first, second in sorted(pairs)):
        path = RunDirectory(folder / name).stored_checkpoints()[-1][1]
        import h5py

        with h5py.File(path) as file:
            states.append(np.concatenate([file[f"{species}/orbitals"][:].ravel() for species in ("up", "down")]))
    for state in states:
        # sums over ranks (here the norm of the initial state) are rounded in another order: a few units of 1e-16 each
        np.testing.assert_allclose(state, states[0], rtol=0, atol=1e-12)
    assert np.linalg.norm(states[0]) > 0.1


@pytest.mark.ranks(1, 2)
def test_until_goes_beyond_the_end_as_if_it_had_been_planned(folder, whole_runs):
    expected = uninterrupted(folder, whole_runs, "strang")
    assert run(folder, "longer", "time.integrator=strang", "time.final=0.2") == DONE
    assert len(series(folder, "longer")) < len(expected[0])
    assert go_on(folder, "longer", until="0.4") == DONE
    assert contents(folder, "longer") == expected
    assert go_on(folder, "longer", until="0.3") == 2  # before what is reached
    before = contents(folder, "longer")
    assert go_on(folder, "longer") == DONE  # nothing to do
    assert contents(folder, "longer") == before == expected


def test_a_damaged_checkpoint_is_passed_over_and_said(comm, folder, whole_runs, monkeypatch, capfd):
    expected = uninterrupted(folder, whole_runs, "blanes-moan-4")
    with asked_to_stop_after(comm, monkeypatch, 23):
        assert run(folder, "damaged") == STOPPED
    directory = RunDirectory(folder / "damaged")
    newest, older = directory.checkpoint(23), directory.checkpoint(20)
    if comm.rank == 0:
        offset = read_header(newest).seal.arrays["up/orbitals"].offset
        content = bytearray(newest.read_bytes())
        content[offset + 100] ^= 1
        newest.write_bytes(content)
    comm.barrier()
    capfd.readouterr()
    assert go_on(folder, "damaged") == DONE
    if comm.rank == 0:
        first = capfd.readouterr().out.splitlines()[0]
        assert f"going on from {older}: step 20 of 40" in first
        assert f"{newest} is damaged: the digest of up/orbitals" in first
        assert newest.with_name("000023.h5.set-aside").exists()
    assert contents(folder, "damaged") == expected


def test_no_good_checkpoint_ends_with_status_4_and_touches_nothing(comm, folder, monkeypatch, capfd):
    with asked_to_stop_after(comm, monkeypatch, 23):
        assert run(folder, "bad") == STOPPED
    directory = RunDirectory(folder / "bad")
    for _, path in directory.stored_checkpoints():
        if comm.rank == 0:
            path.write_bytes(path.read_bytes()[:-1])
    before = series(folder, "bad")
    comm.barrier()
    capfd.readouterr()
    assert go_on(folder, "bad") == NO_CHECKPOINT
    if comm.rank == 0:
        said = capfd.readouterr().err
        assert "000023.h5 is damaged" in said and "000020.h5 is damaged" in said and "--restart never" in said
    assert series(folder, "bad") == before
    assert summary(folder, "bad")["status"] == "stopped"
    assert len(directory.stored_checkpoints()) == 2
    comm.barrier()
    assert run(folder, "bad", restart="never") == DONE


def test_records_that_are_missing_make_the_older_checkpoint_good(comm, folder, whole_runs, monkeypatch):
    """A machine that lost its power may have lost the end of the series."""
    expected = uninterrupted(folder, whole_runs, "blanes-moan-4")
    with asked_to_stop_after(comm, monkeypatch, 23):
        assert run(folder, "short") == STOPPED
    path = folder / "short" / "observables.jsonl"
    if comm.rank == 0:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 30)
    comm.barrier()
    assert go_on(folder, "short") == DONE
    assert contents(folder, "short") == expected


@pytest.mark.ranks(1, 2)
def test_changed_physics_are_refused_and_shown_unless_accepted(comm, folder, monkeypatch, capfd):
    with asked_to_stop_after(comm, monkeypatch, 13):
        assert run(folder, "changed") == STOPPED
    before = series(folder, "changed")
    comm.barrier()
    if comm.rank == 0:
        said = (folder / "changed" / "run.log").read_text()
        assert "40 steps of 0.01, blanes-moan-4" in said and ": 13 of 40 steps, to t = 0.13 of 0.4 in " in said
    capfd.readouterr()
    assert run(folder, "changed", "interaction.0.strength=0.2", "species.down.mass=2") == 2
    if comm.rank == 0:
        said = capfd.readouterr().err
        assert "interaction.0.strength: 0.1 in the checkpoint, 0.2 now" in said
        assert "species.down.mass: 1.5 in the checkpoint, 2.0 now" in said and "--accept-changes" in said
    assert series(folder, "changed") == before
    assert run(folder, "changed", "grid.points=[8, 6, 6]", accept_changes=True) == 2
    assert run(folder, "changed", "parallel.precision=single", accept_changes=True) == 2
    assert (
        run(folder, "changed", "interaction.0.strength=0.2", "output.observables={every=4}", accept_changes=True)
        == DONE
    )
    if comm.rank == 0:
        assert "changed, and accepted: interaction.0.strength" in (folder / "changed" / "run.log").read_text()
    assert run(folder, "free", 'title="another"', "time.final=0.1") == DONE
    assert run(folder, "free", "time.final=0.2", "output.checkpoints={every=3}") == DONE  # none of this is physics


SWITCHED = (
    "species.1.potential=[{kind='harmonic', frequency=1.1, until=0.137}, "
    "{kind='harmonic', frequency=1.3, from=0.137, until=0.2114, ramp=0.05}]"
)
"""Switching times and corners at 0.137, 0.187, 0.2114 and 0.2614, between steps of 0.01: 14, 5, 3, 5 and 14 steps."""


@pytest.mark.parametrize(
    "integrator",
    [
        pytest.param("strang", marks=pytest.mark.ranks(1, 2)),
        pytest.param("blanes-moan-4", marks=pytest.mark.ranks(1, 4)),
    ],
)
def test_restarts_at_and_around_switching_times_change_nothing(comm, folder, monkeypatch, integrator):
    settings = SWITCHED, f"time.integrator={integrator}"
    assert run(folder, "whole", *settings) == DONE
    expected = contents(folder, "whole")
    assert summary(folder, "whole")["step"] == 41
    for stop in (13, 14, 15):
        with asked_to_stop_after(comm, monkeypatch, stop):
            assert run(folder, f"at{stop}", *settings) == STOPPED
        with asked_to_stop_after(comm, monkeypatch, 22 - stop):  # the next switching time
            assert go_on(folder, f"at{stop}") == STOPPED
        newest = read_header(RunDirectory(folder / f"at{stop}").stored_checkpoints()[-1][1])
        assert (newest.progress.step, newest.progress.time, newest.progress.mark.step) == (22, 0.2114, 22)
        assert go_on(folder, f"at{stop}") == DONE
        assert contents(folder, f"at{stop}") == expected
    records = [json.loads(line) for line in series(folder, "whole").splitlines()]
    assert [record["step"] for record in records] == [*range(0, 41, 3), 41]
    assert records[-1]["time"] == pytest.approx(0.4, rel=1e-14)


@pytest.mark.ranks(1, 2)
def test_until_meets_switching_times_that_were_beyond_the_end(folder):
    """Where both ends are multiples of the step, as if it had been planned."""
    assert run(folder, "planned", SWITCHED) == DONE
    assert run(folder, "longer", SWITCHED, "time.final=0.167") == DONE  # 0.137 + 3 * 0.01
    assert go_on(folder, "longer", until="0.4") == DONE
    assert contents(folder, "longer")[2] == contents(folder, "planned")[2]


@pytest.mark.ranks(1, 2)
def test_another_step_is_taken_from_the_checkpoint_on(comm, folder, monkeypatch):
    """It was accepted and ignored: the run went on by the steps of the checkpoint."""
    with asked_to_stop_after(comm, monkeypatch, 15):
        assert run(folder, "finer", SWITCHED) == STOPPED
    assert run(folder, "finer", SWITCHED, "time.step=0.004", accept_changes=True) == DONE
    found = summary(folder, "finer")
    newest = read_header(RunDirectory(folder / "finer").stored_checkpoints()[-1][1])
    # from 0.147 on: 0.04, 0.0244, 0.05 and 0.1386 in steps of at most 0.004
    assert found["step"] == newest.progress.step == 15 + 10 + 7 + 13 + 35
    assert found["time"] == pytest.approx(0.4, rel=1e-14) and newest.progress.step_size == pytest.approx(0.1386 / 35)
    assert run(folder, "whole", SWITCHED, "time.step=0.002") == DONE
    exact = summary(folder, "whole")
    for name in ("up", "down"):
        assert found["species"][name]["centre"] == pytest.approx(exact["species"][name]["centre"], abs=1e-7)


@pytest.mark.ranks(1, 2)
def test_restart_may_follow_an_accepted_change_without_a_checkpoint_in_between(comm, folder, monkeypatch):
    """The checkpoint is written anew with the file that goes on from it: a kill right after it does not bring the
    question back."""
    with asked_to_stop_after(comm, monkeypatch, 13):
        assert run(folder, "renewed", "output.checkpoints={every=20}") == STOPPED
    with killed_in(monkeypatch, 15):
        settings = "output.checkpoints={every=20}", "interaction.0.strength=0.2"
        run(folder, "renewed", *settings, accept_changes=True)
    comm.barrier()
    assert go_on(folder, "renewed") == DONE


@pytest.mark.ranks(1, 2)
def test_branching_off_into_another_directory(comm, folder, whole_runs, monkeypatch, capfd):
    expected = uninterrupted(folder, whole_runs, "blanes-moan-4")
    assert run(folder, "trunk", "output.checkpoints={every=20, keep=9}") == DONE
    origin = str(folder / "trunk" / "checkpoints" / "000020.h5")
    capfd.readouterr()
    assert run(folder, "trunk", restart=origin) == NO_CHECKPOINT  # it would discard step 40
    if comm.rank == 0:
        assert "000040.h5" in capfd.readouterr().err
    assert run(folder, "branch", restart=origin) == DONE
    assert contents(folder, "branch")[0] == expected[0] and contents(folder, "branch")[2] == expected[2]
    assert run(folder, "branch", restart=origin) == NO_CHECKPOINT  # there is a run now
    assert run(folder, "branch2", restart=str(folder / "trunk")) == DONE
    assert contents(folder, "trunk") == expected


def test_a_state_that_is_not_finite_is_never_checkpointed(comm, folder, monkeypatch):
    usual = Stepper.advance

    def poisoned(self, state):
        usual(self, state)
        if state.step == 15 and comm.rank == comm.size - 1:
            self.settle(state)
            state.orbitals[1][0, -1, -1, -1] = np.nan  # where the vote, which looks at one value, does not see it

    monkeypatch.setattr(Stepper, "advance", poisoned)
    assert run(folder, "lost") == BLEW_UP
    stored = RunDirectory(folder / "lost").stored_checkpoints()
    assert [step for step, _ in stored] == [5, 10]
    assert summary(folder, "lost")["status"] == "failed" and "down" in summary(folder, "lost")["message"]
