"""What half a quantum in every mode adds to energies, where fields are samples of a Wigner function.

A sample psi_a stands for symmetrically ordered operators, and particles have the energy of normally ordered ones. With
[psi_a(x), psi_a^+(x)] = M_a / V = 2 h_a at a point (model/components/vacuum.py), h_a the density of the half quanta,

    psi_a^+ psi_a                   |psi_a|^2 - h_a
    psi_a^+ psi_a^+ psi_a psi_a     |psi_a|^4 - 4 h_a |psi_a|^2 + 2 h_a^2
    psi_a^+ psi_b^+ psi_b psi_a     (|psi_a|^2 - h_a) (|psi_b|^2 - h_b),      a and b different.

(P. B. Blakie et al., Adv. Phys. 57 (2008) 363, arXiv:0809.1487.) An interaction at a point with couplings g_ab thus
holds for species a, whose field has N_a = integral |psi_a|^2,

    1/2 sum_b C_ab (h_b N_a + h_a N_b - V h_a h_b),      C_ab = g_ab (1 + delta_ab).

Kernels and functionals of the densities keep what they hold: of a kernel the products above would be convolutions with
those of the modes, which no flow of the Gross-Pitaevskii equation conserves, and a functional has no ordering.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.terms.term import Densities

SPIN_PRODUCTS = np.array([[2.0, 1.0, -1.0], [1.0, 0.0, 1.0], [-1.0, 1.0, 2.0]])
"""sum_i ((f_i)_aa (f_i)_bb + |(f_i)_ab|^2) of m = 1, 0, -1."""


@dataclass(frozen=True)
class HalfQuanta:
    """Of every species, over all ranks: what its half quanta are of its energies.

    kinetic, potential, coupling
                sum_k hbar^2 k^2 / 4m; h_a integral U_a; M_a R_aa / 2.
    interaction, spin
                of contact interactions, as above; of c_2/2 |F|^2 with C_ab = c_2 sum_i ((f_i)_aa (f_i)_bb +
                |(f_i)_ab|^2), i = x, y, z.
    """

    kinetic: np.ndarray
    potential: np.ndarray
    interaction: np.ndarray
    spin: np.ndarray
    coupling: np.ndarray

    @property
    def energy(self) -> float:
        """Of all terms together."""
        return float(np.sum([self.kinetic, self.potential, self.interaction, self.spin, self.coupling]))


def half_quanta(mixture: Mixture, densities_of_fields: Densities, instant: Instant) -> HalfQuanta | None:
    """Those of fields of some densities, halves included; None where no field is such a sample. Collective over the
    group."""
    vacua = [species.vacuum for species in mixture.species]
    if not any(vacua):
        return None
    volume, densities = mixture.grid.volume, np.array([0.0 if vacuum is None else vacuum.density for vacuum in vacua])
    local = [[np.sum(density), _sum_of_potential(mixture, a, instant)] for a, density in enumerate(densities_of_fields)]
    fields, potentials = mixture.communicators.sum(np.array(local)).T * mixture.grid.cell_volume

    def held(couplings: np.ndarray) -> np.ndarray:
        products = np.outer(fields, densities) + np.outer(densities, fields) - volume * np.outer(densities, densities)
        return np.asarray(0.5 * np.sum(couplings * products, axis=1))

    contact, spin = mixture.interactions.couplings_at(instant), np.zeros((len(vacua),) * 2)
    for gas in mixture.rabi.spins:
        spin[np.ix_(gas.members, gas.members)] += gas.strength * SPIN_PRODUCTS
    coupled = np.zeros(len(vacua))
    if mixture.rabi.groups:
        coupled = volume * densities * np.diag(mixture.rabi.matrix(instant)).real
    return HalfQuanta(
        kinetic=np.array([0.0 if vacuum is None else vacuum.kinetic for vacuum in vacua]),
        potential=densities * potentials,
        interaction=held(contact + np.diag(np.diag(contact))),
        spin=held(spin),
        coupling=coupled,
    )


def _sum_of_potential(mixture: Mixture, species: int, instant: Instant) -> float:
    """The sum of U over this rank's points; zero of a species without half quanta. Local."""
    model = mixture.species[species]
    external = None if model.vacuum is None else model.external.value(instant)
    return 0.0 if external is None else float(np.sum(external))
