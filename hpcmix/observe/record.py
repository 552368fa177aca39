"""One record of the time series: everything that is measured of a state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.evolve.completion import coming_instant, completed_orbitals, completed_set
from hpcmix.model.energy import Energy
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.observe.angular_momentum import angular_momentum, components, has_angular_momentum
from hpcmix.observe.faces import shares_at_faces
from hpcmix.observe.moments import density_moments, in_laboratory
from hpcmix.observe.motion import motion, set_motion
from hpcmix.observe.orbital_sets import (
    determinant_overlap,
    highest_level,
    kinetic_energy,
    momentum_density,
    momentum_distribution,
    momentum_moments,
    natural_widths,
    orthonormality_defect,
)
from hpcmix.observe.semiclassical import semiclassical_norms
from hpcmix.observe.spectrum import tail_of_density, tail_of_orbitals, tail_of_spectrum
from hpcmix.state import State

ROUNDED_AMPLITUDE = 1e4
"""Amplitude of a coupled component, in roundings of the whole, that long evolutions leave where there should be
none."""


@dataclass(frozen=True)
class Also:
    """What a record holds beyond the usual, as ``output.observables.also`` names it.

    names      of "momentum-distribution" and "angular-momentum", for all species, and "determinant-overlap" and
               "semiclassical-norms", for sets of orbitals.
    reference  the orbitals that determinants are compared with, one array per species; those of time zero.
    """

    names: tuple[str, ...] = ()
    reference: Sequence[np.ndarray] = ()


def observe(mixture: Mixture, state: State, before_start: bool = False, also: Also | None = None) -> dict[str, Any]:
    """Step, time in the laboratory, energy by term and, per species, particles, energies, chemical potential, centre,
    widths, largest density and momentum ``nu sum_j <phi_j| -i hbar grad + A |phi_j>``; where something turns them, or
    `also` asks for it, the angular momentum; what tells whether box and grid hold them (observe/faces.py, spectrum.py);
    of sets of orbitals also highest level, orthonormality defect, widths along their own axes in position and
    (canonical) momentum, and what `also` asks for.

    The chemical potential is <phi|H|phi> per particle, averaged over the orbitals; a component that is empty has none,
    NaN. Potentials are those that act from the state's time on (after a switch at that very time), or those of time 0-
    with `before_start`. Of adaptive steps also their size. Names and nesting as in summary.json. Code units. All is the
    laboratory's; in a frame that grows the record also has ``frame``: the ``clock``, the ``scale`` b and its ``speed``
    db/dt, and of every species centre and widths on the grid, which stay finite. Collective over the world.
    """
    frame = mixture.grid.frame
    instant = Instant.before_start() if before_start else coming_instant(state, frame)
    densities = mixture.densities(state.orbitals)
    interaction = mixture.interact(densities, instant.contraction)
    mean_fields = interaction.mean_fields
    names = () if also is None else also.names
    turning = has_angular_momentum(mixture) or "angular-momentum" in names
    dimensions = mixture.grid.dimensions
    sums = np.zeros((len(mixture.species), 1 + dimensions))
    tails = np.zeros((len(mixture.species), dimensions))
    turns = np.zeros((len(mixture.species), components(mixture)))
    of_sets: dict[int, dict[str, Any]] = {}
    for a, one in enumerate(mixture.species):
        if one.orbitals > 1:
            of_sets[a] = _of_set(mixture, state, a, densities[a], mean_fields[a], instant, also)
            if one.kinetic.diagonal and not turning:
                continue  # one transform of each orbital gave all
        elif "momentum-distribution" in names:
            spectral = momentum_density(mixture, completed_orbitals(mixture, state, a, mean_fields[a]), one.weight)
            of_sets[a] = {"momentum_distribution": momentum_distribution(mixture, spectral)}
        for orbital in completed_orbitals(mixture, state, a, mean_fields[a]):
            if turning:
                turns[a] += one.weight * angular_momentum(mixture, orbital, a)
            if one.orbitals == 1:
                averages, tail = _averages(mixture, orbital, a, state.time)
                sums[a] += averages
                tails[a] += tail
            elif not one.kinetic.diagonal:
                sums[a] += one.weight * mixture.spectral_averages(orbital, a)
    sums, turns, tails = (mixture.communicators.sum_all(part) for part in (sums, turns, tails))
    for a, found in of_sets.items():
        if mixture.species[a].orbitals == 1:
            continue
        of_spectrum = [found.pop("kinetic_energy"), *found.pop("momentum")]
        tails[a] = found.pop("tails")
        if mixture.species[a].kinetic.diagonal:
            sums[a] = of_spectrum
    potentials = mixture.communicators.sum(mixture.potential_energies(densities, mean_fields, instant))
    terms = {name: mixture.communicators.sum(shares) for name, shares in interaction.energies.items()}
    parts = np.column_stack([sums[:, 0], potentials])
    coupling = _coupling_energies(mixture, state, mean_fields, instant)
    species: dict[str, Any] = {}
    empty = _hold_no_more_than(mixture)
    for a, one in enumerate(mixture.species):
        moments = density_moments(mixture, densities[a])
        if frame.expanding:
            moments = in_laboratory(moments, mixture.grid, state.time)
        species[one.name] = {
            "particles": moments["particles"],
            "chemical_potential": _per_particle(
                float(np.sum(parts[a])) + (0.0 if coupling is None else coupling[a]), moments["particles"], empty[a]
            ),
            "kinetic_energy": float(parts[a, 0]),
            "potential_energy": float(parts[a, 1]),
            **{f"{name}_energy": float(shares[a]) for name, shares in terms.items()},  # the species' add up
            **({} if coupling is None else {"coupling_energy": float(coupling[a])}),
            **{name: value for name, value in moments.items() if name != "particles"},
            "momentum": sums[a, 1:].tolist(),
            "face_density": shares_at_faces(mixture, densities[a]),
            "spectral_tail": [_per_particle(tail, moments["particles"], empty[a]) for tail in tails[a].tolist()],
            **_healing_length(mixture, a, moments["maximum_density"]),
            **({"angular_momentum": turns[a].tolist()} if turning else {}),
            **of_sets.get(a, {}),
        }
    record: dict[str, Any] = {"step": state.step, "time": frame.laboratory_time(state.time)}
    if state.adaptation is not None:
        record["step_size"] = state.step_size
    if frame.expanding:
        record["frame"] = frame.described(state.time)
    return record | {"energy": Energy.of(sums[:, 0], potentials[:, 0], terms, coupling).as_dict(), "species": species}


def _averages(mixture: Mixture, orbital: np.ndarray, species: int, clock: float) -> tuple[np.ndarray, np.ndarray]:
    """This rank's part of kinetic energy and momentum of a species with one orbital, complete and given, and of the
    particles in the tail of its spectrum along each axis. Collective over the group."""
    one = mixture.species[species]
    if mixture.grid.frame.expanding:  # no vector potential, no rotation: the problem's checks
        found = motion(mixture, [orbital], species, clock)
        return np.array([found.kinetic, *found.momentum]), found.tails
    if not one.kinetic.diagonal:
        averages, tails = mixture.spectral_averages(orbital, species), tail_of_orbitals(mixture, [orbital])
    else:
        spectrum = mixture.transform.forward(orbital, mixture.transform.work)
        averages, tails = mixture.averages_of_spectrum(spectrum, species), tail_of_spectrum(mixture, spectrum)
    return one.weight * averages, one.weight * tails


def _healing_length(mixture: Mixture, species: int, density: float) -> dict[str, float]:
    """xi = hbar / sqrt(2 m |g| n) of a condensate at its largest density n, g its contact coupling with itself; of
    attraction it is the size of a soliton. Empty where there is none."""
    one, coupling = mixture.species[species], float(mixture.couplings[species, species])
    if one.orbitals > 1 or coupling == 0.0:
        return {}
    energy = 2.0 * one.mass * abs(coupling) * density
    return {"healing_length": mixture.hbar / math.sqrt(energy) if energy > 0.0 else math.nan}


def _coupling_energies(
    mixture: Mixture, state: State, mean_fields: Sequence[np.ndarray], instant: Instant
) -> np.ndarray | None:
    """Per species nu Re sum_b <phi_a|R_ab|phi_b>, or None: the species of a group at once, because a pending kick turns
    each by a phase of its own. Collective."""
    if not mixture.rabi.groups:
        return None
    orbitals: list[np.ndarray] = list(state.orbitals)
    for a in (a for group in mixture.rabi.groups for a in group):
        orbitals[a] = completed_set(mixture, state, a, mean_fields[a])
    return mixture.communicators.sum(mixture.coupling_energies(orbitals, instant))


def _per_particle(energy: float, particles: float, empty: float) -> float:
    return energy / particles if particles > empty else math.nan


def _hold_no_more_than(mixture: Mixture) -> np.ndarray:
    """Per species the particles up to which it is empty: zero, and of coupled ones what rounding leaves of all that
    they share, whose energy per particle would be a quotient of roundings."""
    amplitude = ROUNDED_AMPLITUDE * float(np.finfo(mixture.real_dtype).eps)
    shared = np.zeros(len(mixture.species))
    for group in mixture.rabi.groups:
        shared[list(group)] = mixture.weights[group[0]] * amplitude**2
    return shared


def _of_set(
    mixture: Mixture,
    state: State,
    species: int,
    density: np.ndarray,
    mean_field: np.ndarray,
    instant: Instant,
    also: Also | None,
) -> dict[str, Any]:
    """What a record holds of a set of orbitals only, and its kinetic energy (None where it is no multiplier in k),
    canonical momentum and the tails of its spectrum, by one transform of each."""
    one, orbitals, frame = mixture.species[species], state.orbitals[species], mixture.grid.frame
    completed = completed_orbitals(mixture, state, species, mean_field)
    if frame.expanding:
        moving = set_motion(mixture, completed, species, state.time)
    else:
        spectral = momentum_density(mixture, completed, one.weight)
        moving = {
            "kinetic_energy": kinetic_energy(mixture, species, spectral) if one.kinetic.diagonal else None,
            **momentum_moments(mixture, spectral, one.particles),
            "tails": mixture.communicators.sum(tail_of_density(mixture, spectral)),
        }
    found: dict[str, Any] = {
        **({} if frame.expanding else {"highest_level": highest_level(mixture, state, species, mean_field, instant)}),
        **moving,
        "natural_width": [frame.scale(state.time) * width for width in natural_widths(mixture, density)],
        # a pending kick is one phase for all orbitals: it leaves their overlaps alone
        "orthonormality_defect": orthonormality_defect(mixture, orbitals, species),
    }
    names = () if also is None else also.names
    if "momentum-distribution" in names:
        found["momentum_distribution"] = momentum_distribution(mixture, spectral)
    if "determinant-overlap" in names or "semiclassical-norms" in names:
        complete = completed_set(mixture, state, species, mean_field)
        if "determinant-overlap" in names:
            found["determinant_overlap"] = determinant_overlap(mixture, complete, also.reference[species], species)
        if "semiclassical-norms" in names:
            found["semiclassical"] = semiclassical_norms(mixture, complete, species)
    return found
