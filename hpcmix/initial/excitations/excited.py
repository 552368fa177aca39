"""Starts on modes of a spectrum: a state displaced along what ``excitations`` found (``initial.modes``)."""

from __future__ import annotations

import math

import h5py
import numpy as np

from hpcmix.initial.trial.guesses import normalise
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import AddedModes

OF_ANOTHER_STATE = 1e-3
"""|c - c'| / |c| beyond which the density change of a mode is not that of the state it is added to: the residuals of
two searches for one state make 1e-6, another state or another phase of it makes one."""


def excite(problem: Problem, mixture: Mixture, orbitals: list[np.ndarray], populations: np.ndarray) -> None:
    """Displace condensates along the modes that their ``initial`` names, in place,

        psi_a -> psi_a + amplitude sum_n [u_na exp(-i phase) + conj(v_na) exp(i phase)],      psi_a = sqrt(N_a) phi_a,

    and normalise them again: each to its own particles, coherently coupled ones together. A run then shows the mode at
    the time phase / omega, up to terms of the order of the square of the amplitude.

    orbitals     arrays (1, *block) of norm one.
    populations  N_a of every species; of coupled ones they are changed.
    Raises :class:`ProblemError` where a file does not fit, or its modes are those of another state. Collective.
    """
    excited = [
        index
        for index, species in enumerate(problem.species)
        if species.has_orbitals and species.wave_functions.modes is not None
    ]
    before = populations.copy()
    for index in excited:
        species = problem.species[index]
        where = f"species.{species.name}.initial.modes"
        modes, field = species.wave_functions.modes, orbitals[index][0]
        if modes is None:
            continue
        normalise(mixture, field, where)  # of coupled species the norm was a part of the group's
        wave = math.sqrt(populations[index]) * field
        with together(mixture.communicators.world):
            u, v, change = _read(modes, species.name, where, mixture)
        _require_of_this_state(mixture, wave, u, v, change, where)
        turn = modes.amplitude * np.exp(-1j * modes.phase)
        wave += turn * np.sum(u, axis=0) + np.conj(turn) * np.sum(v.conj(), axis=0)
        field[...] = wave / math.sqrt(populations[index])
        norm = float(mixture.communicators.sum([kernels.squared_norm(field)])[0]) * mixture.grid.cell_volume
        populations[index] *= norm
        normalise(mixture, field, where)
    for members in (list(sphere) for sphere in mixture.spheres if set(sphere) & set(excited)):
        populations[members] *= np.sum(before[members]) / np.sum(populations[members])


def _read(modes: AddedModes, name: str, where: str, mixture: Mixture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """This rank's blocks of u, v and the density change of the modes of a species. Local."""
    grid, path = mixture.grid, modes.path
    found = []
    try:
        with h5py.File(path, "r") as file:
            for kind in ("u", "v", "density_change"):
                dataset = f"{name}/{kind}"
                if dataset not in file or not isinstance(file[dataset], h5py.Dataset):
                    raise ProblemError.of(
                        where, f'{path} has no dataset "{dataset}": it must be an excitations.h5 of the same species'
                    )
                data = file[dataset]
                if data.shape[1:] != grid.points:
                    raise ProblemError.of(
                        where, f"the modes of {path} are on {data.shape[1:]} points, the grid has {grid.points}"
                    )
                beyond = [number for number in modes.numbers if number >= len(data)]
                if beyond:
                    raise ProblemError.of(
                        where, f"{path} has modes 0 to {len(data) - 1}, and number {beyond[0]} is asked for"
                    )
                blocks = [data[(number, *grid.position_block.slices)] for number in modes.numbers]
                found.append(np.array(blocks))
    except OSError as error:
        raise ProblemError.of(where, f"{path} cannot be read as HDF5 ({error})") from error
    return found[0], found[1], found[2]


def _require_of_this_state(
    mixture: Mixture, wave: np.ndarray, u: np.ndarray, v: np.ndarray, change: np.ndarray, where: str
) -> None:
    """Raise where the stored change of the density is not 2 Re (conj(psi) u + psi v) with this psi. Collective."""
    expected = 2.0 * (wave.conj() * u + wave * v).real
    squares = mixture.communicators.sum([np.sum((expected - change) ** 2), np.sum(change**2)])
    if squares[0] > OF_ANOTHER_STATE**2 * squares[1]:
        raise ProblemError.of(
            where,
            "these are modes of another state than the one they are added to (or of another phase of it): take the "
            'state from the same directory, initial = { kind = "file", path = ".../snapshots/000000.h5", modes = ... }',
        )
