"""Whether box and grid hold a cloud: what of it lies at the faces of the box, where a vector potential that is not
periodic jumps and a trap ends, and how far its spectrum reaches."""

from __future__ import annotations

from typing import Any

from hpcmix.model.concentration import shares_at_faces
from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import averages
from hpcmix.observe.measures.moments import per_particle
from hpcmix.observe.observable import Label, Observable


class _Faces(Observable):
    labels = (
        Label("face_density", "largest density next to the faces of the box along each axis, relative to the largest"),
    )

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"face_density": shares_at_faces(look.mixture, look.particle_densities[species])}


class _Tails(Observable):
    """Of wave functions; markers have no spectrum."""

    labels = (
        Label("spectral_tail", "share of the spectrum beyond two thirds of the largest wave number of each axis"),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        tails = look.once(averages)[species].tails.tolist()
        return {"spectral_tail": [per_particle(look, species, tail) for tail in tails]}


FACES = _Faces()
TAILS = _Tails()
