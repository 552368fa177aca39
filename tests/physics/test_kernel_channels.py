"""Kernels between several species: however few transforms they take, and wherever these are done, the mean fields are
the sums over the species."""

import numpy as np
import pytest
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    evolution,
    expanding,
    gaussian,
    gaussian_kernel,
    harmonic,
    potentials_of,
    species,
    system,
    yukawa,
)

from hpcmix.evolve.flows import Flows, Kick
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.orbital_cloud import orbital_clouds

NAMES = "abc"
PAIRS = [(a, b) for a in range(3) for b in range(a, 3)]
CHARGES = (1.0, -2.0, 0.5)
GRIDS = {"line": ([25], [9.0]), "plane": ([14, 15], [9.0, 8.0]), "space": ([9, 12, 10], [7.0, 8.0, 7.5])}
ROUNDING = {"double": 2e-14, "single": 1e-5}
"""Relative to the largest number: transforms of a thousand points and sums over three species."""


def between(kind, strengths, **entries):
    """A kernel for every pair, by the matrix of strengths; zeros are left out."""
    return [kind(NAMES[a], NAMES[b], strengths[a][b], **entries) for a, b in PAIRS if strengths[a][b] != 0.0]


def charges(kind, sign=1.0, **entries):
    return between(kind, sign * np.outer(CHARGES, CHARGES), **entries)


KERNELS = {
    "one channel": lambda: charges(lambda a, b, s: gaussian_kernel(a, b, s, 0.7)),
    "one shape": lambda: between(lambda a, b, s: gaussian_kernel(a, b, s, 0.7), np.diag([1.0, 2.0, -1.0]) + 0.5),
    "two channels": lambda: [
        *charges(lambda a, b, s: gaussian_kernel(a, b, s, 0.7)),
        gaussian_kernel("b", "b", 0.8, 1.1),
    ],
    "three shapes": lambda: [
        gaussian_kernel(NAMES[a], NAMES[b], 1.0 + a - 0.4 * b, 0.5 + 0.1 * (a + b)) for a, b in PAIRS
    ],
    "one species alone": lambda: [gaussian_kernel("b", "b", 0.8, 1.1)],
}


def clouds(shape, kernels, precision="double", **more):
    points, lengths = GRIDS[shape]
    numbers = zip(NAMES, (2.0, 3.0, 1.0), (1.0, 1.5, 0.7), (1.0, 0.8, 1.2), (0.3, -0.4, 0.0), strict=True)
    atoms = [
        species(name, particles=n, mass=m, potential=harmonic(1.0), initial=gaussian(w, centre=c, momentum=0.3))
        for name, n, m, w, c in numbers
    ]
    more = {"time": evolution(0.1, 0.05)} | more
    return system(points, lengths, atoms, kernels, parallel={"precision": precision}, **more)


def densities(state):
    return [state.density(a) for a in range(3)]


@pytest.mark.parametrize("precision", ROUNDING)
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("grid", GRIDS)
def test_a_kick_turns_by_the_mean_fields(grid, name, precision):
    """Where the fields of a kick come from wave-number space in its own sweep, and where they do not, with a contact
    and without: the phase is that of the mean fields which records show."""
    for interactions in (KERNELS[name](), [*KERNELS[name](), contact("a", "c", 0.6)]):
        state = clouds(grid, interactions, precision)
        mixture, orbitals = state.mixture, state.state.orbitals
        instant = Instant(0.0, 0.0)
        potentials = potentials_of(mixture, densities(state), instant)
        expected = [array * np.exp(-0.2j * w) for array, w in zip(orbitals, potentials, strict=True)]
        Flows(mixture).alternate(orbital_clouds(orbitals), [Kick(0.2, instant)], [])
        for array, other in zip(orbitals, expected, strict=True):
            np.testing.assert_allclose(array, other, rtol=0, atol=ROUNDING[precision] * np.max(np.abs(other)))


def few_channels(boundary):
    """Coulomb's kernel of charges, which is one channel, and dipoles along a tilted direction that b and c have."""
    dipoles = {"direction": [0.3, 0.5, 1.0], "boundary": boundary}
    return [
        *charges(coulomb, boundary=boundary),
        dipolar("b", "b", 0.2, **dipoles),
        dipolar("c", "c", 0.2, **dipoles),
        dipolar("b", "c", 0.2, **dipoles),
    ]


@pytest.mark.parametrize("boundary", ["periodic", "free"])
def test_mean_fields_are_sums_over_the_pairs(boundary):
    together = clouds("space", few_channels(boundary))
    assert [term.channels.count for term in together.mixture.interactions.terms] == [2]
    rho = densities(together)
    found = together.mixture.interactions.mean_fields(rho)
    expected = [np.zeros_like(one) for one in rho]
    for entry in few_channels(boundary):
        for number, field in enumerate(clouds("space", [entry]).mixture.interactions.mean_fields(rho)):
            expected[number] += field
    for field, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(field, other, rtol=0, atol=2e-14 * np.max(np.abs(other)))


def test_charges_take_one_transform():
    """Of three species, on the box and in free space; of one shape no more than one multiplier."""
    for boundary in ("periodic", "free"):
        mixture = clouds("space", charges(coulomb, boundary=boundary)).mixture
        (term,) = mixture.interactions.terms
        assert term.channels.count == 1
    mixture = clouds("space", between(lambda a, b, s: yukawa(a, b, s, 1.3), np.diag([1.0, 2.0, 3.0]) + 0.5)).mixture
    (term,) = mixture.interactions.terms
    assert (term.channels.count, len(term.channels.multipliers)) == (3, 1)


@pytest.mark.parametrize("boundary", ["periodic", "free"])
@pytest.mark.parametrize("contraction", [1.0, 0.6])
def test_kernels_times_a_factor_follow_the_frame(boundary, contraction):
    """A copy with other strengths is that of a file with these strengths, at any scale of the frame: with a kernel that
    has a power, one that has none, and more channels than before."""

    def kernels(factor):
        strengths = np.outer(CHARGES, CHARGES)
        strengths[0, 1] *= factor
        return [
            *between(coulomb, strengths, boundary=boundary),
            gaussian_kernel("a", "a", 0.8, 0.7) | {"boundary": boundary},
            gaussian_kernel("a", "b", factor * 0.4, 0.7) | {"boundary": boundary},
        ]

    first, second = (clouds("space", kernels(factor), grid=expanding(1.0)) for factor in (1.0, 0.25))
    rho = densities(first)
    copy = first.mixture.with_kernels_times({(0, 1): 0.25})
    found = copy.interactions.mean_fields(rho, Instant(0.0, 0.0, contraction))
    expected = second.mixture.interactions.mean_fields(rho, Instant(0.0, 0.0, contraction))
    unchanged = first.mixture.interactions.mean_fields(rho, Instant(0.0, 0.0, contraction))
    for field, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(field, other, rtol=0, atol=2e-14 * np.max(np.abs(other)))
    assert np.max(np.abs(found[0] - unchanged[0])) > 0.01 * np.max(np.abs(found[0]))


def test_kernels_times_zero_are_none():
    mixture = clouds("space", [yukawa("a", "b", 1.0, 1.0)]).mixture.with_kernels_times({(0, 1): 0.0})
    assert mixture.interactions.separate == []
    for field in mixture.interactions.mean_fields([np.ones(GRIDS["space"][0])] * 3):
        np.testing.assert_array_equal(field, 0.0)
