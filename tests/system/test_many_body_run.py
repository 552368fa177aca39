"""The real command on small problems with [many_body]: run, stop, restart, show, plan, plot, verify, job, and sentences
on wrong input."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from physics.many_body_files import INTERACTIONS, SIX_AND_THREE

from hpcmix.io.many_body.reduced_file import read_reduced
from tests.system.commands import hpcmix, summary
from tests.system.faults import run_with

PROBLEM = (
    f"{SIX_AND_THREE}{INTERACTIONS}"
    + """\
[time]
final = 1.0
step = 0.05
[many_body]
lost = 0.2
[many_body.measure]
sobolev = [0.5]
[[many_body.modes]]
kind = "plane-waves"
largest = 1
[output]
directory = "out"
observables = { every = 2 }
snapshots = { every = 10 }
"""
)
COLUMNS = [
    f"{kind}({order}{power})"
    for kind, power in (("alpha", ""), ("R", ""), ("S", ";0.5"))
    for order in ("1,0", "0,1", "1,1")
]
STOP_IN_VOTE = """
from hpcmix.running.stops.requests import StopRequests
votes = []
def code(self, needed=0.0):
    if needed > 0.0:
        votes.append(needed)
    return 10 if len(votes) >= {number} else 0
StopRequests.code = code
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished run on two ranks."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "bodies.toml").write_text(PROBLEM)
    result = hpcmix("run", "bodies.toml", ranks=2, folder=folder)
    assert result.returncode == 0, result.stderr
    (folder / "said").write_text(result.stdout)
    return folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bodies.toml").write_text(PROBLEM)
    return tmp_path


def records(directory: Path) -> list[dict]:
    return [json.loads(line) for line in (directory / "observables.jsonl").read_text().splitlines()]


def test_a_run_says_what_it_does(finished):
    said = (finished / "said").read_text()
    assert "6 + 3, all of their configurations: 28 x 10 = 280 configurations" in said
    assert "2 ranks, up to 14 rows each" in said and "20 steps of 0.05" in said
    assert "at the last record: alpha(1,0) 0.0" in said and "done: 20 steps to t = 1" in said
    assert (finished / "out" / "run.log").read_text() in said + "\n"


def test_records_have_fixed_columns(finished):
    found = records(finished / "out")
    assert [record["step"] for record in found] == list(range(0, 21, 2))
    for record in found:
        head = [name for name in record if name not in ("energy", "species")]
        assert head == ["step", "time", "norm", *COLUMNS]
        assert record["norm"] == pytest.approx(1.0, abs=1e-12)
        assert record["energy"].keys() == {"total", "mean_field"}
        assert record["energy"]["total"] == pytest.approx(found[0]["energy"]["total"], rel=1e-11)
        for name, particles in (("up", 6), ("down", 3)):
            species = record["species"][name]
            assert species.keys() == {"particles", "natural_occupations", "edge_weight"}
            assert species["particles"] == pytest.approx(particles, rel=1e-12)
            assert len(species["natural_occupations"]) == 3 and species["edge_weight"] == 0.0
            assert sum(species["natural_occupations"]) == pytest.approx(1.0)
    assert found[0]["alpha(1,1)"] == pytest.approx(0.0, abs=1e-13)
    assert found[-1]["alpha(1,0)"] > 1e-3 and found[-1]["R(1,1)"] >= 2 * found[-1]["alpha(1,1)"]


def test_the_same_is_a_dataset(finished):
    with xarray.open_dataset(finished / "out" / "observables.h5", engine="h5netcdf") as dataset:
        assert dataset["alpha(1,1)"].dims == ("time",) and dataset["alpha(1,1)"].attrs["units"] == "1"
        assert "order 1,1" in dataset["alpha(1,1)"].attrs["long_name"]
        assert dataset["natural_occupations"].sizes["species"] == 2
        np.testing.assert_allclose(dataset["natural_occupations"].sum(axis=-1), 1.0)
        assert dataset["energy_total"].attrs["units"] == "code unit of energy"


