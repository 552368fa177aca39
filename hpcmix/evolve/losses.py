"""The third flow of a step: particles that leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.components.losses import ActingLosses
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.cloud import Cloud
from hpcmix.state.progress import Lost, Progress


class LossFlow:
    """psi_a -> psi_a sqrt(rho_a(tau) / rho_a(0)), where the densities fall by the losses alone: exact at every point
    (:mod:`hpcmix.kernels.losses`), and no unitary flow, so that it is taken forwards in time only.

    In a step it stands behind the first kick and before the last,

        K(b_0) L(tau/2) D(a_1) K(b_1) ... D(a_s) L(tau/2) K(b_s),

    once at each end whatever the order of the scheme, whose negative substeps are those of drift and kick. This is
    symmetric, and of second order in the losses. Rates that change in time are those of the step's two ends, each taken
    on the step's side of a switch (CONVENTIONS.md, Time). The pending kick of a step leaves the densities alone that it
    sees: between steps they are those of the state's time.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        self._densities: np.ndarray | None = None

    def act(self, clouds: Sequence[Cloud], duration: float, losses: ActingLosses) -> np.ndarray:
        """Move orbitals in position space, in place; particles that this rank's points lost, of every entry and
        species. In a frame that grows a duration is one of its clock. Collective where orbital groups hold different
        species, else local."""
        mixture = self._mixture
        with mixture.engine.timers.phase("losses"):
            self._densities = mixture.densities(clouds, out=self._densities)
            fields = [list(cloud.orbitals) for cloud in clouds]
            events = mixture.engine.kernels.react(self._densities, fields, losses.reactions, duration)
            return losses.taken(events * mixture.grid.cell_volume)


@dataclass(frozen=True)
class Losing:
    """The losses of one step.

    duration  of the flow at each end of the step, on the clock of the frame.
    ends      what acts at the beginning and at the end.
    taken     what it takes on this rank's points, of every entry and species, is appended to it.
    """

    duration: float
    ends: tuple[ActingLosses, ActingLosses]
    taken: list[np.ndarray]


def losing(mixture: Mixture, begin: float, step: float, middle: float, taken: list[np.ndarray]) -> Losing | None:
    """What a step of that length from a time on the clock loses; None where nothing is lost.

    middle  a time within the step, which tells on which side of a switch its ends are.
    """
    losses = mixture.losses
    if losses is None:
        return None
    first, last = (
        losses.acting(Instant.on_clock(mixture.grid.frame, time, middle), mixture.grid.dimensions)
        for time in (begin, begin + step)
    )
    return Losing(0.5 * step, (first, last), taken) if first.acting or last.acting else None


def counted(mixture: Mixture, progress: Progress, taken: Sequence[np.ndarray]) -> Lost | None:
    """What a state has lost in all that had come to `progress` before `taken` left. Collective over the group."""
    if not taken:
        return progress.lost
    whole = mixture.communicators.sum(np.sum(taken, axis=0))
    lost = progress.lost
    if lost is None or np.shape(lost.particles) != whole.shape:  # a file without these losses went before
        lost = Lost(tuple(map(tuple, np.zeros_like(whole).tolist())))
    return lost.and_also(whole)
