"""Interaction kernels through the problem file: closed forms, limits, and what their parameters mean."""

import math

import numpy as np
import pytest
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    expression,
    gaussian,
    gaussian_kernel,
    problem_text,
    scattering,
    soft_core,
    species,
    system,
    table,
    yukawa,
)
from scipy.integrate import quad
from scipy.special import i0e

from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.transform import RadialTransform
from hpcmix.model.pair_kernels.soft_core import soft_core_multiplier
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

BARRIER = {"kind": "square-barrier", "height": 10.0, "radius": 1.0}
BOX = ([12, 10, 14], [6.0, 5.0, 7.0])


def mean_field(state, species=0):
    """W of one species."""
    return state.mixture.interactions.mean_fields([state.density(a) for a in range(len(state.mixture.species))])[
        species
    ]


def cloud(points, lengths, interaction, width=0.8, particles=2.0, **entries):
    return system(
        points, lengths, [species("a", particles=particles, initial=gaussian(width, **entries))], [interaction]
    )


# ---------------------------------------------------------------- on the periodic box


def wave(numbers, interaction):
    """A cloud of density (1 + cos(k.x))/volume times three particles, k from whole numbers per axis, and k."""
    points, lengths = BOX
    k = [2 * math.pi * n / length for n, length in zip(numbers, lengths, strict=True)]
    phase = "+".join(f"{component!r}*{x}" for component, x in zip(k, "xyz", strict=True))
    state = system(
        points, lengths, [species("a", particles=3.0, initial=expression(f"cos(({phase})/2)"))], [interaction]
    )
    return state, np.array(k)


@pytest.mark.parametrize("numbers", [[2, 0, 0], [2, -2, 4], [0, 4, 2]])
def test_coulomb_with_a_neutral_background(numbers):
    """The wave feels 4 pi strength/k^2, the mean density nothing: exact on the box, whose wave it is."""
    state, k = wave(numbers, coulomb("a", "a", 0.7, boundary="periodic"))
    density = state.density()
    mean = 3.0 / state.grid.volume
    expected = 4 * math.pi * 0.7 / np.dot(k, k) * (density - mean)
    np.testing.assert_allclose(mean_field(state), expected, atol=1e-13 * np.max(np.abs(expected)))
    assert np.max(np.abs(expected)) > 0.001


@pytest.mark.parametrize("numbers", [[2, 0, 0], [2, -2, 4], [0, 4, 2]])
def test_dipoles_on_the_box(numbers):
    """(4 pi/3) strength (3 cos^2 - 1) for a wave at that angle to the dipoles."""
    direction = np.array([1.0, -0.5, 2.0])
    state, k = wave(numbers, dipolar("a", "a", 0.7, direction, boundary="periodic"))
    density = state.density()
    mean = 3.0 / state.grid.volume
    cosine = np.dot(k, direction) / np.linalg.norm(k) / np.linalg.norm(direction)
    expected = 4 * math.pi / 3 * 0.7 * (3 * cosine**2 - 1) * (density - mean)
    np.testing.assert_allclose(mean_field(state), expected, atol=1e-13 * np.max(np.abs(expected)))
    assert np.max(np.abs(expected)) > 0.001


@pytest.mark.parametrize("boundary", ["periodic", "free"])
def test_dipoles_in_a_mirror(boundary):
    """Mirrored dipoles in a mirrored cloud have the mirrored field, for a rough cloud too: the Nyquist modes of the
    even axes, which have no direction, give none to what is odd in k."""
    rough = np.random.default_rng(2).random([12, 10, 14])

    def mirrored(field):
        whole = np.roll(field[::-1], 1, axis=0) if boundary == "periodic" else field[::-1]
        return np.ascontiguousarray(whole)

    fields = []
    for direction, density in (([1.0, -0.5, 2.0], rough), ([-1.0, -0.5, 2.0], mirrored(rough))):
        state = cloud(*BOX, dipolar("a", "a", 0.7, direction, boundary=boundary))
        fields.append(state.mixture.interactions.mean_fields([density])[0])
    np.testing.assert_allclose(fields[1], mirrored(fields[0]), rtol=0, atol=1e-12 * np.max(np.abs(fields[0])))
    assert np.max(np.abs(fields[1] - fields[0])) > 0.1 * np.max(np.abs(fields[0]))


