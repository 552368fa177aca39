"""Markers at time zero on several ranks: those of one rank to the bit where their f is given, to rounding where they
are found together with wave functions; and mistakes that only one rank meets."""

from __future__ import annotations

import numpy as np
import pytest
from physics.systems import gaussian_kernel, harmonic, species, system

from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.mistakes.errors import ProblemError

NUMBER = 3000  # no power of two, and no multiple of the ranks
GIVEN = {
    "oscillator": {"kind": "oscillator", "frequency": [1.0, 1.2], "momentum": [0.1, 0.0]},
    "plane-waves": {"kind": "plane-waves"},
    "gaussian": {"kind": "gaussian", "width": 1.1, "centre": [0.3, -0.2]},
    "temperature": {"kind": "gaussian", "width": 1.1, "temperature": 0.7},
    "expression": {
        "kind": "expression",
        "value": "exp(-(x**2 + y**2)/2 - (px**2 + py**2)) * (1 + 0.3*sin(x))",
        "momentum_extent": 5.0,
    },
}


def by_index(one, index):
    """Positions, momenta and weights of all markers, on every rank."""
    cloud = one.state.clouds[index]
    rows = np.concatenate([cloud.index[:, np.newaxis], cloud.position, cloud.momentum, cloud.weight[:, np.newaxis]], 1)
    everything = np.concatenate(one.mixture.communicators.world.allgather(rows))
    return everything[np.argsort(everything[:, 0])]


def given(initial, comm, groups=1):
    gas = species("gas", kind="classical", particles=2.0, markers=NUMBER, initial=initial)
    waves = species("waves", kind="fermions", orbitals=3, initial={"kind": "plane-waves"})
    return system([12, 10], [9.0, 10.0], [gas, waves], parallel={"orbital_groups": groups}, comm=comm)


@pytest.mark.parametrize("word", GIVEN)
@pytest.mark.parametrize("groups", [1, 2])
def test_given_markers_are_the_same_on_all_ranks(word, groups, comm):
    if comm.size % groups:
        pytest.skip("the ranks do not divide into so many groups")
    alone = by_index(given(GIVEN[word], MPI.COMM_SELF), 0)
    shared = by_index(given(GIVEN[word], comm, groups), 0)
    assert len(shared) == NUMBER
    assert np.array_equal(alone, shared)


def together(comm, groups=1):
    """A condensate, fermions, a cold and a warm gas, all in mean fields that they make."""
    trap = [harmonic(1.0)]
    return system(
        [48],
        [13.0],
        [
            species("bosons", particles=3.0, potential=trap),
            species("orbitals", kind="fermions", orbitals=3, potential=trap),
            species("cold", kind="classical", particles=4.0, markers=NUMBER, potential=trap),
            species(
                "warm",
                kind="classical",
                particles=2.0,
                markers=NUMBER,
                potential=trap,
                initial={"kind": "thermal", "temperature": 0.5, "statistics": "fermi-dirac", "momentum": 0.2},
            ),
        ],
        [
            gaussian_kernel("bosons", "cold", 0.5, 0.7),
            gaussian_kernel("orbitals", "warm", -0.3, 0.8),
            gaussian_kernel("cold", "warm", 0.4, 0.9),
        ],
        parallel={"orbital_groups": groups},
        comm=comm,
    )


@pytest.mark.parametrize(
    "groups",
    [pytest.param(1, marks=pytest.mark.ranks(1, 2, 3)), pytest.param(2, marks=pytest.mark.ranks(2, 4))],
)
def test_states_found_together_agree_to_rounding(groups, comm):
    alone, shared = together(MPI.COMM_SELF), together(comm, groups)
    assert shared.ground_state.energy == pytest.approx(alone.ground_state.energy, rel=1e-9)
    for name, gas in alone.ground_state.gases.items():
        level = shared.ground_state.gases[name].chemical_potential
        assert level == pytest.approx(gas.chemical_potential, abs=1e-9)  # the searches end at residuals of 1e-10
    for index in (2, 3):
        # positions are drawn from a table, whose inverse is steep where a density ends
        np.testing.assert_allclose(by_index(shared, index), by_index(alone, index), rtol=0.0, atol=1e-6)


def test_condensates_in_several_groups_count_once(comm):
    """A density that every orbital group has whole is not summed over the groups."""
    if comm.size % 2:
        pytest.skip("two groups need an even number of ranks")
    trap = [harmonic(1.0)]
    condensates = [species("first", particles=3.0, potential=trap), species("second", particles=5.0, potential=trap)]
    kernels = [gaussian_kernel("first", "second", 0.5, 0.7), gaussian_kernel("second", "second", 0.2, 0.7)]
    alone = system([48], [13.0], condensates, kernels)
    shared = system([48], [13.0], condensates, kernels, parallel={"orbital_groups": 2}, comm=comm)
    assert shared.ground_state.energy == pytest.approx(alone.ground_state.energy, rel=1e-9)


def test_a_mistake_that_one_rank_meets_is_everybody_s(comm):
    """f is negative in a small part of phase space, which no point that marginals are made of lies in: only a marker
    does, which is one rank's."""
    base = "exp(-(x**2 + y**2)/2 - (px**2 + py**2))"
    markers = by_index(given({"kind": "expression", "value": base, "momentum_extent": 5.0}, MPI.COMM_SELF), 0)
    x, y, px, py = (float(part) for part in markers[NUMBER - 5, 1:5])
    inside = " * ".join(
        f"(abs({name} - ({value!r})) < 1e-6)" for name, value in (("x", x), ("y", y), ("px", px), ("py", py))
    )
    initial = {"kind": "expression", "value": f"{base} - {inside}", "momentum_extent": 5.0}
    with pytest.raises(ProblemError, match="is negative at x = "):
        given(initial, comm)
