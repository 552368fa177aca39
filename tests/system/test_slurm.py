"""Job scripts under a real Slurm: limits, requeues, arrays, chains, scancel."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from tests.system.commands import COMMAND, hpcmix, summary
from tests.system.slurm import Slurm, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "there is a Slurm")

# Two solitons for some thousand steps: seconds, in which signals can be sent.
PROBLEM = """
title = "Two solitons"
[grid]
points = [64]
lengths = [40.0]
[[species]]
name = "left"
initial = { kind = "gaussian", width = 2.0, centre = -6.0, momentum = 0.5 }
[[species]]
name = "right"
initial = { kind = "gaussian", width = 2.0, centre = 6.0, momentum = -0.5, noise = { amplitude = 1e-3, seed = 1 } }
[[interaction]]
between = ["left", "right"]
kind = "contact"
strength = -0.5
[time]
final = 30.0
step = 0.01
integrator = "strang"
[output]
directory = "out"
observables = { every = 100 }
checkpoints = { every = 200, keep = 2 }
"""
STEPS = 3000


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with Slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """The digest of the run that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "waves.toml").write_text(PROBLEM)
    assert hpcmix("run", "waves.toml", ranks=2, folder=folder).returncode == 0
    return summary(folder / "out")["digest"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "waves.toml").write_text(PROBLEM)
    # hpcmix of the interpreter that runs the tests, wherever it is
    program = f"#!/bin/sh\nexec {sys.executable} -c 'from hpcmix.cli import main; main()' \"$@\"\n"
    (tmp_path / "hpcmix").write_text(program)
    (tmp_path / "hpcmix").chmod(0o755)
    (tmp_path / "site").write_text(f"#SBATCH --overcommit\nexport PATH={tmp_path}:$PATH\n")
    return tmp_path


def script(folder, *arguments):
    options = ("--time", "5min", "--ranks-per-node", "2", "--site", "site", *arguments)
    result = hpcmix("job", "waves.toml", *options, folder=folder)
    assert result.returncode == 0, result.stderr
    return result.stdout


def records(directory):
    path = directory / "observables.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def output(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.out")))


@pytest.mark.parametrize("launcher", ["srun", pytest.param("mpirun", marks=pytest.mark.slow)])
def test_a_job_that_is_told_of_its_limit_goes_on_until_it_is_done(slurm, folder, digest, launcher):
    """Twice the signal that Slurm sends before the limit; the third incarnation ends the run."""
    job = slurm.submit(script(folder, "--launcher", launcher), folder)
    for incarnation in (1, 2):
        goal = records(folder / "out") + 2
        slurm.wait_for(lambda goal=goal: records(folder / "out") >= goal, 200.0, f"records\n{output(folder)}")
        slurm.call("scancel", "--batch", "--signal=USR1", job)
        slurm.wait_for(
            lambda count=incarnation: slurm.field(job, "Restarts") == str(count), 200.0, f"a requeue\n{output(folder)}"
        )
    assert slurm.wait_for_end(job) == "COMPLETED", output(folder)
    found = summary(folder / "out")
    assert (found["status"], found["step"], len(found["ancestors"])) == ("done", STEPS, 2)
    assert found["digest"] == digest
    assert [line.count("stopped by SIGUSR1") for line in (folder / "out" / "run.log").read_text().splitlines()].count(
        1
    ) == 2
    steps = [line.split(",")[0] for line in (folder / "out" / "observables.jsonl").read_text().splitlines()]
    assert steps == [f'{{"step": {step}' for step in range(0, STEPS + 1, 100)]


