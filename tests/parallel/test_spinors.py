"""Spinor gases on several ranks: the same fields, records and ground states."""

import numpy as np
import pytest
from physics.systems import evolution, harmonic, species, system
from physics.test_spinors import NAMES, moving, spinor

from hpcmix.parallel.process.mpi import MPI


@pytest.mark.parametrize("d", [1, 2])
def test_the_same_fields(comm, d):
    """Fields and records, to rounding."""
    more = {"quadratic_zeeman": [{"energy": 0.4, "factor": "cos(2*t)"}], "linear_zeeman": 0.3}
    serial = moving(d, time=evolution(0.1, 0.02), **more).evolve()
    shared = moving(d, comm=comm, time=evolution(0.1, 0.02), **more).evolve()
    block = shared.grid.position_block.slices
    for a in range(3):
        # some roundings in each of thirty kicks: the last points of a short line are turned by scalar instructions
        np.testing.assert_allclose(shared.state.orbitals[a][0], serial.state.orbitals[a][0][block], rtol=0, atol=1e-13)
    first, second = serial.record(), shared.record()
    for axis in "xyz":
        assert second["spin"][axis] == pytest.approx(first["spin"][axis], abs=1e-13)
    assert second["energy"]["spin"] == pytest.approx(first["energy"]["spin"], rel=1e-13)


def test_the_same_ground_state(comm):
    def trapped(ranks):
        return system(
            [15, 12],
            [10.0, 9.0],
            [
                species(name, particles=part, potential=harmonic([1.0, 1.3]))
                for name, part in zip(NAMES, (1.0, 1.5, 0.7), strict=True)
            ],
            spinor=spinor(-1.0, 6.0, quadratic_zeeman=0.3, magnetisation=0.2),
            comm=ranks,
        )

    serial, shared = trapped(MPI.COMM_SELF), trapped(comm)
    # the residual of 1e-10, squared in the energy; linear in densities
    assert shared.ground_state.energy == pytest.approx(serial.ground_state.energy, rel=1e-13)
    block = shared.grid.position_block.slices
    for a in range(3):
        np.testing.assert_allclose(shared.density(a), serial.density(a)[block], atol=1e-8)
