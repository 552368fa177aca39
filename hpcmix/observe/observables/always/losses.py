"""Particles that have left through losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable


def lost_so_far(look: Look) -> np.ndarray:
    """Particles that every loss has taken of every species, shape (losses, species); without losses of no loss."""
    mixture, lost = look.mixture, look.state.progress.lost
    shape = 0 if mixture.losses is None else len(mixture.losses.words), len(mixture.species)
    taken = np.zeros(shape) if lost is None else np.array(lost.particles)
    return taken if taken.shape == shape else np.zeros(shape)


class _Losses(Observable):
    """Of every ``[[loss]]``, in the order of the file, the particles that have left since the start: of all species,
    and of each. ``particles`` and the sum of ``lost`` stay what they were together."""

    labels = (Label("lost", "particles lost since the start, to every loss in the order of the file"),)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.losses is not None

    def of_whole(self, look: Look) -> dict[str, Any]:
        if look.mixture.losses is None:
            return {}
        return {"lost": np.sum(look.once(lost_so_far), axis=1).tolist()}

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"lost": look.once(lost_so_far)[:, species].tolist()}


LOSSES = _Losses()
