"""Losses on ranks, in orbital groups and by adaptive steps: the fields' bits, and what is counted as lost."""

from dataclasses import replace

import numpy as np
import pytest
from parallel.test_orbital_groups import divisions, parallel_options
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.parallel.process.mpi import MPI

POINTS, LENGTHS = [15, 13, 12], [9.0, 8.0, 8.5]
LOSSES = [
    {"kind": "three-body", "channel": ["a", "a", "b"], "rate": 0.3},
    {"kind": "two-body", "channel": ["b", "b"], "rate": 0.2},
    {"kind": "absorber", "width": 3.0, "strength": 4.0},
    {"kind": "one-body", "channel": ["a"], "rate": 0.5, "profile": "exp(-x**2)"},
]


def losing(comm, d, groups=1, grid=None, losses=LOSSES, precision="double", time=None, kernel=False):
    both = [
        species("a", particles=30.0, potential=harmonic(1.0), initial=gaussian(1.1, momentum=0.6)),
        species("b", mass=1.6, particles=20.0, potential=harmonic(0.8), initial=gaussian(0.9, centre=-0.5)),
    ]
    interactions = [contact("a", "b", 0.1), *([gaussian_kernel("a", "a", 0.1, 0.9)] if kernel else [])]
    options = {"precision": precision} | (parallel_options(d, groups, grid) if grid else {})
    time = time or evolution(0.2, 0.05, "blanes-moan-4")
    return system(POINTS[:d], LENGTHS[:d], both, interactions, loss=losses, time=time, parallel=options, comm=comm)


def balance(found):
    """N + lost of every species, at the start 30 and 20."""
    record = found.record()
    return [each["particles"] + sum(each["lost"]) for each in record["species"].values()]


def digits(found):
    """A sum of all bits of this rank's fields over the ranks of all groups, which does not depend on how they share."""
    words = [field.view(np.uint64).sum(dtype=np.uint64) for orbitals in found.state.orbitals for field in orbitals]
    return int(sum(found.mixture.communicators.world.allgather(int(sum(map(int, words))))) % 2**64)


@pytest.mark.parametrize(("d", "kernel"), [(1, False), (2, True), (3, False)])
def test_fields_have_the_same_bits_however_they_are_divided(comm, d, kernel):
    serial = losing(MPI.COMM_SELF, d, kernel=kernel).evolve()
    before, record = digits(serial), serial.record()
    assert balance(serial) == pytest.approx([30.0, 20.0], rel=1e-13)
    assert all(count > 1e-6 for count in record["lost"])
    for groups, grid in divisions(comm.size, POINTS[:d]):
        if groups > 2 or (d == 1 and comm.size // groups > POINTS[0]):
            continue
        found = losing(comm, d, groups, grid, kernel=kernel).evolve()
        if groups == 1:
            assert digits(found) == before, (groups, grid)
        assert np.array(found.record()["lost"]) == pytest.approx(record["lost"], rel=1e-12)
        assert balance(found) == pytest.approx([30.0, 20.0], rel=1e-13)


def test_single_precision_counts_what_it_takes(comm):
    found = losing(comm, 3, precision="single").evolve()
    assert balance(found) == pytest.approx([30.0, 20.0], rel=3e-6)  # some roundings of 6e-8 in each of 30 transforms
    exact = losing(comm, 3).evolve()
    assert found.record()["lost"] == pytest.approx(exact.record()["lost"], rel=1e-5)


def test_adaptive_steps_count_what_they_take_and_no_attempt(comm):
    """Rejected attempts and landings leave no trace in what is lost."""
    steps = {"tolerance": 2e-3, "initial": 0.2, "largest": 0.5}
    found = losing(comm, 1, time={"final": 0.2, "step": steps, "integrator": "blanes-moan-4", "check_step": False})
    stepper = AdaptiveStepper(found.mixture, found.problem.time)
    found.state.progress = replace(found.state.progress.adaptive(), step_size=0.2)
    looked = False
    while found.state.time < 0.2:
        before = found.state.time
        stepper.advance(found.state)
        if found.state.time > before > 0.0 and not looked:
            landed = stepper.landed(found.state, before + 0.3 * (found.state.time - before))
            record = observe(Look(found.mixture, landed))
            between = [each["particles"] + sum(each["lost"]) for each in record["species"].values()]
            assert between == pytest.approx([30.0, 20.0], rel=1e-12)
            looked = True
    assert looked and found.state.progress.adaptation.rejected > 0
    assert balance(found) == pytest.approx([30.0, 20.0], rel=1e-12)
    fine = losing(comm, 1, time=evolution(0.2, 0.005, "strang")).evolve()
    # the tolerance, by which the relative error grows in a time in which the solution changes
    assert found.record()["lost"] == pytest.approx(fine.record()["lost"], rel=2e-3)
