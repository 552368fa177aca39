"""The canonical mean-field model: what acts on the orbitals of every species.

    i hbar d/dt phi_aj = [ T_a + U_a(t, x) + sum_b (G_ab * rho_b)(t, x) ] phi_aj,        rho_a = nu_a sum_j |phi_aj|^2

    E = sum_a nu_a sum_j <phi_aj| T_a + U_a |phi_aj> + 1/2 sum_ab integral rho_a (G_ab * rho_b)

(EQUATIONS section 1.) Every system that hpcmix solves is this equation with a choice of T, U, G and nu. The interaction
energy is a sum of terms (model/terms), each a functional of the densities: W_a = sum_b G_ab * rho_b stands for the
derivatives of all of them, and 1/2 sum_ab for their energies.

In a frame x = b y the orbitals are chi of EQUATIONS section 4 and time is the frame's clock s: T is that of y, and the
potentials are b^2 (U + W)(b y) and the confinement m w^2 y^2 / 2. An instant knows 1/b; energies in the
laboratory are 1/b^2 of what these potentials integrate to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.components.local import LocalCouplings
from hpcmix.model.components.losses import Losses
from hpcmix.model.components.rabi import RabiCouplings
from hpcmix.model.components.spin import along_spin, spin_density
from hpcmix.model.components.vacuum import Vacuum
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.kinetic.kinetic_momentum import KineticMomentum
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.pair_kernels.pair_correlations import PairCorrelations
from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.potentials.external import ExternalPotential
from hpcmix.model.terms.energy import Energy
from hpcmix.model.terms.term import Densities, Fields, Term, add_fields
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.parallel.orbital_algebra import OrbitalAlgebra
from hpcmix.parallel.process.together import together
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.state.cloud import Cloud
from hpcmix.state.marker_cloud import MarkerCloud, marker_cloud
from hpcmix.state.orbital_cloud import OrbitalCloud


@dataclass(frozen=True)
class SpeciesModel:
    """What one species brings.

    weight       nu, the particles per orbital; one where there are none.
    particles    the integral of the density.
    kinetic      T.
    external     U on the grid.
    orbitals     their number M in all groups.
    confinement  what the grid's frame brings, if anything.
    markers      the laws of its markers, where they carry its density and it has no orbitals.
    vacuum       the modes that hold half a quantum each beside the particles, where its field is a sample of a Wigner
                 function.
    dealt        whether its orbitals are dealt to the orbital groups; otherwise every group has them all.
    """

    name: str
    mass: float
    weight: float
    particles: float
    kinetic: KineticEnergy | KrylovKineticEnergy
    external: ExternalPotential
    orbitals: int = 1
    confinement: np.ndarray | None = None
    markers: MarkerModel | None = None
    dealt: bool = True
    vacuum: Vacuum | None = None

    def weighing(self, weight: float) -> SpeciesModel:
        """The same with another weight of its orbitals, where it has any."""
        return self if self.markers is not None else replace(self, weight=weight, particles=weight * self.orbitals)

    @property
    def members(self) -> int:
        """The number of orbitals, or of markers: what a mean over the cloud is divided by."""
        return self.orbitals if self.markers is None else self.markers.number

    def volume(self, grid: Grid) -> float:
        """What the values of a cloud are weighed with in such a mean: dV for those of orbitals, one for markers."""
        return grid.cell_volume if self.markers is None else 1.0

    @property
    def is_set(self) -> bool:
        """Whether it has more than one orbital."""
        return self.orbitals > 1

    @property
    def multiplier(self) -> KineticEnergy:
        """T where it is a multiplier in k."""
        if isinstance(self.kinetic, KrylovKineticEnergy):
            raise TypeError(f"the kinetic energy of {self.name} is no multiplier")
        return self.kinetic

    @property
    def kinetic_momentum(self) -> KineticMomentum | None:
        """Pi where T is made of it: with a vector potential or in a rotating frame. None where T is a multiplier."""
        return self.kinetic.momentum if isinstance(self.kinetic, KrylovKineticEnergy) else None


@dataclass(frozen=True)
class Interaction:
    """What the interactions make of given densities: b^2 W_a of every species, and by the name of its terms this rank's
    part of the energy in the laboratory, divided among the species."""

    mean_fields: list[np.ndarray]
    energies: dict[str, np.ndarray]


class Mixture:
    """All species, the terms of their interaction, and the grid they live on.

    engine     what it computes with; every sum over ranks goes through its communicators.
    transform  the engine's transform of orbitals.
    correlations
               of pairs that scatter, for fluctuations that begin with them; None for all others.
    losses     particles that leave; None where all stay.
    local      coherent couplings that depend on place (model/components/local.py).
    couplings  g_ab of all terms whose potential at a point is sum_b g_ab rho_b: what kicks apply as they go over the
               orbitals. Those of time 0- where they change in time (:meth:`couplings_at`).
    dilute_couplings
               g_ab of what all terms become at low densities: functionals may have a part in them too.
    interactions_never_change
               whether all terms are the same at all times.
    separate_terms
               those that `couplings` do not hold: they need the densities of all points first.
    Arrays are this rank's blocks; densities and potentials are lists of one real array per species, the same in every
    orbital group; orbitals are those that this rank's group holds (:meth:`held`).
    """

    def __init__(
        self,
        grid: Grid,
        engine: Engine,
        species: Sequence[SpeciesModel],
        terms: Sequence[Term],
        hbar: float,
        rabi: RabiCouplings | None = None,
        correlations: PairCorrelations | None = None,
        losses: Losses | None = None,
        local: LocalCouplings | None = None,
    ) -> None:
        self.grid = grid
        self.engine = engine
        self.transform = engine.complex_transform()
        self.species = tuple(species)
        self.terms = tuple(terms)
        self.hbar = hbar
        self.correlations = correlations
        self.losses = losses
        self.local = LocalCouplings() if local is None else local
        self.rabi = RabiCouplings(len(self.species), (), (), hbar) if rabi is None else rabi
        self.couplings = self._sum_of_couplings([term.couplings for term in self.terms])
        self.dilute_couplings = self._sum_of_couplings(
            [term.dilute_couplings(len(self.species)) for term in self.terms]
        )
        self.interactions_never_change = all(term.never_changes for term in self.terms)
        self._has_couplings = any(term.couplings is not None for term in self.terms)
        self.separate_terms = [term for term in self.terms if term.couplings is None and term.acts]
        self.weights = np.array([species.weight for species in self.species])
        dealt = tuple(species.orbitals if species.dealt else 0 for species in self.species)
        self.sharing = OrbitalGroups(dealt, self.communicators.groups)

    @property
    def communicators(self) -> Communicators:
        """The ranks of the run."""
        return self.engine.communicators

    @property
    def has_sets(self) -> bool:
        """Whether some species has more than one orbital."""
        return any(species.is_set for species in self.species)

    @property
    def carried(self) -> list[tuple[int, MarkerModel]]:
        """The species that markers carry, by index, with the laws of the markers."""
        return [(a, laws) for a, species in enumerate(self.species) if (laws := species.markers) is not None]

    def kinetic_together(self) -> AbstractContextManager[None]:
        """For what applies kinetic energies to fields of one's own group: a Krylov space that fails in one group fails
        in all."""
        several = self.communicators.groups * self.communicators.replicas > 1
        shared = several and any(species.kinetic.may_fail for species in self.species)
        return together(self.communicators.world) if shared else nullcontext()

    @property
    def conserved_together(self) -> list[tuple[str, ...]]:
        """Names of the species whose particles add up to a constant: each alone, or those that are coupled."""
        return [tuple(self.species[a].name for a in group) for group in self.spheres]

    @property
    def spheres(self) -> list[tuple[int, ...]]:
        """The species, by index, whose orbitals' norms add up to a constant: each alone, or those that are coupled."""
        coupled = {a for group in self.rabi.groups for a in group}
        alone = [(a,) for a in range(len(self.species)) if a not in coupled]
        return sorted([*alone, *self.rabi.groups])

    def held(self, species: int) -> range:
        """Which orbitals of a species this rank's group holds."""
        return self.sharing.held(self.communicators.group_index, species)

    def empty_clouds(self) -> list[Cloud]:
        """What this rank holds of every species, of any values: to be read from a file. Collective."""
        laws_of = dict(self.carried)
        return [
            MarkerCloud.empty(self.engine, self.marker_layout(a), laws_of[a].number)
            if a in laws_of
            else OrbitalCloud(self.transform.empty_fields(len(self.held(a))))
            for a in range(len(self.species))
        ]

    def marker_layout(self, species: int) -> MarkerLayout:
        """A layout for the markers of a species on the ranks of this mixture: what a new :class:`MarkerCloud` of it
        takes. Raises :class:`TypeError` where no markers carry it."""
        laws = self.species[species].markers
        if laws is None:
            raise TypeError(f"{self.species[species].name} is not carried by markers")
        return MarkerLayout(self.engine, laws.window.table, self.grid.lengths, self.species[species].particles)

    def algebra(self, species: int) -> OrbitalAlgebra:
        """Overlaps and combinations of the orbitals of a species, over all groups."""
        return OrbitalAlgebra(self.communicators, self.sharing.held_by_all(species), self.grid.cell_volume)

    def with_kernels_times(self, factors: Mapping[tuple[int, int], float]) -> Mixture:
        """The same mixture with the kernels of some pairs of species (lower index first) multiplied by a factor. Shares
        everything else, the engine too."""
        if not factors:
            return self
        terms = [term.times(factors) for term in self.terms]
        return self._of(self.species, self.rabi, terms, self.local)

    def counted_from_rest(self) -> Mixture:
        """The same mixture with kinetic energies that begin at zero. Shares everything else, as
        :meth:`with_kernels_times` does."""
        species = [replace(species, kinetic=species.kinetic.from_rest()) for species in self.species]
        return self._of(species, self.rabi, self.terms, self.local)

    def coupled_by(
        self, rabi: RabiCouplings | None, weights: Sequence[float] | np.ndarray, local: LocalCouplings | None = None
    ) -> Mixture:
        """The same mixture with other coherent couplings, or None, and the weights that go with them. Shares everything
        else, as :meth:`with_kernels_times` does."""
        species = [species.weighing(weight) for species, weight in zip(self.species, weights, strict=True)]
        return self._of(species, rabi, self.terms, local)

    def _of(
        self,
        species: Sequence[SpeciesModel],
        rabi: RabiCouplings | None,
        terms: Sequence[Term],
        local: LocalCouplings | None,
    ) -> Mixture:
        return Mixture(self.grid, self.engine, species, terms, self.hbar, rabi, self.correlations, self.losses, local)

    @property
    def real_dtype(self) -> np.dtype:
        """Type of densities and potentials."""
        return self.engine.real_dtype

    def conserves_energy_after(self, time: float) -> bool:
        """Whether no external potential, no coupling and no interaction changes at or after `time`, and no particles
        leave."""
        coupling = self.rabi.changes_after(time) or self.local.changes_after(time)
        outside = coupling or any(one.external.changes_after(time) for one in self.species)
        return self.losses is None and not (outside or any(term.changes_after(time) for term in self.terms))

    # --------------------------------------------------------------- densities and potentials

    def densities(
        self, clouds: Sequence[Cloud], axes: Sequence[int] | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """The density of every species, shape (species, *grid), in `out` if it is given; summed over the groups, all at
        once. Collective.

        axes  per species, how many of the last axes of its fields are still transformed; they are brought back in
              place.
        """
        shape = (len(self.species), *self.grid.position_shape)
        densities = self.engine.empty(shape, self.real_dtype) if out is None else out
        for a, (cloud, species, density) in enumerate(zip(clouds, self.species, densities, strict=True)):
            cloud.take_density(self.engine, species.weight, density, axes[a] if axes else 0)
        self._sum_over_groups(densities)
        return densities

    def _sum_over_groups(self, densities: np.ndarray) -> None:
        """Add up over the orbital groups, in place. Collective."""
        if self.communicators.groups > 1:
            with self.engine.timers.phase("reduction"):
                self.communicators.sum_over_groups(densities)

    def couplings_at(self, instant: Instant) -> np.ndarray:
        """:attr:`couplings` at an instant, as they are in the laboratory."""
        if self.interactions_never_change:
            return self.couplings
        return self._sum_of_couplings([term.couplings_at(instant) for term in self.terms])

    def _sum_of_couplings(self, couplings: Sequence[np.ndarray | None]) -> np.ndarray:
        own = (matrix for matrix in couplings if matrix is not None)
        return sum(own, np.zeros((len(self.species),) * 2))

    def coupling_factor(self, contraction: float) -> float:
        """What :attr:`couplings` are multiplied by where the frame has grown: b^(2-d); one where there are none."""
        return contact_factor(contraction, self.grid.dimensions) if self._has_couplings else 1.0

    def interactions_differ(self, first: Instant, second: Instant) -> bool:
        """Whether a term may differ between two instants, but for what the frame does."""
        return not self.interactions_never_change and any(term.differs(first, second) for term in self.terms)

    def fields_of(self, terms: Sequence[Term], densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """b^2 W_a of some of the terms. The arrays are overwritten by the next call. Collective."""
        fields: Fields = [None] * len(self.species)
        for term in terms:
            add_fields(fields, term.potentials(densities, instant))
        return fields

    def mean_fields(self, densities: Densities, instant: Instant = BEFORE_START) -> list[np.ndarray]:
        """b^2 W_a of all terms, without the external potential. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        for term in self.terms:
            _add(fields, term.potentials(densities, instant))
        return fields

    def interact(self, densities: Densities, instant: Instant = BEFORE_START) -> Interaction:
        """The mean fields, as :meth:`mean_fields` gives them, with the terms' energies. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        energies = {"interaction": np.zeros(len(self.species))}
        for term in self.terms:
            own = term.potentials(densities, instant)
            share = term.energies(densities, own, self.grid, instant)
            energies[term.name] = energies.get(term.name, 0.0) + share
            _add(fields, own)
        return Interaction(fields, energies)

    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> list[np.ndarray]:
        """The change of b^2 W_a to first order in real changes of the densities, sum_b G_ab * delta_b: the second
        variation of the interaction energy applied to them. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        for term in self.terms:
            _add(fields, term.responses(densities, changes, instant))
        return fields

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> list[np.ndarray]:
        """:meth:`responses` to many changes, of every species an array (number, *block). Collective."""
        fields = [np.zeros(change.shape, change.dtype) for change in changes]
        for term in self.terms:
            _add(fields, term.responses_together(densities, changes, instant))
        return fields

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray | None:
        """G_ab^(k) of all interactions, b^2 G_ab(b y), at some wave vectors, one array per axis of components, shape
        (species, species, number); None where there is a functional of the densities, which has none. Local."""
        total = np.zeros((len(self.species), len(self.species), *wave_numbers[0].shape))
        for term in self.terms:
            values = term.transforms(wave_numbers, instant)
            if values is None:
                return None
            total += values
        return total

    def potential(self, species: int, mean_field: np.ndarray, instant: Instant) -> np.ndarray:
        """b^2 (U_a + W_a) of a species at an instant, its mean field b^2 W_a given. Local."""
        external = self.species[species].external.value(instant)
        return mean_field if external is None else mean_field + external

    def apply_kinetic(self, field: np.ndarray, species: int) -> None:
        """field <- T field, in place. Collective over the group."""
        kinetic = self.species[species].kinetic
        if isinstance(kinetic, KrylovKineticEnergy):
            kinetic.apply(field.copy(), field)
            return
        scale = self.transform.inverse_points

        def multiplier(spectrum: np.ndarray) -> None:
            for place, symbol in kinetic.planes(self.grid):
                spectrum[place] *= scale * symbol

        self.transform.multiply(field, multiplier)

    def apply_momentum(self, field: np.ndarray, axis: int) -> None:
        """field <- -i hbar d/dx field along an axis, in place; the Nyquist mode of an even axis, which has no
        direction, becomes zero. Collective over the group."""
        table = (self.hbar / self.grid.points[axis]) * self.grid.wave_numbers(axis, odd=True)
        self.transform.multiply_along(field, axis, table + 0j)

    # --------------------------------------------------------------- energies

    def spectral_averages(self, orbital: np.ndarray, species: int) -> np.ndarray:
        """This rank's part of <phi|T|phi> and, per axis, of <phi| -i hbar grad + A |phi> for one orbital. Collective.

        Where T is a multiplier these are ``sum_k T(k) |phi^(k)|^2 dV / n_points``, and hbar k in place of T(k); the
        Nyquist mode of an even axis has no direction and counts as k = 0 in the second.
        """
        kinetic = self.species[species].kinetic
        if isinstance(kinetic, KrylovKineticEnergy):
            return kinetic.averages(orbital) * self.grid.cell_volume
        return self.averages_of_spectrum(self.transform.forward(orbital, self.transform.work), species)

    def averages_of_spectrum(self, spectrum: np.ndarray, species: int) -> np.ndarray:
        """The same from an orbital's transform, where T is a multiplier. Local."""
        grid = self.grid
        averages = [self.species[species].multiplier.norm(grid, spectrum)]
        zeros = [np.zeros(n) for n in grid.wave_block.shape]
        for axis in range(grid.dimensions):
            weights = list(zeros)
            weights[axis] = self.hbar * grid.local_wave_numbers(axis, odd=True)
            averages.append(self.engine.kernels.weighted_norm(spectrum, weights))
        return np.array(averages) * (grid.cell_volume * self.transform.inverse_points)

    def potential_energies(
        self, densities: Densities, mean_fields: Sequence[np.ndarray], instant: Instant
    ) -> np.ndarray:
        """Per species, this rank's part of the integrals of U rho and of W rho in the laboratory; the same in every
        group. The mean fields are those of the instant. (Half of the second is the energy of pairs; of a chemical
        potential it is the whole.) U of markers is not on the grid: :meth:`marker_energies`."""
        parts = np.zeros((len(self.species), 2))
        for a, species in enumerate(self.species):
            external = None if species.markers is not None else species.external.value(instant)
            if external is not None:
                parts[a, 0] = self.grid.integrate(densities[a], external)
            parts[a, 1] = self.grid.integrate(densities[a], mean_fields[a])
        return parts * instant.contraction**2

    def spin_energies(self, orbitals: Sequence[np.ndarray], instant: Instant) -> np.ndarray:
        """Per species, this rank's part of c_2/2 integral F.(psi^+ f psi)_a, in the laboratory: what a component has of
        the energy of spins.

        orbitals  of the components, complete and in position space; others are not looked at."""
        energies = np.zeros(len(self.species))
        for spin in self.rabi.spins:
            psi = [np.sqrt(self.weights[a]) * orbitals[a][0] for a in spin.members]
            strength = spin.strength_in_frame(instant.contraction, self.grid.dimensions) * instant.contraction**2
            field = along_spin([part.real for part in spin_density(psi, psi)], psi)
            for a, own, turned in zip(spin.members, psi, field, strict=True):
                product = self.engine.kernels.inner_product(own, np.ascontiguousarray(turned, own.dtype))
                energies[a] = 0.5 * strength * self.grid.cell_volume * product.real
        return energies

    def coupling_energies(self, orbitals: Sequence[np.ndarray], instant: Instant) -> np.ndarray | None:
        """Per species, this rank's part of nu Re sum_b <phi_a|R_ab|phi_b>; None where nothing is coupled.

        orbitals  of the coupled species, complete (no pending kick); others are not looked at.
        """
        if not self.rabi.groups:
            return None
        matrix, energies = self.rabi.matrix(instant), np.zeros(len(self.species))
        for group in self.rabi.groups:
            for a in group:
                for b in group:
                    overlap = self.engine.kernels.inner_product(orbitals[a][0], orbitals[b][0])
                    energies[a] += (self.weights[a] * self.grid.cell_volume) * (matrix[a, b] * overlap).real
        for a, share in self.local.energies(orbitals, instant).items():
            energies[a] += self.weights[a] * self.grid.cell_volume * share
        return energies

    def marker_energies(self, clouds: Sequence[Cloud], instant: Instant) -> np.ndarray:
        """Per species sum_i w_i T(p_i) and sum_i w_i U(x_i) over the markers of this rank, shape (species, 2), where
        grid and laboratory agree and no kick is pending; zero for species without markers. Local."""
        parts = np.zeros((len(self.species), 2))
        for a, laws in self.carried:
            parts[a] = laws.energies(marker_cloud(clouds[a]).markers, instant)
        return parts

    def energy(self, clouds: Sequence[Cloud], instant: Instant) -> Energy:
        """The energy by term, of clouds whose wave functions are complete (no pending kick), where grid and laboratory
        agree. Collective."""
        densities, orbitals = self.densities(clouds), [cloud.orbitals for cloud in clouds]
        kinetic = np.zeros(len(self.species))
        for a, species in enumerate(self.species):
            kinetic[a] = species.weight * sum(self.spectral_averages(orbital, a)[0] for orbital in orbitals[a])
        interaction = self.interact(densities)
        terms = dict(interaction.energies)
        if self.rabi.spins:
            terms["spin"] = self.spin_energies(orbitals, instant)
        potentials = self.potential_energies(densities, interaction.mean_fields, instant)
        sums = self.communicators
        coupling = self.coupling_energies(orbitals, instant)
        of_markers = sums.sum_all(self.marker_energies(clouds, instant)) if self.carried else np.zeros_like(potentials)
        return Energy.of(
            sums.sum_all(kinetic) + of_markers[:, 0],
            sums.sum(potentials)[:, 0] + of_markers[:, 1],
            {name: sums.sum(share) for name, share in terms.items()},
            None if coupling is None else sums.sum(coupling),
        )


def _add(fields: Sequence[np.ndarray], added: Fields) -> None:
    """fields += added, where there is something to add."""
    for field, own in zip(fields, added, strict=True):
        if own is not None:
            field += own
