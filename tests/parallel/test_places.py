"""Centres, widths, faces and tails of clouds across the faces of the box, and what is asked for beyond: the same on
every pencil grid and in every orbital group."""

import numpy as np
import pytest
from parallel.test_orbital_groups import divisions, parallel_options
from parallel.test_same_physics import compare_records
from physics.systems import contact, evolution, expression, gaussian, species, system

from hpcmix.parallel.process.mpi import MPI

POINTS = {1: [61], 2: [22, 19], 3: [13, 11, 14]}
LENGTHS = [12.0, 11.0, 10.0]
TOLERANCE = 1e-12
"""Sums over ranks are rounded in another order."""


def across(dimensions):
    """A cloud about a corner of the box, with its images."""
    factors = [
        f"(exp(-({x} - {0.47 * length})**2) + exp(-({x} + {0.53 * length})**2))"
        for x, length in zip("xyz"[:dimensions], LENGTHS, strict=False)
    ]
    return expression("*".join(factors))


def observed(comm, dimensions, division=None):
    entries = [
        species("a", particles=3.0, initial=across(dimensions)),
        species("b", particles=2.0, initial=gaussian(1.0, centre=0.4, momentum=0.6)),
        {"name": "f", "kind": "fermions", "orbitals": 3,
         "initial": {"kind": "oscillator", "frequency": 1.0, "centre": [0.5 * one for one in LENGTHS[:dimensions]]}},
    ]  # fmt: skip
    one = system(
        POINTS[dimensions],
        LENGTHS[:dimensions],
        entries,
        [contact("a", "b", 0.5), contact("a", "a", 0.4)],
        time=evolution(0.1, 0.05, "strang"),
        parallel=parallel_options(dimensions, *division) if division else {},
        comm=comm,
    )
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    names = ("momentum-distribution", *(("angular-momentum",) if dimensions > 1 else ()))
    return one.record(*names)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_records_at_every_division(comm, dimensions):
    serial = observed(MPI.COMM_SELF, dimensions)
    found = serial["species"]["a"]
    for axis, length in enumerate(LENGTHS[:dimensions]):
        # the coarse grid is asked where the cloud is, and not to digits
        assert found["centre"][axis] == pytest.approx(0.47 * length, abs=0.02)
        assert found["rms_width"][axis] < 1.0 and found["face_density"][axis] > 0.1
    assert np.isfinite(found["spectral_tail"]).all()
    for division in divisions(comm.size, POINTS[dimensions]):
        compare_records(observed(comm, dimensions, division), serial, TOLERANCE)
