"""The expanding frame at every number of ranks, and through kills and restarts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from parallel.interruptions import folder_of
from physics.systems import contact, coulomb, evolution, expanding, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.io.checkpoints.seal import DATASET
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running.launch import Request, launch

DONE = ExitStatus.DONE


def release(comm, groups=1):
    """Fermions and a condensate of another mass, let go from a trap while a barrier moves; kernels on the box and in
    free space. The grid is one that no number of ranks divides."""
    trap = harmonic(1.0, until=0.0)
    barrier = {"kind": "gaussian", "height": 0.5, "width": 1.0, "factor": "cos(t)"}
    fermions = {"name": "f", "kind": "fermions", "orbitals": 3, "potential": [trap, barrier]}
    fermions["initial"] = {"kind": "oscillator", "frequency": 1.0, "momentum": [0.2, 0.0, -0.1]}
    start = gaussian(1.0, centre=[0.3, 0.0, -0.2])
    return system(
        [13, 11, 14],
        [9.0, 8.0, 9.5],
        [fermions, species("b", mass=1.4, particles=4.0, potential=[trap], initial=start)],
        [
            contact("b", "b", 0.3),
            gaussian_kernel("f", "b", 0.5, 0.8),
            {**gaussian_kernel("b", "b", 0.3, 0.7), "boundary": "free"},
            coulomb("f", "f", 0.2),
        ],
        grid=expanding(1.0),
        time=evolution(2.0, 0.1, "blanes-moan-4"),
        parallel={"orbital_groups": groups},
        comm=comm,
    )


def numbers(record):
    """Every number of a record in order."""
    if isinstance(record, dict):
        return [number for value in record.values() for number in numbers(value)]
    return [number for value in record for number in numbers(value)] if isinstance(record, list) else [record]


@pytest.mark.parametrize("groups", [1, 2])
def test_evolution_and_records(comm, groups):
    if comm.size % groups or comm.size < groups:
        groups = 1
    serial = release(MPI.COMM_SELF)
    shared = release(comm, groups)
    serial.evolve()
    shared.evolve()
    block = shared.grid.position_block.slices
    for a, whole in enumerate(serial.state.orbitals):
        for mine, number in zip(shared.state.orbitals[a], shared.mixture.held(a), strict=True):
            # 100 kicks and drifts, each rounded to 1e-16, in an order of sums that depends on the ranks
            np.testing.assert_allclose(mine, whole[number][block], rtol=0, atol=1e-12 * np.max(np.abs(whole)))
    mine, other = shared.record(), serial.record()
    assert mine["frame"]["scale"] > 2.0 and len(numbers(mine)) > 40
    np.testing.assert_allclose(numbers(mine), numbers(other), rtol=1e-9, atol=1e-10)


PROBLEM = """
title = "A release that is interrupted"
[grid]
points = [9, 7, 8]
lengths = [7.0, 7.0, 6.5]
frame = { kind = "expanding", rate = 1.0 }
[[species]]
name = "a"
particles = 5.0
potential = [{ kind = "harmonic", frequency = 1.0, until = 0.0 }]
initial = { kind = "gaussian", width = 1.0, momentum = [0.3, 0.0, 0.0] }
[[species]]
name = "b"
mass = 1.5
potential = [{ kind = "gaussian", height = 0.3, width = 0.9, until = 1.0 }]
initial = { kind = "gaussian", width = 0.8 }
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.2
[[interaction]]
between = ["a", "b"]
kind = "yukawa"
strength = 0.2
screening = 1.0
boundary = "free"
[[interaction]]
between = ["b", "b"]
kind = "gaussian"
strength = 0.3
width = 0.7
[time]
final = "infinity"
step = 0.05
[output]
directory = "out"
observables = { every = 2 }
snapshots = { interval = 1.5, slices = true, fields = ["density", "wave_function"] }
checkpoints = { every = 5 }
"""


class Killed(BaseException):
    """Stands for a kill that takes all ranks in the same step."""


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    with folder_of(comm, shared_tmp_path, monkeypatch, PROBLEM) as prepared:
        yield prepared


def run(folder, name):
    return launch(
        Request(str(folder / "problem.toml"), (f"output.directory={json.dumps(str(folder / name))}",), restart="auto")
    )


def arrays_of(group):
    """Names and bytes of all datasets but the seal, which holds when the file was written."""
    found = []
    for name, item in group.items():
        if f"{group.name}/{name}".lstrip("/") == DATASET:
            continue
        found += arrays_of(item) if hasattr(item, "items") else [(item.name, item[()].tobytes())]
    return found


def contents(folder, name):
    """Series, snapshots and slices as arrays, digest."""
    import h5py

    files = {}
    directory = RunDirectory(folder / name)
    for index, path in [*directory.stored_snapshots(), *directory.stored_slices()]:
        with h5py.File(path) as file:
            place = (float(file.attrs["time"]), float(file.attrs["frame_scale"]))
            files[path.parent.name, index] = (*place, arrays_of(file))
    summary = json.loads((folder / name / "summary.json").read_text())
    return (folder / name / "observables.jsonl").read_bytes(), files, summary["digest"]


@pytest.mark.ranks(1, 2)
def test_a_restart_is_bit_for_bit(comm, folder, monkeypatch):
    assert run(folder, "whole") == DONE
    expected = contents(folder, "whole")
    usual = Stepper.advance

    def killing(self, state):
        if state.step + 1 == 19:
            raise Killed
        usual(self, state)

    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "advance", killing)
        with pytest.raises(Killed):
            run(folder, "parts")
    comm.barrier()
    assert run(folder, "parts") == DONE
    assert contents(folder, "parts") == expected
    series, files, _ = expected
    records = [json.loads(line) for line in series.splitlines()]
    assert records[-1]["time"] is None and records[-1]["frame"]["scale"] is None
    times = sorted({time for time, _, _ in files.values()})
    # at the start, at each step that passes another 1.5 of the laboratory's time, and at the end
    assert times[0] == 0.0 and 1.5 <= times[1] < 1.8 and 3.0 <= times[2] < 3.6 and times[-1] == np.inf