def test_reduced_matrices_are_those_of_the_records(finished):
    directory, found = finished / "out", records(finished / "out")
    files = sorted((directory / "reduced").glob("*.h5"))
    assert [path.name for path in files] == ["000000.h5", "000001.h5", "000002.h5"]
    last = read_reduced(files[-1])
    assert last.step == 20 and last.time == 1.0 and set(last.matrices) == {(1, 0), (0, 1), (1, 1)}
    gamma, pair = last.matrices[1, 0], last.matrices[1, 1]
    occupations = np.linalg.eigvalsh(gamma)[::-1]
    np.testing.assert_allclose(occupations, found[-1]["species"]["up"]["natural_occupations"], atol=1e-14)
    np.testing.assert_allclose(np.trace(pair.reshape(3, 3, 3, 3), axis1=1, axis2=3), gamma, atol=1e-13)
    with h5py.File(files[-1]) as file:
        modes, orbital = file["up/modes"][...], file["up/mean_field"][...]
        assert file["labels/1,1"].shape == (9, 2) and list(file["labels/1,1"][5]) == [1, 2]
        spacing = 6.0 / 16
        np.testing.assert_allclose(modes @ modes.conj().T * spacing, np.eye(3), atol=1e-13)
        density = 6 * np.einsum("px,pq,qx->x", modes, gamma, modes.conj()).real
        np.testing.assert_allclose(file["up/density"][...], density, atol=1e-12)
        field = 6 * np.abs(orbital[:, 0] @ modes) ** 2
        np.testing.assert_allclose(file["up/mean_field_density"][...], field, atol=1e-12)
        assert file["up/density"].attrs["units"] == "code unit of length^-1"
    for engine in (None, "netcdf4", "h5netcdf"):
        with xarray.open_dataset(files[-1], engine=engine) as dataset:
            assert dataset["up_density"].dims == dataset["up_mean_field_density"].dims == ("x",)
            assert dataset["up_modes"].dims == ("up_mode", "x") and float(dataset["time"]) == 1.0
        with xarray.open_dataset(files[-1], engine=engine, group="gamma") as dataset:
            assert dataset["1,1"].dims == ("basis_1_1", "basis_1_1_column")


def test_the_summary_has_the_last_record_and_the_cost(finished):
    found = summary(finished / "out")
    last = records(finished / "out")[-1]
    assert found["status"] == "done" and found["step"] == 20 and found["ranks"] == 2
    assert {name: found[name] for name in COLUMNS} == {name: last[name] for name in COLUMNS}
    assert found["configurations"] == [28, 10] and found["products"] > 50 and found["energy"] == last["energy"]
    assert "evolution" in found["timers"] and found["problem"]["many_body"]["picture"] == "occupations"


def test_show_verify_and_plot(finished):
    shown = hpcmix("show", "out", folder=finished).stdout
    assert "from mean field   alpha(1,0) 0.0" in shown and "reduced matrices  3, from time 0 to 1" in shown
    verified = hpcmix("verify", "out", folder=finished)
    assert verified.returncode == 0 and "BAD" not in verified.stdout and "reduced/000002.h5" in verified.stdout
    drawn = hpcmix("plot", "out", folder=finished)
    assert drawn.returncode == 0, drawn.stderr
    assert {Path(line).name for line in drawn.stdout.split()} == {
        "distance.png", "occupations.png", "columns.png", "film.png"
    }  # fmt: skip
    for name in ("distance", "occupations"):
        assert (finished / "out" / f"{name}.png").stat().st_size > 20_000
    resolved = hpcmix("show", "bodies.toml", folder=finished).stdout
    assert "[many_body]" in resolved and 'kind = "plane-waves"' in resolved


def test_nothing_is_done_twice(finished):
    again = hpcmix("run", "bodies.toml", folder=finished)
    assert again.returncode == 0 and "nothing to do: out is complete" in again.stdout


def test_a_stop_and_a_restart_are_the_whole_run_to_the_bit(folder):
    whole = hpcmix("run", "bodies.toml", "--set", 'output.directory="whole"', folder=folder)
    assert whole.returncode == 0, whole.stderr
    stopped = run_with(STOP_IN_VOTE.format(number=4), "run", "bodies.toml", folder=folder)
    assert stopped.returncode == 75 and "hpcmix restart out goes on" in stopped.stdout, stopped.stderr
    assert summary(folder / "out")["step"] == 8 and records(folder / "out")[-1]["step"] == 6
    finished = hpcmix("restart", "out", folder=folder)
    assert finished.returncode == 0, finished.stderr
    assert "going on from out/checkpoints/000008.h5: step 8 of 20" in finished.stdout
    assert summary(folder / "out")["digest"] == summary(folder / "whole")["digest"]
    for name in ("observables.jsonl",):
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    beyond = hpcmix("restart", "out", "--until", "1.2", ranks=2, folder=folder)
    assert beyond.returncode == 0 and summary(folder / "out")["step"] == 24
    assert [record["step"] for record in records(folder / "out")] == list(range(0, 25, 2))


