"""Noise on initial states: its statistics, and what it depends on."""

import numpy as np
import pytest
from physics.systems import gaussian, harmonic, species, system

from hpcmix.grid import Grid
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.parallel.decomposition import Decomposition


def noise(points, seed=1, stream=0, pencil_grid=(1, 1), rank=0):
    decomposition = Decomposition(points, pencil_grid)
    grid = Grid(points, tuple(map(float, points)), decomposition.position_block(rank), decomposition.wave_block(rank))
    return complex_noise(grid, seed, stream), decomposition.position_block(rank)


def test_statistics():
    """Complex normal: mean 0, <|z|^2> = 1, <z^2> = 0, <|z|^4> = 2, points independent. A million numbers, bounds of
    five standard errors.
    """
    z = noise((100, 100, 101))[0].ravel()
    error = 5 / np.sqrt(z.size)
    assert abs(z.mean()) < error
    assert np.mean(np.abs(z) ** 2) == pytest.approx(1.0, abs=error)
    assert abs(np.mean(z**2)) < error * np.sqrt(2)
    assert np.mean(np.abs(z) ** 4) == pytest.approx(2.0, abs=error * np.sqrt(20))  # variance of |z|^4: 4! - 2^2
    for distance in (1, 2, 101, 101 * 100):  # neighbours along a row, across rows, across planes
        assert abs(np.mean(z[distance:].conj() * z[:-distance])) < error
    assert np.unique(z).size == z.size


@pytest.mark.parametrize("points", [(37,), (12, 13), (7, 9, 10)], ids=["1D", "2D", "3D"])
def test_it_does_not_depend_on_the_decomposition(points):
    whole, _ = noise(points)
    grids = [(2, 1), (3, 1), (4, 1)] + ([(2, 2), (1, 3), (3, 2)] if len(points) == 3 else [])
    for pencil_grid in grids:
        for rank in range(pencil_grid[0] * pencil_grid[1]):
            part, block = noise(points, pencil_grid=pencil_grid, rank=rank)
            np.testing.assert_array_equal(part, whole[block.slices])


def test_seeds_and_species_are_independent():
    fields = [noise((500,), seed, stream)[0] for seed, stream in ((1, 0), (2, 0), (1, 1))]
    for i in range(3):
        for j in range(i):
            # five standard errors of 500 products
            assert abs(np.vdot(fields[i], fields[j])) / 500 < 5 / np.sqrt(500)
    np.testing.assert_array_equal(noise((500,), 1, 0)[0], fields[0])


def test_noise_multiplies_the_state():
    """phi (1 + amplitude z), normalised: relative, the same for every kind of state and after the boost."""

    def made(**entries):
        return system(
            [64], [16.0], [species("a", potential=harmonic(1.0), initial=gaussian(1.0, momentum=0.4) | entries)]
        )

    plain, shaken = made(), made(noise={"amplitude": 0.1, "seed": 7})
    factor = 1 + 0.1 * complex_noise(shaken.grid, 7, 0)
    expected = plain.state.orbitals[0][0] * factor
    expected /= np.sqrt(np.sum(np.abs(expected) ** 2) * shaken.grid.cell_volume)
    np.testing.assert_allclose(shaken.state.orbitals[0][0], expected, rtol=1e-13)
    assert np.std(factor) > 0.05
    assert shaken.norms()[0] == pytest.approx(1.0, abs=1e-14)
