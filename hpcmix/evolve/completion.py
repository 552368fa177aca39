"""The wave functions of a state whose last kick is still to be done."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpcmix.frame import Frame
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.state import State

AFTER = 1e-13
"""Relative distance of a time within the next adaptive step from its beginning: no two switching times are as close
(problem/fixed_steps.SAME_TIME), and roundings are smaller."""


def pending_instant(state: State, frame: Frame) -> Instant:
    """What the potentials of the pending kick are evaluated at: the end of the last step."""
    return Instant.on_clock(frame, state.time, state.time - 0.5 * state.last_step)


def coming_instant(state: State, frame: Frame) -> Instant:
    """What potentials are evaluated at that act from the state's time on: the beginning of the next step. How long an
    adaptive one becomes is not known yet; a moment later, by more than the roundings of the frame's map, is within it
    too."""
    later = AFTER * state.time if state.adaptation is not None else 0.5 * state.step_size
    return Instant.on_clock(frame, state.time, state.time + later)


def completed_orbitals(
    mixture: Mixture, state: State, species: int, mean_field: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """The orbitals of a species with the pending kick done, one after the other; the state is left as it is.

    phi exp(-i tau (U + W) / hbar), tau = ``state.pending_kick``. Each array is overwritten by the next one; where no
    kick is pending they are the state's own. Not to be changed.

    mean_field  of the species (:meth:`Mixture.mean_fields`) if it is known already, else it is computed. Collective.
    """
    orbitals = state.orbitals[species]
    if state.pending_kick == 0.0:
        yield from orbitals
        return
    potential = pending_potential(mixture, state, species, mean_field)
    copy = np.empty(orbitals.shape[1:], orbitals.dtype)
    for orbital in orbitals:
        np.copyto(copy, orbital)
        kernels.rotate_phase(copy, potential, state.pending_kick / mixture.hbar)
        yield copy


def pending_potential(
    mixture: Mixture, state: State, species: int, mean_field: np.ndarray | None = None
) -> np.ndarray:
    """U + W of a pending kick; arguments as those of :func:`completed_orbitals`. Collective."""
    instant = pending_instant(state, mixture.grid.frame)
    if mean_field is None:
        mean_field = mixture.mean_fields(mixture.densities(state.orbitals), instant.contraction)[species]
    potential = mean_field
    for added in (mixture.species[species].external.value(instant), mixture.species[species].confinement):
        if added is not None:
            potential = potential + added
    return potential


def completed_set(mixture: Mixture, state: State, species: int, mean_field: np.ndarray | None = None) -> np.ndarray:
    """All orbitals of a species that this rank's group holds, as :func:`completed_orbitals` gives them, in one array of
    their own. Collective."""
    orbitals = state.orbitals[species]
    complete = np.empty(orbitals.shape, orbitals.dtype)
    for place, orbital in enumerate(completed_orbitals(mixture, state, species, mean_field)):
        complete[place] = orbital
    return complete
