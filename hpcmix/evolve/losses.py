"""The third flow of a step: particles that leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.components.losses import Losses
from hpcmix.model.mixture import Mixture
from hpcmix.state.cloud import Cloud
from hpcmix.state.progress import Lost, Progress


class LossFlow:
    """psi_a -> psi_a sqrt(rho_a(tau) / rho_a(0)), where the densities fall by the losses alone: exact at every point
    (:mod:`hpcmix.kernels.losses`), and no unitary flow, so that it is taken forwards in time only.

    In a step it stands behind the first kick and before the last,

        K(b_0) L(tau/2) D(a_1) K(b_1) ... D(a_s) L(tau/2) K(b_s),

    once at each end whatever the order of the scheme, whose negative substeps are those of drift and kick. This is
    symmetric, and of second order in the losses. The pending kick of a step leaves the densities alone that it sees:
    between steps they are those of the state's time.
    """

    def __init__(self, mixture: Mixture, losses: Losses) -> None:
        self._mixture, self._losses = mixture, losses
        self._densities: np.ndarray | None = None

    def act(self, clouds: Sequence[Cloud], duration: float, contraction: float) -> np.ndarray:
        """Move orbitals in position space, in place; particles that this rank's points lost, of every entry and
        species. In a frame that grows a duration is one of its clock, and rates are those at its scale. Collective
        where orbital groups hold different species, else local."""
        mixture = self._mixture
        with mixture.engine.timers.phase("losses"):
            self._densities = mixture.densities(clouds, out=self._densities)
            fields = [list(cloud.orbitals) for cloud in clouds]
            reactions = self._losses.at(contraction, mixture.grid.dimensions)
            events = mixture.engine.kernels.react(self._densities, fields, reactions, duration)
            return self._losses.taken(events * mixture.grid.cell_volume)


@dataclass(frozen=True)
class Losing:
    """The losses of one step.

    duration      of the flow at each end of the step, on the clock of the frame.
    contractions  1/b of the frame at the beginning and at the end.
    taken         what it takes on this rank's points, of every entry and species, is appended to it.
    """

    duration: float
    contractions: tuple[float, float]
    taken: list[np.ndarray]


def losing(mixture: Mixture, begin: float, step: float, taken: list[np.ndarray]) -> Losing | None:
    """What a step of that length from a time on the clock loses; None where nothing is lost."""
    if mixture.losses is None:
        return None
    frame = mixture.grid.frame
    return Losing(0.5 * step, (frame.contraction(begin), frame.contraction(begin + step)), taken)


def counted(mixture: Mixture, progress: Progress, taken: Sequence[np.ndarray]) -> Lost | None:
    """What a state has lost in all that had come to `progress` before `taken` left. Collective over the group."""
    if not taken:
        return progress.lost
    whole = mixture.communicators.sum(np.sum(taken, axis=0))
    lost = progress.lost
    if lost is None or np.shape(lost.particles) != whole.shape:  # a file without these losses went before
        lost = Lost(tuple(map(tuple, np.zeros_like(whole).tolist())))
    return lost.and_also(whole)
