"""The start of the fluctuations along a flow: the functions f whose images u = U f, w = V conj(f) are followed.

Of every species M functions for themselves - psi exp(ikx) of the smallest |k|, the condensate's own among them - and
probes, random functions in all species at once, in what is left. With E f f^+ = (1 - sum_m e_m e_m^+) / dV

    <N_a> = sum_m |w_a[e_m]|^2 + mean over probes |w_a[f]|^2
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.excitations.feynman import every_function, feynman_functions, project_out
from hpcmix.initial.excitations.pair_kernel import pair_transformation
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.independence import LinearlyDependent
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.state.beginning import Beginning
from hpcmix.state.fluctuations import Fluctuations

FIRST_STREAM = 3 << 61
"""Of the random numbers of probes: beyond those of initial states (initial/orbitals/sets.py, initial/trial/guesses.py),
so that one seed may serve both."""


def start_pairs(
    section: FluctuationsSection, mixture: Mixture, orbitals: Sequence[np.ndarray], held: range
) -> Fluctuations:
    """The pairs of time zero - u = f, w = 0, or after the pair kernel u = ch f, w = sh conj(f) - and the condensates
    they begin with.

    section   of a loaded problem.
    orbitals  phi_a of time zero, without a pending kick, an array (1, *local grid) or (*local grid) per species; in
              every replica the same.
    held      which of all pairs this replica holds.
    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`, on every rank, where the functions of a species are
    linearly dependent on this grid. Collective.
    """
    grid = mixture.grid
    fluctuations = empty_pairs(section, mixture, held)
    for start, orbital in zip(fluctuations.start, orbitals, strict=True):
        start[...] = orbital.reshape(grid.position_shape)
    probes = [number for number in held if number >= fluctuations.exact]
    for a, array in enumerate(fluctuations.pairs):
        functions = exact_functions(section, mixture, fluctuations.start, a)
        first = a * len(functions)
        for slot, number in enumerate(held):
            if first <= number < first + len(functions):
                array[slot, 0] = functions[number - first]
        for number in probes:  # one after the other: there may be little memory beside the pairs
            field = probe(grid, section.seed, number - fluctuations.exact, a)
            project_out(functions, field.reshape(1, -1), mixture)
            array[number - held.start, 0] = field
    if section.initial == "correlated":
        _correlate(mixture, fluctuations)
    return fluctuations


def _correlate(mixture: Mixture, fluctuations: Fluctuations) -> None:
    """u = ch f, w = sh conj(f) of every pair u = f, in place. Collective over the group."""
    transformation = pair_transformation(mixture, fluctuations.start)
    for slot in range(len(fluctuations.held)):
        even, odd = transformation.parts([array[slot, 0] for array in fluctuations.pairs])
        for array, upper, lower in zip(fluctuations.pairs, even, odd, strict=True):
            array[slot, 0], array[slot, 1] = upper, lower


def empty_pairs(section: FluctuationsSection, mixture: Mixture, held: range) -> Fluctuations:
    """Pairs of zeros, and room for what goes with them: to be started, or read from a file. Collective."""
    grid, count = mixture.grid, len(mixture.species)
    shape = (len(held), 2, *grid.position_shape)
    room = [mixture.transform.empty_fields(2 * len(held)).reshape(shape) for _ in range(count)]
    followed = count if section.matrices else 0
    return Fluctuations(
        room,
        held,
        count * section.modes_on(grid.points),
        section,
        start=[np.zeros(grid.position_shape, np.complex128) for _ in range(count)],
        correction=[mixture.transform.empty_fields(1) for _ in range(followed)],
    )


def probe(grid: Grid, seed: int, number: int, species: int) -> np.ndarray:
    """One species of a random function with |f|^2 = 1/dV everywhere and independent phases, E f f^+ = 1/dV; the value
    at a point depends on seed, number, species and its place in the grid only, to the bit."""
    noise = complex_noise(grid, seed, FIRST_STREAM + (number << 16) + species)
    # step by step, for a function of complex numbers may be rounded differently at the end of an array
    size = np.sqrt((noise.real * noise.real + noise.imag * noise.imag) * grid.cell_volume)
    noise.real /= size
    noise.imag /= size
    return noise


def exact_functions(
    section: FluctuationsSection, mixture: Mixture, start: Sequence[np.ndarray], species: int
) -> np.ndarray:
    """The functions of a species that are followed for themselves, shape (M, *local grid). Collective over the group.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`, on every rank, where they are linearly dependent."""
    orbital = _filled(mixture, start, species)
    if section.whole:
        return every_function(mixture, orbital)
    count = section.modes_on(mixture.grid.points)
    try:
        return feynman_functions(mixture, orbital, count)
    except LinearlyDependent as error:
        name = mixture.species[species].name
        raise ProblemError.of(
            "fluctuations.modes",
            f'of the {count} functions psi exp(ikx) of "{name}" only the first {error} are linearly independent on '
            f"this grid: the cloud fills too little of the box; use at most {counted(int(str(error)), 'mode')}",
        ) from None


def _filled(mixture: Mixture, start: Sequence[np.ndarray], species: int) -> np.ndarray:
    """The condensate of a species; of an empty one that which will turn into it, the largest it is coupled to."""
    (sphere,) = (group for group in mixture.spheres if species in group)
    norms = squared_norms(mixture, [start[b] for b in sphere])
    if squared_norms(mixture, [start[species]])[0] > 0.0:
        return start[species]
    return start[sphere[int(np.argmax(norms))]]


def squared_norms(mixture: Mixture, fields: Sequence[np.ndarray]) -> np.ndarray:
    """integral |f|^2 of every field. Collective over the group."""
    local = [float(np.sum(field.real**2 + field.imag**2)) for field in fields]
    return mixture.grid.cell_volume * mixture.communicators.sum(local)


# ---------------------------------------------------------------- what measurements need of the start


def beginning_of(mixture: Mixture, fluctuations: Fluctuations) -> Beginning:
    """Numbers of time zero, of fluctuations whose start and section are known. Collective over the world."""
    communicators, cell = mixture.communicators, mixture.grid.cell_volume
    densities = [nu * (phi.real**2 + phi.imag**2) for nu, phi in zip(mixture.weights, fluctuations.start, strict=True)]
    overlaps = communicators.sum([[cell * float(np.sum(one * other)) for other in densities] for one in densities])
    return Beginning(squared_norms(mixture, fluctuations.start), overlaps, _gram(mixture, fluctuations))


def _gram(mixture: Mixture, fluctuations: Fluctuations) -> np.ndarray:
    """<f_i, f_j> of the probes that this replica holds, made from their random numbers again. Collective over the
    group."""
    section, grid, communicators = fluctuations.section, mixture.grid, mixture.communicators
    held = [number - fluctuations.exact for number in fluctuations.held if number >= fluctuations.exact]
    gram = np.zeros((len(held), len(held)), np.complex128)
    for a in range(len(mixture.species) if held else 0):
        rows = np.stack([probe(grid, section.seed, number, a).ravel() for number in held])
        project_out(exact_functions(section, mixture, fluctuations.start, a), rows, mixture)
        gram += communicators.sum(grid.cell_volume * (rows.conj() @ rows.T))
    return gram
