"""Sets of orthonormal orbitals written down in closed form or read from a file, each group its own part of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.trial.shells import Filling, filling_of
from hpcmix.initial.written import wave_functions
from hpcmix.initial.written.closed_form import read_set, too_many
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.independence import LinearlyDependent
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import FileInitial, InitialSection, OscillatorInitial, PlaneWavesInitial

Say = Callable[[str], None]
"""Called with sentences for the log."""


def written_set(problem: Problem, mixture: Mixture, index: int, say: Say) -> np.ndarray:
    """The orbitals of a species that its ``initial`` writes down, shape (M held here, *grid). Collective.

    A sentence is said when the orbitals do not close a shell. Raises :class:`ProblemError` when the grid cannot hold
    so many, or the file does not fit.
    """
    species = problem.species[index]
    initial, grid, held = species.initial, mixture.grid, mixture.held(index)
    where = f"species.{species.name}.initial"
    orbitals = np.empty((len(held), *grid.position_shape), mixture.transform.wave_dtype)
    filling = filling_of(initial, grid, species.number_of_orbitals)
    _write(initial, problem, mixture, index, filling, orbitals)
    if filling is not None and not filling.closes_a_shell:
        say(filling.sentence(species.name))
    normalise_set(mixture, orbitals)
    orthonormalise_set(mixture, orbitals, index, where)
    return orbitals


@singledispatch
def _write(
    initial: object, problem: Problem, mixture: Mixture, index: int, filling: Filling | None, orbitals: np.ndarray
) -> None:
    """Write the orbitals held here that an ``initial`` with this filling makes. Collective."""
    raise TypeError(f"{type(initial).__name__} writes no set of orbitals")


@_write.register
def _(
    initial: FileInitial, problem: Problem, mixture: Mixture, index: int, filling: None, orbitals: np.ndarray
) -> None:
    species = problem.species[index]
    where = f"species.{species.name}.initial"
    with together(mixture.communicators.world):
        orbitals[...] = read_set(
            initial,
            where,
            species.number_of_orbitals,
            mixture.held(index),
            mixture.grid,
            problem.scales.length_si,
        )


@_write.register
def _(
    initial: OscillatorInitial, problem: Problem, mixture: Mixture, index: int, filling: Filling, orbitals: np.ndarray
) -> None:
    fill_oscillator(mixture, index, orbitals, filling, initial.frequency, initial.centre)


@_write.register
def _(
    initial: PlaneWavesInitial, problem: Problem, mixture: Mixture, index: int, filling: Filling, orbitals: np.ndarray
) -> None:
    for orbital, number in zip(orbitals, mixture.held(index), strict=True):
        orbital[...] = wave_functions.plane_wave(mixture.grid, filling.numbers[number])


def fill_oscillator(
    mixture: Mixture,
    index: int,
    orbitals: np.ndarray,
    filling: Filling,
    frequency: tuple[float, ...],
    centre: tuple[float, ...],
) -> None:
    """Write the oscillator's states of a filling into the orbitals held here."""
    mass = mixture.species[index].mass
    for orbital, number in zip(orbitals, mixture.held(index), strict=True):
        orbital[...] = wave_functions.oscillator(
            mixture.grid, mass, mixture.hbar, frequency, filling.numbers[number], centre
        )


def shake_and_boost(mixture: Mixture, orbitals: np.ndarray, initial: InitialSection, index: int, where: str) -> None:
    """Give every orbital of a set the momentum and its own noise, in place, and orthonormalise them again.
    Collective."""
    if any(initial.momentum):
        orbitals *= wave_functions.boost(mixture.grid, initial.momentum, mixture.hbar)
    if (noise := initial.relative_noise) is not None:
        for orbital, number in zip(orbitals, mixture.held(index), strict=True):
            # the first orbital's stream is the one that a condensate in its place has
            stream = index + (number << 32)
            orbital *= 1.0 + noise.amplitude * complex_noise(mixture.grid, noise.seed, stream)
        orthonormalise_set(mixture, orbitals, index, where)


def normalise_set(mixture: Mixture, orbitals: np.ndarray) -> None:
    """Give every orbital that does not vanish the norm one, so that a Gram matrix is well scaled. Collective over the
    group."""
    local = np.array([kernels.squared_norm(orbital) for orbital in orbitals])
    norms = np.sqrt(mixture.communicators.sum(local) * mixture.grid.cell_volume)
    for orbital, norm in zip(orbitals, norms, strict=True):
        if np.isfinite(norm) and norm > 0.0:
            orbital /= orbital.real.dtype.type(norm)


def orthonormalise_set(mixture: Mixture, orbitals: np.ndarray, index: int, where: str) -> None:
    """Orthonormalise the orbitals of a species, in place. Raises :class:`ProblemError` on every rank. Collective."""
    try:
        mixture.algebra(index).orthonormalise(orbitals)
    except LinearlyDependent as error:
        raise ProblemError.of(where, too_many(error)) from error
