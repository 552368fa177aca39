"""Runs with adaptive steps: interrupted or not, looked at or not, on any ranks, the same; the whole program, in
process."""

from __future__ import annotations

import json

import numpy as np
import pytest
from parallel.interruptions import Killed, asked_to_stop_after, folder_of, run, series, summary
from parallel.test_restart import PROBLEM, contents, go_on

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.reader import RunReader
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running import launch as launching
from hpcmix.splittings import INTEGRATORS

BAD_INPUT, BLEW_UP, DONE, STOPPED = ExitStatus.BAD_INPUT, ExitStatus.BLEW_UP, ExitStatus.DONE, ExitStatus.STOPPED

# a pulse within a step that is right before it: some attempts are rejected; a trap that is switched at no multiple of
# anything; records and snapshots within steps
ADAPTIVE = (
    PROBLEM.replace("step = 0.01", "step = { tolerance = 1e-6, initial = 0.05 }")
    .replace('kind = "harmonic", frequency = 1.1', 'kind = "harmonic", frequency = 1.1, until = 0.317')
    .replace("0.2*x*sin(3*t)", "9*x*exp(-((t - 0.2)/0.01)**2)")
    .replace("every = 3", "interval = 0.03")
    .replace("every = 8", "interval = 0.07")
)


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    with folder_of(comm, shared_tmp_path, monkeypatch, ADAPTIVE) as prepared:
        yield prepared


@pytest.fixture(scope="module")
def whole_runs():
    """Contents of uninterrupted runs by integrator, filled as they are needed."""
    return {}


def settings_of(integrator):
    """The second order gets a tolerance with which it does not take hundreds of steps."""
    tolerance = 1e-4 if INTEGRATORS[integrator].order == 2 else 1e-6
    return f"time.integrator={integrator}", f"time.step.tolerance={tolerance}"


def uninterrupted(folder, whole_runs, integrator="blanes-moan-4"):
    if integrator not in whole_runs:
        assert run(folder, "whole", *settings_of(integrator), "output.checkpoints={enabled=false}") == DONE
        whole_runs[integrator] = (*contents(folder, "whole"), summary(folder, "whole"))
    return whole_runs[integrator]


def records(folder, name):
    return [json.loads(line) for line in series(folder, name).splitlines()]


def newest(folder, name):
    return read_header(RunDirectory(folder / name).stored_checkpoints()[-1][1])


@pytest.mark.parametrize(
    "integrator",
    [name if name == "blanes-moan-4" else pytest.param(name, marks=pytest.mark.ranks(1, 2)) for name in INTEGRATORS],
)
def test_stopped_after_rejections_and_killed_it_is_the_whole_run(comm, folder, monkeypatch, whole_runs, integrator):
    *expected, end = uninterrupted(folder, whole_runs, integrator)
    assert end["adaptive_step"]["rejected"] > 0 and end["time"] == 0.4
    before = end["step"] // 2 + 2
    with asked_to_stop_after(comm, monkeypatch, before):
        assert run(folder, "parts", *settings_of(integrator)) == STOPPED
    stopped = newest(folder, "parts")
    assert stopped.progress.step == summary(folder, "parts")["step"] == before
    assert stopped.progress.adaptation.rejected > 0  # some before the stop
    usual = AdaptiveStepper.advance

    def killing(self, state):
        if state.step == before + 2:
            raise Killed
        usual(self, state)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(AdaptiveStepper, "advance", killing)
        go_on(folder, "parts")
    comm.barrier()
    assert go_on(folder, "parts") == DONE
    assert list(contents(folder, "parts")) == expected
    assert summary(folder, "parts")["adaptive_step"] == end["adaptive_step"]


@pytest.mark.ranks(1, 2)
@pytest.mark.parametrize("every", ["every=1", "every=7", "interval=0.07", "wall=1e-9"])
def test_how_often_checkpoints_are_written_changes_nothing(folder, whole_runs, every):
    *expected, _ = uninterrupted(folder, whole_runs)
    assert run(folder, "often", f"output.checkpoints={{{every}, keep=99}}") == DONE
    assert list(contents(folder, "often")) == expected
    times = [read_header(path).progress.time for _, path in RunDirectory(folder / "often").stored_checkpoints()]
    if every == "interval=0.07":
        assert [int(time / 0.07) for time in times] == [0, 1, 2, 3, 4, 5, 5]  # the last at the end


