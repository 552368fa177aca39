"""Pairs of fluctuations for tests: functions they begin with, and what is made of them, on one rank."""

from __future__ import annotations

import numpy as np
from physics.systems import System

from hpcmix.state.fluctuations import Fluctuations


def functions_of(one: System, count: int, seed: int = 7) -> list[np.ndarray]:
    """Some random functions f in all species at once, normalised together: per species (count, *grid)."""
    random, shape = np.random.default_rng(seed), (len(one.mixture.species), count, *one.grid.position_shape)
    values = random.standard_normal(shape) + 1j * random.standard_normal(shape)
    places = (0, *range(2, values.ndim))
    values /= np.sqrt(np.sum(np.abs(values) ** 2, axis=places, keepdims=True) * one.grid.cell_volume)
    return list(values)


def all_functions(one: System) -> list[np.ndarray]:
    """An orthonormal basis: a point of a species each, species after species."""
    species, points = len(one.mixture.species), int(np.prod(one.grid.points))
    basis = np.eye(species * points, dtype=complex) / np.sqrt(one.grid.cell_volume)
    shape = (species * points, *one.grid.position_shape)
    return [basis[:, a * points : (a + 1) * points].reshape(shape) for a in range(species)]


def follow(one: System, functions: list[np.ndarray]) -> System:
    """Let the pairs of these functions, which begin as the vacuum, move beside the condensates of a system."""
    pairs = [np.stack([f, np.zeros_like(f)], axis=1) for f in functions]
    one.state.fluctuations = Fluctuations(pairs, range(len(functions[0])), 0)
    return one


def condensate_functions(one: System, species: int) -> list[np.ndarray]:
    """i psi of one species alone, psi = sqrt(nu) phi: the tangent vector of its phase."""
    functions = [np.zeros((1, *one.grid.position_shape), complex) for _ in one.mixture.species]
    functions[species][0] = 1j * one.field(species)
    return functions


def advanced(one: System, steps: int | None = None) -> System:
    """Take some steps, or all that are left, and leave the last kick pending."""
    for _ in range(one.problem.time.steps - one.state.step if steps is None else steps):
        one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    return one


def amplitudes(one: System) -> tuple[np.ndarray, np.ndarray]:
    """u and w of all pairs as rows, (pairs, species x points), as a look sees them."""
    both = np.stack([np.stack([array.reshape(2, -1) for array in pair]) for pair in one.look().pairs()])
    u, w = both[:, :, 0], both[:, :, 1]
    return u.reshape(len(u), -1), w.reshape(len(w), -1)


def tangent_vectors(one: System) -> np.ndarray:
    """S f = u + w of all pairs as rows: what happens to psi + f."""
    u, w = amplitudes(one)
    return u + w


def numbers(one: System) -> np.ndarray:
    """Sum over pairs of |w_a|^2 for every species: <N_a>, where the pairs' functions are an orthonormal basis."""
    _, w = amplitudes(one)
    parts = w.reshape(len(w), len(one.mixture.species), -1)
    return np.sum(np.abs(parts) ** 2, axis=(0, 2)) * one.grid.cell_volume


def symplectic_defect(one: System, functions: list[np.ndarray]) -> float:
    """The largest |<u_i, u_j> - <w_j, w_i> - <f_i, f_j>| and |<u_i, w_j> - <u_j, w_i>| over the largest |f|^2."""
    u, w = amplitudes(one)
    f = np.concatenate([array.reshape(len(array), -1) for array in functions], axis=1)
    norms = f.conj() @ f.T
    gram = u.conj() @ u.T - (w.conj() @ w.T).T - norms
    cross = u.conj() @ w.T
    return float(max(np.max(np.abs(gram)), np.max(np.abs(cross - cross.T))) / np.max(np.abs(norms)))


def stacked(one: System) -> np.ndarray:
    """psi of all species in one row."""
    return np.concatenate([one.field(a).ravel() for a in range(len(one.mixture.species))])


def displaced(one: System, functions: list[np.ndarray], size: float) -> System:
    """psi <- psi + size f_0."""
    for a, f in enumerate(functions):
        one.state.orbitals[a][0] += size * f[0] / np.sqrt(one.mixture.weights[a])
    return one
