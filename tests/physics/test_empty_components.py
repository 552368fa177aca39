"""A component that holds nothing but rounding has no chemical potential, and what reads records copes with that."""

import math

import numpy as np
from physics.systems import contact, evolution, gaussian, harmonic, species, system

from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import plain
from hpcmix.io.documents.series import as_dataset
from hpcmix.io.figures.over_time.clouds import series_figure
from hpcmix.io.figures.style import FigureUnits
from hpcmix.observe.registry import labels_of_all
from hpcmix.problem.units.units import Units, units_from_text


def test_an_emptied_component_has_no_chemical_potential():
    """A pulse of 2 pi between components that feel the same: b is filled, and emptied to rounding."""
    one = system(
        [32],
        [12.0],
        [
            species("a", particles=100.0, potential=harmonic(1.0), initial=gaussian(1.1)),
            species("b", particles=0.0, potential=harmonic(1.0)),
        ],
        [contact(*pair, 0.1) for pair in ("aa", "ab", "bb")],
        coupling=[{"between": ["a", "b"], "rabi_frequency": 2.0 * math.pi, "from": 0.0, "until": 1.0}],
        time=evolution(2.0, 0.02),
    )
    records = [one.record()]
    for _ in range(4):
        one.evolve(25)
        records.append(one.record())
    potentials = [[entries["chemical_potential"] for entries in record["species"].values()] for record in records]
    held = [record["species"]["b"]["particles"] for record in records]
    assert held[1] > 99.0 and all(0.0 <= number < 1e-20 for number in (held[0], *held[2:])), held
    assert np.isfinite(potentials[1][1])
    for place in (0, 2, 3, 4):
        assert math.isnan(potentials[place][1]) and math.isfinite(potentials[place][0])
    written = plain(records)
    assert written[2]["species"]["b"]["chemical_potential"] is None
    dataset = as_dataset(written, Metadata.of(one.problem), labels_of_all(len(one.grid.points)))
    assert np.isnan(dataset.variables["chemical_potential"].values[2, 1])
    for units in (Units(), units_from_text("1 um", "87 u")):  # with units the sizes choose the multiple of a hertz
        figure = series_figure(written, FigureUnits(units), "empty", 1, exchanging=True)
        panel = next(axes for axes in figure.axes if axes.get_title().startswith("chemical potential"))
        drawn = [line.get_ydata() for line in panel.lines]
        assert np.isnan(drawn[1][2]) and np.isfinite(drawn[1][1]) and np.isfinite(drawn[0][2])
