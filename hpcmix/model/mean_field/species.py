"""What one species brings to a mean-field model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.components.vacuum import Vacuum
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.kinetic.kinetic_momentum import KineticMomentum
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.potentials.external import ExternalPotential


@dataclass(frozen=True)
class SpeciesModel:
    """What one species brings.

    weight       nu, the particles per orbital; one where there are none.
    particles    the integral of the density.
    kinetic      T.
    external     U on the grid.
    orbitals     their number M in all groups.
    confinement  what the grid's frame brings, if anything.
    markers      the laws of its markers, where they carry its density and it has no orbitals.
    vacuum       the modes that hold half a quantum each beside the particles, where its field is a sample of a Wigner
                 function.
    dealt        whether its orbitals are dealt to the orbital groups; otherwise every group has them all.
    """

    name: str
    mass: float
    weight: float
    particles: float
    kinetic: KineticEnergy | KrylovKineticEnergy
    external: ExternalPotential
    orbitals: int = 1
    confinement: np.ndarray | None = None
    markers: MarkerModel | None = None
    dealt: bool = True
    vacuum: Vacuum | None = None

    def weighing(self, weight: float) -> SpeciesModel:
        """The same with another weight of its orbitals, where it has any."""
        return self if self.markers is not None else replace(self, weight=weight, particles=weight * self.orbitals)

    @property
    def members(self) -> int:
        """The number of orbitals, or of markers: what a mean over the cloud is divided by."""
        return self.orbitals if self.markers is None else self.markers.number

    def volume(self, grid: Grid) -> float:
        """What the values of a cloud are weighed with in such a mean: dV for those of orbitals, one for markers."""
        return grid.cell_volume if self.markers is None else 1.0

    @property
    def is_set(self) -> bool:
        """Whether it has more than one orbital."""
        return self.orbitals > 1

    @property
    def multiplier(self) -> KineticEnergy:
        """T where it is a multiplier in k."""
        if isinstance(self.kinetic, KrylovKineticEnergy):
            raise TypeError(f"the kinetic energy of {self.name} is no multiplier")
        return self.kinetic

    @property
    def kinetic_momentum(self) -> KineticMomentum | None:
        """Pi where T is made of it: with a vector potential or in a rotating frame. None where T is a multiplier."""
        return self.kinetic.momentum if isinstance(self.kinetic, KrylovKineticEnergy) else None
