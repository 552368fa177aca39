"""Channels: the matrices that they stand for, and how few there are."""

import numpy as np
import pytest

from hpcmix.model.terms.channels import channels_of

CHARGES = np.array([1.0, -0.3, 2.7, 1e-9])


def matrices_of(channels, shapes, species):
    """sum_de outward_ad M^s_de inward_eb for every shape: what must be the couplings."""
    result = np.zeros((shapes, species, species))
    for (d, e), blend in channels.blends.items():
        for coefficient, shape in blend:
            for left, right in {(d, e), (e, d)}:
                result[shape] += coefficient * np.outer(channels.outward[:, left], channels.inward[right])
    return result


def random_symmetric(random, species):
    matrix = random.uniform(-1, 1, (species, species))
    return matrix + matrix.T


def charges(*values):
    return np.outer(values, values)


SPLIT = np.array([[1.0, 0.5, 0.0, 0.0], [0.5, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.3], [0.0, 0.0, 0.3, 0.0]])

CASES = {
    "charges": ([charges(*CHARGES)], 1),
    "masses": ([-charges(0.1, 0.7, 1.3)], 1),
    "one species of two": ([np.diag([0.0, 3.0])], 1),
    "no coupling": ([np.zeros((3, 3))], 0),
    "between only": ([1.0 - np.eye(2)], 2),
    "two groups": ([SPLIT], 4),
    "three of rank two": ([charges(1.0, 2.0, 3.0) - charges(1.0, 0.0, -1.0)], 2),
    "two shapes, the same charges": ([charges(1.0, -2.0, 0.5), -0.2 * charges(1.0, -2.0, 0.5)], 1),
    "two shapes, two charges": ([charges(1.0, -2.0, 0.5), charges(1.0, 1.0, 1.0)], 2),
    "gravity and a kernel of one species": ([-charges(1.0, 2.0, 3.0), np.diag([0.0, 5.0, 0.0])], 2),
    "two shapes in all": ([np.array([[2.0, 0.0], [0.0, 1.5]]), np.array([[0.0, 1.0], [1.0, 0.0]])], 2),
    "shapes of groups apart": ([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])], 2),
}


@pytest.mark.parametrize("name", CASES)
def test_the_channels_are_the_kernels(name):
    couplings, count = CASES[name]
    species = len(couplings[0])
    channels = channels_of(couplings, species)
    assert channels.count == count
    found = matrices_of(channels, len(couplings), species)
    # eigenvectors are right to some roundings; a small charge counts as much as a large one
    for matrix, result in zip(couplings, found, strict=True):
        charge = np.sqrt(np.max(np.abs(matrix), axis=0)) if np.any(matrix) else np.ones(species)
        np.testing.assert_allclose(result, matrix, rtol=0, atol=1e-14 * np.outer(charge, charge).max())
    if name == "charges":
        np.testing.assert_allclose(found[0], couplings[0], rtol=1e-13)


@pytest.mark.parametrize("species", [1, 2, 3, 5])
@pytest.mark.parametrize("shapes", [1, 2, 4])
def test_any_kernels_have_no_more_channels_than_species(species, shapes):
    random = np.random.default_rng(100 * species + shapes)
    couplings = [random_symmetric(random, species) for _ in range(shapes)]
    channels = channels_of(couplings, species)
    assert channels.count == species
    np.testing.assert_allclose(matrices_of(channels, shapes, species), couplings, rtol=0, atol=1e-14)


def test_species_that_do_not_act_on_each_other_share_no_channel():
    channels = channels_of([SPLIT], 4)
    for inward, outward in zip(channels.inward, channels.outward.T, strict=True):
        assert np.any(inward[:2]) != np.any(inward[2:])
        np.testing.assert_array_equal(inward != 0.0, outward != 0.0)


def test_one_shape_is_one_multiplier():
    """Of kernels that differ by a factor only one array is kept and read."""
    assert len(set(channels_of([np.array([[2.0, 1.0], [1.0, 1.5]])], 2).blends.values())) == 1
    assert len(set(channels_of([-charges(1.0, 2.0, 3.0)], 3).blends.values())) == 1


def test_a_coupling_that_is_small_but_no_rounding_stays():
    couplings = charges(1.0, 2.0) + np.diag([0.0, 1e-9])
    channels = channels_of([couplings], 2)
    assert channels.count == 2
    np.testing.assert_allclose(matrices_of(channels, 1, 2)[0], couplings, rtol=0, atol=1e-15 * 4)