LONG_STRETCH = """
import os, signal, time
from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.running.many_body import march
march.GRACE = 0.2
advance = ManyBodies.advance
def endless(bodies):
    if bodies.step == 4:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(100.0)
    advance(bodies)
ManyBodies.advance = endless
"""


def test_a_stretch_that_does_not_end_is_left_when_the_job_is_asked_to_stop(folder):
    left = run_with(LONG_STRETCH, "run", "bodies.toml", "--set", "output.checkpoints.every=4", folder=folder)
    assert left.returncode == 75, left.stderr
    words = "stopped by SIGTERM before the next look at the N bodies; the same command goes on from step 4"
    assert words in left.stdout + left.stderr and "Traceback" not in left.stderr
    again = hpcmix("run", "bodies.toml", "--set", "output.checkpoints.every=4", folder=folder)
    assert again.returncode == 0 and "step 4" in again.stdout and summary(folder / "out")["step"] == 20


def test_the_wall_clock_and_the_file_stop_it(folder):
    patch = "import time\nfrom hpcmix.evolve.many_body.bodies import ManyBodies\nusual = ManyBodies.advance\n"
    patch += "def slow(self):\n    time.sleep(1.0)\n    usual(self)\nManyBodies.advance = slow\n"
    result = run_with(patch, "run", "bodies.toml", "--max-wall", "7s", folder=folder)
    assert result.returncode == 75 and "stopped by --max-wall" in result.stdout, result.stderr
    touch = "from pathlib import Path\n" + patch.replace("time.sleep(1.0)", "Path('out/STOP').touch(); time.sleep(0.3)")
    result = run_with(touch, "restart", "out", folder=folder)
    assert result.returncode == 75 and "stopped by the file out/STOP" in result.stdout, result.stderr
    assert not (folder / "out" / "STOP").exists()
    assert len(summary(folder / "out")["ancestors"]) == 1


