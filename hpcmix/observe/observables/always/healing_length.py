"""The smallest structures of a condensate."""

from __future__ import annotations

import math
from typing import Any

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.moments import moments
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH


class _HealingLength(Observable):
    """xi = hbar / sqrt(2 m |g| n) of a condensate at its largest density n, g its contact coupling with itself; of
    attraction it is the size of a soliton."""

    labels = (Label("healing_length", "healing length at the largest density, own contact interaction", LENGTH),)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals == 1 and mixture.interactions.couplings[species, species] != 0.0

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        mixture, density = look.mixture, look.once(moments)[species]["maximum_density"]
        coupling = float(mixture.interactions.couplings_at(look.instant)[species, species])
        energy = 2.0 * mixture.species[species].mass * abs(coupling) * density
        return {"healing_length": mixture.hbar / math.sqrt(energy) if energy > 0.0 else math.nan}


HEALING_LENGTH = _HealingLength()
