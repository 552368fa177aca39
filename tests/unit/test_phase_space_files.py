"""Densities over phase space in the files of slices, and their figure."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from hpcmix.grid import Grid
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.slice_file import Slices, read_slices, write_slice_file
from hpcmix.io.figures.snapshots.phase_space import phase_space_figure, with_phase_space
from hpcmix.io.figures.style import FigureUnits
from hpcmix.observe.markers.phase_space_density import PhaseSpaceDensity
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.units.units import Units, units_from_text
from tests.unit.figure_checks import apart

BLOCK = Block((0, 0), (6, 4))
GRID = Grid((6, 4), (3.0, 2.0), BLOCK, BLOCK)


def turned(axes: tuple[str, str], angle: float, bins: tuple[int, int] = (40, 30)) -> PhaseSpaceDensity:
    """A packet on a circle in phase space."""
    edges = np.linspace(-1.5, 1.5, bins[0] + 1), np.linspace(-2.0, 2.0, bins[1] + 1)
    x, p = (0.5 * (edge[1:] + edge[:-1]) for edge in edges)
    density = np.exp(-8.0 * (x[:, None] - np.cos(angle)) ** 2 - 8.0 * (p + np.sin(angle)) ** 2)
    return PhaseSpaceDensity(axes, edges, np.where(density > 1e-3, density, 0.0))


def stored(path: Path, number: int, scales: Units) -> Slices:
    densities = {
        "gas": [turned(("x", "px"), 0.6 * number), turned(("px", "py"), 0.6 * number)],
        "ions": [turned(("y", "py"), 1.0 + number)],
    }
    metadata = Metadata("two clouds", ("gas", "ions"), ("x", "y"), scales)
    density = {name: {"xy": np.ones((6, 4))} for name in densities} if number % 2 else {}
    place = path / f"{number:06d}.h5"
    write_slice_file(place, 10 * number, 0.5 * number, GRID, density, {}, metadata, densities)
    found = read_slices(place)
    assert {name: [density.axes for density in held] for name, held in found.phase_space.items()} == {
        name: [density.axes for density in held] for name, held in densities.items()
    }
    for name, held in densities.items():
        for before, after in zip(held, found.phase_space[name], strict=True):
            for ours, theirs in zip((*before.edges, before.density), (*after.edges, after.density), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    assert list(found.slices) == list(density)
    return found


def test_a_file_gives_back_what_was_written(tmp_path):
    stored(tmp_path, 0, Units())
    stored(tmp_path, 1, Units())
    assert read_slices(tmp_path / "000001.h5").time == 0.5


def test_bins_are_labelled(tmp_path):
    scales = units_from_text("2 um", "40 u")
    stored(tmp_path, 0, scales)
    with h5py.File(tmp_path / "000000.h5", "r") as file:
        group = file["gas/phase_space/0"]
        assert [dimension.label for dimension in group["density"].dims] == ["x", "px"]
        assert group["x"].attrs["si_factor"] == 2e-6
        assert group["edges_px"].attrs["si_factor"] == pytest.approx(1.054571817e-34 / 2e-6, rel=1e-9)  # hbar / length
        # particles per x p: 1 / hbar, per px py: length^2 / hbar^2; hbar is written with ten digits here
        assert group["density"].attrs["si_factor"] == pytest.approx(1.0 / 1.054571817e-34, rel=1e-9)
        other = file["gas/phase_space/1/density"]
        assert other.attrs["si_factor"] == pytest.approx((2e-6 / 1.054571817e-34) ** 2, rel=1e-8)
    group = "gas/phase_space/0"
    with xarray.open_dataset(tmp_path / "000000.h5", group=group, engine="h5netcdf", phony_dims="sort") as content:
        assert content["density"].dims == ("x", "px")
        np.testing.assert_allclose(content["x"], 0.5 * (content["edges_x"][1:].values + content["edges_x"][:-1].values))


@pytest.mark.parametrize("scales", [Units(), units_from_text("1 um", "40 u")], ids=["plain", "units"])
@pytest.mark.parametrize("times", [1, 2, 6])
def test_the_figure_shows_every_species_at_every_time(tmp_path, times, scales):
    shown = with_phase_space([stored(tmp_path, number, scales) for number in range(times)])
    figure = phase_space_figure(shown, FigureUnits(scales), "A packet that turns in phase space")
    require_room_for_all(figure)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert len(panels) == 3 * times
    unit = scales.time_si * 1e3 if scales.given else 1.0
    for number, axes in enumerate(panels):
        time = 0.5 * (number % times) * unit
        species = ("gas", "gas", "ions")[number // times]
        assert axes.get_title() == f"{species}, $t$ = {time:.4g}" + (" ms" if scales.given else "")
        (mesh,) = axes.collections
        assert mesh.get_array().max() > 0.0
        # what is empty in all panels of a row is not shown, and what is not is
        density = shown[number % times].phase_space[species][0 if number // times != 1 else 1]
        for ends, edges, filled in (
            (axes.get_xlim(), density.edges[0], np.any(density.density > 0.0, axis=1)),
            (axes.get_ylim(), density.edges[1], np.any(density.density > 0.0, axis=0)),
        ):
            assert ends[0] <= edges[np.flatnonzero(filled)[0]]  # with a code unit of 1 um all factors are one
            assert ends[1] >= edges[np.flatnonzero(filled)[-1] + 1]
            assert ends[1] - ends[0] < 1.1 * (edges[-1] - edges[0])


def require_room_for_all(figure):
    """Titles, labels and panels apart from each other and inside the figure."""
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert apart([*boxes, figure._suptitle.get_window_extent()])
    for box in boxes:
        assert box.x0 >= figure.bbox.x0 - 1 and box.x1 <= figure.bbox.x1 + 1
        assert box.y0 >= figure.bbox.y0 - 1 and box.y1 <= figure.bbox.y1 + 1
