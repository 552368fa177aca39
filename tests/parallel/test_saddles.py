"""Saddles are found and left, and starts tilted, in the same way at every number of ranks and in orbital groups."""

import pytest
from physics.systems import contact, harmonic, species, system

from hpcmix.parallel.process.mpi import MPI

WELLS = [harmonic([1.0, 1.4]), {"kind": "gaussian", "height": 8.0, "width": 0.6}]


@pytest.mark.parametrize("start", ["thomas-fermi", "gaussian"])
def test_a_broken_symmetry_is_the_same_one(start):
    parts = ([22, 19], [9.0, 8.0], [species(n, potential=WELLS, initial={"kind": "ground-state", "start": start})
                                    for n in "ab"], [contact("a", "b", -1.5)])  # fmt: skip
    alone, together = system(*parts, comm=MPI.COMM_SELF), system(*parts, comm=MPI.COMM_WORLD)
    # energies err by the square of the residual, beside the rounding of sums
    assert together.ground_state.energy == pytest.approx(alone.ground_state.energy, rel=1e-11)
    assert len(together.ground_state.nature.saddles) == len(alone.ground_state.nature.saddles)
    # known to about a tenth, which is where the look at the curvature ends
    assert together.ground_state.nature.curvature == pytest.approx(alone.ground_state.nature.curvature, rel=0.1)
    centres = [one.record()["species"]["a"]["centre"] for one in (alone, together)]
    assert centres[0] == pytest.approx(centres[1], abs=1e-6)


def test_sets_and_condensates_in_orbital_groups():
    """The look at the curvature, two starts, and levels outside that the preconditioner knows (an open shell)."""
    ranks = MPI.COMM_WORLD.size
    parts = ([18, 16], [9.0, 8.5], [species("f", kind="fermions", orbitals=4, potential=harmonic(1.0)),
                                    species("b", potential=harmonic(1.0))], [contact("f", "b", -2.0)])  # fmt: skip
    options = {"ground_state": {"starts": 2, "tolerance": 1e-8}}
    alone = system(*parts, comm=MPI.COMM_SELF, **options)
    together = system(*parts, comm=MPI.COMM_WORLD, parallel={"orbital_groups": 2 if ranks % 2 == 0 else 1}, **options)
    assert together.ground_state.starts == pytest.approx(alone.ground_state.starts, rel=1e-10)
    assert together.ground_state.nature.curvature == pytest.approx(alone.ground_state.nature.curvature, rel=0.2)
    levels = [one.record()["species"]["f"]["highest_level"] for one in (alone, together)]
    assert levels[0] == pytest.approx(levels[1], rel=1e-6)
    assert levels[0] == pytest.approx(alone.ground_state.levels["f"].energies[-1], rel=1e-9)
