"""How many particles there are and where: number, centre, widths, largest density."""

from __future__ import annotations

from typing import Any

from hpcmix.observe.look import Look
from hpcmix.observe.measures.moments import moments
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH


class _Particles(Observable):
    labels = (Label("particles", "number of particles"),)

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"particles": look.once(moments)[species]["particles"]}


class _Places(Observable):
    """In a frame that grows also centre and widths on the grid, which stay finite."""

    labels = (
        Label("centre", "centre of mass", LENGTH),
        Label("rms_width", "root mean square width about the centre", LENGTH),
        Label("maximum_density", "largest density", lambda axes: LENGTH * -axes),
        Label("frame_centre", "centre of mass on the grid of the frame", LENGTH),
        Label("frame_rms_width", "root mean square width on the grid of the frame", LENGTH),
    )

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {name: value for name, value in look.once(moments)[species].items() if name != "particles"}


PARTICLES = _Particles()
PLACES = _Places()
