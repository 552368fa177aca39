"""Runs in process that are stopped and killed on all ranks."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.running.launch import Request, launch
from hpcmix.running.stops.requests import StopRequests


class Killed(BaseException):
    """Stands for a kill that takes all ranks in the same step."""


@contextmanager
def folder_of(comm, folder, monkeypatch, problem):
    """A directory with the problem, the same on all ranks. Of observables.h5, a copy of the series that takes longer to
    write than short runs do, nothing is looked at."""
    with monkeypatch.context() as patch:
        patch.setattr("hpcmix.running.output.outputs.write_dataset", lambda *arguments: None)
        if comm.rank == 0:
            (folder / "problem.toml").write_text(problem)
        comm.barrier()
        yield folder
        comm.barrier()


def run(folder, name, *settings, **options):
    overrides = (f"output.directory={json.dumps(str(folder / name))}", *settings)
    return launch(Request(str(folder / "problem.toml"), overrides, **options))


@contextmanager
def killed_in(monkeypatch, step):
    """Everything ends in this step."""
    usual = Stepper.advance

    def killing(self, state):
        if state.step + 1 == step:
            raise Killed
        usual(self, state)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Stepper, "advance", killing)
        yield


@contextmanager
def asked_to_stop_after(comm, monkeypatch, steps):
    """The last rank, and only it, is asked to stop by a signal after so many steps of the job."""
    votes = []

    def code(self, needed=0.0):
        votes.append(needed)
        return 10 if len(votes) >= steps and comm.rank == comm.size - 1 else 0

    with monkeypatch.context() as patch:
        patch.setattr(StopRequests, "code", code)
        yield


def summary(folder, name):
    return json.loads((folder / name / "summary.json").read_text())


def series(folder, name):
    return (folder / name / "observables.jsonl").read_bytes()