def test_the_background_is_the_limit_of_weak_screening():
    """Yukawa without its k = 0 part, which grows like 1/screening^2, tends to Coulomb like screening^2."""
    whole = mean_field(cloud(*BOX, coulomb("a", "a", 1.3, boundary="periodic")))
    differences = []
    for screening in (0.1, 0.05):
        field = mean_field(cloud(*BOX, yukawa("a", "a", 1.3, screening)))
        differences.append(np.max(np.abs(field - np.mean(field) - whole)))
    assert differences[0] / differences[1] == pytest.approx(4.0, rel=0.05)


SOFT_CORE_AT_REST = {1: 2 * math.pi / 3, 2: 2 * math.pi**2 / (3 * math.sqrt(3)), 3: 2 * math.pi**2 / 3}
"""integral 1/(1 + r^6) over the line, the plane and space."""


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_soft_core_transform_is_the_integral(dimensions):
    """1/(1 + r^6) in panels up to a hundred radii, beyond which the tail is 1/(5 10^10) or oscillates away; the series
    and the closed form meet at k = 1."""
    k = np.array([0.0, 1e-4, 0.3, 0.999999, 1.000001, 2.7, 8.0])
    function = RadialFunction((0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 100.0), lambda r: 1.0 / (1.0 + r**6))
    integral = RadialTransform.of(function, dimensions, 8.0)(k)
    transform = soft_core_multiplier(k, 1.0, 1.0, dimensions)
    tail = {1: 2 / 5 * 100.0**-5, 2: 2 * math.pi / 4 * 100.0**-4, 3: 4 * math.pi / 3 * 100.0**-3}[dimensions]
    np.testing.assert_allclose(transform, integral, rtol=0, atol=1.01 * tail + 1e-14)
    assert transform[0] == pytest.approx(SOFT_CORE_AT_REST[dimensions], rel=1e-14)
    scaled = soft_core_multiplier(k, -0.7, 2.0, dimensions)
    expected = -0.7 * 2.0**dimensions * soft_core_multiplier(2.0 * k, 1.0, 1.0, dimensions)
    np.testing.assert_allclose(scaled, expected, rtol=1e-14)


@pytest.mark.parametrize("numbers", [[2, 0, 0], [2, -2, 4]])
def test_a_wave_in_a_soft_core_gas(numbers):
    """The transform of Henkel, Nath and Pohl (2010): 2 pi^2/(3 x) exp(-x/2) [exp(-x/2) - 2 sin(pi/6 - sqrt(3) x/2)],
    x = kR, times strength R^3."""
    state, k = wave(numbers, soft_core("a", "a", 0.7, 1.3))
    density, mean = state.density(), 3.0 / state.grid.volume
    x = 1.3 * np.linalg.norm(k)
    of_wave = np.exp(-x / 2) * (np.exp(-x / 2) - 2 * np.sin(np.pi / 6 - np.sqrt(3) * x / 2)) / x
    expected = 0.7 * 1.3**3 * 2 * math.pi**2 / 3 * (mean + of_wave * (density - mean))
    np.testing.assert_allclose(mean_field(state), expected, rtol=1e-13)


# ---------------------------------------------------------------- in free space


