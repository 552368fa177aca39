"""Runs of N bodies beside their mean field on one to four ranks: the same numbers, and any number goes on with what
another has left."""

from __future__ import annotations

import json
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from physics.many_body_files import INTERACTIONS, SIX_AND_THREE

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.verify import verify
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running import launch as launching
from hpcmix.running.launch import Request, launch
from hpcmix.running.stops.requests import StopRequests

DONE, STOPPED = ExitStatus.DONE, ExitStatus.STOPPED

BEFORE = SIX_AND_THREE.replace("width = 1.2 }\n", "width = 1.2 }\nPOTENTIAL\n")
PROBLEM = (
    f"{BEFORE}{INTERACTIONS}"
    + """\
[time]
final = 0.5
step = 0.05
[many_body]
lost = 0.2
PICTURE
[many_body.measure]
orders = [[1, 0], [0, 1], [1, 1], [2, 1]]
sobolev = [0.5]
[[many_body.modes]]
kind = "plane-waves"
largest = 1
[output]
directory = "out"
observables = { every = 2 }
snapshots = { every = 5 }
"""
)
STEPS = 10
RAMPED = 'potential = [{ kind = "gaussian", height = 0.8, width = 0.9, from = 0.1, ramp = 0.25 }]'
FEW = 'picture = "excitations"\nexcitations = 3\ntolerance = 1e-9'
KINDS = {"all": ("", ""), "ramped": (RAMPED, "tolerance = 1e-10"), "few": ("", FEW)}


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    """A directory for problems and runs, the same on all ranks. Of observables.h5, a copy of the series, nothing is
    looked at here."""
    monkeypatch.setattr("hpcmix.running.many_body.outputs.write_dataset", lambda *arguments: None)
    if comm.rank == 0:
        for kind, (potential, picture) in KINDS.items():
            text = PROBLEM.replace("POTENTIAL", potential).replace("PICTURE", picture)
            (shared_tmp_path / f"{kind}.toml").write_text(text)
    comm.barrier()
    yield shared_tmp_path
    comm.barrier()


def run(folder, kind, name, *settings):
    overrides = (f"output.directory={json.dumps(str(folder / name))}", *settings)
    return launch(Request(str(folder / f"{kind}.toml"), overrides))


def go_on(folder, name, until=None):
    return launch(Request.to_go_on(folder / name, until))


@contextmanager
def asked_to_stop_after(comm, monkeypatch, votes):
    """The last rank, and only it, is asked to stop by a signal in a vote of the job."""
    cast = []

    def code(self, needed=0.0):
        if needed == 0.0:  # a meeting before the first step
            return 0
        cast.append(needed)
        return 10 if len(cast) >= votes and comm.rank == comm.size - 1 else 0

    with monkeypatch.context() as patch:
        patch.setattr(StopRequests, "code", code)
        yield


def summary(folder, name):
    return json.loads((folder / name / "summary.json").read_text())


def series(folder, name):
    return [json.loads(line) for line in (folder / name / "observables.jsonl").read_text().splitlines()]


def contents(folder, name):
    """Everything of a run that has to be the same: series, reduced matrices, digest."""
    files = {}
    for index, path in RunDirectory(folder / name).stored_reduced():
        with h5py.File(path) as file:
            names = ("gamma/1,0", "gamma/1,1", "up/density", "up/modes")
            files[index] = {name: file[name][...].tobytes() for name in names}
    return (folder / name / "observables.jsonl").read_bytes(), files, summary(folder, name)["digest"]


def final_vector(folder, name):
    path = RunDirectory(folder / name).stored_checkpoints()[-1][1]
    with h5py.File(path) as file:
        return file["many_body/vector"][...]


def on(comm, monkeypatch, ranks, work):
    """Do something on the first ranks only."""
    part = comm.Split(0 if comm.rank < ranks else 1, comm.rank)
    if comm.rank < ranks:
        with monkeypatch.context() as patch:
            patch.setattr(launching, "world", lambda: part)
            work(part)
    part.Free()
    comm.barrier()


@pytest.mark.parametrize(
    "kind", ["all", *(pytest.param(kind, marks=pytest.mark.ranks(1, 2, 4)) for kind in ("ramped", "few"))]
)
def test_a_stop_and_the_rest_are_the_whole_run_to_the_bit(comm, folder, monkeypatch, kind):
    assert run(folder, kind, "whole") == DONE
    with asked_to_stop_after(comm, monkeypatch, 3):
        assert run(folder, kind, "parts") == STOPPED
    stopped = summary(folder, "parts")
    assert stopped["status"] == "stopped" and 0 < stopped["step"] < STEPS and "SIGUSR1" in stopped["message"]
    assert go_on(folder, "parts") == DONE
    assert contents(folder, "parts") == contents(folder, "whole")
    newest = RunDirectory(folder / "parts").stored_checkpoints()[-1][1]
    final = summary(folder, "parts")
    assert read_header(newest).digest == final["digest"] and len(final["ancestors"]) == 1
    assert all(finding.good for finding in verify(folder / "parts") if finding.path.name != "observables.h5")