@pytest.mark.ranks(1, 2)
def test_every_checkpoint_leads_to_the_same_end(folder, whole_runs):
    """Also those in the middle of the pulse, and with output within the next step."""
    *expected, end = uninterrupted(folder, whole_runs)
    assert run(folder, "trunk", "output.checkpoints={every=1, keep=99}") == DONE
    for step in range(3, end["step"], 7):
        origin = str(folder / "trunk" / "checkpoints" / f"{step:06d}.h5")
        assert run(folder, f"branch{step}", "output.checkpoints={enabled=false}", restart=origin) == DONE
        assert contents(folder, f"branch{step}")[0::2] == (expected[0], expected[2])


@pytest.mark.ranks(1, 2)
def test_output_is_exactly_on_time_and_changes_no_number(folder, whole_runs):
    *expected, end = uninterrupted(folder, whole_runs)
    often = ("output.observables={every=1}", "output.snapshots={interval=0.031, slices=false}")
    assert run(folder, "looked", *often) == DONE
    found = summary(folder, "looked")
    assert found["digest"] == expected[2] and found["adaptive_step"] == end["adaptive_step"]
    ends = [record["time"] for record in records(folder, "looked")]
    assert len(ends) == end["step"] + 1 and 0.317 in ends and ends[-1] == 0.4
    assert run(folder, "timely") == DONE
    times = [record["time"] for record in records(folder, "timely")]
    assert times == [*(k * 0.03 for k in range(14)), 0.4]
    assert not set(times[1:-1]) & set(ends)  # all within steps
    stored = RunDirectory(folder / "timely").stored_snapshots()
    assert len(stored) == 7  # 0, 0.07 .. 0.35, 0.4
    times = [file.time for file in RunReader(folder / "timely").snapshots]
    assert times == pytest.approx([*(k * 0.07 for k in range(6)), 0.4], rel=1e-15)


def test_the_ranks_and_their_number_decide_alike(comm, folder, monkeypatch):
    """One rank takes the same steps as all of them, and comes to the same state but for rounding."""
    alone = comm.Split(comm.rank, 0)
    own = folder / f"own{comm.rank}"
    with monkeypatch.context() as patch:
        patch.setattr(launching, "world", lambda: alone)
        assert run(folder, own.name, "output.observables={every=1}") == DONE
    alone.Free()
    comm.barrier()
    assert run(folder, "all", "output.observables={every=1}") == DONE
    one, other = newest(folder, own.name), newest(folder, "all")
    assert one.progress.step == other.progress.step
    assert one.progress.adaptation.rejected == other.progress.adaptation.rejected > 0
    # equal but where a sum that is rounded in another order shows in the initial norm
    mine, others = records(folder, own.name), records(folder, "all")
    np.testing.assert_allclose([r["time"] for r in mine], [r["time"] for r in others], rtol=1e-13)
    np.testing.assert_allclose([r["step_size"] for r in mine], [r["step_size"] for r in others], rtol=1e-12)
    np.testing.assert_allclose([r["energy"]["total"] for r in mine], [r["energy"]["total"] for r in others], rtol=1e-12)


@pytest.mark.ranks(1, 2)
def test_until_goes_on_with_the_step_that_was_reached(folder, whole_runs):
    *_, end = uninterrupted(folder, whole_runs)
    assert run(folder, "longer", "time.final=0.25") == DONE
    first = summary(folder, "longer")
    assert first["time"] == 0.25
    assert go_on(folder, "longer", until="0.4") == DONE
    found = summary(folder, "longer")
    assert found["time"] == 0.4 and found["adaptive_step"]["rejected"] >= first["adaptive_step"]["rejected"]
    # one step ends elsewhere: the same but for the errors that the tolerance allows
    assert found["energy"]["total"] == pytest.approx(end["energy"]["total"], rel=1e-6)
    assert found["step"] <= end["step"] + 2
    assert go_on(folder, "longer", until="0.3") == BAD_INPUT
    assert go_on(folder, "longer") == DONE  # nothing to do


