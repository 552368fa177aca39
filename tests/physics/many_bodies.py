"""Small systems of many bodies for tests, and the same in first quantisation: dense matrices on tensor products."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction, Statistics

BOSONS, FERMIONS = Statistics.BOSONS, Statistics.FERMIONS


def hermitian(random, size, is_complex=True):
    matrix = random.normal(size=(size, size)) + (1j * random.normal(size=(size, size)) if is_complex else 0.0)
    return matrix + matrix.conj().T


def channels(random, first, second, count, is_complex=True, symmetric=False):
    """Random Hermitian channels; `symmetric`: of one species with itself."""
    left = np.array([hermitian(random, first, is_complex) for _ in range(count)])
    right = left if symmetric else np.array([hermitian(random, second, is_complex) for _ in range(count)])
    return Channels(random.normal(size=count), left, right)


def random_model(kinds, modes, particles, seed=0, is_complex=True, hbar=1.0, size=0.3):
    """Every species interacts with itself and every other one."""
    random = np.random.default_rng(seed)
    species = tuple(
        ModeSpecies(f"s{i}", kind, n, hermitian(random, m, is_complex))
        for i, (kind, m, n) in enumerate(zip(kinds, modes, particles, strict=True))
    )
    interactions = []
    for a, b in itertools.combinations_with_replacement(range(len(kinds)), 2):
        pair = channels(random, modes[a], modes[b], 3, is_complex, symmetric=a == b)
        interactions.append(PairInteraction(a, b, size / (1 + a + b), 0.0, 0.0, pair))
    return ManyBodyModel(hbar, species, tuple(interactions))


def mean_field_model(modes, particles, seed=0, is_complex=True, size=0.5):
    """Bosons with prefactors 1/N_a and 1/(N_1 + N_2), and what one feels of the other in the limit."""
    random = np.random.default_rng(seed)
    total = sum(particles)
    species = tuple(
        ModeSpecies(f"s{i}", BOSONS, n, hermitian(random, m, is_complex))
        for i, (m, n) in enumerate(zip(modes, particles, strict=True))
    )
    interactions = []
    for a, b in itertools.combinations_with_replacement(range(len(modes)), 2):
        pair = channels(random, modes[a], modes[b], 2, is_complex, symmetric=a == b)
        pair = Channels(size * pair.strengths, pair.left, pair.right)
        if a == b:
            interactions.append(PairInteraction(a, a, 1.0 / particles[a], 1.0, 1.0, pair))
        else:
            interactions.append(PairInteraction(a, b, 1.0 / total, particles[b] / total, particles[a] / total, pair))
    return ManyBodyModel(1.0, species, tuple(interactions))


def plane_waves(largest, particles, potential=lambda q: 1.0 / (1.0 + q * q), size=0.5, random=None):
    """A ring of 2 largest + 1 waves; two species (or one), prefactors of fractions. V_q real, channels by momentum."""
    waves = np.arange(-largest, largest + 1)
    m = len(waves)
    kinetic = np.diag(0.5 * waves.astype(float) ** 2)
    transfers = range(-2 * largest, 2 * largest + 1)
    shifts = np.array([(waves[:, None] - waves[None, :] == q).astype(float) for q in transfers])
    strengths = np.array([size * potential(q) / (2.0 * math.pi) for q in transfers])
    pair = Channels(strengths, shifts, shifts[::-1])
    if random is not None:
        kinetic = kinetic + 0.1 * hermitian(random, m, False)
    total = sum(particles)
    species = tuple(ModeSpecies(f"s{i}", BOSONS, n, (1.0 + 0.3 * i) * kinetic) for i, n in enumerate(particles))
    interactions = [PairInteraction(a, a, 1.0 / n, 1.0, 1.0, pair) for a, n in enumerate(particles)]
    for a, b in itertools.combinations(range(len(particles)), 2):
        interactions.append(PairInteraction(a, b, 1.0 / total, particles[b] / total, particles[a] / total, pair))
    return ManyBodyModel(1.0, species, tuple(interactions))


# ---------------------------------------------------------------------- first quantisation


def embedding(space):
    """|n> as symmetric or antisymmetric tensors, (m^N, D)."""
    modes, particles = space.modes, space.particles
    result = np.zeros((modes**particles, len(space)))
    for number, occupation in enumerate(space.occupations):
        orbitals = [p for p in range(modes) for _ in range(occupation[p])]
        for order in itertools.permutations(range(particles)):
            sign = 1.0
            if space.statistics is FERMIONS:
                sign = np.linalg.det(np.eye(particles)[list(order)])
            place = functools.reduce(lambda total, k: total * modes + orbitals[k], order, 0)
            result[place, number] += sign
    norms = np.linalg.norm(result, axis=0)
    return result / norms


def on_particles(matrices, sizes):
    """A product of one-particle matrices {place: matrix} on a tensor product."""
    return functools.reduce(np.kron, [matrices.get(i, np.eye(size)) for i, size in enumerate(sizes)])


def first_quantised(model, spaces):
    """H = sum h + f/2 sum_{i != j} W + f sum W_12, dense on m^N, restricted to the configurations."""
    sizes = [s.modes for s in model.species for _ in range(s.particles)]
    owner = [a for a, s in enumerate(model.species) for _ in range(s.particles)]
    total = np.zeros((math.prod(sizes),) * 2, complex)
    for place, species in enumerate(owner):
        total += on_particles({place: model.species[species].one_body}, sizes)
    for each in model.interactions:
        for i, j in itertools.permutations(range(len(sizes)), 2):
            if (owner[i], owner[j]) != (each.first, each.second):
                continue
            factor = 0.5 * each.factor if each.first == each.second else each.factor
            for w, x, y in zip(each.channels.strengths, each.channels.left, each.channels.right, strict=True):
                total += factor * w * on_particles({i: x, j: y}, sizes)
    states = functools.reduce(np.kron, [embedding(space) for space in spaces])
    return states.T @ total @ states


def dense(product, constant=True):
    """The matrix of a product, with E or without; one rank."""
    rows = product.rows
    size = rows.rows * rows.columns
    matrix = np.zeros((size, size), complex)
    source, target = rows.vector(), rows.vector()
    for column in range(size):
        source[...] = 0.0
        source.reshape(-1)[column] = 1.0
        product.apply(source, target)
        matrix[:, column] = target.reshape(-1)
    return matrix + (product.constant * np.eye(size) if constant else 0.0)
