"""Figures of N bodies: nothing cut off, rounding left out, orders told apart."""

from __future__ import annotations

import numpy as np
import pytest
from unit.figure_checks import require_room

from hpcmix.io.figures.over_time.many_body import distance_figure, indicators, occupation_figure
from hpcmix.io.figures.style import STYLE, FigureUnits
from hpcmix.problem.units.units import Units, units_from_text

matplotlib = pytest.importorskip("matplotlib")

ORDERS = ("1,0", "0,1", "1,1")


def records(times, sobolev=(), energies=True, species=("up", "down")):
    found = []
    for step, time in enumerate(times):
        alpha = -np.expm1(-0.02 * time**2)
        record = {"step": step, "time": time, "norm": 1.0 + 1e-15 * step}
        record |= {f"alpha({order})": (n + 1) * alpha - 2e-16 for n, order in enumerate(ORDERS)}
        record |= {f"R({order})": 2.5 * (n + 1) * alpha + 1e-26 for n, order in enumerate(ORDERS)}
        record |= {f"S({order};{theta})": 4.0 * alpha for order in ORDERS for theta in sobolev}
        if energies:
            record["energy"] = {"total": 3.0 + 1e-14 * step, "mean_field": 3.2}
        occupations = [1.0 - alpha, 0.7 * alpha, 0.3 * alpha, 1e-17]
        record["species"] = {name: {"natural_occupations": occupations} for name in species}
        found.append(record)
    return found


@pytest.mark.parametrize("units", [FigureUnits(Units()), FigureUnits(units_from_text("1 um", "86.909 u"))])
@pytest.mark.parametrize(("number", "sobolev"), [(11, ()), (11, (0.5,)), (41, (0.5, 1.0))])
def test_nothing_is_cut_off(units, number, sobolev):
    shown = records(np.linspace(0.0, 2.0, number), sobolev)
    with matplotlib.rc_context(STYLE):
        require_room(distance_figure(shown, units, "Two gases of bosons on a ring, and their mean field"))
        require_room(occupation_figure(shown, units, "Two gases of bosons on a ring, and their mean field"))


def test_rounding_is_not_drawn():
    shown = records(np.linspace(0.0, 2.0, 11))
    with matplotlib.rc_context(STYLE):
        left, right = distance_figure(shown, FigureUnits(Units()), "bodies").axes
    for axes in (left, right):
        assert len(axes.get_lines()) == 3 and min(axes.get_ylim()) > 1e-6
        assert all(np.isnan(line.get_ydata()[0]) for line in axes.get_lines())
    with matplotlib.rc_context(STYLE):
        left, _ = occupation_figure(shown, FigureUnits(Units()), "bodies").axes
    assert min(left.get_ylim()) > 1e-6


def test_a_beginning_and_a_frame_without_energies_can_be_drawn():
    with matplotlib.rc_context(STYLE):
        distance_figure(records([0.0]), FigureUnits(Units()), "bodies").draw_without_rendering()
        figure = occupation_figure(records([0.0, 1.0], energies=False), FigureUnits(Units()), "bodies")
        figure.draw_without_rendering()
    assert [line.get_label() for line in figure.axes[1].get_lines()] == ["norm"]


def test_columns_of_records_that_are_distances():
    shown = [*records([0.0, 1.0], sobolev=(0.5,)), {"Gamma": 0.1, "alpha(2,1)": 0.2, "norm": 1.0}]
    assert indicators(shown) == [
        *(f"alpha({order})" for order in ORDERS),
        *(f"R({order})" for order in ORDERS),
        *(f"S({order};0.5)" for order in ORDERS),
        "Gamma",
        "alpha(2,1)",
    ]