def test_requeues_have_a_cap_and_scancel_ends_for_good(slurm, folder):
    job = slurm.submit(script(folder, "--requeues", "0"), folder)
    slurm.wait_for(lambda: records(folder / "out") >= 2, 200.0, f"records\n{output(folder)}")
    slurm.call("scancel", "--batch", "--signal=USR1", job)
    assert slurm.wait_for_end(job) == "FAILED"
    assert slurm.field(job, "ExitCode") == "75:0"
    assert "started again 0 times already" in output(folder)
    before = records(folder / "out")

    job = slurm.submit(script(folder), folder)
    slurm.wait_for(lambda: records(folder / "out") >= before + 2, 200.0, f"records\n{output(folder)}")
    slurm.call("scancel", job)
    assert slurm.wait_for_end(job) == "CANCELLED"
    time.sleep(1.0)
    assert slurm.field(job, "Restarts") == "0"
    assert hpcmix("verify", "out", folder=folder).returncode == 0
    assert hpcmix("restart", "out", "--max-wall", "1h", ranks=2, folder=folder).returncode == 0


def test_an_array_has_a_directory_for_each_member(slurm, folder, digest):
    text = script(folder, "--array", "1-2", "--set", "species.right.initial.noise.seed={task}")
    job = slurm.submit(text, folder)
    for member in (1, 2):
        assert slurm.wait_for_end(f"{job}_{member}") == "COMPLETED", output(folder)
    digests = [summary(folder / "out" / str(member))["digest"] for member in (1, 2)]
    assert digests[0] == digest and digests[1] != digest


SWEPT = """
title = "A trapped gas"
[grid]
points = [64]
lengths = [16.0]
[[species]]
name = "atoms"
particles = 100
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["atoms", "atoms"]
kind = "contact"
strength = 0.1
[sweep.keys]
species.atoms.particles = { from = 10, to = 120, number = 12 }
[output]
directory = "out"
"""


@pytest.mark.slow
def test_an_array_of_four_shares_the_points_of_a_sweep(slurm, folder):
    """Submitted by ``hpcmix sweep``; every point is computed by one job, and the last one gathers them all."""
    (folder / "swept.toml").write_text(SWEPT)
    options = "--array 1-4 --time 5min --site site"
    said = slurm.call(*COMMAND, "sweep", "swept.toml", "--submit", options, folder=folder)
    job = re.search(r"Submitted batch job (\d+)", said)[1]
    for member in range(1, 5):
        assert slurm.wait_for_end(f"{job}_{member}") == "COMPLETED", output(folder)
    with xarray.open_dataset(folder / "out" / "sweep.nc") as data:
        assert list(data["species.atoms.particles"].values) == list(range(10, 121, 10))
        assert (data["status"] == "done").all() and np.isfinite(data["energy_total"]).all()
    # no point was computed twice, and all were shared out
    texts = [path.read_text() for path in sorted(folder.glob("*.out"))]
    assert sum(text.count(": done in ") for text in texts) == 12
    assert sum(": done in " in text for text in texts) > 1, "\n".join(texts)


def test_a_chain_goes_on_where_the_job_before_stopped(slurm, folder, digest):
    printed = slurm.call("bash", "-s", given=script(folder, "--chain", "3"), folder=folder)
    jobs = [line.split()[-1] for line in printed.splitlines()]
    assert len(jobs) == 3
    slurm.wait_for(lambda: records(folder / "out") >= 2, 200.0, f"records\n{output(folder)}")
    slurm.call("scancel", "--batch", "--signal=USR1", jobs[0])
    assert slurm.wait_for_end(jobs[0]) == "FAILED" and slurm.field(jobs[0], "ExitCode") == "75:0"
    assert [slurm.wait_for_end(job) for job in jobs[1:]] == ["COMPLETED", "COMPLETED"], output(folder)
    assert summary(folder / "out")["digest"] == digest
    assert "nothing to do: out is complete" in output(folder)


@pytest.mark.slow
def test_the_limit_itself(slurm, folder):
    """A limit of one minute, and a run that takes longer: Slurm sends the signal on its own."""
    long = ("--set", "time.final=6000.0")
    job = slurm.submit(script(folder, "--time", "1min", "--stop-before", "40s", *long), folder)
    slurm.wait_for(lambda: slurm.field(job, "Restarts") == "1", 150.0, f"a requeue\n{output(folder)}")
    slurm.call("scancel", job)
    assert "stopped by SIGUSR1" in (folder / "out" / "run.log").read_text()


