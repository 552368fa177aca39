"""Vector potentials and rotation in a problem file: what is read, and the sentence that each mistake gets."""

import math

import h5py
import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.model.kinetic.vector_potentials import make_vector_potential, random, solenoid, uniform
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.resuming.changes import compare

FILE = """
[grid]
points = [{points}]
lengths = [{lengths}]
[[species]]
name = "a"
{species}
potential = [{{ kind = "harmonic", frequency = 1.0 }}]
[time]
final = 1.0
step = 0.001
integrator = "{integrator}"
{rest}
"""


def read(species="", dimensions=2, rest="", integrator="strang"):
    points, lengths = (", ".join([text] * dimensions) for text in ("16", "8.0"))
    return parse_problem(FILE.format(points=points, lengths=lengths, species=species, rest=rest, integrator=integrator))


def field(text):
    return f"vector_potential = {{ {text} }}"


GOOD = [
    (2, field('kind = "uniform", field = 1.5'), ""),
    (3, field('kind = "uniform", field = [0.1, 0.0, 1.5], gauge = "landau"'), ""),
    (2, field('kind = "solenoid", flux = 3.0, radius = 0.5'), ""),
    (1, field('kind = "random", amplitude = 0.3, correlation_length = 1.2, seed = 3'), ""),
    (2, field('kind = "expression", value = ["-0.4*y", 0]'), ""),
    (2, "", "[rotation]\nrate = 0.7"),
    (3, "", "[rotation]\nrate = 0.7\naxis = [0, 1, 1]"),
    (2, 'kinetic = "semirelativistic"\n' + field('kind = "uniform", field = 1.5'), ""),
]


@pytest.mark.parametrize(("dimensions", "species", "rest"), GOOD)
def test_reads_back_and_counts_as_physics(dimensions, species, rest):
    problem = read(species, dimensions, rest)
    assert parse_problem(resolved_toml(problem)) == problem
    assert compare(resolved_toml(problem), problem).others == ()
    without = read("", dimensions)
    assert compare(resolved_toml(problem), without).others != ()


MISTAKES = [
    (1, field('kind = "uniform", field = 1.0'), "", "a magnetic field needs two or three dimensions, and the grid"),
    (2, field('kind = "uniform", field = [1.0, 0.0, 1.0]'), "", "must be along z in two dimensions"),
    (3, field('kind = "uniform", field = [1.0, 0.0]'), "", "must be a number (along z) or three components"),
    (2, field('kind = "uniform", field = 1.0, gauge = "landua"'), "", 'did you mean "landau"?'),
    (2, field('kind = "unifrom", field = 1.0'), "", 'did you mean "uniform"?'),
    (1, field('kind = "solenoid", flux = 1.0, radius = 1.0'), "", "a solenoid needs two or three dimensions"),
    (2, field('kind = "solenoid", flux = 1.0, radius = -1.0'), "", "must be positive"),
    (2, field('kind = "solenoid", flux = 1.0, radius = 1.0, centre = [5.0, 0.0]'), "", "is outside the box"),
    (2, field('kind = "solenoid", flux = 1.0, radius = 1.0, centre = 5.0'), "", "must be two numbers"),
    (2, field('kind = "random", amplitude = 1.0, correlation_length = 0.5'), "", "is not resolved"),
    (2, field('kind = "random", amplitude = 1.0, correlation_length = 9.0'), "", "is too long for the box"),
    (2, field('kind = "expression", value = ["-y*b", "0"]'), "", 'column 4: unknown name "b" (variables: x, y, mass)'),
    (2, field('kind = "expression", value = ["-y", "0", "0"]'), "", "needs 2 expressions, one per axis, but has 3"),
    (2, field('kind = "expression", value = ["t*y", "0"]'), "", 'column 1: "t" does not exist here'),
    (2, field('kind = "expression", value = "y"'), "", "must be a list of expressions"),
    (2, field('kind = "file", path = "nowhere.h5"'), "", "there is no file"),
    (1, "", "[rotation]\nrate = 0.5", "a rotation needs two or three dimensions, and the grid has one"),
    (2, "", "[rotation]\nrate = 0.5\naxis = [0, 0, 1]", "is for three dimensions; in two the axis is z"),
    (3, "", "[rotation]\nrate = 0.5\naxis = [0, 0, 0]", "must not be zero"),
    (3, "", "[rotation]\nrate = 0.5\naxis = [0, 1]", "must be three numbers"),
    (3, "", "[rotation]\naxis = [0, 1, 0]", "is required"),
    (2, "", "[rotation]\nrate = 1.0", 'is too fast: it throws "a" out of its trap'),
    (3, "", "[rotation]\nrate = 1.2\naxis = [1, 0, 1]", 'is too fast: it throws "a" out of its trap'),
    (2, 'kinetic = "semirelativistic"', "[rotation]\nrate = 0.5", "the rotating frame is for nonrelativistic species"),
]  # fmt: skip


@pytest.mark.parametrize(("dimensions", "species", "rest", "sentence"), MISTAKES)
def test_mistakes(dimensions, species, rest, sentence):
    with pytest.raises(ProblemError) as caught:
        read(species, dimensions, rest)
    (complaint,) = caught.value.complaints
    assert sentence in str(complaint)
    assert complaint.line is not None


def test_the_sixth_order_scheme_for_quadratic_energies():
    magnetic = field('kind = "uniform", field = 1.0')
    read(magnetic, integrator="blanes-moan-rkn-6")
    with pytest.raises(ProblemError, match="use one of strang, mclachlan-2, blanes-moan-4"):
        read('kinetic = "semirelativistic"\n' + magnetic, integrator="blanes-moan-rkn-6")