def test_a_damaged_vector_is_found_and_the_one_before_is_taken(finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    newest = sorted((tmp_path / "out" / "checkpoints").glob("*.h5"))[-1]
    with h5py.File(newest) as file:
        place = file["many_body/vector"].id.get_offset() + 16 * 77 + 3
    with newest.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 4]))
    verified = hpcmix("verify", "out", folder=tmp_path)
    assert verified.returncode == 1
    assert "the digest of many_body/vector is not that of what was written" in verified.stdout
    result = hpcmix("restart", "out", "--until", "1.2", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "going on from out/checkpoints/000000.h5" in result.stdout and "000020.h5 is damaged" in result.stdout
    assert summary(tmp_path / "out")["step"] == 24
    assert (tmp_path / "out" / "checkpoints" / "000020.h5.set-aside").exists()


def test_a_damaged_reduced_matrix_is_found(finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    path = tmp_path / "out" / "reduced" / "000001.h5"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 8)
    verified = hpcmix("verify", "out/reduced/000001.h5", folder=tmp_path)
    assert verified.returncode == 1 and "BAD" in verified.stdout


CHANGES = [
    ("species.0.particles=7", "species.up.particles: 6.0 in the checkpoint, 7.0 now: its vector does not fit"),
    ("many_body.modes.0.largest=2", "many_body.modes.0.largest: 1.0 in the checkpoint, 2.0 now: its vector does not"),
    ('many_body={picture="excitations",excitations=2,lost=0.2,modes=[{kind="plane-waves",largest=1}]}',
     "many_body.picture: 'occupations' in the checkpoint, 'excitations' now: its vector does not fit"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "sentence"), CHANGES)
def test_other_bodies_do_not_go_on(finished, tmp_path, setting, sentence):
    shutil.copytree(finished / "out", tmp_path / "out")
    (tmp_path / "bodies.toml").write_text(PROBLEM)
    result = hpcmix("run", "bodies.toml", "--accept-changes", "--set", setting, folder=tmp_path)
    assert result.returncode == 2 and sentence in result.stderr, result.stderr
    assert "cannot be gone on from with this problem" in result.stderr


def test_fields_and_bodies_do_not_go_on_with_each_other(finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    begin, end = PROBLEM.index("[many_body]"), PROBLEM.index("[output]")
    (tmp_path / "fields.toml").write_text(PROBLEM[:begin] + PROBLEM[end:])
    result = hpcmix("run", "fields.toml", folder=tmp_path)
    assert result.returncode == 2
    assert "N bodies in the checkpoint, the mean field alone now: its arrays do not fit" in result.stderr


def test_what_is_measured_may_change(finished, tmp_path):
    shutil.copytree(finished / "out", tmp_path / "out")
    (tmp_path / "bodies.toml").write_text(PROBLEM.replace("sobolev = [0.5]", "sobolev = [1.0]"))
    result = hpcmix("run", "bodies.toml", "--set", "time.final=1.1", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "S(1,1;1)" in records(tmp_path / "out")[-1] and "S(1,1;0.5)" in records(tmp_path / "out")[0]


def test_plan_says_what_it_takes_and_refuses_what_does_not_fit(folder):
    plan = hpcmix("plan", "bodies.toml", "--ranks", "4", folder=folder)
    assert plan.returncode == 0 and "4 ranks, up to 7 rows each" in plan.stdout
    assert "11 records" in plan.stdout and "10 stretches between looks" in plan.stdout
    large = ("--set", "species.0.particles=600", "--set", "species.1.particles=300")
    refused = hpcmix("plan", "bodies.toml", *large, folder=folder)
    assert refused.returncode == 2 and "particles would fit here" in refused.stderr
    assert "configurations take" in refused.stderr and "like these would do" in refused.stderr
    run = hpcmix("run", "bodies.toml", *large, folder=folder)
    assert run.returncode == 2 and "configurations take" in run.stderr and not (folder / "out").exists()
    uncountable = ("--set", "species.0.particles=6e15", "--set", "species.1.particles=3e15")
    assert "more than can be numbered" in hpcmix("plan", "bodies.toml", *uncountable, folder=folder).stderr


def test_a_job_script_is_that_of_every_run(folder):
    job = hpcmix("job", "bodies.toml", "--time", "1:00:00", "--ranks-per-node", "4", folder=folder)
    assert job.returncode == 0, job.stderr
    assert "run bodies.toml" in job.stdout and "restart" in job.stdout


WRONG = [
    ("particles = 6\n", "particles = 6.5\n", "must be a whole number of bodies with [many_body], but is 6.5; use 6 or"),
    ("lost = 0.2\n", "", "the modes miss"),
    ("largest = 1\n", "largest = 5\n", "alias"),
    ("sobolev = [0.5]", "orders = [[7, 0]]", 'asks for 7 particles of "up", which has 6'),
]


@pytest.mark.parametrize(("old", "new", "sentence"), WRONG)
def test_wrong_input_is_told_in_a_sentence(tmp_path, old, new, sentence):
    (tmp_path / "bodies.toml").write_text(PROBLEM.replace(old, new, 1))
    result = hpcmix("run", "bodies.toml", folder=tmp_path)
    assert result.returncode == 2 and sentence in result.stderr, result.stderr
    assert "bodies.toml:" in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_too_few_excitations_are_told(folder):
    few = 'many_body={picture="excitations",excitations=1,lost=0.2,tolerance=1e-8,'
    few += 'modes=[{kind="plane-waves",largest=1}]}'
    result = hpcmix("run", "bodies.toml", "--set", few, folder=folder)
    assert result.returncode == 0, result.stderr
    assert "not resolved in step" in result.stdout and "excitations = 1 has room for; use more" in result.stdout
    assert summary(folder / "out")["not_resolved"].keys() <= {"up", "down"}


def test_other_problems_import_nothing_of_it(folder):
    (folder / "fields.toml").write_text(
        PROBLEM[: PROBLEM.index("[many_body]")].replace("final = 1.0", "final = 0.1") + '[output]\ndirectory = "out"\n'
    )
    program = (
        "import sys; from hpcmix.running.launch import Request, launch; launch(Request('fields.toml')); "
        "sys.exit(any('.many_body' in name and not name.startswith('hpcmix.problem') for name in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=folder, env=os.environ, check=False)
    assert result.returncode == 0 and (folder / "out" / "summary.json").exists()
