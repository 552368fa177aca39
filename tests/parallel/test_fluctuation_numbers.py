"""Fluctuations on any number of ranks, pencils and groups: the same random functions to the bit, the same pairs and
numbers to the rounding of sums over ranks."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hpcmix.initial.excitations.probes import probe
from hpcmix.observe.fluctuations.corrections import correction_traces, corrections
from hpcmix.observe.fluctuations.density import fluctuation_densities
from hpcmix.observe.look import Look
from tests.physics.fluctuations import record, with_pairs
from tests.physics.systems import MPI, System, contact, gaussian, gaussian_kernel, harmonic, species, system

CASES = {
    "pencils": (
        [7, 6, 5],
        [6.0, 6.0, 5.0],
        {"modes": 5, "probes": 4, "also": ["momentum-distribution", "structure-factor"]},
    ),
    "slabs": ([9, 8], [6.0, 6.0], {"modes": 3, "probes": 3, "also": ["structure-factor"]}),
    "line": ([12], [8.0], {"modes": "all", "matrices": True}),
}


def clouds(case: str, comm: MPI.Comm, groups: int = 1) -> System:
    points, lengths, section = CASES[case]
    names = [
        species("one", particles=5.0, mass=0.8, initial=gaussian(1.0), potential=[harmonic(1.0)]),
        species("two", particles=3.0, initial=gaussian(0.9, momentum=[0.5] * len(points))),
    ]
    interaction = [contact("one", "one", 0.6), gaussian_kernel("one", "two", 0.5, 0.7)]
    time = {"final": 0.2, "step": 0.02, "check_step": False}
    built = system(
        points,
        lengths,
        names,
        interaction,
        time=time,
        fluctuations=section,
        parallel={"orbital_groups": groups},
        comm=comm,
    )
    with_pairs(built)
    for _ in range(built.problem.time.steps):
        built.stepper.advance(built.state)
    built.stepper.settle(built.state)
    return built


@cache
def alone(case: str) -> tuple[System, dict]:
    built = clouds(case, MPI.COMM_SELF)
    return built, record(built)


def flat(report: dict) -> dict[str, float | list]:
    values = {key: value for key, value in report.items() if key not in ("species", "symplectic_defect")}
    for name, entry in report["species"].items():
        values |= {f"{name}.{key}": value for key, value in entry.items() if key != "structure_factor"}
        for other, line in entry.get("structure_factor", {}).items():
            values[f"{name}.{other}"] = line
    return values


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("groups", [1, 2])
def test_numbers_do_not_depend_on_ranks(comm, case, groups):
    if comm.size % groups:
        pytest.skip("groups are of one size")
    serial, wanted = alone(case)
    built = clouds(case, comm, groups)
    assert built.mixture.communicators.replicas == groups
    report = record(built)
    assert report["symplectic_defect"] < 1e-13
    for (key, value), (other, exact) in zip(flat(report).items(), flat(wanted).items(), strict=True):
        assert key == other
        # rounding of sums, of numbers up to a hundred; traces are rounding themselves
        np.testing.assert_allclose(value, exact, rtol=1e-11, atol=1e-12, err_msg=key)
    place = (slice(None), *built.grid.position_block.slices)
    density = fluctuation_densities(serial.look())
    np.testing.assert_allclose(fluctuation_densities(built.look()), density[place], rtol=1e-11, atol=1e-14)
    held = built.state.fluctuations.held
    for own, whole in zip(built.state.fluctuations.pairs, serial.state.fluctuations.pairs, strict=True):
        expected = whole[held.start : held.stop][(slice(None), slice(None), *built.grid.position_block.slices)]
        np.testing.assert_allclose(own, expected, atol=1e-11)  # of functions of the order of one to ten


def test_groups_do_not_change_the_bits_of_pairs_on_a_line(comm):
    """A group of one rank each: pairs are moved many at once, as many as a group holds."""
    serial, _ = alone("line")
    built = clouds("line", comm, comm.size)
    held = built.state.fluctuations.held
    for own, whole in zip(built.state.fluctuations.pairs, serial.state.fluctuations.pairs, strict=True):
        assert np.array_equal(own, whole[held.start : held.stop])


@pytest.mark.parametrize("groups", [1, 2])
def test_corrections_do_not_depend_on_ranks(comm, groups):
    if comm.size % groups:
        pytest.skip("groups are of one size")
    serial, _ = alone("line")
    built = clouds("line", comm, groups)
    assert max(map(abs, correction_traces(built.look()))) < 1e-13
    rows = built.grid.position_block.slices[0]
    for own, whole in zip(corrections(built.look()), corrections(serial.look()), strict=True):
        np.testing.assert_allclose(own, whole[rows], atol=1e-13)


def test_probes_are_the_same_to_the_bit(comm):
    serial, built = alone("pencils")[0], clouds("pencils", comm)
    whole = probe(serial.grid, 3, 2, 1)
    assert np.array_equal(probe(built.grid, 3, 2, 1), whole[built.grid.position_block.slices])


def test_looking_leaves_the_state_alone(comm):
    built = clouds("pencils", comm)
    before = [array.copy() for array in built.state.fluctuations.pairs]
    record(built)
    Look(built.mixture, built.state)
    assert all(map(np.array_equal, before, built.state.fluctuations.pairs))