@pytest.mark.parametrize(
    ("species", "rest", "key"),
    [
        (field('kind = "uniform", field = 1.0'), "", "species.a.vector_potential"),
        ('kinetic = "semirelativistic"', "", "species.a.kinetic"),
        ("", "[rotation]\nrate = 0.5", "rotation"),
    ],
)
def test_an_expanding_frame_does_not_turn(species, rest, key):
    text = FILE.format(points="16, 16", lengths="8.0, 8.0", species=species, rest=rest, integrator="strang")
    text = text.replace("[[species]]", 'frame = { kind = "expanding", rate = 1.0 }\n[[species]]')
    text = text.replace("frequency = 1.0 }", "frequency = 1.0, until = 0.0 }")
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert key in [complaint.key for complaint in caught.value.complaints]


def grid(points, lengths, start=None, shape=None):
    block = Block(start or (0,) * len(points), shape or tuple(points))
    return Grid(tuple(points), tuple(lengths), block, block)


def values(components, points):
    return [np.broadcast_to(0.0 if part is None else part, points) for part in components]


def curl_along(components, points, axis, lengths):
    """(curl A)_axis by central differences, inside the box."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    parts = values(components, points)
    spacings = [length / n for length, n in zip(lengths, points, strict=True)]
    return np.gradient(parts[second], spacings[first], axis=first) - np.gradient(
        parts[first], spacings[second], axis=second
    )


@pytest.mark.parametrize("gauge", ["symmetric", "landau"])
def test_the_curl_of_a_uniform_field(gauge):
    points, lengths, strength = (6, 7, 8), (3.0, 4.0, 5.0), (0.3, -0.7, 1.1)
    found = uniform(grid(points, lengths), strength, gauge)
    for axis in range(3):
        # A is linear: differences are exact up to rounding
        np.testing.assert_allclose(curl_along(found, points, axis, lengths), strength[axis], atol=1e-13)


def test_the_flux_of_a_solenoid():
    """2 pi s A is the flux far outside, and A = B x r / 2 with B = flux / (pi radius^2) near its axis."""
    points, lengths = (41, 40), (20.5, 20.0)
    found = solenoid(grid(points, lengths), 3.0, 0.8, (0.25, -1.0))
    x, y = grid(points, lengths).coordinates
    distance = np.hypot(x - 0.25, y + 1.0)
    around = np.hypot(*values(found[:2], points)) * 2 * math.pi * distance
    far = distance > 6 * 0.8
    assert np.any(far)
    np.testing.assert_allclose(around[far], 3.0, rtol=1e-12)
    assert np.isfinite(around).all() and distance.min() < 1e-12  # the axis is a point of the grid


def test_a_random_field_is_one_function_on_every_grid_and_block():
    lengths = (9.0, 7.0)
    arguments = (0.7, 1.5, 5, (8, 7), 4.0)
    coarse = random(grid((18, 14), lengths), *arguments)
    fine = random(grid((36, 42), lengths), *arguments)
    part = random(grid((18, 14), lengths, (5, 3), (7, 4)), *arguments)
    for one, other, mine in zip(coarse, fine, part, strict=True):
        np.testing.assert_allclose(one, other[::2, ::3], atol=1e-13)
        np.testing.assert_allclose(mine, one[5:12, 3:7], atol=1e-13)
        assert np.mean(one**2) == pytest.approx(0.7**2, rel=1e-12)  # of all modes, which the grid resolves
        assert abs(np.mean(one)) < 1e-14
    assert not np.allclose(coarse[0], coarse[1])
    other_seed = random(grid((18, 14), lengths), 0.7, 1.5, 6, (8, 7), 4.0)
    assert not np.allclose(coarse[0], other_seed[0])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (np.zeros((2, 16, 15)), "has shape (2, 16, 15), components and grid need (2, 16, 16)"),
        (np.zeros((2, 16, 16), complex), "is complex, a vector potential is real"),
        (np.full((2, 16, 16), np.nan), "is not finite"),
        (None, 'has no dataset "vector_potential"'),
    ],
)
def test_files(tmp_path, data, sentence):
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        if data is not None:
            file["vector_potential"] = data
    problem = read(field(f'kind = "file", path = "{path}"'))
    with pytest.raises(ProblemError, match=None) as caught:
        make_vector_potential(
            "species.a.vector_potential", problem.species[0].vector_potential, grid((16, 16), (8.0, 8.0))
        )
    assert sentence in str(caught.value)


def test_an_expression_that_is_not_finite():
    problem = read(field('kind = "expression", value = ["1/x", "0"]'))
    with pytest.raises(ProblemError) as caught:
        make_vector_potential(
            "species.a.vector_potential", problem.species[0].vector_potential, grid((16, 16), (8.0, 8.0))
        )
    assert "is not finite at x = 0" in str(caught.value)


def test_plans_count_the_krylov_space():
    """About a dozen fields more than without, and some ten times the transforms."""
    with_field, without = (make_plan(read(entry, 3), 1) for entry in (field('kind = "uniform", field = 1.0'), ""))
    fields = (with_field.evolution_bytes - without.evolution_bytes) / (16 * 16**3)
    assert 8 <= fields <= 40
    assert with_field.transforms_per_step > 10 * without.transforms_per_step
    heavy = make_plan(read('kinetic = "semirelativistic"\n' + field('kind = "uniform", field = 1.0'), 3), 1)
    assert heavy.evolution_bytes > with_field.evolution_bytes
