"""``hpcmix sweep``: every point is the single run, failures are NaN with a sentence, what is there is not repeated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import xarray
from click.testing import CliRunner

from hpcmix.commands.looking import show, verify
from hpcmix.io.directories.locking.holder import HELD, identity, started
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running.courses.fields import GroundTask
from hpcmix.running.launch import Request as SingleRequest
from hpcmix.running.launch import launch
from hpcmix.studies.sweeps.command import Request, collect, sweep
from hpcmix.studies.sweeps.directory import SweepDirectory
from tests.system.commands import COMMAND, clean_environment, summary

TRAP = """
title = "A trapped gas"

[grid]
points = [24]
lengths = [12.0]

[[species]]
name = "a"
particles = 10.0
potential = [{ kind = "harmonic", frequency = 1.0 }]

[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.1

[output]
directory = "out"
"""
TIME = """
[time]
final = 0.2
step = 0.02

[sweep]
[sweep.keys]
species.a.potential.0.frequency = [1.0, 1.5]
time.step = [0.02, 0.04]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the problem and its sweep are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(place, monkeypatch):
    """The same for tests without figures, which take a second each."""
    monkeypatch.setattr("hpcmix.studies.sweeps.figure.draw_sweep", lambda found, path, what: path.touch())
    return place


def written(folder, text):
    (folder / "problem.toml").write_text(text)
    return "problem.toml"


def gathered(folder):
    with xarray.open_dataset(folder / "out" / "sweep.nc") as data:
        return data.load()


def states_of(directory):
    """Names and times of change of everything that was computed there."""
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*") if path.suffix in (".json", ".jsonl", ".h5")}


def kill_session(leader):
    """End a launcher and its ranks, which have groups of their own, without warning."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((process / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                os.kill(int(process.name), signal.SIGKILL)


def test_every_point_is_the_single_run_to_the_bit_and_stands_in_the_dataset(folder, capsys):
    """Of runs in time, whose steps differ: the final states have the digests of single runs, and final energies are
    found in the dataset at their values."""
    file = written(folder, TRAP + TIME)
    assert sweep(Request(file)) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "runs at 4 points of species.a.potential.0.frequency, time.step" in said
    data = gathered(folder)
    assert dict(data.sizes)["time.step"] == 2 and list(data["time.step"].values) == [0.02, 0.04]
    # 10 steps and 5 steps: records at different times, the last ones at the same
    assert "the runs have different times: the last record of each is collected" in said
    assert data["time"].values.ravel() == pytest.approx([0.2] * 4, rel=1e-14) and "time" not in data.dims
    for frequency in (1.5,):
        options = [f"species.a.potential.0.frequency={frequency}", "time.step=0.04", "output.directory=single"]
        assert launch(SingleRequest(file, options, restart="never")) == ExitStatus.DONE
        single = summary(folder / "single")
        point = f"out/points/species.a.potential.0.frequency={frequency},time.step=0.04"
        swept = summary(folder / point)
        assert swept["digest"] == single["digest"]
        assert swept["energy"] == single["energy"]
        for run in (folder / "single", folder / point):
            assert "[sweep]" not in (run / "problem.toml").read_text()
        here = data.sel({"species.a.potential.0.frequency": frequency, "time.step": 0.04})
        assert float(here["energy_total"].values.ravel()[-1]) == single["energy"]["total"]
    before = states_of(folder / "out" / "points")
    assert sweep(Request(file)) == ExitStatus.DONE
    assert "0 of 4 points computed; 4 there from before" in capsys.readouterr().out
    assert states_of(folder / "out" / "points") == before


FAILING = (
    TRAP
    + """
[sweep]
[sweep.keys]
species.a.particles = [10, 20]
ground_state.max_iterations = [500, 9]
"""
)


def test_a_point_that_fails_is_nan_with_its_sentence_and_tried_again_on_request(place, capsys):
    folder = place
    file = written(folder, FAILING)
    assert sweep(Request(file)) == ExitStatus.DONE
    data = gathered(folder)
    assert data["status"].values.tolist() == [["done", "failed"]] * 2
    energies = data["energy_total"].values
    assert np.isfinite(energies[:, 0]).all() and np.isnan(energies[:, 1]).all()
    assert "residual" in str(data["message"].values[0, 1]) and str(data["message"].values[0, 0]) == ""
    assert (folder / "out" / "sweep.png").stat().st_size > 10_000
    before = states_of(folder / "out" / "points")
    capsys.readouterr()
    assert sweep(Request(file)) == ExitStatus.DONE
    assert "0 of 4 points computed; 4 there from before; 2 without an answer" in capsys.readouterr().out
    assert states_of(folder / "out" / "points") == before
    told = CliRunner().invoke(show, ["out"], standalone_mode=False).output
    assert "2 of 4 done" in told and "ground_state.max_iterations = 9: ground state: residual" in told
    assert CliRunner().invoke(verify, ["out"], standalone_mode=False).return_value == 0
    record = next(SweepDirectory(folder / "out").points.glob("*.json"))
    whole = record.read_text()
    record.write_text(whole[:-30])
    looked = CliRunner().invoke(verify, ["out"], standalone_mode=False)
    assert looked.return_value == 1 and f"BAD   out/points/{record.name}: is damaged" in looked.output
    record.write_text(whole)
    # the state of the search was kept: a second look goes on from there, and comes to its end
    capsys.readouterr()
    assert sweep(Request(file, retry=True)) == ExitStatus.DONE
    assert "2 of 4 points computed; 2 there from before\n" in capsys.readouterr().out
    assert np.isfinite(gathered(folder)["energy_total"].values).all()


DOUBLE_WELL = """
title = "A bright condensate in a double well whose trap is moved"

[grid]
points = [48]
lengths = [12.0]

[[species]]
name = "a"
particles = 1.0
potential = [
    { kind = "harmonic", frequency = 0.6, centre = 0.0 },
    { kind = "gaussian", height = 3.0, width = 0.8 },
]

[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = -2.5

[output]
directory = "out"

[sweep]
order = "continued"
[sweep.keys]
species.a.potential.0.centre = { from = -1.5, to = 1.5, number = 5 }
"""


def test_continued_states_stay_in_their_well_until_it_is_none(folder):
    """A condensate that attracts itself stays in the left well while the trap moves to the right, and in the right one
    on the way back: a loop. Sought from its own first guess every state is in the well that is lower."""
    file = written(folder, DOUBLE_WELL)
    assert sweep(Request(file)) == ExitStatus.DONE
    data = gathered(folder)
    centre = data["centre"].isel(species=0, axis=0)
    there, back = (centre.sel(direction=way).values for way in ("forward", "backward"))
    assert there[0] < 0.0 < there[-1] and back[0] < 0.0 < back[-1]
    assert there[2] < -0.5 and back[2] > 0.5  # in the middle the way counts: the wells are 1.5 from the barrier
    assert there[2] == pytest.approx(-back[2], abs=1e-4)  # mirror images, to the searches' residual
    point = folder / "out" / "points" / "forward" / "species.a.potential.0.centre=0.0"
    start = json.loads((point / "summary.json").read_text())["problem"]["species"][0]["initial"]["start"]
    assert "/points/forward/species.a.potential.0.centre=-0.75/snapshots/000000.h5" in start["path"]
    # it is the single search from that state, to the bit
    options = ["species.a.potential.0.centre=0.0", f"species.a.initial.start={{ path = {json.dumps(start['path'])} }}"]
    options += ['species.a.initial.kind="ground-state"', "output.directory=single"]
    assert launch(SingleRequest(file, options, GroundTask())) == ExitStatus.DONE
    assert summary(folder / "single")["digest"] == summary(point)["digest"]
    # a sweep that was moved is the same sweep
    (folder / "out").rename(folder / "moved")
    before = states_of(folder / "moved" / "points")
    assert sweep(Request(file, ["output.directory=moved"])) == ExitStatus.DONE
    assert states_of(folder / "moved" / "points") == before


def test_a_killed_sweep_goes_on_and_repeats_nothing(folder, capsys):
    """On two ranks, killed without warning behind its second point; gone on with on one."""
    file = written(folder, TRAP + "[sweep]\n[sweep.keys]\nspecies.a.particles = { from = 10, to = 60, number = 6 }\n")
    directory = SweepDirectory(folder / "out")
    killed = subprocess.Popen(
        ["mpirun", "-n", "2", *COMMAND, "sweep", file], cwd=folder, env=clean_environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 100
    while len(list(directory.points.glob("*.json"))) < 2 and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    kill_session(killed.pid)
    killed.wait()
    records = sorted(directory.points.glob("*.json"))
    assert 2 <= len(records) < 6
    before = {path: path.stat().st_mtime_ns for path in records}
    assert sweep(Request(file)) == ExitStatus.DONE
    assert f"{6 - len(records)} of 6 points computed; {len(records)} there from before" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in records} == before
    energies = gathered(folder)["energy_total"].values
    assert np.isfinite(energies).all() and (np.diff(energies) > 0.0).all()


def test_points_of_other_jobs_are_left_to_them_and_a_file_stops_it(folder, capsys):
    file = written(folder, TRAP + "[sweep]\n[sweep.keys]\nspecies.a.particles = [1, 2, 3]\n")
    directory = SweepDirectory(folder / "out")
    directory.points.mkdir(parents=True)
    directory.stop.touch()
    assert sweep(Request(file)) == ExitStatus.STOPPED
    assert "0 of 3 points computed" in capsys.readouterr().out and not directory.stop.exists()
    # another living process, this one's parent, is at work on the second point
    run = directory.run_of("species.a.particles=2").path
    run.mkdir()
    other = identity() | {"process": os.getppid(), "process_started": started(os.getppid()), "key": "other"}
    (run / ".lock").write_text(f"{json.dumps(other)}\n{HELD}\n")
    assert sweep(Request(file)) == ExitStatus.STOPPED
    assert "2 of 3 points computed" in (said := capsys.readouterr().out) and "1 point left to other jobs" in said
    assert sweep(Request(file, among_others=True)) == ExitStatus.DONE
    assert collect(directory.path) == ExitStatus.DONE
    assert gathered(folder)["status"].values.tolist() == ["done", "missing", "done"]
    assert "1 of 3 points are not computed yet" in capsys.readouterr().out
    (run / ".lock").unlink()
    assert sweep(Request(file)) == ExitStatus.DONE
    assert np.isfinite(gathered(folder)["energy_total"].values).all()


def test_continued_states_wait_for_a_point_that_another_job_takes_first(folder, capsys, monkeypatch):
    """The other job begins the second point between the look whether it is free and the run: the third must not begin
    from the first one's state, it would be of another problem for ever."""
    file = written(folder, TRAP + '[sweep]\norder = "continued"\n[sweep.keys]\nspecies.a.particles = [1, 2, 3]\n')
    directory = SweepDirectory(folder / "out")
    run = directory.run_of("forward/species.a.particles=2").path
    run.mkdir(parents=True)
    other = identity() | {"process": os.getppid(), "process_started": started(os.getppid()), "key": "other"}
    (run / ".lock").write_text(f"{json.dumps(other)}\n{HELD}\n")
    with monkeypatch.context() as late:
        late.setattr(SweepDirectory, "is_busy", lambda self, name: False)
        assert sweep(Request(file)) == ExitStatus.STOPPED
    said = capsys.readouterr().out
    assert "1 of 6 points computed" in said and "5 points left to other jobs" in said
    (run / ".lock").unlink()
    assert sweep(Request(file)) == ExitStatus.DONE
    assert "5 of 6 points computed; 1 there from before" in capsys.readouterr().out


ONE_FAILS = """
[sweep]
order = "continued"
directions = ["forward"]
combine = "zip"
[sweep.keys]
ground_state.max_iterations = [200, 3, 201]
species.a.particles = [10, 400, 500]
"""


def test_a_continued_point_keeps_its_beginning_when_the_one_before_is_tried_again(folder, capsys):
    file = written(folder, TRAP + ONE_FAILS)
    assert sweep(Request(file)) == ExitStatus.DONE
    assert gathered(folder)["status"].values.ravel().tolist() == ["done", "failed", "done"]
    for _ in range(10):
        assert sweep(Request(file, retry=True)) == ExitStatus.DONE
        if (gathered(folder)["status"].values == "done").all():
            break
    capsys.readouterr()
    assert sweep(Request(file)) == ExitStatus.DONE
    assert "0 of 3 points computed; 3 there from before\n" in capsys.readouterr().out


def test_what_is_there_is_not_taken_for_another_problem(folder, capsys):
    keys = "[sweep]\n[sweep.keys]\nspecies.a.particles = [1, 2]\n"
    file = written(folder, TRAP + keys)
    assert sweep(Request(file)) == ExitStatus.DONE
    # more values of the same keys: what is there stays
    written(folder, TRAP + keys.replace("[1, 2]", "[1, 1.5, 2]"))
    capsys.readouterr()
    assert sweep(Request(file)) == ExitStatus.DONE
    assert "1 of 3 points computed; 2 there from before" in capsys.readouterr().out
    # another problem, another sweep, a run in its place: refused with the way out
    assert sweep(Request(file, ["interaction.0.strength=0.2"])) == ExitStatus.BAD_INPUT
    assert "points of another problem" in (said := capsys.readouterr().err) and "--restart never" in said
    assert sweep(Request(file, ['sweep.order="continued"'])) == ExitStatus.NO_CHECKPOINT
    assert "holds another sweep (ground, independent over species.a.particles, 3 points" in capsys.readouterr().err
    assert launch(SingleRequest(file, task=GroundTask())) == ExitStatus.NO_CHECKPOINT
    assert "out holds a sweep, which is left as it is" in capsys.readouterr().err
    assert sweep(Request(file, ["interaction.0.strength=0.2"], fresh=True)) == ExitStatus.DONE
    assert (folder / "out.previous-1" / "sweep.nc").exists()


TWO_STATES = """
title = "Two states that avoid each other, coupled and detuned"

[grid]
points = [24]
lengths = [12.0]

[[species]]
name = "a"
particles = 50.0
potential = [{ kind = "harmonic", frequency = 1.0 }]

[[species]]
name = "b"
particles = 50.0
potential = [{ kind = "harmonic", frequency = 1.0 }]

[[interaction]]
between = ["a", "b"]
kind = "contact"
strength = 0.2

[[coupling]]
between = ["a", "b"]
rabi_frequency = 0.2

[output]
directory = "out"

[sweep]
order = "continued"
[sweep.keys]
coupling.0.detuning = [-4.0, 0.0, 4.0]
"""


def test_continued_states_keep_how_coupled_species_share_their_particles(folder):
    """All are in one of two states, whose energies cross at zero: in which one there is what the way says."""
    assert sweep(Request(written(folder, TWO_STATES))) == ExitStatus.DONE
    particles = gathered(folder)["particles"]
    there, back = (particles.sel(direction=way, species="a").values for way in ("forward", "backward"))
    assert there[0] > 95.0 and there[2] < 5.0 and back[0] > 95.0 and back[2] < 5.0  # detuned, there is but one
    assert there[1] > 95.0 and back[1] < 5.0
    assert particles.sum("species").values == pytest.approx(100.0, rel=1e-12)


ENDLESS = (
    TRAP
    + """
[time]
final = 1e4
step = 0.02
[sweep]
[sweep.keys]
species.a.particles = [10.0, 20.0]
"""
)


def processes_of(session_leader):
    """The processes that a process has started, as Linux tells."""
    children = Path(f"/proc/{session_leader}/task/{session_leader}/children").read_text().split()
    return [int(child) for child in children]


def is_there(process):
    return started(process) is not None


def until(condition, seconds=60.0):
    """Wait for what takes a second or two, and longer on a machine that is busy."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


@pytest.mark.slow
def test_points_at_once_in_processes_are_the_single_runs(folder, capsys):
    file = written(folder, TRAP + TIME)
    assert sweep(Request(file, at_once=2)) == ExitStatus.DONE
    assert "2 points at a time, each in a process of its own" in capsys.readouterr().out
    lines = (folder / "out/sweep.log").read_text().splitlines()
    assert sorted(line[0] for line in lines if " of 4: " in line) == ["1", "2", "3", "4"]  # each is told once
    options = ["species.a.potential.0.frequency=1.5", "time.step=0.04", "output.directory=single"]
    assert launch(SingleRequest(file, options, restart="never")) == ExitStatus.DONE
    point = folder / "out/points/species.a.potential.0.frequency=1.5,time.step=0.04"
    assert summary(point)["digest"] == summary(folder / "single")["digest"]
    failing = written(folder, FAILING.replace('"out"', '"failing"'))
    assert sweep(Request(failing, at_once=2)) == ExitStatus.DONE
    assert "4 of 4 points computed" not in capsys.readouterr().out
    records = [json.loads(path.read_text()) for path in sorted((folder / "failing/points").glob("*.json"))]
    assert sorted(record["status"] for record in records) == ["done", "done", "failed", "failed"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_ends_the_command_ends_the_points_at_once_and_the_next_goes_on(folder, number):
    """Asked to stop, both points have checkpoints and the status is 75; killed, its processes hear that it is gone and
    write them all the same."""
    file = written(folder, ENDLESS)
    command = [*COMMAND, "sweep", file, "--at-once", "2"]
    job = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    points = [folder / f"out/points/species.a.particles={particles}" for particles in ("10.0", "20.0")]
    until(lambda: all((point / "observables.jsonl").exists() for point in points))
    children = processes_of(job.pid)
    assert len(children) == 2
    job.send_signal(number)
    assert job.wait(60) == (ExitStatus.STOPPED if number == signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not any(map(is_there, children)))
    assert all(list((point / "checkpoints").glob("*.h5")) for point in points)
    assert all(summary(point)["status"] == "stopped" for point in points)
    again = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: all("going on from" in (point / "run.log").read_text() for point in points))
    for point in points:
        (point / "STOP").touch()
    assert again.wait(60) == ExitStatus.STOPPED


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_others_with_a_sentence(folder):
    file = written(folder, ENDLESS)
    command = [*COMMAND, "sweep", file, "--at-once", "2"]
    job = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    points = [folder / f"out/points/species.a.particles={particles}" for particles in ("10.0", "20.0")]
    until(lambda: all((point / "observables.jsonl").exists() for point in points))
    os.kill(processes_of(job.pid)[0], signal.SIGKILL)
    _, said = job.communicate(timeout=60)
    assert job.returncode == ExitStatus.FAILED
    assert b"a process of the sweep ended by signal 9 and without a word" in said
    assert sum(bool(list((point / "checkpoints").glob("*.h5"))) for point in points) >= 1
