"""Vector potentials and rotating frames at every rank count: the same physics on all pencil grids and in orbital
groups, the same bits after a restart, and whether a run is looked at or not.
"""

import json

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.parallel.decomposition import largest_split
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.exchange import EXCHANGES
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running.launch import Request, launch

DONE, STOPPED = ExitStatus.DONE, ExitStatus.STOPPED

RANDOM = {"kind": "random", "amplitude": 0.8, "correlation_length": 2.0, "seed": 4}
GRIDS = {1: ([37], [15.0]), 2: ([18, 15], [12.0, 11.0]), 3: ([11, 9, 10], [9.0, 8.0, 8.5])}
"""Numbers of points that two, three and four ranks do not divide."""

AGREE = 1e-11
"""Sums over ranks are rounded in another order; they choose the Krylov spaces, each exact to 1e-13 of the norm, and a
run here takes 18 of them."""


def pencil_grids(ranks, points):
    limit = largest_split(tuple(points))
    return [[p, ranks // p] for p in range(1, ranks + 1) if ranks % p == 0 and p <= limit[0] and ranks // p <= limit[1]]


def magnetic(comm, dimensions, pencil_grid, way="sub-array-messages", **sections):
    """A species in a random field beside one that has none, coupled both ways; in one dimension also a
    semi-relativistic one, whose Krylov spaces are large."""
    points, lengths = GRIDS[dimensions]
    options = {"pencil_grid": pencil_grid[: dimensions - 1]} if dimensions > 1 else {}
    kinds = [
        species("a", vector_potential=RANDOM, particles=2.0, potential=harmonic(1.0),
                initial=gaussian(1.0, centre=0.4)),
        species("b", mass=1.6, particles=3.0, potential=harmonic(0.8), initial=gaussian(0.9, momentum=0.3)),
        species("c", kinetic="semirelativistic", vector_potential=RANDOM | {"seed": 7}, mass=2.0,
                potential=harmonic(1.0), initial=gaussian(1.1)),
    ][: 3 if dimensions == 1 else 2]  # fmt: skip
    interactions = [contact("a", "a", 1.0), contact("a", "b", 0.7), gaussian_kernel("b", "b", 0.6, 0.8)]
    time = evolution(0.06, 0.02, "blanes-moan-4" if dimensions > 1 else "strang")
    return system(points, lengths, kinds, interactions, time=time, parallel=options, comm=comm, way=way, **sections)


@pytest.mark.parametrize("dimensions", GRIDS)
def test_the_same_fields(comm, dimensions):
    serial = magnetic(MPI.COMM_SELF, dimensions, [1, 1]).evolve()
    expected = serial.record()
    for pencil_grid in pencil_grids(comm.size, GRIDS[dimensions][0]):
        for way in EXCHANGES if comm.size > 1 else EXCHANGES[:1]:
            mine = magnetic(comm, dimensions, pencil_grid, way).evolve()
            block = (slice(None), *mine.grid.position_block.slices)
            for array, whole in zip(mine.state.orbitals, serial.state.orbitals, strict=True):
                np.testing.assert_allclose(array, whole[block], rtol=0, atol=AGREE)
            record = mine.record()
            assert record["energy"]["total"] == pytest.approx(expected["energy"]["total"], rel=1e-12)
            for name in expected["species"]:
                for key in ("momentum", "angular_momentum") if dimensions > 1 else ("momentum",):
                    assert record["species"][name][key] == pytest.approx(expected["species"][name][key], abs=1e-10)
            mine.mixture.engine.free()


def rotating_sets(comm, groups):
    return system(
        [14, 13],
        [10.0, 10.0],
        [
            species("f", kind="fermions", orbitals=3, potential=harmonic(1.0),
                    initial={"kind": "oscillator", "frequency": 1.0, "momentum": 0.2}),
            species("b", particles=4.0, potential=harmonic(1.0), initial=gaussian(1.0, centre=0.5)),
        ],
        [contact("f", "b", 0.5)],
        rotation={"rate": 0.5},
        time=evolution(0.04, 0.02, "strang"),
        parallel={"orbital_groups": groups},
        comm=comm,
    )  # fmt: skip


def test_orbital_groups(comm):
    """Every group has the Krylov spaces of its own orbitals, and may have none."""
    expected = rotating_sets(MPI.COMM_SELF, 1).evolve().record()
    for groups in (number for number in range(1, 5) if comm.size % number == 0 and number <= comm.size):
        mine = rotating_sets(comm, groups).evolve()
        record = mine.record()
        assert record["energy"]["total"] == pytest.approx(expected["energy"]["total"], rel=1e-12)
        for name in "fb":
            one, other = record["species"][name], expected["species"][name]
            assert one["angular_momentum"] == pytest.approx(other["angular_momentum"], abs=1e-10)
            assert one["momentum"] == pytest.approx(other["momentum"], abs=1e-10)
        assert record["species"]["f"]["orthonormality_defect"] < 1e-12
        mine.mixture.engine.free()


def test_ground_state(comm):
    """A magnetic condensate and its rotation: the same energy on all ranks."""

    def found(ranks):
        one = system(
            [12, 11],
            [9.0, 9.0],
            [species("a", vector_potential={"kind": "uniform", "field": 0.7}, potential=harmonic(1.0))],
            [contact("a", "a", 2.0)],
            rotation={"rate": 0.3},
            ground_state={"tolerance": 1e-6},
            comm=ranks,
        )
        return one.ground_state.energy

    assert found(comm) == pytest.approx(found(MPI.COMM_SELF), rel=1e-11)  # the residual's square


@pytest.mark.parametrize("dimensions", [1, 3])
def test_looking_does_not_change_a_run(comm, dimensions):
    pencil_grid = pencil_grids(comm.size, GRIDS[dimensions][0])[-1]
    seen, unseen = (magnetic(comm, dimensions, pencil_grid) for _ in range(2))
    for _ in range(3):
        seen.stepper.advance(seen.state)
        seen.stepper.settle(seen.state)
        seen.record()
        unseen.stepper.advance(unseen.state)
    unseen.stepper.settle(unseen.state)
    for left, right in zip(seen.state.orbitals, unseen.state.orbitals, strict=True):
        assert np.array_equal(left, right)


PROBLEM = """
[grid]
points = [8, 6, 5]
lengths = [6.0, 6.0, 5.0]
[[species]]
name = "turning"
particles = 10.0
vector_potential = { kind = "uniform", field = [0.0, 0.3, 0.8] }
potential = [{ kind = "expression", value = "0.5*(x*x + y*y + z*z) + 0.2*x*sin(3*t)" }]
initial = { kind = "gaussian", width = 1.0, momentum = [0.4, 0.0, 0.0], noise = { amplitude = 1e-3, seed = 3 } }
[[species]]
name = "other"
mass = 1.5
potential = [{ kind = "harmonic", frequency = 1.1 }]
initial = { kind = "gaussian", width = 0.9 }
[[interaction]]
between = ["turning", "other"]
kind = "contact"
strength = 0.3
[rotation]
rate = 0.4
axis = [0.0, 1.0, 2.0]
[time]
final = 0.1
step = 0.01
integrator = "strang"
[output]
resolution = "ignore"
observables = { every = 3 }
snapshots = { every = 8, slices = false }
checkpoints = { every = 5, keep = 2 }
"""


def test_restart_has_the_bits_of_the_run_that_was_not_interrupted(comm, shared_tmp_path, monkeypatch):
    monkeypatch.setattr("hpcmix.running.output.outputs.write_dataset", lambda *arguments: None)
    if comm.rank == 0:
        (shared_tmp_path / "problem.toml").write_text(PROBLEM)
    comm.barrier()

    def run(name, *settings, **options):
        overrides = (f"output.directory={json.dumps(str(shared_tmp_path / name))}", *settings)
        return launch(Request(str(shared_tmp_path / "problem.toml"), overrides, **options))

    assert run("whole") == DONE
    assert run("parts", "time.final=0.06") == DONE
    assert launch(Request.to_go_on(shared_tmp_path / "parts", 0.1)) in (DONE, STOPPED)
    if comm.rank == 0:
        ends = [json.loads((shared_tmp_path / name / "summary.json").read_text()) for name in ("whole", "parts")]
        assert ends[0]["step"] == ends[1]["step"] == 10
        assert ends[0]["digest"] == ends[1]["digest"]
        series = [(shared_tmp_path / name / "observables.jsonl").read_text() for name in ("whole", "parts")]
        assert '"angular_momentum"' in series[0] and series[0].splitlines()[-1] == series[1].splitlines()[-1]
    comm.barrier()
