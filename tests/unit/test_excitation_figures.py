"""The figure of excitations: what stands beside levels and above panels where modes grow."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.figures.spectra.excitations import excitations_figure
from hpcmix.io.figures.style import STYLE, FigureUnits
from hpcmix.problem.units.units import Units, units_from_text

matplotlib = pytest.importorskip("matplotlib")
PLAIN = FigureUnits(Units())
POINTS = 16


def spectrum(path, *multiplets, hertz=None):
    """excitations.json, with a file of fields beside it, of complex frequencies and the numbers of modes that have
    them."""
    modes, groups = [], []
    for number, (frequency, count) in enumerate(multiplets):
        entry = {"frequency": frequency.real, "group": number, "species": {"a": {"weight": 1.0}}}
        if hertz is not None:
            entry["frequency_hertz"] = frequency.real * hertz
        members = list(range(len(modes), len(modes) + count))
        groups.append({**entry, "modes": members})
        if frequency.imag:
            entry["growth_rate"] = frequency.imag
        modes += [entry] * count
    x = np.linspace(-1.0, 1.0, POINTS)
    with h5py.File(path, "w") as file:
        file["x"], file["a/density_change"] = x, np.sin(np.multiply.outer(np.arange(1, len(modes) + 1), x))
    return {"chemical_potentials": {"a": 1.0}, "modes": modes, "groups": groups}


def texts(figure):
    """Labels of levels, and titles of panels."""
    levels, *panels = figure.axes
    return [text.get_text().strip() for text in levels.texts], [axes.get_title() for axes in panels]


def test_modes_that_grow_at_one_frequency_share_a_label(tmp_path):
    """Purely growing ones all stand at zero, where rounding puts them in any order."""
    path = tmp_path / "excitations.h5"
    found = spectrum(path, (4e-15 + 0.7j, 2), (-1e-15 + 0.5j, 2), (0.9 + 0j, 2), (1.25 + 0j, 1))
    with matplotlib.rc_context(STYLE):
        labels, titles = texts(excitations_figure(found, path, PLAIN, "title"))
    assert labels == ["4 grow, up to 0.7", "2"]
    assert titles == [f"$\\omega$ = {text}" for text in ("0.7i", "0.7i", "0.5i", "0.5i", "0.9", "0.9")]


def test_rates_are_in_the_units_of_the_figure(tmp_path):
    path = tmp_path / "excitations.h5"
    scales = units_from_text("1 um", "86.909 u")
    milliseconds = scales.time_si * 1e3
    found = spectrum(path, (2.0 + 0.25j, 1), (1e-14 + 0.125j, 1), (3.0 + 0j, 1), hertz=100.0)
    with matplotlib.rc_context(STYLE):
        labels, titles = texts(excitations_figure(found, path, FigureUnits(scales), "title"))
    rates = [f"{rate / milliseconds:.3g} / ms" for rate in (0.25, 0.125)]
    assert labels == [f"grows {rates[1]}", f"grows {rates[0]}"]
    assert titles[:3] == [f"200 Hz, grows {rates[0]}", f"grows {rates[1]}", "300 Hz"]


def test_fields_that_are_missing_or_damaged_are_named(tmp_path):
    path = tmp_path / "excitations.h5"
    found = spectrum(path, (1.0 + 0j, 1))
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(OutputError, match=r"excitations\.h5 is damaged"):
        excitations_figure(found, path, PLAIN, "title")
    path.unlink()
    with pytest.raises(OutputError, match=r"excitations\.h5 is missing: .* makes it again"):
        excitations_figure(found, path, PLAIN, "title")
