"""A look at a state: what is known of it between two steps, each thing computed when it is first asked for.

Everything that measures - records, snapshots, claims - takes a look, and only here is known that a state between two
steps lacks its last kick (:class:`~hpcmix.state.progress.Progress`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from hpcmix.evolve.fluctuations.correction import kick_correction
from hpcmix.evolve.fluctuations.tangent import Tangent
from hpcmix.evolve.kick import Kick
from hpcmix.evolve.markers.motion import CompletedMomenta
from hpcmix.evolve.pointwise.spins import turn_spins
from hpcmix.evolve.stepping.instants import coming_instant, pending_instant
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mean_field.energies import coupling_energies, spin_energies
from hpcmix.model.mean_field.interactions import Interaction
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.marker_cloud import MarkerCloud, marker_cloud
from hpcmix.state.orbital_cloud import OrbitalCloud
from hpcmix.state.state import State

Measured = TypeVar("Measured")


class Look:
    """The fields of a mixture in a state, which must not change meanwhile. Arrays are this rank's blocks and not to be
    changed, but those of :meth:`orbital_set`.

    before_start  the potentials are those of time 0-, of which a ground state is one; else those that act from the
                  state's time on (after a switch at that very time).
    Raises :class:`~hpcmix.state.state.HalfWay` where the state's stepper has not settled it. What is collective says
    so, when it is asked for the first time.
    """

    def __init__(self, mixture: Mixture, state: State, before_start: bool = False) -> None:
        state.require_settled()
        self.mixture = mixture
        self.state = state
        self._before_start = before_start
        self._measured: dict[Callable[[Look], Any], Any] = {}

    @property
    def clock(self) -> float:
        """The state's time on the clock of the grid's frame."""
        return self.state.time

    @property
    def time(self) -> float:
        """The state's time in the laboratory."""
        return self.mixture.grid.frame.laboratory_time(self.clock)

    @cached_property
    def instant(self) -> Instant:
        """What the potentials are evaluated at."""
        if self._before_start:
            return Instant.before_start()
        return coming_instant(self.state.progress, self.mixture.grid.frame)

    @cached_property
    def densities(self) -> np.ndarray:
        """The density of every species, shape (species, *grid). A pending kick leaves it alone, but for the components
        of a spinor gas, of which it leaves the sum. Collective over the world."""
        clouds = list(self.state.clouds)
        for a, orbitals in self._spins_turned.items():
            clouds[a] = OrbitalCloud(orbitals)
        return self.mixture.densities(clouds)

    @cached_property
    def _spins_turned(self) -> dict[int, np.ndarray]:
        """The orbitals of the components of spinor gases after the spins' part of the pending kick, by species; empty
        where none is pending. Local."""
        progress, spins = self.state.progress, self.mixture.rabi.spins
        if progress.pending_kick == 0.0 or not spins:
            return {}
        orbitals = list(self.state.orbitals)
        for a in (a for spin in spins for a in spin.members):
            orbitals[a] = orbitals[a].copy()
        instant = pending_instant(progress, self.mixture.grid.frame)
        turn_spins(self.mixture, orbitals, progress.pending_kick, instant)
        return {a: orbitals[a] for spin in spins for a in spin.members}

    @cached_property
    def particle_densities(self) -> np.ndarray:
        """The same of particles alone: less what half a quantum in each mode makes of a field that is a sample of a
        Wigner function (model/components/vacuum.py). Collective over the world."""
        held = [0.0 if species.vacuum is None else species.vacuum.density for species in self.mixture.species]
        if not any(held):
            return self.densities
        spread = np.array(held, self.densities.dtype).reshape(-1, *(1,) * self.mixture.grid.dimensions)
        particles: np.ndarray = self.densities - spread
        return particles

    @cached_property
    def interaction(self) -> Interaction:
        """The mean fields b^2 W and the energies of all terms. Collective."""
        return self.mixture.interactions.interact(self.densities, self.instant)

    def mean_field(self, species: int) -> np.ndarray:
        """b^2 W of a species. Collective."""
        return self.interaction.mean_fields[species]

    def potential(self, species: int) -> np.ndarray:
        """b^2 (U + W) of a species. Collective."""
        return self.mixture.potential(species, self.mean_field(species), self.instant)

    # --------------------------------------------------------------- wave functions

    def orbitals(self, species: int) -> Iterator[np.ndarray]:
        """The orbitals of a species that this rank's group holds, one after the other, with the pending kick done:

            phi exp(-i tau (U + W) / hbar),    tau = ``state.progress.pending_kick``

        Each array is overwritten by the next one; where no kick is pending they are the state's own. Collective, for
        every group when it is called.
        """
        held = self._spins_turned.get(species, self.state.orbitals[species])
        if self.state.progress.pending_kick == 0.0:
            return iter(held)
        return self._completed(held, self._pending_potential(species))

    def _completed(self, orbitals: np.ndarray, potential: np.ndarray) -> Iterator[np.ndarray]:
        copy = np.empty(orbitals.shape[1:], orbitals.dtype)
        for orbital in orbitals:
            np.copyto(copy, orbital)
            kernels.rotate_phase(copy, potential, self._pending_angle)
            yield copy

    def orbital_set(self, species: int) -> np.ndarray:
        """All of :meth:`orbitals` in one array of the caller's. Collective."""
        held = self.state.orbitals[species]
        complete = np.empty(held.shape, held.dtype)
        for place, orbital in enumerate(self.orbitals(species)):
            complete[place] = orbital
        return complete

    def pairs(self) -> Iterator[list[np.ndarray]]:
        """The pairs of fluctuations that this rank holds, one after the other, with the pending kick done: for each an
        array (2, *local grid) of every species, u and w in position space (:mod:`hpcmix.state.fluctuations`). They are
        overwritten by the next pair; where no kick is pending they are the state's own. Collective with every pair.

        Raises :class:`ValueError` where the state has none.
        """
        fluctuations = self.state.fluctuations
        if fluctuations is None:
            raise ValueError("no fluctuations are followed in this state")
        if self.state.progress.pending_kick != 0.0:
            return self._completed_pairs(fluctuations)
        return ([array[number] for array in fluctuations.pairs] for number in range(len(fluctuations.held)))

    def correction(self) -> list[np.ndarray]:
        """M_a of every species, the first correction to the condensates of coherent states
        (evolve/fluctuations/correction.py), with the pending kick done. Collective over the world.

        Raises :class:`ValueError` where the state has none."""
        fluctuations = self.state.fluctuations
        if fluctuations is None or not fluctuations.correction:
            raise ValueError("no correction to the condensates is followed in this state")
        fields = [array[0] for array in fluctuations.correction]
        progress = self.state.progress
        if progress.pending_kick == 0.0:
            return fields
        copies = [field.copy() for field in fields]
        kick_correction(
            self.mixture,
            [np.sqrt(nu) * held[0] for nu, held in zip(self.mixture.weights, self.state.orbitals, strict=True)],
            self._pending_factors(),
            fluctuations.pairs,
            copies,
            progress.pending_kick,
            pending_instant(progress, self.mixture.grid.frame),
        )
        return copies

    def _pending_factors(self) -> list[np.ndarray]:
        """exp(-i theta_a) of the pending kick. Collective."""
        factors = [np.ones_like(held[0]) for held in self.state.orbitals]
        for a, factor in enumerate(factors):
            kernels.rotate_phase(factor, self._pending_potential(a), self._pending_angle)
        return factors

    def _completed_pairs(self, fluctuations: Fluctuations) -> Iterator[list[np.ndarray]]:
        species = range(len(self.mixture.species))
        orbitals = [next(self.orbitals(a)) for a in species]
        factors = self._pending_factors()
        progress = self.state.progress
        instant = pending_instant(progress, self.mixture.grid.frame)
        kick = Tangent(self.mixture).kick_in(orbitals, factors, self.densities, progress.pending_kick, instant)
        held, together = len(fluctuations.held), self.mixture.transform.fields_together
        copies = [np.empty((min(held, together), *array.shape[1:]), array.dtype) for array in fluctuations.pairs]
        for first in range(0, held, together):
            some = [copy[: held - first] for copy in copies]
            for copy, array in zip(some, fluctuations.pairs, strict=True):
                np.copyto(copy, array[first : first + together])
            kick.move(some, 0, False, False)
            for number in range(len(some[0])):
                yield [copy[number] for copy in some]

    def before_pending_kick(self, species: int, function: Callable[[np.ndarray], None]) -> Callable[[np.ndarray], None]:
        """`function`, which changes a completed orbital of a species in place, as one that changes an orbital as the
        state has it: kick, function, kick back. Overlaps of sets need not be completed for it. Collective."""
        if self.state.progress.pending_kick == 0.0:
            return function
        potential, angle = self._pending_potential(species), self._pending_angle

        def between_kicks(orbital: np.ndarray) -> None:
            kernels.rotate_phase(orbital, potential, angle)
            function(orbital)
            kernels.rotate_phase(orbital, potential, -angle)

        return between_kicks

    @property
    def _pending_angle(self) -> float:
        return self.state.progress.pending_kick / self.mixture.hbar

    def _pending_potential(self, species: int) -> np.ndarray:
        """U + W of the pending kick, with what confines the frame. Collective."""
        instant = pending_instant(self.state.progress, self.mixture.grid.frame)
        potential = self.mixture.potential(species, self._pending_fields[species], instant)
        confinement = self.mixture.species[species].confinement
        return potential if confinement is None else potential + confinement

    @cached_property
    def _pending_fields(self) -> list[np.ndarray]:
        """b^2 W of the pending kick: not those of :attr:`interaction` where interactions jump at this very time.
        Collective."""
        instant = pending_instant(self.state.progress, self.mixture.grid.frame)
        if self.mixture.interactions.differ(instant, self.instant):
            return self.mixture.interactions.mean_fields(self.densities, instant)
        return self.interaction.mean_fields

    # --------------------------------------------------------------- markers

    def cloud(self, species: int) -> MarkerCloud:
        """The markers of a species on this rank, at places that have been reached; their momenta lack the pending kick,
        :meth:`momenta` do not. Collective. Raises :class:`TypeError` where no markers carry it."""
        cloud = marker_cloud(self.state.clouds[species])
        cloud.layout.settle(cloud.markers)  # later measurements leave their order alone, but for checkpoints
        return cloud

    def momenta(self, species: int) -> CompletedMomenta | np.ndarray:
        """The momenta of the markers of :meth:`cloud`, in their order, with the pending kick done,

            p - tau grad(U + W)(x),    tau = ``state.progress.pending_kick``

        shape (n, d), those of the grid's frame: what gives some of them for a slice, and makes them then. Collective;
        slices are local. Raises as :meth:`cloud`."""
        cloud, progress = self.cloud(species), self.state.progress
        if progress.pending_kick == 0.0:
            return cloud.momentum
        laws = dict(self.mixture.carried)[species]
        felt = self._pending_fields[species] if self.mixture.interactions.terms else None
        kick = Kick(progress.pending_kick, pending_instant(progress, self.mixture.grid.frame))
        return CompletedMomenta.of(self.mixture.engine, laws, cloud, felt, kick)

    # --------------------------------------------------------------- sums

    @cached_property
    def coupling_energies(self) -> np.ndarray | None:
        """Per species nu Re sum_b <phi_a|R_ab|phi_b>; None where nothing is coupled. Collective."""
        mixture = self.mixture
        if not mixture.rabi.groups:
            return None
        orbitals: list[np.ndarray] = list(self.state.orbitals)
        for a in (a for group in mixture.rabi.groups for a in group):
            orbitals[a] = self.orbital_set(a)  # a pending kick turns each by a phase of its own
        energies = coupling_energies(mixture, orbitals, self.instant)
        return None if energies is None else mixture.communicators.sum(energies)

    @cached_property
    def spin_energies(self) -> np.ndarray:
        """Per species what it has of the energy of spins, zero where there are none. Collective."""
        orbitals: list[np.ndarray] = list(self.state.orbitals)
        for a in (a for spin in self.mixture.rabi.spins for a in spin.members):
            orbitals[a] = self.orbital_set(a)
        return self.mixture.communicators.sum(spin_energies(self.mixture, orbitals, self.instant))

    def once(self, measure: Callable[[Look], Measured]) -> Measured:
        """What `measure` finds, computed when it is first asked for: what several observables share, such as the
        transforms of all orbitals."""
        if measure not in self._measured:
            self._measured[measure] = measure(self)
        return self._measured[measure]