@pytest.mark.ranks(1, 2)
def test_the_tolerance_is_physics_and_the_first_step_is_not(comm, folder, monkeypatch, capfd):
    with asked_to_stop_after(comm, monkeypatch, 3):
        assert run(folder, "changed") == STOPPED
    capfd.readouterr()
    assert run(folder, "changed", "time.step.tolerance=1e-5") == BAD_INPUT
    if comm.rank == 0:
        assert "time.step.tolerance: 1e-06 in the checkpoint, 1e-05 now" in capfd.readouterr().err
    assert run(folder, "changed", "time.step=0.01", accept_changes=True) == BAD_INPUT
    if comm.rank == 0:
        said = capfd.readouterr().err
        assert "time.step: adaptive in the checkpoint" in said and "--accept-changes" not in said
    assert run(folder, "changed", "time.step=0.01", "species.down.mass=2") == BAD_INPUT
    if comm.rank == 0:
        said = capfd.readouterr().err
        assert "time.step: adaptive in the checkpoint" in said
        assert "species.down.mass: 1.5 in the checkpoint, 2.0 now" in said
        assert "--restart never or another output.directory starts anew" in said
    assert run(folder, "changed", "time.step.initial=0.03") == DONE


@pytest.mark.ranks(1, 2)
def test_fixed_steps_can_be_gone_on_with_by_adaptive_ones(comm, folder, monkeypatch, whole_runs):
    *_, end = uninterrupted(folder, whole_runs)
    with asked_to_stop_after(comm, monkeypatch, 30):
        assert run(folder, "fixed", "time.step=0.005", "output.snapshots={every=9}") == STOPPED
    assert newest(folder, "fixed").progress.adaptation is None
    assert run(folder, "fixed", accept_changes=True) == DONE
    found = summary(folder, "fixed")
    assert found["time"] == 0.4 and found["energy"]["total"] == pytest.approx(end["energy"]["total"], rel=1e-6)


def test_a_step_that_would_be_too_small_ends_the_run_with_its_data(comm, folder, capfd):
    capfd.readouterr()
    assert run(folder, "small", "time.step={tolerance=1e-6, smallest=0.02}") == BLEW_UP
    if comm.rank == 0:
        said = capfd.readouterr().err
        assert "the tolerance needs a step of" in said and "below the smallest of 0.02" in said
    found = summary(folder, "small")
    assert found["status"] == "failed" and 0.1 < found["time"] < 0.25  # where the pulse begins
    assert records(folder, "small")[-1]["time"] <= found["time"]


def test_sets_of_orbitals_in_groups(comm, folder):
    """The groups' distances add up: however the orbitals are divided, the steps are the same."""
    if comm.rank == 0:  # particles of a set are its orbitals
        (folder / "problem.toml").write_text(ADAPTIVE.replace("particles = 10.0\n", ""))
    comm.barrier()
    initial = "species.0.initial={kind='oscillator', frequency=1.3}"
    fermions = ("species.0.kind=fermions", "species.0.orbitals=3", initial)
    ends = {}
    for groups in (number for number in (1, 2, 3, 4) if comm.size % number == 0):
        settings = (*fermions, "output.snapshots={every=1000, slices=false}", f"parallel.orbital_groups={groups}")
        assert run(folder, f"sets{groups}", *settings) == DONE
        ends[groups] = summary(folder, f"sets{groups}")
        assert ends[groups]["groups"] == groups
    for found in ends.values():
        assert found["step"] == ends[1]["step"] and found["adaptive_step"]["rejected"] > 0
        assert found["energy"]["total"] == pytest.approx(ends[1]["energy"]["total"], rel=1e-12)
        assert found["species"]["up"]["orthonormality_defect"] < 1e-12