@pytest.mark.parametrize(
    ("points", "lengths"), [([56], [9.0]), ([56, 54], [9.0, 8.6]), ([44, 42, 46], [8.0, 7.6, 8.4])]
)
def test_a_soft_core_without_images(points, lengths):
    """The field in the middle of a Gaussian cloud: N integral G(r) density(r) d^dr, by quadrature of its own."""
    d, w, n = len(points), 0.8, 3.0
    state = cloud(points, lengths, soft_core("a", "a", 0.7, 2.5, boundary="free"), w, n)
    shell = {1: lambda r: 2.0, 2: lambda r: 2 * math.pi * r, 3: lambda r: 4 * math.pi * r * r}[d]
    density = lambda r: n * (math.pi * w * w) ** (-d / 2) * math.exp(-((r / w) ** 2))  # noqa: E731
    expected = quad(lambda r: 0.7 / (1 + (r / 2.5) ** 6) * density(r) * shell(r), 0.0, 6.0, epsabs=1e-14)[0]
    middle = mean_field(state)[tuple(count // 2 for count in points)]
    assert [float(x.ravel()[count // 2]) for x, count in zip(state.grid.coordinates, points, strict=True)] == [0.0] * d
    # the cloud at the edge of the box, exp(-(3.8/0.8)^2) = 2e-10 of its density in three dimensions
    assert middle == pytest.approx(expected, rel=1e-9)
    images = mean_field(cloud(points, lengths, soft_core("a", "a", 0.7, 2.5), w, n))
    assert images[tuple(count // 2 for count in points)] > 1.001 * middle


@pytest.mark.parametrize(
    ("points", "lengths"), [([40], [10.0]), ([40, 42], [10.0, 10.5]), ([36, 34, 38], [9.0, 8.6, 9.4])]
)
def test_gaussian_kernel_without_images(points, lengths):
    """strength N (s^2/S^2)^(d/2) exp(-r^2/2S^2), S^2 = s^2 + w^2/2, for a range of a third of the box, whose images
    would be felt."""
    d, strength, s, w, n = len(points), -0.9, 3.0, 0.7, 3.0
    state = cloud(points, lengths, gaussian_kernel("a", "a", strength, s) | {"boundary": "free"}, w, n)
    total = s**2 + w**2 / 2
    r2 = sum(x**2 for x in state.grid.coordinates)
    expected = strength * n * (s**2 / total) ** (d / 2) * np.exp(-r2 / (2 * total))
    # the cloud at the edge of the box: exp(-(4.3/0.7)^2) = 4e-17 of its density; its spectrum: exp(-(12 * 0.7/2)^2)
    # = 2e-8, which the kernel's own takes to nothing
    np.testing.assert_allclose(mean_field(state), expected, rtol=0, atol=1e-12 * np.max(np.abs(expected)))
    periodic = mean_field(cloud(points, lengths, gaussian_kernel("a", "a", strength, s), w, n))
    assert np.max(np.abs(periodic - expected)) > 0.05 * np.max(np.abs(expected))


def test_coulomb_in_the_plane():
    """A Gaussian charge of standard deviation t in a plane, with the 1/r of space: strength N sqrt(pi/2)/t exp(-u)
    I_0(u), u = r^2/4t^2."""
    t = 0.55
    state = cloud([44, 46], [9.0, 9.5], coulomb("a", "a", 0.7), t * math.sqrt(2), 3.0)
    u = sum(x**2 for x in state.grid.coordinates) / (4 * t**2)
    expected = 0.7 * 3.0 * math.sqrt(math.pi / 2) / t * i0e(u)
    # the spectrum cut at k = 15: exp(-k^2 t^2/2) = 1e-15
    np.testing.assert_allclose(mean_field(state), expected, rtol=0, atol=1e-12 * np.max(expected))


def test_weak_screening_tends_to_coulomb_in_free_space():
    """exp(-mu r)/r = 1/r - mu + O(mu^2 r): the kernel of vanishing screening is Coulomb's, without loss of digits."""
    box = ([34, 32, 36], [8.0, 7.6, 8.4])  # resolved to 1e-10, at the edges exp(-(3.8/0.8)^2)
    exact = mean_field(cloud(*box, coulomb("a", "a", 1.3)))
    for screening in (1e-6, 1e-9):
        field = mean_field(cloud(*box, yukawa("a", "a", 1.3, screening) | {"boundary": "free"}))
        np.testing.assert_allclose(field, exact - 1.3 * 2.0 * screening, rtol=0, atol=30 * screening**2 + 1e-13)


@pytest.mark.parametrize("boundary", ["periodic", "free"])
@pytest.mark.parametrize("points", [[40], [40, 42], [38, 40, 36]])
def test_a_table_of_a_gaussian_is_the_gaussian(points, boundary, tmp_path):
    """The cubic spline through 240 values to seven widths: its error is 3 (h/width)^4/384 = 6e-9 of the maximum."""
    lengths = [10.0, 10.5, 9.5][: len(points)]
    radii = np.linspace(0.0, 4.2, 241)
    values = 0.9 * np.exp(-0.5 * (radii / 0.6) ** 2)
    reference = mean_field(cloud(points, lengths, gaussian_kernel("a", "a", 0.9, 0.6) | {"boundary": boundary}))
    from_lists = mean_field(cloud(points, lengths, table("a", "a", radii, values, boundary=boundary)))
    np.savetxt(tmp_path / "kernel.txt", np.column_stack([radii, values]), header="r G", fmt="%.17g")
    written = {"between": ["a", "a"], "kind": "table", "path": str(tmp_path / "kernel.txt"), "boundary": boundary}
    from_file = mean_field(cloud(points, lengths, written))
    np.testing.assert_array_equal(from_file, from_lists)
    np.testing.assert_allclose(from_lists, reference, rtol=0, atol=1e-8 * np.max(np.abs(reference)))


# ---------------------------------------------------------------- couplings of lengths


def test_dipolar_length():
    """strength = 3 hbar^2 a_dd/m, for a pair of masses 3 hbar^2 a_dd / (2 m_red)."""
    atoms = [species("a", mass=2.0, initial=gaussian(1.0)), species("b", mass=0.5, initial=gaussian(1.0))]
    for pair, strength in ((["a", "a"], 3 * 0.01 / 2.0), (["a", "b"], 1.5 * 0.01 * (1 / 2.0 + 1 / 0.5))):
        by_length = system(*BOX, atoms, [{"between": pair, "kind": "dipolar", "dipolar_length": 0.01}])
        by_strength = system(*BOX, atoms, [dipolar(*pair, strength, [0, 0, 1])])
        np.testing.assert_allclose(mean_field(by_length), mean_field(by_strength), rtol=1e-14)


# ---------------------------------------------------------------- scattering


def two(interactions, masses=(0.5, 0.5)):
    atoms = [
        species(name, mass=mass, particles=number, initial=gaussian(0.9))
        for name, mass, number in zip("ab", masses, (0.6, 0.4), strict=True)
    ]
    return system(*BOX, atoms, interactions)


@pytest.mark.parametrize("masses", [(0.5, 0.5), (1.0, 1.0), (0.7, 2.3)])
def test_limit_is_the_contact_interaction_of_the_scattering_length(masses):
    """2 pi hbar^2 a / m_red with a of (-Laplacian + 2 m_red V / hbar^2) f = 0; 8 pi a for the paper's mass 1/2."""
    state = two([scattering("a", "b", BARRIER, limit=True)], masses)
    reduced = masses[0] * masses[1] / sum(masses)
    q = math.sqrt(2 * reduced * 10.0)
    length = 1.0 - math.tanh(q) / q
    coupling = state.mixture.interactions.couplings[0, 1]
    assert coupling == pytest.approx(2 * math.pi * length / reduced, rel=1e-12)
    if masses == (0.5, 0.5):
        assert coupling == pytest.approx(8 * math.pi * length, rel=1e-12)


def test_limit_and_contact_of_one_pair_add_up():
    state = two([scattering("a", "b", BARRIER, limit=True), contact("a", "b", 1.5)])
    alone = two([scattering("a", "b", BARRIER, limit=True)])
    assert state.mixture.interactions.couplings[1, 0] == pytest.approx(alone.mixture.interactions.couplings[0, 1] + 1.5)


@pytest.mark.parametrize("potential", [BARRIER, BARRIER | {"height": -2.0}], ids=["repulsive", "attractive"])
def test_the_modified_system_tends_to_its_limit_like_one_over_n(potential):
    """Mean fields at N = 10^2, 10^3, 10^4, with species of different masses, against the contact interaction."""
    masses = (0.4, 0.6)
    limit = mean_field(two([scattering("a", "b", potential, limit=True)], masses))
    distances = []
    for number in (1e2, 1e3, 1e4):
        chosen = scattering("a", "b", potential, particles=number, neumann_radius=0.5)
        distances.append(np.max(np.abs(mean_field(two([chosen], masses)) - limit)) / np.max(np.abs(limit)))
    # the next order is a/(lN) smaller
    assert distances[0] / distances[1] == pytest.approx(10.0, rel=0.05)
    assert distances[1] / distances[2] == pytest.approx(10.0, rel=0.01)
    assert distances[0] > 1e-3


def test_a_kernel_of_finite_range_is_felt():
    """At N = 1 the kernel's range is the potential's: the potential of a narrow cloud far from it vanishes beyond."""
    state = system(
        *([40, 40, 40], [8.0, 8.0, 8.0]),
        [species("a", mass=0.5, initial=gaussian(0.45))],
        [scattering("a", "a", BARRIER | {"height": 0.02}, particles=1.0, neumann_radius=3.0)],
    )
    field = mean_field(state)
    r = np.sqrt(sum(x**2 for x in state.grid.coordinates))
    # weak: f = 1 to a/r = 0.003, so the field is V * rho: 0.02 in the middle, less the cloud outside r = 1
    assert field[20, 20, 20] == pytest.approx(0.02, rel=0.03)
    # the cloud's tail beyond 1.9, exp(-(1.9/0.45)^2) = 2e-8, and the cut of both spectra
    assert np.max(np.abs(field[r > 2.9])) < 1e-6 * 0.02


def test_a_potential_that_binds_is_refused_with_its_line():
    well = scattering("a", "a", BARRIER | {"height": -30.0}, particles=100.0, neumann_radius=0.5)
    text = problem_text(*BOX, [species("a", mass=0.5, initial=gaussian(1.0))], [well])
    problem = parse_problem(text)
    with pytest.raises(ProblemError) as caught:
        system(*BOX, [species("a", mass=0.5, initial=gaussian(1.0))], [well])
    line = text.splitlines().index(next(row for row in text.splitlines() if row.startswith("potential"))) + 1
    message = str(problem.locate(caught.value))
    assert message.startswith(f"problem.toml:{line}: interaction.0.potential: the potential binds two particles (1 ")
    # in the limit the scattering length has a meaning all the same
    limit = system(
        *BOX,
        [species("a", mass=0.5, initial=gaussian(1.0))],
        [scattering("a", "a", BARRIER | {"height": -30.0}, limit=True)],
    )
    x = math.sqrt(15.0)
    assert limit.mixture.interactions.couplings[0, 0] == pytest.approx(8 * math.pi * (1 - math.tan(x) / x), rel=1e-11)


def test_length_of_a_table_potential():
    """A table of a Gaussian bump scatters like the bump."""
    radii = np.linspace(0.0, 1.5, 121)
    bump = {"kind": "gaussian-bump", "height": 6.0, "width": 0.7, "radius": 1.5}
    values = 6.0 * np.exp(-0.5 * (radii / 0.7) ** 2)
    tabled = {"kind": "table", "radii": list(radii), "values": list(values)}
    one, other = (
        two([scattering("a", "b", v, limit=True)]).mixture.interactions.couplings[0, 1] for v in (bump, tabled)
    )
    # the spline's error, 3 (h/width)^4/384 = 8e-10
    assert one == pytest.approx(other, rel=1e-8)


# ---------------------------------------------------------------- the problem file


def test_every_interaction_reads_back(tmp_path):
    """What show prints is the same problem, the file of a table included."""
    (tmp_path / "v.txt").write_text("# r V\n0 1\n0.5 0.7\n1 0.3\n1.5 0.1\n2 0\n")
    terms = [
        contact("a", "a", 1.0),
        yukawa("a", "a", 1.0, 0.5) | {"boundary": "free"},
        yukawa("a", "a", -1.0, 2.5) | {"boundary": "free"},
        coulomb("a", "a", 1.0),
        dipolar("a", "a", 1.0, [1, 1, 3]),
        gaussian_kernel("a", "a", 1.0, 0.5),
        table("a", "a", [0.0, 0.5, 1.0, 1.5], [1.0, 0.5, 0.1, 0.0]),
        scattering("a", "a", {"kind": "table", "path": "v.txt"}, particles=10.0, neumann_radius=0.5),
        scattering("a", "a", {"kind": "soft-sphere", "height": 1.0, "radius": 0.5}, limit=True),
    ]
    problem = parse_problem(problem_text(*BOX, [species("a", initial=gaussian(1.0))], terms), folder=tmp_path)
    assert parse_problem(resolved_toml(problem)) == problem
    assert problem.interaction[7].potential.values == (1.0, 0.7, 0.3, 0.1, 0.0)
    direction = problem.interaction[4].unit_direction
    assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-15)
    assert problem.interaction[3].boundary == "free" and problem.interaction[5].boundary == "periodic"


def test_units_of_couplings():
    """An energy times length^3 for dipoles, times length for charges, an energy for V; a dipolar length is a length."""
    text = """\
[units]
length = "1 um"
mass = "164 u"
[grid]
points = [8, 8, 8]
lengths = ["4 um", "4 um", "4 um"]
[[species]]
name = "a"
mass = "164 u"
[[interaction]]
between = ["a", "a"]
kind = "dipolar"
dipolar_length = "130 a0"
[[interaction]]
between = ["a", "a"]
kind = "coulomb"
strength = "2 nK um"
[[interaction]]
between = ["a", "a"]
kind = "scattering"
potential = { kind = "square-barrier", height = "3 nK", radius = "20 nm" }
limit = true
"""
    dipoles, charges, barrier = parse_problem(text).interaction
    bohr = 5.29177210903e-11 / 1e-6
    assert dipoles.dipolar_length == pytest.approx(130 * bohr, rel=1e-8)
    scales = parse_problem(text).scales
    assert charges.strength == pytest.approx(2.0 / scales.energy_in_nanokelvin, rel=1e-12)
    assert barrier.potential.height == pytest.approx(3.0 / scales.energy_in_nanokelvin, rel=1e-12)
    assert barrier.potential.radius == pytest.approx(0.02, rel=1e-12)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("0 1 2\n1 2 3\n", "must have two columns, r and the value, but has 3"),
        ("0 a\n1 b\n", "is no text file of numbers in two columns"),
        ("0 1\n1 nan\n2 0\n3 0\n", "holds numbers that are not finite"),
        ("0 1\n1 1\n2 0\n", "needs at least 4 entries"),
        ("", "holds no numbers; it must have two columns, r and the value"),
        ("# r, G\n", "holds no numbers"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_files_that_are_no_table(tmp_path, content, sentence):
    (tmp_path / "g.txt").write_text(content)
    wrong = {"between": ["a", "a"], "kind": "table", "path": "g.txt"}
    with pytest.raises(ProblemError, match=sentence):
        parse_problem(problem_text(*BOX, [species("a")], [wrong]), folder=tmp_path)


def test_a_table_may_begin_with_the_mark_of_its_encoding(tmp_path):
    rows = "0 1\n0.5 0.5\n1 0.1\n2 0\n"
    tables = []
    for name, encoding in (("plain.txt", "utf-8"), ("marked.txt", "utf-8-sig")):
        (tmp_path / name).write_text(rows, encoding=encoding)
        entry = {"between": ["a", "a"], "kind": "table", "path": name}
        tables.append(parse_problem(problem_text(*BOX, [species("a")], [entry]), folder=tmp_path).interaction[0])
    assert tables[0].values == tables[1].values and tables[0].radii == tables[1].radii


def test_the_same_interaction_twice_is_refused():
    """Two Yukawa interactions of a pair may differ; equal ones, and two contact ones, are a mistake."""
    atoms = [species("a"), species("b")]
    different = [yukawa("a", "b", 1.0, 0.5), yukawa("b", "a", 1.0, 0.6)]
    assert len(parse_problem(problem_text(*BOX, atoms, different)).interaction) == 2
    for same in (
        [yukawa("a", "b", 1.0, 0.5), yukawa("b", "a", 1.0, 0.5)],
        [contact("a", "b", 1.0), contact("a", "b", 2.0)],
    ):
        with pytest.raises(ProblemError, match="is already interaction 0"):
            parse_problem(problem_text(*BOX, atoms, same))
