"""Ground states of coherently coupled condensates: dressed states.

Species that a coupling connects with which the ground state is sought (RabiCoupling.dresses) turn into each other
until their energy is lowest: only the number N of all their particles is given, sum_a |phi_a|^2 = 1 with psi_a =
sqrt(N) phi_a, and they have one chemical potential,

    (T_a + W_a) phi_a + sum_b R_ab phi_b = mu phi_a,        E = ... + N sum_ab Re <phi_a|R_ab|phi_b>.

A particle at rest has the levels of the matrix diag(m) + R, m the rest energies where kinetic energies contain them.
The search counts energies from the lowest, which does not change the state: what is left of mu is what traps,
interactions and motion make of it, and residuals are relative to that. It also turns the phase of every component to
that of the lowest level's vector v, phi_a -> exp(-i arg v_a) phi_a, so that the state looked for is close to positive
functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.initial.markers.stand_ins import weights_apart
from hpcmix.model.components.local import LocalCouplings
from hpcmix.model.components.rabi import RabiCouplings
from hpcmix.model.components.spin import Spin
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import asks_for_ground_state, dressed_groups, group_weights

IMBALANCE = 0.1
"""Relative change of the populations of a first guess, up and down in turn: a state that is lower with unequal ones
would otherwise not be found from equal ones, where the slope is zero."""


@dataclass(frozen=True)
class Dressing:
    """How the coupled species of a ground state are looked for.

    groups       the coupled species, by index; empty where there are none.
    at_rest      per species the lowest energy of a particle at rest.
    phases       per species arg v_a, zero for the first of a group and outside.
    matrix       diag(m) + R of the groups, in these phases and less the lowest level.
    populations  per species the particles that the search begins with; they add up to the group's.
    local        couplings that depend on place, in these phases.
    spins        of the spinor gases among them.
    """

    groups: list[tuple[int, ...]]
    at_rest: np.ndarray
    phases: np.ndarray
    matrix: np.ndarray
    populations: np.ndarray
    local: LocalCouplings
    spins: tuple[Spin, ...] = ()

    @classmethod
    def of(cls, problem: Problem, mixture: Mixture) -> Dressing:
        """The couplings of time 0-, and populations as the problem gives them; a species without particles begins with
        its part of the lowest level."""
        count = len(problem.species)
        groups = dressed_groups(problem.species, problem.exchanges)
        coupling, averages = mixture.rabi.of_ground_state(), mixture.local.averages(count)
        at_rest = np.array([species.kinetic.rest_energy for species in mixture.species])
        phases, matrix = np.zeros(count), np.zeros((count, count), np.complex128)
        populations = np.array(weights_apart(problem))
        spins = tuple(spin for spin in mixture.rabi.spins if any(spin.members[0] in group for group in groups))
        for group in groups:
            part = np.ix_(group, group)
            levels = coupling[part] + np.diag(at_rest[list(group)])
            values, vectors = np.linalg.eigh(levels + averages[part])
            lowest = vectors[:, 0]
            turn = np.where(np.abs(lowest) > 1e-12, np.exp(1j * np.angle(lowest)), 1.0)  # |v| = 1: else it is rounding
            turn *= np.conj(turn[0])
            if any(spin.members[0] in group for spin in spins):  # F.F is not what it is in other phases
                turn = np.ones(len(group))
            matrix[part] = np.conj(turn)[:, np.newaxis] * (levels - values[0] * np.eye(len(group))) * turn
            at_rest[list(group)] = values[0]
            phases[list(group)] = np.angle(turn)
            populations[list(group)] = _begin_with(populations[list(group)], np.abs(lowest) ** 2)
        for spin in spins:
            if spin.magnetisation is not None:
                members = list(spin.members)
                populations[members] = np.sum(populations[members]) * spin.coherent_populations(spin.magnetisation)
        return cls(groups, at_rest, phases, matrix, populations, mixture.local.of_ground_state(phases), spins)

    def dressed(self, problem: Problem, mixture: Mixture) -> Mixture:
        """The mixture with the coupling that is looked with, and one weight per group."""
        weights = group_weights(weights_apart(problem), [species.particles for species in problem.species], self.groups)
        rabi = RabiCouplings(len(self.phases), (), self.groups, mixture.hbar, self.matrix, self.spins)
        return mixture.coupled_by(rabi, weights, self.local)

    @property
    def signs(self) -> np.ndarray:
        """Per species the sign of a first guess: that of m = -1 is negative where spins that lie against each other
        lower the energy, so that they do."""
        signs = np.ones(len(self.phases))
        for spin in self.spins:
            if spin.strength > 0.0 and spin.conserved:
                signs[spin.members[-1]] = -1.0
        return signs

    @property
    def members(self) -> frozenset[int]:
        """The species of all groups."""
        return frozenset(index for group in self.groups for index in group)


def choices_in_words(problem: Problem) -> list[str]:
    """A sentence for every coupling that is on at time 0- and that no ground state is sought with, a choice that the
    user may want to be another; and for every one that is to dress a ground state which nobody asks for."""
    asking = {species.name for species in problem.species if asks_for_ground_state(species)}
    final = 0.0 if problem.time is None else problem.time.final
    sentences = []
    for entry in problem.coupling:
        asked = not asking.isdisjoint(entry.between)
        names = " and ".join(f'"{name}"' for name in entry.between)
        if entry.dressed and not asked:
            sentences.append(f"dressed = true has no effect: neither of {names} asks for the ground state")
        elif asked and entry.on_before_start and not entry.dresses:
            share = 100 * entry.share_before_start(final)
            sentences.append(
                f"species {names} keep the particles given: their ground state is sought without the coupling between "
                f"them, which has {share:.2g} % of its largest strength at time 0- (dressed = true in its [[coupling]] "
                "seeks it with it)"
            )
    return sentences


def _begin_with(given: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Populations close to the given ones, nowhere zero, of the same sum."""
    total = np.sum(given)
    wanted = np.where(given > 0.0, given / total, np.maximum(level, 0.01))
    wanted *= 1.0 + IMBALANCE * (-1.0) ** np.arange(len(given))
    return wanted * (total / np.sum(wanted))
