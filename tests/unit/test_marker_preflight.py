"""What can be known of markers with values only: the kernels that they feel, the density that they are sampled from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcmix.model.markers.window import Window, pair_error
from hpcmix.model.terms.marked_pairs import marked_pairs, unresolved_kernels
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.preflight import preflight
from tests.unit.test_problem_classical import FILE, INITIAL, in_space, initial


def found(text: str, *options: str) -> list[tuple[int | None, str, str]]:
    """Line, key and sentence of everything that is refused before a run."""
    problem = parse_problem(text, options)
    try:
        preflight(problem)
    except ProblemError as error:
        return [(each.line, each.key, each.message) for each in problem.locate(error).complaints]
    return []


def test_a_sound_file_passes():
    assert found(FILE) == []
    assert found(initial('kind = "expression", value = "exp(-x**2 - px**2)", momentum_extent = 6.0')) == []


@pytest.mark.parametrize(
    ("text", "line", "key", "sentence"),
    [
        (initial('kind = "expression", value = "exp(-x**2 - px**2) - 0.1", momentum_extent = 6.0'), INITIAL,
         "species.fermions.initial.value", "is negative at x = "),
        (initial('kind = "expression", value = "exp(-px**2)/x*0 + 1/(x*0)", momentum_extent = 6.0'), INITIAL,
         "species.fermions.initial.value", "is not finite at x = "),
        (initial('kind = "expression", value = "heaviside(x - 9)*exp(-px**2)", momentum_extent = 6.0'), INITIAL,
         "species.fermions.initial.value", "is zero everywhere in the box and for all momenta up to momentum_extent"),
        (initial('kind = "expression", value = "exp(-x**2 - px**2)", momentum_extent = 3.0'), INITIAL,
         "species.fermions.initial.momentum_extent", "is too small: at px = -3 f is 1.2e-04 of its largest value"),
        (initial('kind = "expression", value = "exp(-px**2 - (3e4*(x - 0.1))**2)", momentum_extent = 6.0'), INITIAL,
         "species.fermions.initial.value", "is too narrow for markers: "),
        (initial('kind = "oscillator", frequency = 0.02'), INITIAL, "species.fermions.initial.frequency",
         "makes a cloud of radius 14.1421 about 0 on axis x, which does not fit the box"),
        (initial(f'kind = "file", path = "{__file__}"'), INITIAL, "species.fermions.initial",
         "cannot be read as HDF5"),
        (FILE.replace("width = 0.7", "width = 0.2"), 14, "interaction.0",
         "the grid does not resolve the kernel for markers: 0.096 of its force has wave numbers"),
        (FILE.replace("points = [64]", "points = [6]").replace("0.7", "9.0"), 2, "grid.points.0",
         '6 points along x are fewer than the 8 cells that a marker of "fermions" meets; use at least 8'),
    ],
)  # fmt: skip
def test_what_only_values_tell_is_refused_before_a_run(text, line, key, sentence):
    ((found_line, found_key, message),) = found(text)
    assert (found_line, found_key) == (line, key)
    assert sentence in message


def test_all_at_once():
    text = initial('kind = "expression", value = "exp(-x**2 - px**2) - 0.1", momentum_extent = 6.0')
    text += '[[species]]\nname = "others"\nkind = "classical"\nparticles = 1.0\nmarkers = 10\n'
    text += f'initial = {{ kind = "file", path = "{__file__}" }}\n'
    complaints = found(text.replace("width = 0.7", "width = 0.2"))
    assert [key for _, key, _ in complaints] == [
        "interaction.0", "species.fermions.initial.value", "species.others.initial",
    ]  # fmt: skip


def test_a_kernel_with_a_pole_is_not_refused_for_what_the_grid_cuts_off():
    text = in_space(FILE).replace('kind = "gaussian"\nstrength = 1.0\nwidth = 0.7', 'kind = "coulomb"\nstrength = 1.0')
    problem = parse_problem(text)
    (pair,) = marked_pairs(problem)
    assert pair.error.share_dropped > 0.1 and not list(unresolved_kernels(problem))


def test_the_error_of_a_pair_is_that_of_all_its_kernels_over_all_modes():
    """Against the sum over every mode of the grid, of either sign, with the closed form of the kernels' transform."""
    text = FILE + '[[interaction]]\nbetween = ["fermions", "bosons"]\nkind = "gaussian"\nstrength = -0.4\nwidth = 1.1\n'
    text += '[[interaction]]\nbetween = ["fermions", "fermions"]\nkind = "gaussian"\nstrength = 2.0\nwidth = 0.9\n'
    for points in (64, 63):
        problem = parse_problem(text.replace("[64]", f"[{points}]"))
        k = 2.0 * math.pi / 16.0 * np.arange(-(points // 2), (points - 1) // 2 + 1)

        def gaussian(strength, width, k=k):
            return strength * math.sqrt(2.0 * math.pi) * width * np.exp(-0.5 * (k * width) ** 2)

        window = Window.of_tolerance(1e-8)
        expected = {
            (0, 1): pair_error(window, gaussian(1.0, 0.7) + gaussian(-0.4, 1.1), [k], [16.0 / points]),
            (1, 1): pair_error(window, gaussian(2.0, 0.9), [k], [16.0 / points]),
        }
        pairs = {pair.between: pair.error for pair in marked_pairs(problem)}
        assert pairs.keys() == expected.keys()
        for between, error in expected.items():
            assert pairs[between].force == pytest.approx(error.force, rel=1e-12)
            assert pairs[between].relative == pytest.approx(error.relative, rel=1e-9)


def test_on_large_grids_modes_stand_for_their_neighbours():
    """96^3 has 49^3 modes k >= 0, of which 63^3 would be looked at; 256^3 has 129^3."""
    text = in_space(FILE).replace("width = 0.7", "width = 0.5")
    relative = []
    for points, length in ((96, 12.0), (256, 32.0)):
        sized = text.replace("[8.0, 8.0, 8.0]", str([length] * 3)).replace("[16, 16, 16]", str([points] * 3))
        (pair,) = marked_pairs(parse_problem(sized, ["time.check_step=false"]))
        relative.append(pair.error.relative)
    # the same spacing and kernel: equal but for what sums over lattices of modes miss of integrals
    assert relative[1] == pytest.approx(relative[0], rel=0.05)
