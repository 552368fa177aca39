"""What every record holds of the markers of a classical species, beside what it holds of all species."""

from __future__ import annotations

from typing import Any

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.averages import marker_averages
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import ENERGY, LENGTH, MOMENTUM


class _Markers(Observable):
    """Root mean square widths of the momenta; the number of markers and the window by which they meet the grid; and
    what the halves of even and of odd index differ by, a measure of what sampling leaves unknown
    (:class:`hpcmix.observe.markers.averages.MarkerAverages`)."""

    labels = (
        Label("momentum_width", "root mean square width of the momenta about their mean", MOMENTUM),
        Label("markers", "number of markers"),
        Label("window", "width of the window that spreads a marker, in cells"),
        Label("half_difference_centre", "centre of the markers with even index less that of the others", LENGTH),
        Label("half_difference_rms_width", "rms width of the markers with even index less that of the others", LENGTH),
        Label(
            "half_difference_kinetic_energy",
            "kinetic energy of the species by the markers with even index less that by the others",
            ENERGY,
        ),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].markers is not None

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        averages, laws = look.once(marker_averages)[species], dict(look.mixture.carried)[species]
        scale = look.mixture.grid.frame.scale(look.clock)
        difference = averages.half_difference
        return {
            "momentum_width": averages.whole.momentum_width.tolist(),
            "markers": laws.number,
            "window": laws.window.width,
            "half_difference": {
                "centre": (scale * difference.centre).tolist(),
                "rms_width": (scale * difference.rms_width).tolist(),
                "kinetic_energy": difference.kinetic,
            },
        }


MARKERS = _Markers()
