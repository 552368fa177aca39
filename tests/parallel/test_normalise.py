"""A wave function that is normalised has the same bits however the grid is divided."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hpcmix.initial.trial.guesses import normalise
from hpcmix.parallel.decomposition import part
from hpcmix.parallel.process.mpi import MPI


def normalised(ranks, field):
    mixture = SimpleNamespace(communicators=SimpleNamespace(group=ranks), grid=SimpleNamespace(cell_volume=0.37))
    normalise(mixture, field, "species.rb.initial")
    return field


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_the_division_of_the_grid_changes_no_bit(comm, dtype):
    """Of many fields: a sum that is rounded in another order is often the same, or its root is."""
    random = np.random.default_rng(5)
    for _ in range(40):
        whole = (random.normal(size=(37, 23)) + 1j * random.normal(size=(37, 23))).astype(dtype)
        first, count = part(37, comm.size, comm.rank)
        piece = normalised(comm, whole[first : first + count].copy())
        alone = normalised(MPI.COMM_SELF, whole)
        np.testing.assert_array_equal(piece, alone[first : first + count])
        assert np.sum(np.abs(alone.astype(complex)) ** 2) * 0.37 == pytest.approx(1.0, rel=1e-6)  # of single precision
