"""Energies by term, of the whole and of every species, and chemical potentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.model.mean_field.energies import potential_energies
from hpcmix.model.mean_field.half_quanta import half_quanta
from hpcmix.model.terms.energy import Energy
from hpcmix.observe.look import Look
from hpcmix.observe.markers.averages import marker_averages
from hpcmix.observe.measures.averages import averages
from hpcmix.observe.measures.moments import per_particle
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import ENERGY


@dataclass(frozen=True)
class _Parts:
    """Of every species.

    kinetic     energy.
    potentials  integrals of U rho and of W rho, shape (species, 2).
    terms       of the interaction, by their names: shares that add up.
    coupling    of coherent coupling, or None.
    held        what half quanta hold beside all of these, which are of particles (model/mean_field/half_quanta.py);
                None where fields are no samples of a Wigner function.
    """

    kinetic: np.ndarray
    potentials: np.ndarray
    terms: Mapping[str, np.ndarray]
    coupling: np.ndarray | None
    held: float | None = None


def _parts(look: Look) -> _Parts:
    """Collective over the world."""
    mixture, interaction, sums = look.mixture, look.interaction, look.mixture.communicators
    potentials = sums.sum(potential_energies(mixture, look.densities, interaction.mean_fields, look.instant))
    for a, of_markers in look.once(marker_averages).items():
        potentials[a, 0] = of_markers.whole.potential  # at the markers: their density on the grid is blurred
    terms = {name: sums.sum(shares) for name, shares in interaction.energies.items()}
    if mixture.rabi.spins:
        terms["spin"] = look.spin_energies
    kinetic, coupling = np.array([species.kinetic for species in look.once(averages)]), look.coupling_energies
    held = half_quanta(mixture, look.densities, look.instant)
    if held is None:
        return _Parts(kinetic, potentials, terms, coupling)
    # a term of fourth order in psi has <psi|W psi> twice its energy, ordered as it may be
    potentials -= np.stack([held.potential, 2.0 * held.interaction], axis=1)
    terms["interaction"] = terms["interaction"] - held.interaction
    if "spin" in terms:
        terms["spin"] = terms["spin"] - held.spin
    if coupling is not None:
        coupling = coupling - held.coupling
    return _Parts(kinetic, potentials, terms, coupling, held.energy)


class _Energies(Observable):
    """The chemical potential is <phi|H|phi> per particle, averaged over the orbitals; a component that is empty has
    none, NaN."""

    labels = (
        Label("energy_total", "total energy", ENERGY),
        Label("energy_kinetic", "kinetic energy", ENERGY),
        Label("energy_potential", "energy in the external potentials", ENERGY),
        Label("energy_interaction", "interaction energy", ENERGY),
        Label("energy_functional", "energy of local functionals of the densities", ENERGY),
        Label("energy_spin", "energy of the spin-dependent interaction", ENERGY),
        Label("energy_coupling", "energy of coherent coupling", ENERGY),
        Label("field_energy", "energy of the classical field with its half quanta, which the flow conserves", ENERGY),
        Label("chemical_potential", "chemical potential per particle", ENERGY),
        Label("kinetic_energy", "kinetic energy of the species", ENERGY),
        Label("potential_energy", "energy of the species in the external potentials", ENERGY),
        Label("interaction_energy", "interaction energy of the species, pairs shared", ENERGY),
        Label("functional_energy", "energy of the species in local functionals, by the ratio of densities", ENERGY),
        Label("spin_energy", "energy of the spin-dependent interaction, by a component's part of F.F", ENERGY),
        Label("coupling_energy", "energy of coherent coupling of the species, pairs shared", ENERGY),
    )

    def of_whole(self, look: Look) -> dict[str, Any]:
        parts = look.once(_parts)
        energy = Energy.of(parts.kinetic, parts.potentials[:, 0], parts.terms, parts.coupling)
        of_field = {} if parts.held is None else {"field_energy": energy.total + parts.held}
        return {"energy": energy.as_dict(), **of_field}

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        parts = look.once(_parts)
        coupling = None if parts.coupling is None else parts.coupling[species]
        whole = parts.kinetic[species] + np.sum(parts.potentials[species]) + (0.0 if coupling is None else coupling)
        if "spin" in parts.terms:  # of a term that is quadratic in densities, twice its energy
            whole += 2.0 * parts.terms["spin"][species]
        return {
            "chemical_potential": per_particle(look, species, float(whole)),
            "kinetic_energy": float(parts.kinetic[species]),
            "potential_energy": float(parts.potentials[species, 0]),
            **{f"{name}_energy": float(shares[species]) for name, shares in parts.terms.items()},
            **({} if coupling is None else {"coupling_energy": float(coupling)}),
        }


ENERGIES = _Energies()