@pytest.mark.ranks(2, 4)
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_ranks_comes_to_the_same(comm, folder, monkeypatch, kind):
    for ranks in range(1, comm.size + 1):
        on(comm, monkeypatch, ranks, lambda part, ranks=ranks: run(folder, kind, f"on{ranks}"))
    alone, vector = series(folder, "on1"), final_vector(folder, "on1")
    for ranks in range(2, comm.size + 1):
        np.testing.assert_allclose(final_vector(folder, f"on{ranks}"), vector, rtol=0, atol=1e-12)
        for found, expected in zip(series(folder, f"on{ranks}"), alone, strict=True):
            assert found.keys() == expected.keys()
            for name in expected.keys() - {"species", "energy"}:
                assert found[name] == pytest.approx(expected[name], abs=1e-12, rel=1e-11), name
            for name in ("total", "mean_field"):
                assert found["energy"][name] == pytest.approx(expected["energy"][name], rel=1e-12)


def test_ranks_share_a_large_grid(comm, folder, monkeypatch):
    """What every rank does for itself on small grids: modes, the model in them, densities, and what is stored."""

    def everything(name):
        def work(part):
            with asked_to_stop_after(part, monkeypatch, 2):
                assert run(folder, "all", name) == STOPPED

        return work

    on(comm, monkeypatch, 1, everything("small"))
    on(comm, monkeypatch, 1, lambda part: go_on(folder, "small"))
    with monkeypatch.context() as patch:
        patch.setattr("hpcmix.evolve.many_body.system.ALONE", 8)
        on(comm, monkeypatch, comm.size, everything("large"))
        on(comm, monkeypatch, max(1, comm.size - 1), lambda part: go_on(folder, "large"))
    np.testing.assert_allclose(final_vector(folder, "large"), final_vector(folder, "small"), rtol=0, atol=1e-12)
    for index, path in RunDirectory(folder / "small").stored_reduced():
        with h5py.File(path) as alone, h5py.File(RunDirectory(folder / "large").reduced_file(index)) as shared:
            for name in ("up/density", "down/mean_field_density", "up/modes", "gamma/1,1"):
                np.testing.assert_allclose(shared[name][...], alone[name][...], rtol=0, atol=1e-12)


@pytest.mark.ranks(1, 2, 4)
def test_any_number_of_ranks_goes_on(comm, folder, monkeypatch):
    """Stopped on every number of ranks, gone on with on all of them."""
    pairs = {(comm.size, ranks) for ranks in range(1, comm.size + 1)} | {(n, comm.size) for n in range(1, comm.size)}

    def stop(name):
        def work(part):
            with asked_to_stop_after(part, monkeypatch, 2):
                assert run(folder, "all", name) == STOPPED

        return work

    def finish(name):
        def work(part):
            assert go_on(folder, name) == DONE

        return work

    for first, second in sorted(pairs):
        on(comm, monkeypatch, first, stop(f"{first}{second}"))
        on(comm, monkeypatch, second, finish(f"{first}{second}"))
    vectors = [final_vector(folder, f"{first}{second}") for first, second in sorted(pairs)]
    for vector in vectors:
        np.testing.assert_allclose(vector, vectors[0], rtol=0, atol=1e-12)


def test_a_vector_comes_back_on_any_number_of_ranks(comm, folder, monkeypatch):
    """What is stored is one array, whoever held which rows; what is read are the rows of this rank, to the bit."""
    assert run(folder, "all", "whole") == DONE
    stored = final_vector(folder, "whole")
    read = {}
    usual = ManyBodies.go_on

    def spied(self, step, psi, arrays):
        read[self.cut.first] = np.array(psi)
        usual(self, step, psi, arrays)

    with monkeypatch.context() as patch:
        patch.setattr(ManyBodies, "go_on", spied)
        for ranks in range(1, comm.size + 1):
            read.clear()
            on(comm, monkeypatch, ranks, lambda part: go_on(folder, "whole", "0.6"))
            if read:
                ((first, rows),) = read.items()
                assert rows.tobytes() == stored[first : first + len(rows)].tobytes()
            comm.barrier()
            if comm.rank == 0:  # back to the end of the first run
                for step, path in RunDirectory(folder / "whole").stored_checkpoints():
                    if step > STEPS:
                        path.unlink()
            comm.barrier()


@pytest.mark.ranks(1, 2)
def test_it_goes_on_beyond_its_final_time(comm, folder):
    assert run(folder, "all", "long", "time.final=0.7") == DONE
    assert run(folder, "all", "short") == DONE
    assert go_on(folder, "short") == DONE  # nothing is left to do
    assert go_on(folder, "short", "0.7") == DONE
    assert summary(folder, "short")["step"] == 14
    np.testing.assert_allclose(final_vector(folder, "short"), final_vector(folder, "long"), rtol=0, atol=1e-11)
