"""What is promised about bits: on slabs with contact interactions the fields do not depend on the number of ranks."""

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, harmonic, species, system

from hpcmix.kernels import dispatch, reference
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.slab_transform import SlabTransform


def mixture_on(comm, points, precision):
    """Two noisy components in a trap, kicked against each other."""
    d = len(points)
    return system(
        points,
        [9.0, 8.0, 8.5][:d],
        [
            species("a", particles=3.0, potential=harmonic(1.0), initial=gaussian(1.1, momentum=0.3)),
            species("b", mass=1.6, particles=2.0, potential=harmonic(0.8), initial=gaussian(0.9, centre=-0.5)),
        ],
        [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3)],
        time=evolution(0.5, 0.05, "blanes-moan-4"),
        parallel={"precision": precision, "pencil_grid": [comm.size, 1][: d - 1]},
        comm=comm,
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(
    "points", [[14, 11, 13], [16, 12, 20], [26, 23]], ids=lambda points: "x".join(map(str, points))
)
def test_slabs_give_the_bits_of_one_rank(comm, points, precision):
    mine, serial = mixture_on(comm, points, precision), mixture_on(MPI.COMM_SELF, points, precision)
    assert isinstance(mine.mixture.transform, SlabTransform)
    block = mine.mixture.grid.position_block.slices
    # the initial norm is a sum over ranks, rounded in its own order: begin from the same bits
    for array, whole in zip(mine.state.orbitals, serial.state.orbitals, strict=True):
        array[...] = whole[(slice(None), *block)]
    before = serial.state.orbitals[0].copy()
    mine.evolve()
    serial.evolve()
    assert not np.array_equal(serial.state.orbitals[0], before)
    for array, whole in zip(mine.state.orbitals, serial.state.orbitals, strict=True):
        assert np.array_equal(array, whole[(slice(None), *block)])
