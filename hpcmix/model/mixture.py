"""The canonical mean-field model: what acts on the orbitals of every species.

    i hbar d/dt phi_aj = [ T_a + U_a(t, x) + sum_b (G_ab * rho_b)(t, x) ] phi_aj,        rho_a = nu_a sum_j |phi_aj|^2

    E = sum_a nu_a sum_j <phi_aj| T_a + U_a |phi_aj> + 1/2 sum_ab integral rho_a (G_ab * rho_b)

Every system that hpcmix solves is this equation with a choice of T, U, G and nu. The interaction
energy is a sum of terms (model/terms), each a functional of the densities: W_a = sum_b G_ab * rho_b stands for the
derivatives of all of them, and 1/2 sum_ab for their energies.

In a frame x = b y the orbitals are chi (docs/methods/expanding-frame.md) and time is the frame's clock s: T is that of
y, and the potentials are b^2 (U + W)(b y) and the confinement m w^2 y^2 / 2. An instant knows 1/b; energies in the
laboratory are 1/b^2 of what these potentials integrate to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.components.local import LocalCouplings
from hpcmix.model.components.losses import Losses
from hpcmix.model.components.rabi import RabiCouplings
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.mean_field.interactions import Interactions
from hpcmix.model.mean_field.species import SpeciesModel
from hpcmix.model.pair_kernels.pair_correlations import PairCorrelations
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.terms.term import Term
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.parallel.orbital_algebra import OrbitalAlgebra
from hpcmix.parallel.process.together import together
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.state.cloud import Cloud
from hpcmix.state.marker_cloud import MarkerCloud
from hpcmix.state.orbital_cloud import OrbitalCloud


class Mixture:
    """All species, the terms of their interaction, and the grid they live on.

    engine     what it computes with; every sum over ranks goes through its communicators.
    transform  the engine's transform of orbitals.
    correlations
               of pairs that scatter, for fluctuations that begin with them; None for all others.
    losses     particles that leave; None where all stay.
    local      coherent couplings that depend on place (model/components/local.py).
    interactions
               the terms of the interaction and what they make of densities.
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
        self.interactions = Interactions(terms, len(self.species), grid)
        self.hbar = hbar
        self.correlations = correlations
        self.losses = losses
        self.local = LocalCouplings() if local is None else local
        self.rabi = RabiCouplings(len(self.species), (), (), hbar) if rabi is None else rabi
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
        return self._of(self.species, self.rabi, self.interactions.times(factors).terms, self.local)

    def counted_from_rest(self) -> Mixture:
        """The same mixture with kinetic energies that begin at zero. Shares everything else, as
        :meth:`with_kernels_times` does."""
        species = [replace(species, kinetic=species.kinetic.from_rest()) for species in self.species]
        return self._of(species, self.rabi, self.interactions.terms, self.local)

    def coupled_by(
        self, rabi: RabiCouplings | None, weights: Sequence[float] | np.ndarray, local: LocalCouplings | None = None
    ) -> Mixture:
        """The same mixture with other coherent couplings, or None, and the weights that go with them. Shares everything
        else, as :meth:`with_kernels_times` does."""
        species = [species.weighing(weight) for species, weight in zip(self.species, weights, strict=True)]
        return self._of(species, rabi, self.interactions.terms, local)

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
        losing = self.losses is not None and self.losses.act_after(time)
        return not (losing or outside or self.interactions.change_after(time))

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
