"""The warning of a vector potential whose phases the grid does not resolve, in a plan and at the start of a run."""

from __future__ import annotations

import math

import h5py
import numpy as np
import pytest
from physics.systems import mixture_of

from hpcmix.parallel.communicators import world
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.running.planning.resolution.phase import expected_warnings, found_warnings

TEXT = """
[grid]
points = [64, 60]
lengths = [16.0, 12.0]
[[species]]
name = "a"
mass = 2.0
{potential}
initial = {{ kind = "gaussian", width = 1.0 }}
{rest}
"""
LARGEST = math.pi / 0.25, math.pi / 0.2
"""Momenta that the grid carries along x and y."""


def problem(potential="", rest=""):
    return parse_problem(TEXT.format(potential=potential and f"vector_potential = {{ {potential} }}", rest=rest))


def found(one):
    return found_warnings(one, mixture_of(one, world()))


LANDAU = 'kind = "uniform", gauge = "landau", field = {}'
SYMMETRIC = 'kind = "uniform", field = {}'


@pytest.mark.parametrize("excess", [0.99, 1.01, 2.5])
def test_landau_gauge(excess):
    """|A_x| = B L_y / 2 at the face y = -L_y / 2."""
    one = problem(LANDAU.format(excess * LARGEST[0] / 6.0))
    lines = found(one)
    assert expected_warnings(one) == lines
    if excess < 1.0:
        assert lines == []
        return
    (line,) = lines
    assert f'warning: species "a": along x A reaches {excess * LARGEST[0]:.4g} in the box' in line
    assert "momenta up to pi hbar/h = 12.57" in line
    assert f"{math.ceil(64 * excess)} or more points along x" in line
    assert ('gauge = "symmetric"' in line) == (excess < 2.0)  # it must do


@pytest.mark.parametrize(
    ("potential", "rest", "words"),
    [
        (SYMMETRIC.format(-1.01 * LARGEST[1] / 4.0), "", "along y A reaches 15.87"),
        ('kind = "expression", value = ["20*cos(pi*x/8)", "0"]', "", "along x A reaches 20 "),
        ('kind = "solenoid", flux = 100.0, radius = 0.6', "", "A reaches"),
        ("", f"[rotation]\nrate = {1.01 * LARGEST[1] / 16.0}", "along y -m Omega x r reaches 15.87"),
        # what the frame adds takes away from the field: B x r / 2 - m Omega x r
        (SYMMETRIC.format(4.0), "[rotation]\nrate = 2.1", "along y A - m Omega x r reaches 17.6"),
    ],
)
def test_every_kind_in_plan_and_run(potential, rest, words):
    one = problem(potential, rest)
    for lines in (expected_warnings(one), found(one)):
        assert len(lines) == 1 and (words in lines[0] or (words == "A reaches" and " A reaches " in lines[0]))


def test_a_frame_that_takes_the_field_away():
    one = problem(SYMMETRIC.format(6.0), "[rotation]\nrate = 1.5")
    assert expected_warnings(one) == found(one) == []
    assert len(expected_warnings(problem(SYMMETRIC.format(-6.0), "[rotation]\nrate = 1.5"))) == 1


def test_random_fields_and_files(tmp_path):
    random = problem('kind = "random", amplitude = 9.0, correlation_length = 1.0')
    assert len(expected_warnings(random)) == len(found(random)) == 1
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        file["vector_potential"] = np.full((2, 64, 60), 13.0)
    stored = problem(f'kind = "file", path = "{path}"')
    assert expected_warnings(stored) == []  # a plan does not read it
    assert "along x A reaches 13 " in found(stored)[0]


def test_nothing_without_a_vector_potential():
    assert expected_warnings(problem()) == found(problem()) == []


def test_a_plan_says_it_once():
    one = problem(LANDAU.format(1.5 * LARGEST[0] / 6.0))
    assert sum("warning" in line for line in plan_lines(one, make_plan(one, 1), 1)) == 1
