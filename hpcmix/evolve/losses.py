"""The third flow of a step: particles that leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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

    def act(self, clouds: Sequence[Cloud], duration: float) -> np.ndarray:
        """Move orbitals in position space, in place; particles that this rank's points lost, of every entry and
        species. Collective where orbital groups hold different species, else local."""
        mixture = self._mixture
        with mixture.engine.timers.phase("losses"):
            self._densities = mixture.densities(clouds, out=self._densities)
            fields = [list(cloud.orbitals) for cloud in clouds]
            events = mixture.engine.kernels.react(self._densities, fields, self._losses.reactions, duration)
            return self._losses.taken(events * mixture.grid.cell_volume)


@dataclass
class Losing:
    """The losses of one step.

    duration  of the flow at each end of the step.
    taken     by it so far, on this rank's points, of every entry and species.
    """

    duration: float
    taken: list[np.ndarray] = field(default_factory=list)

    def counted(self, mixture: Mixture, progress: Progress) -> Lost:
        """What a state has lost in all that had come to `progress` before the step. Collective over the group."""
        taken = mixture.communicators.sum(np.sum(self.taken, axis=0))
        lost = progress.lost
        if lost is None or np.shape(lost.particles) != taken.shape:  # a file without these losses went before
            lost = Lost(tuple(map(tuple, np.zeros_like(taken).tolist())))
        return lost.and_also(taken)


def losing(mixture: Mixture, step: float) -> Losing | None:
    """What a step of that length loses; None where nothing is lost."""
    return None if mixture.losses is None else Losing(0.5 * step)


def counted(mixture: Mixture, progress: Progress, taken: Losing | None) -> Lost | None:
    """What is lost after a step, where :func:`losing` began it. Collective over the group."""
    return progress.lost if taken is None else taken.counted(mixture, progress)
