"""The lowest eigenstates of T + U of one species, as modes.

On small grids the matrix is diagonalised; on larger ones they are the orbitals of fermions without interaction, found
by the same search as ground states of sets (initial/orbitals/search.py). Modes need not be exact eigenstates: whatever
orthonormal fields they are, the Hamiltonian's matrix in them is computed, not assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpcmix.initial.descent.ground_state import Report
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.orbitals.search import minimise_sets
from hpcmix.initial.trial.shells import oscillator_filling, plane_wave_filling
from hpcmix.initial.written import wave_functions
from hpcmix.model.many_body.modes.overlaps import hermitian_part, orthonormal
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.schema import Problem

LARGEST_DENSE = 1024
"""Points of a grid on which T + U is diagonalised as a whole: 16 MB, half a second."""
TOLERANCE = 1e-8
"""Relative residual of eigenstates that are searched for."""
MOST_ITERATIONS = 3000
NOISE = 0.01
"""On the first guess: enough to break every symmetry."""
REAL = 1e-13
"""Imaginary part of T + U, relative to its largest element, that is rounding."""
NEARLY_REAL = 1e-6
"""Norm of the imaginary parts of states that were searched for, below which they are its error."""


def lowest_eigenstates(
    problem: Problem, mixture: Mixture, index: int, count: int, say: Callable[[str], None], report: Report
) -> np.ndarray:
    """The `count` lowest eigenstates of T + U of a species at time 0-, ascending, orthonormal; complex (count, *this
    rank's block), real where T + U is. Collective over the group.

    report  called in every iteration of a search; what it raises ends the search.

    Raises :class:`~hpcmix.initial.descent.ground_state.NotConverged`.
    """
    if int(np.prod(mixture.grid.points)) <= LARGEST_DENSE:
        return _diagonalised(mixture, index, count)
    return _searched(problem, mixture, index, count, say, report)


def _diagonalised(mixture: Mixture, index: int, count: int) -> np.ndarray:
    """Of the whole matrix in the basis of grid points, the same on every rank."""
    grid = mixture.grid
    size = int(np.prod(grid.points))
    number = np.arange(size).reshape(grid.points)[grid.position_block.slices]
    matrix: np.ndarray = np.zeros((size, size), np.complex128)
    mine = number.ravel()
    external = mixture.species[index].external.value(Instant.before_start())
    with mixture.kinetic_together():
        for column in range(size):
            field = (number == column).astype(np.complex128)
            mixture.apply_kinetic(field, index)
            matrix[mine, column] = field.ravel()
    if external is not None:
        matrix[mine, mine] += external.ravel()
    matrix = hermitian_part(mixture.communicators.sum(matrix))
    if np.max(np.abs(matrix.imag)) <= REAL * np.max(np.abs(matrix)):
        matrix = matrix.real
    _, vectors = np.linalg.eigh(matrix)
    chosen = vectors[:, :count]
    largest = np.argmax(np.abs(chosen), axis=0)
    phases = chosen[largest, np.arange(count)]
    chosen = chosen * (np.abs(phases) / phases)  # libraries differ in the phase of a vector
    fields = chosen.T[:, mine].reshape(count, *grid.position_shape)
    return (fields / np.sqrt(grid.cell_volume)).astype(np.complex128)


def _searched(
    problem: Problem, mixture: Mixture, index: int, count: int, say: Callable[[str], None], report: Report
) -> np.ndarray:
    """As orbitals of fermions without interaction."""
    alone_species = replace(
        mixture.species[index], orbitals=count, weight=1.0, kinetic=mixture.species[index].kinetic.from_rest()
    )
    alone = Mixture(mixture.grid, mixture.engine, [alone_species], (), mixture.hbar)
    block = orthonormal(mixture, _guess(problem, mixture, index, count))
    ground_state = minimise_sets(alone, [block], Instant.before_start(), TOLERANCE, MOST_ITERATIONS, report, say=say)
    for name, levels in (ground_state.levels or {}).items():
        if levels.gap == 0.0:
            say(f'modes of "{name}": {count} do not close a shell, the next level has the energy of the highest one')
    return _real_where_possible(mixture, block)


def _real_where_possible(mixture: Mixture, block: np.ndarray) -> np.ndarray:
    """States without their phases, and real where all of them are up to the search's error: real modes have half as
    many pair densities."""
    flat = block.reshape(len(block), -1)
    squares = mixture.communicators.sum(np.sum(flat * flat, axis=1))  # of exp(i a) times a real state: exp(2 i a)
    phases = np.exp(-0.5j * np.angle(squares))
    turned = (flat * phases[:, np.newaxis]).reshape(block.shape)
    imaginary = mixture.communicators.sum(np.sum(turned.imag**2)) * mixture.grid.cell_volume
    return turned if imaginary > NEARLY_REAL**2 else turned.real.astype(np.complex128)


def _guess(problem: Problem, mixture: Mixture, index: int, count: int) -> np.ndarray:
    """Oscillator states of a harmonic trap, or the longest waves of the box."""
    grid, species = mixture.grid, problem.species[index]
    trap = species.oscillator
    if trap is not None:
        numbers = oscillator_filling(trap.frequency, count).numbers
        fields = [
            wave_functions.oscillator(grid, species.mass, problem.hbar, trap.frequency, n, trap.centre_at(0.0))
            for n in numbers
        ]
    else:
        # cosines and sines: where T + U is real the modes stay so
        fields = []
        for n in plane_wave_filling(grid.points, grid.lengths, count).numbers:
            wave = wave_functions.plane_wave(grid, n)
            fields.append(wave.imag if n < tuple(-k for k in n) else wave.real)
    shaken = [
        field * (1.0 + NOISE * complex_noise(grid, 0, (index << 32) + number).real)
        for number, field in enumerate(fields)
    ]
    norm = max(float(np.max(np.abs(field), initial=0.0)) for field in fields)
    return np.array(shaken, np.complex128) / mixture.communicators.maximum(norm)
