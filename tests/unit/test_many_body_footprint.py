"""Sizes of many-body runs before anything is allocated."""

import pytest
from physics.many_bodies import BOSONS, FERMIONS, random_model

from hpcmix.model.many_body.configurations import configurations_of
from hpcmix.model.many_body.footprint import SpeciesCount, footprint, largest_fitting
from hpcmix.model.many_body.product import Changes, ManyBodyProduct, rows_for
from hpcmix.parallel.mpi import MPI


def test_the_table_of_the_specification():
    for numbers, amplitudes in (((16, 8), 2.4e6), ((16, 16), 2.35e7), ((32, 16), 2.85e8), ((32, 32), 3.5e9)):
        found = footprint([SpeciesCount(BOSONS, n, 5) for n in numbers])
        assert found.amplitudes == pytest.approx(amplitudes, rel=0.02)
        assert found.vector_bytes == 16 * found.amplitudes
    assert footprint([SpeciesCount(BOSONS, 10**6, 5, 12)] * 2).amplitudes == 1820**2
    assert footprint([SpeciesCount(BOSONS, 10**9, 50)]).amplitudes > 10**100


@pytest.mark.parametrize("changes", list(Changes))
def test_tables_are_not_larger_than_said(changes):
    model = random_model((BOSONS, FERMIONS), (3, 5), (6, 2))
    spaces = [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
    product = ManyBodyProduct(model, spaces, rows_for(MPI.COMM_SELF, spaces), changes)
    species = [SpeciesCount(s.statistics, s.particles, s.modes) for s in model.species]
    found = footprint(species)
    assert product.nbytes <= found.bytes_per_rank - 4 * found.vector_bytes


def test_the_largest_that_fits():
    species = [SpeciesCount(BOSONS, 1, 5)] * 2
    for ratio in ((1, 1), (2, 1)):
        k = largest_fitting(species, ratio, 16e9)
        sizes = [
            footprint([SpeciesCount(BOSONS, j * factor, 5) for factor in ratio]).bytes_per_rank for j in (k, k + 1)
        ]
        assert sizes[0] <= 16e9 < sizes[1]
    assert largest_fitting(species, (1, 1), 1e3) == 0
