"""Energies of records beside noise of the kind "wigner": averages over the vacuum and over coherent states are those of
normally ordered operators, exactly.

Averages over the Gaussian weight of a few modes are taken by a cubature that is exact for polynomials of degree five in
all amplitudes together (A. H. Stroud, Approximate Calculation of Multiple Integrals, E_n^{r^2} 5-2), and energies of
pairs are of degree four.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from physics.systems import contact, evolution, expression, gaussian_kernel, species, system

LENGTH = 4.0
ROUNDING = 1e-11
"""Relative: a hundred terms of a size that cancels to a hundredth."""


def cubature(n):
    """Points and weights for n independent normal numbers."""
    axes = math.sqrt(3.0) * np.eye(n)
    pairs = [s * axes[i] + t * axes[j] for i, j in combinations(range(n), 2) for s in (1, -1) for t in (1, -1)]
    points = np.concatenate([np.zeros((1, n)), axes, -axes, np.reshape(pairs, (-1, n))])
    weights = [(n**2 - 7 * n + 18) / 18, *[(4 - n) / 18] * (2 * n), *[1 / 36] * len(pairs)]
    return points, np.array(weights)


def gases(modes, entries=(), names="ab", potential=(), **sections):
    """Gases on a ring of eight points, of so many modes each: -m .. m by the cutoff; 3, 4, ... particles."""
    given = []
    for number, (name, count) in enumerate(zip(names, modes, strict=True)):
        cutoff = 0.5 * ((count // 2 + 0.1) * 2.0 * math.pi / LENGTH) ** 2
        noise = {"kind": "wigner", "cutoff": cutoff, "seed": 5}
        initial = expression("1") | {"noise": noise}
        given.append(species(name, particles=3.0 + number, potential=list(potential), initial=initial))
    return system([8], [LENGTH], given, list(entries), **sections)


def averages(found, modes, means):
    """The mean of the records over coherent states of the amplitudes `means`: of every species an array of modes."""
    points, weights = cubature(2 * sum(modes))
    x = found.grid.axis(0)
    total, species_energies = 0.0, {}
    for point, weight in zip(points, weights, strict=True):
        # of mean square 1/2 each: real and imaginary parts of variance 1/4
        noise = 0.5 * (point[0::2] + 1j * point[1::2])
        first = 0
        for a, (count, mean) in enumerate(zip(modes, means, strict=True)):
            numbers = np.arange(count) - count // 2
            alpha = np.asarray(mean) + noise[first : first + count]
            field = np.exp(2j * np.pi / LENGTH * np.outer(x, numbers)) @ alpha / math.sqrt(LENGTH)
            found.state.orbitals[a][0] = field / math.sqrt(found.mixture.weights[a])
            first += count
        record = found.record()
        flat = {**record["energy"], "field": record["field_energy"]}
        flat |= {f"particles {name}": entries["particles"] for name, entries in record["species"].items()}
        for name, value in flat.items():
            species_energies[name] = species_energies.get(name, 0.0) + weight * value
        total += weight
    assert total == pytest.approx(1.0, rel=1e-12)
    return species_energies


def mean_density(mean, x):
    numbers = np.arange(len(mean)) - len(mean) // 2
    return np.abs(np.exp(2j * np.pi / LENGTH * np.outer(x, numbers)) @ np.array(mean)) ** 2 / LENGTH


INTERACTIONS = [contact("a", "a", 0.7), contact("a", "b", -0.4), contact("b", "b", 0.9)]
COHERENT = [[0.6j, 1.5, 0.3 - 0.2j], [1.1 + 0.4j]]


@pytest.mark.parametrize("means", [[[0.0] * 3, [0.0]], COHERENT], ids=["vacuum", "coherent"])
def test_the_energy_of_pairs_is_that_of_normally_ordered_operators(means):
    """1/2 sum_ab g_ab integral <a| psi_a^+ psi_b^+ psi_b psi_a |a> with the densities of the coherent states: zero of
    the vacuum, whose field holds g (M / V)^2 V / 4 and more."""
    found = gases([3, 1], INTERACTIONS, potential=[{"kind": "expression", "value": "0.3*cos(2*pi*x/4)"}])
    seen, x = averages(found, [3, 1], means), found.grid.axis(0)
    first, second = (mean_density(mean, x) for mean in means)
    pairs = 0.5 * np.sum(0.7 * first**2 - 0.8 * first * second + 0.9 * second**2) * LENGTH / 8
    held = 0.7 * (3 / LENGTH) ** 2 * LENGTH / 4  # of the vacuum of a alone
    assert seen["interaction"] == pytest.approx(pairs, rel=ROUNDING, abs=ROUNDING * held)
    potential = 0.3 * np.sum(np.cos(2 * np.pi * x / LENGTH) * (first + second)) * LENGTH / 8
    assert seen["potential"] == pytest.approx(potential, rel=ROUNDING, abs=ROUNDING)
    kinetic = 0.5 * (2 * np.pi / LENGTH) ** 2 * (abs(means[0][0]) ** 2 + abs(means[0][2]) ** 2)
    assert seen["kinetic"] == pytest.approx(kinetic, rel=ROUNDING, abs=ROUNDING)
    assert seen["particles a"] == pytest.approx(np.sum(np.abs(means[0]) ** 2), rel=ROUNDING, abs=ROUNDING)
    assert seen["field"] - seen["total"] > held  # the half quanta of b, and kinetic ones, beside those of a


@pytest.mark.parametrize("means", [[[0.0]] * 3, [[1.3], [0.5 - 0.7j], [0.4j]]], ids=["vacuum", "coherent"])
def test_the_energy_of_spins_is_that_of_normally_ordered_operators(means):
    """c_2/2 V |F|^2 and c_0/2 V n^2 of the coherent states, and Zeeman energies of their particles."""
    gas = {"species": ["a", "b", "c"], "spin_interaction": -0.8, "density_interaction": 2.0,
           "linear_zeeman": 0.3, "quadratic_zeeman": 0.4}  # fmt: skip
    seen = averages(gases([1, 1, 1], names="abc", spinor=[gas]), [1, 1, 1], means)
    plus, zero, minus = (mean[0] for mean in means)
    raised = np.conj(plus) * zero + np.conj(zero) * minus
    length = 2.0 * abs(raised) ** 2 + (abs(plus) ** 2 - abs(minus) ** 2) ** 2
    number = abs(plus) ** 2 + abs(zero) ** 2 + abs(minus) ** 2
    for name, exact in (
        ("spin", -0.4 * length / LENGTH),
        ("interaction", number**2 / LENGTH),
        ("coupling", -0.3 * (abs(plus) ** 2 - abs(minus) ** 2) + 0.4 * (abs(plus) ** 2 + abs(minus) ** 2)),
    ):
        assert seen[name] == pytest.approx(exact, rel=ROUNDING, abs=ROUNDING), name


def test_kernels_keep_what_their_convolution_holds():
    """1/2 integral rho (G * rho) of the field: of the vacuum of M modes (1/8V) sum G^(k - k') over all pairs of them,
    and G^(0) M^2 / 8V."""
    found = gases([3], [gaussian_kernel("a", "a", 0.7, 0.8)], names="a")
    numbers = np.arange(3)
    differences = 2 * np.pi / LENGTH * (numbers[:, np.newaxis] - numbers).ravel()
    transform = found.mixture.interactions.transforms([differences])[0, 0]
    held = (np.sum(transform) + 9 * transform[0]) / (8 * LENGTH)
    seen = averages(found, [3], [[0.0] * 3])
    assert seen["interaction"] == pytest.approx(held, rel=ROUNDING)
    assert seen["field"] - seen["total"] == pytest.approx((2 * np.pi / LENGTH) ** 2 / 2, rel=ROUNDING)  # kinetic alone


def test_the_flow_conserves_the_energy_of_the_field():
    """And with contact interactions that of the particles too, which is another by a part of their number."""
    found = gases([3, 3], INTERACTIONS, time=evolution(1.0, 0.01, "blanes-moan-4"))
    before = found.record()
    after = found.evolve().record()
    scale = abs(before["field_energy"])
    assert after["field_energy"] == pytest.approx(before["field_energy"], abs=1e-8 * scale)  # steps of fourth order
    assert after["energy"]["total"] == pytest.approx(before["energy"]["total"], abs=1e-8 * scale)
    assert before["field_energy"] - before["energy"]["total"] > 1.0


def test_pairs_of_spins_are_made_of_the_vacuum():
    """All particles are in m = 0, which nothing leaves without noise; with half a quantum in m = 1 and -1 they do."""

    def left(noise):
        empty = {"kind": "ground-state"} | noise
        full = species("b", particles=40.0, initial=expression("1") | noise)
        parts = [species("a", particles=0.0, initial=empty), full, species("c", particles=0.0, initial=empty)]
        gas = {"species": ["a", "b", "c"], "spin_interaction": -0.8, "quadratic_zeeman": 0.5}
        found = system([8], [LENGTH], parts, spinor=[gas], time=evolution(1.0, 0.01))
        return found.evolve().record()["species"]["b"]["particles"]

    assert left({}) == pytest.approx(40.0, rel=1e-12)
    assert left({"noise": {"kind": "wigner", "cutoff": 0.1, "seed": 5}}) < 30.0
