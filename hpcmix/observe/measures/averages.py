"""What the transforms of a species' orbitals tell, all at once: kinetic energy, momentum and tails of the spectrum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.mean_field.energies import averages_of_spectrum, spectral_averages
from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.averages import marker_averages
from hpcmix.observe.measures.moments import principal_widths
from hpcmix.observe.measures.motion import motion, set_motion
from hpcmix.observe.measures.spectrum import axis_sums, tail_of_orbitals, tail_of_spectrum, tails_of_sums


@dataclass(frozen=True)
class Averages:
    """Of one species, in the laboratory, over all groups.

    kinetic   nu sum_j <phi_j|T|phi_j>.
    momentum  nu sum_j <phi_j| -i hbar grad + A |phi_j> per axis.
    tails     particles beyond two thirds of the grid's largest wave number per axis (observe/measures/spectrum.py); NaN
              of markers, which have no spectrum.
    widths    of a set: root mean square widths of its canonical momenta along the axes of their distribution,
              ascending.
    modes     of a set, where the frame is at rest: per axis the particles in this rank's modes along it.
    """

    kinetic: float
    momentum: np.ndarray
    tails: np.ndarray
    widths: list[float] | None = None
    modes: list[np.ndarray] | None = None


def averages(look: Look) -> list[Averages]:
    """Of every species, by one transform of each orbital where its kinetic energy is a multiplier, of a classical one
    over its markers. Collective over the world; see :meth:`Look.once`."""
    mixture, d = look.mixture, look.mixture.grid.dimensions
    of_markers = look.once(marker_averages)
    sums = np.zeros((len(mixture.species), 1 + 2 * d))
    sets: dict[int, Averages] = {}
    for a, species in enumerate(mixture.species):
        if species.is_set:
            sets[a] = _of_set(look, a)
            if not species.kinetic.diagonal:
                for orbital in look.orbitals(a):
                    sums[a, : 1 + d] += species.weight * spectral_averages(mixture, orbital, a)
        else:
            for orbital in look.orbitals(a):
                sums[a] += _of_orbital(look, orbital, a)
    sums = mixture.communicators.sum_all(sums)
    of_species = []
    for a, (model, (kinetic, *rest)) in enumerate(zip(mixture.species, sums, strict=True)):
        momentum, tails = np.array(rest[:d]), np.array(rest[d:])
        if model.vacuum is not None:
            kinetic -= model.vacuum.kinetic
        if a in of_markers:
            whole = of_markers[a].whole
            of_species.append(Averages(whole.kinetic, whole.momentum, np.full(d, np.nan)))
        elif a not in sets:
            of_species.append(Averages(float(kinetic), momentum, tails))
        elif model.kinetic.diagonal:
            of_species.append(sets[a])
        else:
            of_species.append(Averages(float(kinetic), momentum, sets[a].tails, sets[a].widths, sets[a].modes))
    return of_species


def _of_orbital(look: Look, orbital: np.ndarray, species: int) -> np.ndarray:
    """This rank's part of kinetic energy, momentum and tails of a species with one orbital, complete and given.
    Collective over the group."""
    mixture, model = look.mixture, look.mixture.species[species]
    if mixture.grid.frame.expanding:  # no vector potential, no rotation: the problem's checks
        moved = motion(mixture, [orbital], species, look.clock)
        return np.array([moved.kinetic, *moved.momentum, *moved.tails])
    if not model.kinetic.diagonal:
        averages, tails = spectral_averages(mixture, orbital, species), tail_of_orbitals(mixture, [orbital])
    else:
        spectrum = mixture.transform.forward(orbital, mixture.transform.work)
        averages, tails = averages_of_spectrum(mixture, spectrum, species), tail_of_spectrum(mixture, spectrum)
    return model.weight * np.array([*averages, *tails])


def _of_set(look: Look, species: int) -> Averages:
    """Of a set of orbitals; kinetic energy and momentum where T is a multiplier, else zero and the canonical one.
    Collective over the world."""
    mixture, model = look.mixture, look.mixture.species[species]
    if mixture.grid.frame.expanding:
        moved = set_motion(mixture, look.orbitals(species), species, look.clock)
        return Averages(moved.kinetic, moved.momentum, moved.tails, moved.widths)
    spectral = momentum_density(mixture, look.orbitals(species), model.weight)
    modes = axis_sums(spectral)
    kinetic = 0.0
    if isinstance(model.kinetic, KineticEnergy):
        kinetic = float(mixture.communicators.sum([model.kinetic.mean(mixture.grid, spectral)])[0])
    momenta = [mixture.hbar * mixture.grid.local_wave_numbers(axis, odd=True) for axis in range(len(modes))]
    widths, means = principal_widths(mixture, spectral, momenta)
    tails = mixture.communicators.sum(tails_of_sums(mixture, modes))
    return Averages(kinetic, model.particles * np.array(means), tails, widths, modes)


def momentum_density(mixture: Mixture, orbitals: Iterable[np.ndarray], weight: float) -> np.ndarray:
    """nu sum_j |phi_j^(k)|^2 dV / n_points on this rank's block of wave numbers, over all groups: particles per mode of
    the box.

    orbitals  those that this rank's group holds. Collective over the world.
    """
    grid, transform = mixture.grid, mixture.transform
    spectral = np.zeros(grid.wave_block.shape, mixture.real_dtype)
    for orbital in orbitals:
        spectrum = transform.forward(orbital, transform.work)
        kernels.accumulate_density(spectrum, weight * grid.cell_volume * transform.inverse_points, spectral)
    mixture.communicators.sum_over_groups(spectral)
    return spectral


def particle_spectrum(look: Look, species: int) -> np.ndarray:
    """The same of a species of a look, particles alone: less half a quantum in every mode where the field is a sample
    of a Wigner function (model/components/vacuum.py). Collective over the world."""
    model = look.mixture.species[species]
    spectral = momentum_density(look.mixture, look.orbitals(species), model.weight)
    if model.vacuum is not None:
        spectral -= model.vacuum.half_quanta(look.mixture.grid).astype(spectral.dtype)
    return spectral
