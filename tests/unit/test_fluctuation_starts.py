"""The functions that fluctuations begin with: Feynman functions, every function of a grid, probes."""

import math

import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.initial.excitations.feynman import reflected, smallest_waves
from hpcmix.initial.excitations.probes import beginning_of, probe
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.mistakes.errors import ProblemError
from tests.physics.fluctuations import with_pairs
from tests.physics.systems import contact, gaussian, species, system

TIME = {"final": 1.0, "step": 0.1}


def clouds(points, lengths, width=1.0, **section):
    """Two Gaussian clouds with pairs."""
    names = [species(name, particles=number, initial=gaussian(width)) for name, number in (("up", 3.0), ("down", 2.0))]
    fluctuations = {"modes": 5, "probes": 4, **section}
    built = system(points, lengths, names, [contact("up", "down", 1.0)], time=TIME, fluctuations=fluctuations)
    return with_pairs(built)


def rows(fluctuations, which=0):
    """All species of every pair in a row."""
    return np.concatenate([array[:, which].reshape(len(array), -1) for array in fluctuations.pairs], axis=1)


@pytest.mark.parametrize(("points", "count"), [((8,), 8), ((7, 6), 42), ((4, 5, 6), 120), ((6, 6, 6), 27)])
def test_waves_come_by_their_wave_number(points, count):
    lengths = (8.0, 9.0, 10.0)[: len(points)]
    waves = smallest_waves(points, lengths, count)
    assert waves[0] == (0,) * len(points)
    assert len(set(waves)) == count
    moduli = [sum((m / length) ** 2 for m, length in zip(wave, lengths, strict=True)) for wave in waves]
    assert moduli == sorted(moduli)
    for n, numbers in zip(points, zip(*waves, strict=True), strict=True):
        assert -(n // 2) <= min(numbers) and max(numbers) <= (n + 1) // 2 - 1
    if count == math.prod(points):
        return
    everywhere = smallest_waves(points, lengths, math.prod(points))
    assert waves == everywhere[:count]


def test_waves_of_a_cube_come_in_whole_shells():
    squares = [sum(m * m for m in wave) for wave in smallest_waves((8, 8, 8), (5.0, 5.0, 5.0), 27)]
    assert squares == [0] + 6 * [1] + 12 * [2] + 8 * [3]


@pytest.mark.parametrize(("points", "lengths"), [([24], [8.0]), ([9, 7], [6.0, 5.0]), ([6, 5, 4], [5.0, 5.0, 5.0])])
@pytest.mark.parametrize("modes", [5, "all"])
def test_followed_functions_are_orthonormal_and_begin_with_the_condensates(points, lengths, modes):
    built = clouds(points, lengths, modes=modes, probes=0 if modes == "all" else 4)
    fluctuations, cell = built.state.fluctuations, built.grid.cell_volume
    count = math.prod(points) if modes == "all" else modes
    assert fluctuations.exact == 2 * count
    functions = rows(fluctuations)
    gram = cell * functions.conj() @ functions.T
    exact = gram[: 2 * count, : 2 * count]
    # rounding of sums over some hundred points
    assert np.max(np.abs(exact - np.eye(2 * count))) < 1e-13
    assert np.max(np.abs(gram[: 2 * count, 2 * count :]), initial=0.0) < 1e-12
    assert np.all(rows(fluctuations, 1) == 0.0)
    for a, array in enumerate(fluctuations.pairs):
        condensate = built.state.orbitals[a][0]
        np.testing.assert_allclose(array[a * count, 0], condensate, atol=1e-14)
        others = [number for number in range(2 * count) if not a * count <= number < (a + 1) * count]
        assert np.all(array[others] == 0.0)


def test_a_feynman_function_is_the_condensate_times_waves():
    built = clouds([24], [8.0])
    phi, cell = built.state.orbitals[0][0], built.grid.cell_volume
    functions = built.state.fluctuations.pairs[0][:5, 0]
    (x,) = built.grid.coordinates
    for number in (-2, -1, 1, 2):
        wanted = phi * np.exp(2j * np.pi * number * x / 8.0)
        inside = (cell * functions.conj() @ wanted) @ functions
        np.testing.assert_allclose(inside, wanted, atol=1e-13)


def test_every_first_direction_has_a_basis():
    random = np.random.default_rng(3)
    for direction in (
        random.normal(size=6) + 1j * random.normal(size=6),
        np.eye(6)[0],
        np.eye(6)[4],
        -1j * np.eye(6)[0],
    ):
        basis = reflected(direction)
        np.testing.assert_allclose(basis @ basis.conj().T, np.eye(6), atol=1e-15)
        np.testing.assert_allclose(basis[0], direction / np.linalg.norm(direction), atol=1e-15)


def test_probes_are_white_and_of_streams_of_their_own():
    grid = Grid((40, 6), (4.0, 3.0), Block((0, 0), (40, 6)), Block((0, 0), (40, 6)))
    probes = np.array([[probe(grid, 7, number, a) for a in (0, 1)] for number in range(200)])
    # of modulus one to rounding
    np.testing.assert_allclose(np.abs(probes) ** 2 * grid.cell_volume, 1.0, atol=1e-14)
    flat = probes.reshape(400, -1)
    overlaps = grid.cell_volume * flat.conj() @ flat.T / grid.points[0] / grid.points[1]
    # 400 random vectors of 240 phases: the largest of 80000 overlaps of spread 1/sqrt(240) is below 5.5 of it
    assert np.max(np.abs(overlaps - np.eye(400))) < 5.5 / math.sqrt(240)
    spread = grid.cell_volume * np.einsum("px,py->xy", flat, flat.conj()) / 400
    assert np.max(np.abs(spread - np.eye(240))) < 5.5 / math.sqrt(400)
    assert not np.array_equal(probes[0], np.array([probe(grid, 8, 0, a) for a in (0, 1)]))


@pytest.mark.parametrize("block", [Block((0, 0), (3, 6)), Block((3, 2), (5, 4)), Block((7, 0), (33, 1))])
def test_the_value_of_a_probe_at_a_point_does_not_depend_on_the_block(block):
    whole = Grid((40, 6), (4.0, 3.0), Block((0, 0), (40, 6)), Block((0, 0), (40, 6)))
    part = Grid((40, 6), (4.0, 3.0), block, block)
    assert np.array_equal(probe(part, 1, 5, 1), probe(whole, 1, 5, 1)[block.slices])


def test_the_gram_matrix_of_probes_is_made_again():
    built = clouds([24], [8.0])
    functions = rows(built.state.fluctuations)[10:]
    wanted = built.grid.cell_volume * functions.conj() @ functions.T
    beginning = beginning_of(built.mixture, built.state.fluctuations)
    np.testing.assert_allclose(beginning.gram, wanted, atol=1e-12)  # of norm 48
    np.testing.assert_allclose(beginning.norms, 1.0, atol=1e-14)
    densities = [built.density(a) for a in (0, 1)]
    overlaps = [[built.grid.cell_volume * np.sum(one * other) for other in densities] for one in densities]
    np.testing.assert_allclose(beginning.overlaps, overlaps, rtol=1e-14)


def test_dependent_functions_are_refused_with_the_number_that_is_not():
    with pytest.raises(ProblemError) as refused:
        clouds([512], [800.0], width=1.0, modes=40)
    (complaint,) = refused.value.complaints
    assert complaint.key == "fluctuations.modes"
    assert 'of the 40 functions psi exp(ikx) of "up" only the first' in complaint.message
    most = int(complaint.message.rpartition("use at most ")[2].split()[0])
    fluctuations = clouds([512], [800.0], width=1.0, modes=most).state.fluctuations
    functions = rows(fluctuations)[: 2 * most]
    # at the limit too, the functions are orthonormal to rounding
    assert np.max(np.abs(functions.conj() @ functions.T * 800.0 / 512.0 - np.eye(2 * most))) < 1e-13


def test_an_empty_species_begins_with_the_one_it_is_coupled_to():
    names = [species("up", particles=3.0, initial=gaussian(1.0)), species("down", particles=0.0)]
    coupling = [{"between": ["up", "down"], "rabi_frequency": 1.0}]
    built = with_pairs(
        system([24], [8.0], names, time=TIME, coupling=coupling, fluctuations={"modes": 3, "probes": 2, "seed": 1})
    )
    up, down = built.state.fluctuations.pairs
    assert np.array_equal(up[:3, 0], down[3:6, 0])
    assert np.all(down[:3, 0] == 0.0)