MIXTURE = (
    PROBLEM.replace("points = [64]", "points = [40, 30]")
    .replace("lengths = [40.0]", "lengths = [40.0, 30.0]")
    .replace("width = 2.0, centre = -6.0, momentum = 0.5", "width = 2.0")
    .replace("width = 2.0, centre = 6.0, momentum = -0.5", "width = 2.0")
)
"""Two dimensions, which are divided over ranks, for studies of how that scales."""


def test_a_scaling_study_of_jobs_is_collected_when_all_have_ended(slurm, folder):
    (folder / "waves.toml").write_text(MIXTURE)
    arguments = ("--ranks", "1,2", "--repeats", "2", "--steps", "5", "--ranks-per-node", "2", "--time", "5min")
    written = hpcmix("scaling", "waves.toml", *arguments, "--site", "site", "--jobs", "study", folder=folder)
    assert written.returncode == 0, written.stderr
    printed = slurm.call("bash", "study/submit.sh", folder=folder)
    jobs = [line.split()[-1] for line in printed.splitlines()]
    assert len(jobs) == 3
    assert [slurm.wait_for_end(job) for job in jobs] == ["COMPLETED"] * 3, output(folder)
    found = json.loads((folder / "study" / "scaling.json").read_text())
    assert [one["configuration"]["ranks"] for one in found["configurations"]] == [1, 2]
    assert [len(one["repeats"]) for one in found["configurations"]] == [2, 2] and found["failed"] == []
    assert all(one["parts"]["output"]["median"] > 0.0 for one in found["configurations"])
    assert "written: study/scaling.txt" in output(folder)


def test_a_scaling_study_in_one_job_goes_on_after_its_limit(slurm, folder):
    (folder / "waves.toml").write_text(MIXTURE)
    study = "--ranks 1,2 --repeats 2 --steps 5 --no-output-trial"
    job = slurm.submit(script(folder, "--scaling", study), folder)
    kept = folder / "runs" / "scaling-waves" / "repeats.jsonl"
    slurm.wait_for(lambda: kept.exists() and kept.read_text(), 200.0, f"a repeat\n{output(folder)}")
    slurm.call("scancel", "--batch", "--signal=USR1", job)
    slurm.wait_for(lambda: slurm.field(job, "Restarts") == "1", 200.0, f"a requeue\n{output(folder)}")
    assert slurm.wait_for_end(job) == "COMPLETED", output(folder)
    assert "stopped by SIGUSR1" in output(folder)
    repeats = [json.loads(line) for line in kept.read_text().splitlines()]
    ways = sorted((one["round"], one["configuration"]["ranks"]) for one in repeats)
    assert ways == [(number, ranks) for number in range(2) for ranks in (1, 2)]
    assert all(one["result"] is not None for one in repeats), repeats


def test_a_claim_is_measured_by_a_job(slurm, folder):
    """A coarse grid: what the claim comes to does not matter here."""
    options = ("--check", "semiclassical-bounds", "--numbers", "4,10,20", "--set", "grid.points=[20,20,20]")
    options = (*options, "--set", "time.final=0.0125", "--time", "5min", "--ranks-per-node", "2", "--site", "site")
    rendered = hpcmix("job", "semiclassical-bounds", *options, folder=folder)
    assert rendered.returncode == 0, rendered.stderr
    job = slurm.submit(rendered.stdout, folder)
    assert slurm.wait_for_end(job) == "COMPLETED", output(folder)
    claim = json.loads((folder / "runs" / "semiclassical-bounds" / "claim.json").read_text())
    assert [row[0] for row in claim["rows"]] == [4.0, 10.0, 20.0] and claim["ranks"] == 2
