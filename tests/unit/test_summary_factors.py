"""The factors to SI of a summary."""

from __future__ import annotations

import pytest
from scipy.constants import atomic_mass, hbar

from hpcmix.io.documents.metadata import Metadata
from hpcmix.problem.units.units import units_from_text


@pytest.mark.parametrize("axes", ["x", "xyz"])
def test_every_quantity_has_its_factor(axes):
    """hbar over the unit of time is that of energy; the rest is written out."""
    found = Metadata("", ("rb",), tuple(axes), units_from_text("2 um", "86.909 u")).summary_factors()["si"]
    length, mass = 2e-6, 86.909 * atomic_mass
    time = mass * length**2 / hbar
    expected = {
        "length": (length, "m"),
        "mass": (mass, "kg"),
        "time": (time, "s"),
        "energy": (hbar / time, "J"),
        "momentum": (hbar / length, "kg m s-1"),
        "frequency": (1.0 / time, "rad s-1"),
        "density": (length ** -len(axes), f"m-{len(axes)}"),
    }
    assert set(found) == set(expected)
    for name, (factor, unit) in expected.items():
        # the atomic mass is one of two tables of constants, which agree to 1e-9
        assert found[name] == {"factor": pytest.approx(factor, rel=1e-8), "unit": unit}


def test_without_units_there_is_none():
    assert Metadata("", ("rb",)).summary_factors() == {}
