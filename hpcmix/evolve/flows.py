"""The two exact flows, drift and kick, and the unit of work that the loop is written in: an alternating sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hpcmix.evolve.coherent import coupled_drifts, move_coupled
from hpcmix.evolve.fluctuations.pair_flows import PairFlows
from hpcmix.evolve.kick import Kick, external_potentials
from hpcmix.evolve.losses import Losing, LossFlow
from hpcmix.evolve.markers.motion import MarkerFlows
from hpcmix.evolve.pointwise.mixing import Mixing
from hpcmix.evolve.pointwise.sequence import StepSequence
from hpcmix.evolve.pointwise.spins import turn_spins
from hpcmix.evolve.stages import Stages
from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.components.losses import ActingLosses
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.mean_field.kick_order import computed_by_kicks, densities_come_first
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.terms.term import HalfWayFields, Term
from hpcmix.parallel.transforms.multipliers import Factors, Turn
from hpcmix.splittings import Splitting, within_kicks
from hpcmix.state.cloud import Cloud
from hpcmix.state.fluctuations import Fluctuations


class Flows:
    """Moves the clouds of a mixture by its two flows (CONVENTIONS.md, Flows).

    The unit of work is a sequence of kicks and drifts. Between two of them the last axes of the fields stay
    transformed: a kick's sweep brings a plane back from the drift before, turns its phase and sends it towards the
    drift after; a drift's sweep transforms the lines along the first axis, multiplies them and transforms them back.
    Where a kernel of finite range acts, or a species has several orbitals, the densities of all points come before the
    kick and take one sweep more. Those of condensates whose kernels act on the periodic box are transformed in that
    sweep, and their potentials come from wave-number space in the kick's.

    Pairs of fluctuations (:mod:`hpcmix.state.fluctuations`) that move beside the clouds go the same way: a drift is the
    same for them, and a kick has its tangent map (evolve/fluctuations). The clouds, whose bits do not depend on whether
    there are pairs, are kicked first, beside fields of ones that become the factors of the pairs.

    A species whose kinetic energy is no multiplier in k (model/kinetic/magnetic.py) drifts in position space,
    every orbital in a Krylov space of its own, and is never half way; beside others its density comes before the kick
    too.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        self._diagonal = [species.kinetic.diagonal for species in mixture.species]
        self._densities_first = densities_come_first(
            [species.orbitals for species in mixture.species], mixture.communicators.groups, self._diagonal
        )
        self._factors: dict[tuple[int, float], Factors | Turn] = {}
        self._coupled = coupled_drifts(mixture)
        self._phase: np.ndarray | None = None
        self._densities: np.ndarray | None = None  # kept from kick to kick, where they are needed
        # rho_b = nu_b |phi_b|^2: the weight goes into the coupling, so that the kernel needs no separate densities
        self._couplings = mixture.interactions.couplings * mixture.weights[np.newaxis, :]
        separate, dimensions = mixture.interactions.separate, mixture.grid.dimensions
        self._at_points = [] if self._densities_first else computed_by_kicks(separate, len(mixture.species), dimensions)
        self._apart = [term for term in separate if term not in self._at_points]
        self._half_way_term = None if self._densities_first else _comes_half_way(self._apart)
        self._stages = Stages(mixture)
        self._axes = self._stages.axes
        self._made_for_pairs: PairFlows | None = None
        self._markers = MarkerFlows(mixture)
        self._mixing = Mixing(mixture) if mixture.local else None
        self._loss_flow = None if mixture.losses is None else LossFlow(mixture)
        # markers in external potentials alone need no density
        self._fields_act = bool(self._apart) or (
            self._densities_first and (bool(mixture.interactions.terms) or not mixture.carried)
        )

    def alternate(
        self,
        clouds: Sequence[Cloud],
        kicks: Sequence[Kick],
        drifts: Sequence[float | None],
        half_way: bool = False,
        fluctuations: Fluctuations | None = None,
        losing: Losing | None = None,
    ) -> bool:
        """Apply K(kicks[0]) D(drifts[0]) K(kicks[1]) ... in place, beginning with a kick and ending with either.
        Collective.

        kicks     as many as drifts, or one more.
        drifts    durations in code units; None where the next kick follows at once.
        half_way  whether a drift before left the fields half way to position space.
        fluctuations  pairs that move along.
        losing    of a whole step, which ends with a drift: particles leave behind its first kick and after that drift,
                  which then ends in position space.
        Returns whether these drifts leave them there, the last one without a kick after it: :meth:`settle` takes them
        to position space.
        """
        for number, kick in enumerate(kicks):
            before = kick.earlier_instant
            if before is not None and self._mixture.interactions.differ(before, kick.instant):
                # what has jumped between the parts of a kick acts in each as it is there; they leave densities alone
                self._kick(clouds, Kick(kick.earlier, before), half_way, None, fluctuations)
                kick, half_way = replace(kick, earlier=0.0, earlier_instant=None), False
            drift, leaving = drifts[number] if number < len(drifts) else None, losing if number == 0 else None
            at_once = leaving is None and kick.turning == 0.0
            self._kick(clouds, kick, half_way, drift, fluctuations, at_once)
            moving = [[cloud.orbitals for cloud in clouds], *([] if fluctuations is None else fluctuations.moving)]
            if leaving is not None:
                self._lose(clouds, leaving, leaving.ends[0])
            if kick.turning != 0.0:
                self._turn_among_species(moving, kick)
            if drift is not None:
                for together, fields in enumerate(moving):
                    if not at_once:
                        self._stages.leave_position(fields)
                    self._drift(fields, drift, kick.instant, together=together > 0)
            half_way = drift is not None
        if losing is not None:
            if half_way:
                self.settle(clouds)
            self._lose(clouds, losing, losing.ends[1])
            return False
        return half_way

    def _turn_among_species(self, moving: Sequence[Sequence[np.ndarray]], kick: Kick) -> None:
        """What turns species into each other at every point, on fields in position space. Local."""
        if self._mixing is None:
            return
        with self._mixture.engine.timers.phase("mixing"):
            for fields in moving:
                self._mixing.move(fields, kick.turning, kick.instant)

    def sequence(self, splitting: Splitting) -> StepSequence:
        """How a splitting is applied to this mixture."""
        return StepSequence(splitting, None if self._mixing is None else within_kicks(splitting))

    def _lose(self, clouds: Sequence[Cloud], losing: Losing, losses: ActingLosses) -> None:
        """Let particles leave, from orbitals in position space, where any loss acts. Collective."""
        if self._loss_flow is not None and losses.acting:
            losing.taken.append(self._loss_flow.act(clouds, losing.duration, losses))

    def settle(self, clouds: Sequence[Cloud], fluctuations: Fluctuations | None = None) -> None:
        """Bring fields that :meth:`alternate` left half way to position space, in place. The next kick gives the same
        bits whether this was done before it or not. Local."""
        self._stages.enter_position([cloud.orbitals for cloud in clouds])
        for fields in [] if fluctuations is None else fluctuations.moving:
            self._stages.enter_position(fields)

    def forget_factors(self) -> None:
        """Drop the factors of drifts that were used so far: their durations do not come again."""
        self._factors.clear()
        for drift in self._coupled:
            drift.forget_factors()
        if self._mixing is not None:
            self._mixing.forget()

    def _drift(self, fields: Sequence[np.ndarray], duration: float, start: Instant, together: bool = False) -> None:
        """phi -> exp(-i duration T / hbar) phi on fields that are half way, of coherently coupled species with T + R(t)
        from `start`. Collective.

        fields  of every species, an array of fields each; of coupled species as many of all of them.
        together  whether a transform may move many fields at once, which round otherwise than one by one.
        """
        mixture, transform = self._mixture, self._mixture.transform
        coupled = [a for group in mixture.rabi.groups for a in group]
        if coupled:
            moved = [{a: fields[a][number] for a in coupled} for number in range(len(fields[coupled[0]]))]
            move_coupled(self._coupled, mixture, moved, start, duration)
        alone = [a for a in range(len(fields)) if a not in coupled and self._diagonal[a] and len(fields[a]) > 0]
        factors = [self._flow_factors(a, duration) for a in alone]
        multiply = transform.multiply_together if together else transform.multiply_each
        multiply([fields[a] for a in alone], factors)
        if all(self._diagonal):
            return
        with self._mixture.engine.timers.phase("krylov"), self._mixture.kinetic_together():
            for species, array in zip(self._mixture.species, fields, strict=True):
                if isinstance(species.kinetic, KrylovKineticEnergy):
                    for field in array:
                        species.kinetic.drift(field, duration)

    def _kick(
        self,
        clouds: Sequence[Cloud],
        kick: Kick,
        half_way: bool,
        drift: float | None,
        fluctuations: Fluctuations | None,
        at_once: bool = True,
    ) -> None:
        """phi -> exp(-i duration (U + G * rho) / hbar) phi; exact, because a phase leaves the densities alone; with the
        transforms before and after it in the same sweep. Markers go on by the drift that follows, if one does, at once.
        Collective.

        at_once  whether fields leave position space for the drift that follows; else something is still done there.
        """
        mixture, drift_follows = self._mixture, drift is not None and at_once
        if mixture.rabi.spins:
            half_way = self._turn_spins(clouds, kick, half_way)
        timers = mixture.engine.timers
        pairs_half_way = half_way
        potentials = external_potentials(mixture, kick)
        seen = None
        felt: Sequence[np.ndarray | None] = [None] * len(clouds)
        if self._half_way_term is not None:
            brought_back = half_way and self._axes[0] > 0
            fields = _fields(clouds)
            seen = self._half_way_term.half_way(fields, mixture.weights, brought_back, kick.instant)
            half_way = False
        elif self._fields_act:
            with timers.phase("density"):
                axes = self._axes if half_way else None
                self._densities = mixture.densities(clouds, axes, self._densities)
            half_way = False
            with timers.phase("mean field"):
                if self._densities_first:
                    felt = mixture.interactions.mean_fields(self._densities, kick.instant)
                else:
                    felt = mixture.interactions.fields_of(self._apart, self._densities, kick.instant)
            potentials = [
                added if field is None else [*added, field] for added, field in zip(potentials, felt, strict=True)
            ]
        self._markers.move(clouds, felt, kick, drift)
        if fluctuations is not None:
            with timers.phase("pairs"):
                orbitals = [cloud.orbitals for cloud in clouds]
                if half_way:
                    self._stages.enter_position(orbitals)
                made = self._fields_act and self._half_way_term is None
                if self._pair_flows.needs_densities and not made:
                    self._densities = mixture.densities(clouds, None, self._densities)
                factors = self._turn_beside_ones(_fields(clouds), potentials, kick, seen)
                densities = () if self._densities is None else self._densities
                self._pair_flows.kick(
                    fluctuations, _fields(clouds), factors, densities, kick, pairs_half_way, drift_follows
                )
                if drift_follows:
                    self._stages.leave_position(orbitals)
            return
        with timers.phase("kick"):
            if self._densities_first:
                for cloud, added, left in zip(clouds, potentials, self._axes, strict=True):
                    self._turn_set(cloud.orbitals, added, kick, left, half_way, drift_follows)
            else:
                couplings = self._couplings_at(kick.instant)
                self._turn(_fields(clouds), potentials, couplings, kick, self._axes[0], half_way, drift_follows, seen)

    def _turn_spins(self, clouds: Sequence[Cloud], kick: Kick, half_way: bool) -> bool:
        """The spins' part of a kick, in position space: it commutes with that of the potentials, which are the same for
        all components, and changes neither their density nor F. Whether the fields are half way afterwards: never.
        Local."""
        mixture = self._mixture
        with mixture.engine.timers.phase("spin"):
            if half_way:
                self._stages.enter_position([cloud.orbitals for cloud in clouds])
            turn_spins(mixture, [cloud.orbitals for cloud in clouds], kick.whole, kick.instant)
        return False

    def _couplings_at(self, instant: Instant) -> np.ndarray:
        """g_ab nu_b of the frame at an instant."""
        mixture = self._mixture
        if not mixture.interactions.never_change:
            self._couplings = mixture.interactions.couplings_at(instant) * mixture.weights[np.newaxis, :]
        return self._couplings * mixture.interactions.coupling_factor(instant.contraction)

    def _turn_set(
        self,
        orbitals: np.ndarray,
        potentials: Sequence[np.ndarray],
        kick: Kick,
        axes: int,
        half_way: bool,
        drift_follows: bool,
    ) -> None:
        """The phase of all orbitals of a species, which is the same for all of them: computed once where there are
        several."""
        if len(orbitals) < 2:
            for orbital in orbitals:
                self._turn([orbital], [potentials], np.zeros((1, 1)), kick, axes, half_way, drift_follows)
            return
        if self._phase is None:
            self._phase = self._mixture.engine.empty(orbitals[0].shape, orbitals.dtype)
        self._phase[...] = 1.0
        kernels = self._mixture.engine.kernels
        kernels.kick([self._phase], [potentials], np.zeros((1, 1)), kick.whole / self._mixture.hbar)
        for orbital in orbitals:
            kernels.multiply_points(
                orbital, self._phase, axes=axes, inverse_before=half_way, forward_after=drift_follows
            )

    def _turn(
        self,
        fields: Sequence[np.ndarray],
        potentials: Sequence[Sequence[np.ndarray]],
        couplings: np.ndarray,
        kick: Kick,
        axes: int,
        half_way: bool,
        drift_follows: bool,
        seen: HalfWayFields | None = None,
    ) -> None:
        """The phase of fields that see the potentials, by the couplings each other's densities at the same point, and
        what is on its way from wave-number space."""
        moves = axes > 0
        self._mixture.engine.kernels.kick(
            fields,
            potentials,
            couplings,
            kick.whole / self._mixture.hbar,
            functions=self._functions(len(fields), kick.instant),
            axes=axes if seen is None else self._mixture.transform.plane_axes,
            inverse_before=half_way and moves,
            forward_after=drift_follows and moves,
            spectra=() if seen is None else seen.spectra,
            weights=None if seen is None else seen.weights,
        )

    def _functions(self, fields: int, instant: Instant) -> list[PointFunction]:
        """What the kick of so many fields computes of the species' densities as it goes: of fields of ones beside the
        condensates too, which see the same."""
        mixture = self._mixture
        p, functions = len(mixture.species), []
        for term in self._at_points:
            for function in term.point_functions(p, mixture.grid.dimensions, instant) or ():
                measures = np.zeros((len(function.measures), fields))
                measures[:, :p] = function.measures * mixture.weights
                weights = np.vstack([function.weights] * (fields // p))
                functions.append(replace(function, measures=measures, weights=weights))
        return functions

    def _turn_beside_ones(
        self,
        fields: Sequence[np.ndarray],
        potentials: Sequence[Sequence[np.ndarray]],
        kick: Kick,
        seen: HalfWayFields | None,
    ) -> list[np.ndarray]:
        """The phase of condensates in position space, and of fields of ones beside them: the factors of the kick. The
        condensates get the same bits as by themselves."""
        p = len(fields)
        factors = self._pair_flows.fields_of_ones()
        couplings = np.zeros((2 * p, 2 * p))
        if not self._densities_first:
            couplings[:p, :p] = self._couplings_at(kick.instant)
            couplings[p:, :p] = couplings[:p, :p]
        if seen is not None:
            seen = HalfWayFields(seen.spectra, np.vstack([seen.weights, seen.weights]))
        self._turn([*fields, *factors], [*potentials, *potentials], couplings, kick, 0, False, False, seen)
        return factors

    @property
    def _pair_flows(self) -> PairFlows:
        """Made when there are pairs for the first time."""
        if self._made_for_pairs is None:
            self._made_for_pairs = PairFlows(self._mixture, self._stages)
        return self._made_for_pairs

    def _flow_factors(self, species: int, duration: float) -> Factors | Turn:
        key = (species, duration)
        if key not in self._factors:
            mixture = self._mixture
            self._factors[key] = mixture.species[species].multiplier.flow(
                mixture.grid, duration, mixture.transform.inverse_points, mixture.engine
            )
        return self._factors[key]


def _fields(clouds: Sequence[Cloud]) -> list[np.ndarray]:
    """All orbitals of all species, one after the other."""
    return [orbital for cloud in clouds for orbital in cloud.orbitals]


def _comes_half_way(terms: Sequence[Term]) -> Term | None:
    """The one term there is, where a kick can take its potentials in half way; otherwise None."""
    return terms[0] if len(terms) == 1 and terms[0].comes_half_way else None
