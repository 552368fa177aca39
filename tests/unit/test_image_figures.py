"""Figures of what a camera sees: nothing cut off, all that is known shown."""

from __future__ import annotations

import numpy as np
import pytest
from unit.test_figures_of_runs import UNITS

from hpcmix.camera.picture import Picture
from hpcmix.io.figures.camera.images import image_figure
from hpcmix.io.figures.style import STYLE
from hpcmix.io.images.image_file import Images
from tests.unit.figure_checks import require_inside

matplotlib = pytest.importorskip("matplotlib")


def picture(sight: str, names: str, species: tuple[str, ...], seen: bool) -> Picture:
    axes = {name: np.linspace(-20.0, 20.0, 30 + 4 * place) for place, name in enumerate(names)}
    shape = [positions.size for positions in axes.values()]
    columns = {name: np.full(shape, 3.0) for name in species}
    optical = {name: 0.3 * column for name, column in columns.items()} if seen else {}
    return Picture(sight, axes, columns, optical, np.full(shape, 0.9) if seen else None)


@pytest.mark.parametrize(("sights", "species", "seen"), [
    ({"z": "xy", "x": "yz"}, ("up", "down"), True),
    ({"y": "x", "z": "x"}, ("up", "down", "third"), False),
    ({"z": "xy", "x": "y"}, ("up",), False),
])  # fmt: skip
def test_every_species_and_sight_has_its_panel(sights, species, seen):
    pictures = [picture(sight, names, species, seen) for sight, names in sights.items()]
    with matplotlib.rc_context(STYLE):
        figure = require_inside(image_figure(Images(1.0, 2.0, pictures), UNITS, "A mixture that was released"))
    titles = [axes.get_title() for axes in figure.axes]
    rows = (*species, "all together") if seen and len(species) > 1 else species
    assert {f"{name}, along ${sight}$" for name in rows for sight in sights} == {title for title in titles if title}
    assert "2.737 ms of flight" in figure._suptitle.get_text()  # of two units m um^2 / hbar
