"""Classical species as whoever looks for wave functions sees them: condensates that are given.

Of a species that markers carry nothing but the density acts on the others. It is put in the place of a condensate's,
phi = (rho^S / N)^(1/2) with the weight N, which is held; every orbital group has it whole.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcmix.model.mean_field.species import SpeciesModel
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem
from hpcmix.state.marker_cloud import MarkerCloud


def with_stand_ins(mixture: Mixture) -> Mixture:
    """The same mixture with a condensate in the place of every classical species; shares everything else."""
    if not mixture.carried:
        return mixture
    species = [_stand_in(model) for model in mixture.species]
    return Mixture(
        mixture.grid,
        mixture.engine,
        species,
        mixture.interactions.terms,
        mixture.hbar,
        mixture.rabi,
        mixture.correlations,
    )


def _stand_in(model: SpeciesModel) -> SpeciesModel:
    if model.markers is None:
        return model
    return replace(model, weight=model.particles, orbitals=1, markers=None, dealt=False)


def density_of(mixture: Mixture, cloud: MarkerCloud) -> np.ndarray:
    """rho^S of a cloud on this rank's block, the same in every orbital group. Collective over the world."""
    density = mixture.engine.empty(mixture.grid.position_shape, mixture.real_dtype)
    cloud.take_density(mixture.engine, 1.0, density, 0)
    mixture.communicators.sum_over_groups(density)
    return density


def root_of(density: np.ndarray, particles: float) -> np.ndarray:
    """The stand-in's wave function, shape (1, *block)."""
    return np.sqrt(np.maximum(density, 0.0) / particles).astype(np.complex128)[np.newaxis]


def whole_density(mixture: Mixture, index: int, orbitals: np.ndarray, out: np.ndarray) -> None:
    """The density of orbitals as searches hold them: those of sets are dealt to the groups, a condensate's is in every
    group. Collective over the groups."""
    out[...] = 0.0
    for orbital in orbitals.astype(mixture.engine.complex_dtype, copy=False):
        mixture.engine.kernels.accumulate_density(orbital, mixture.weights[index], out)
    if mixture.species[index].is_set:
        mixture.communicators.sum_over_groups(out)


def weights_apart(problem: Problem) -> tuple[float, ...]:
    """The weight of every species as the scaling sets it, and of a classical one that of its stand-in."""
    return tuple(
        weight if species.has_orbitals else particles
        for species, weight, particles in zip(
            problem.species, problem.prefactors.weights, problem.integrals, strict=True
        )
    )
