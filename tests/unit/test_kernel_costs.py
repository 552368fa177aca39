"""What the transforms of kernels cost is known before they are made, and bounded for every kind."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcmix.model.pair_kernels.padded_multiplier import padded_multiplier
from hpcmix.model.terms.entry_kernels import kernel_of
from hpcmix.problem.checks.discretisation.kernel_costs import MOST_SECONDS, WAVES, kernel_cost
from hpcmix.problem.files.cards import cards
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

KINDS = {
    "coulomb": 'kind = "coulomb"\nstrength = 1',
    "yukawa": 'kind = "yukawa"\nstrength = 1\nscreening = 1e-9\nboundary = "free"',
    "gaussian": 'kind = "gaussian"\nstrength = 1\nwidth = 1e6\nboundary = "free"',
    "soft-core": 'kind = "soft-core"\nstrength = 1\nradius = 1e6\nboundary = "free"',
    "dipolar": 'kind = "dipolar"\nstrength = 1\ndirection = [1, 1, 1]',
    "table": 'kind = "table"\nradii = [0, 1, 2, 1e6]\nvalues = [1, 1, 1, 0]\nboundary = "free"',
    "periodic table": 'kind = "table"\nradii = [0, 1, 2, 4e5]\nvalues = [1, 1, 1, 0]',
    "scattering": 'kind = "scattering"\nparticles = 1e-4\nneumann_radius = 1e5\n'
    'potential = { kind = "soft-sphere", height = 1e-3, radius = 3 }',
}


def problem(kind: str, points: list[int], lengths: list[float]):
    return parse_problem(
        f'[grid]\npoints = {points}\nlengths = {lengths}\n[[species]]\nname = "a"\n'
        f'initial = {{ kind = "gaussian", width = 1e3 }}\n[[interaction]]\nbetween = ["a", "a"]\n{KINDS[kind]}\n'
    )


@pytest.mark.parametrize("kind", ["coulomb", "yukawa", "gaussian", "soft-core", "dipolar", "table"])
def test_an_elongated_box_in_free_space_is_refused(kind):
    """The faults' own case: ten minutes without a line, and no end in sight."""
    with pytest.raises(ProblemError, match=r"interaction.0.*: .*(less elongated|very many spacings)"):
        problem(kind, [10, 10, 10], [56.0, 56.0, 1e6])


@pytest.mark.parametrize("kind", ["periodic table", "scattering"])
def test_a_range_of_very_many_spacings_is_refused(kind):
    with pytest.raises(ProblemError, match=r"interaction.0: the transform of this kernel is a quadrature of"):
        problem(kind, [10, 10, 1000000], [1e6, 1e6, 1e6])


@pytest.mark.parametrize("kind", ["coulomb", "yukawa", "gaussian", "soft-core"])
def test_quadratures_in_the_plane_are_bounded_too(kind):
    with pytest.raises(ProblemError, match="because its range is very many spacings"):
        problem(kind, [10, 10000], [1e4, 1e4])


@pytest.mark.parametrize("card", sorted(cards()))
def test_no_card_is_near_the_limit(card):
    one = load_problem(card)
    for entry in one.interaction:
        if entry.kernel_boundary is not None:
            assert kernel_cost(entry, one.grid).seconds < 0.2 * MOST_SECONDS


@pytest.mark.parametrize("shape", [(12, 12, 12), (8, 10, 24)])
def test_the_count_of_values_is_that_of_the_sum(shape, monkeypatch):
    """What is counted in advance is what is evaluated."""
    lengths = [float(points) * spacing for points, spacing in zip(shape, (0.5, 0.6, 0.4), strict=True)]
    one = problem("coulomb", list(shape), lengths)
    kernel = kernel_of(one.interaction[0], one, 0, 1.0)
    seen = []

    def counted(radius, largest):
        parts = type(kernel).cut(kernel, radius, largest)
        evaluate = parts[0].evaluate
        object.__setattr__(parts[0], "profile", None)
        object.__setattr__(parts[0], "evaluate", lambda k: seen.append(np.broadcast(*k).size) or evaluate(k))
        return parts

    monkeypatch.setattr(type(kernel), "reach", lambda self, diagonal: diagonal)
    object.__setattr__(kernel, "cut", counted)
    padded = tuple(2 * points for points in shape)
    padded_multiplier([kernel], shape, one.grid.spacings, padded, 0, padded[2] // 2 + 1)
    assert sum(seen) == kernel_cost(one.interaction[0], one.grid).values


def test_the_count_of_waves_is_that_of_the_quadrature(monkeypatch):
    one = problem("periodic table", [64, 64, 64], [1e6, 1e6, 1e6])
    seen = []
    sinc = np.sinc
    monkeypatch.setattr(np, "sinc", lambda phase: seen.append(phase.size) or sinc(phase))
    largest = math.sqrt(3.0) * math.pi / one.grid.spacings[0]
    kernel = kernel_of(one.interaction[0], one, 0, largest)
    assert isinstance(kernel.profile(largest)(np.zeros(1)), np.ndarray)
    cost = kernel_cost(one.interaction[0], one.grid)
    assert cost.waves == pytest.approx(WAVES * (4e5 * largest) ** 2)
    # two panels at least to each of the table's intervals, and whole ones
    assert sum(seen) == pytest.approx(cost.waves, rel=0.3)
