"""Numbers of particles outside, their errors and what goes with them, of pairs that a dense map moves (the oracle)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad

from hpcmix.model.potentials.envelope import BEFORE_START as AT_REST
from hpcmix.model.potentials.envelope import Instant
from hpcmix.observe.fluctuations import beyond_grid
from hpcmix.observe.fluctuations.beyond_grid import tail
from tests.physics.claims import mixture as claim_mixture
from tests.physics.fluctuation_oracle import Line, Map
from tests.physics.fluctuations import moved, record, with_pairs
from tests.physics.systems import (
    contact,
    gaussian,
    gaussian_kernel,
    mixture_of,
    parse_problem,
    problem_text,
    species,
    system,
)

POINTS, LENGTH = 24, 12.0
MASSES, NUMBERS = (0.5, 0.8), (10.0, 7.0)
INTERACTION = [
    gaussian_kernel("one", "one", 0.9, 0.8),
    contact("two", "two", 0.4),
    gaussian_kernel("one", "two", 0.5, 0.6),
]
TIME = {"final": 1.5, "step": 0.1}


def gaussian_transform(strength, width):
    return lambda k: strength * np.sqrt(2.0 * np.pi) * width * np.exp(-0.5 * (k * width) ** 2)


KERNELS = {(0, 0): gaussian_transform(0.9, 0.8), (1, 1): lambda k: 0.4 + 0.0 * k, (0, 1): gaussian_transform(0.5, 0.6)}


def uniform():
    return np.array([np.full(POINTS, np.sqrt(number / LENGTH)) for number in NUMBERS], complex)


def moving():
    """Two clouds that are not uniform, one of which moves."""
    x = LENGTH / POINTS * (np.arange(POINTS) - POINTS // 2)
    shapes = np.exp(-0.5 * (x / 1.5) ** 2 + 2j * np.pi / LENGTH * x), 1.5 + np.cos(2.0 * np.pi * x / LENGTH) + 0j
    norms = [
        np.sqrt(number / (np.sum(np.abs(each) ** 2) * LENGTH / POINTS))
        for number, each in zip(NUMBERS, shapes, strict=True)
    ]
    return np.array([norm * each for norm, each in zip(norms, shapes, strict=True)])


@cache
def evolved(which) -> tuple[Line, np.ndarray, Map]:
    line, psi = Line(POINTS, LENGTH, MASSES, KERNELS), which()
    return line, psi, line.evolved(psi, TIME["final"])


def start(psi, **section):
    names = [
        species(name, mass=mass, particles=number, initial=gaussian(1.0))
        for name, mass, number in zip(("one", "two"), MASSES, NUMBERS, strict=True)
    ]
    built = system([POINTS], [LENGTH], names, INTERACTION, time=TIME, fluctuations=section)
    for a in range(2):
        built.put(a, psi[a])
    return with_pairs(built)


def numbers(report, key):
    return np.array([entry[key] for entry in report["species"].values()])


def test_the_oracle_has_the_numbers_of_a_uniform_quench():
    line, psi, end = evolved(uniform)
    # a formula's, ten digits; the integrator's tolerance is 1e-12
    np.testing.assert_allclose(line.numbers(end), [10.5994928975, 1.51437825338], rtol=1e-10)
    np.testing.assert_allclose(line.transverse(psi, end), [4.89161174504, 0.773377199703], rtol=1e-10)


@pytest.mark.parametrize("which", [uniform, moving])
def test_all_modes_give_the_numbers_of_the_map(which):
    line, psi, end = evolved(which)
    report = record(moved(start(psi, modes="all"), end))
    assert report["pairs"] == 2 * POINTS
    np.testing.assert_allclose(numbers(report, "excitations"), line.numbers(end), rtol=1e-12)
    np.testing.assert_allclose(numbers(report, "transverse_excitations"), line.transverse(psi, end), rtol=1e-12)
    assert np.all(numbers(report, "excitations_error") == 0.0)
    assert report["symplectic_defect"] < 1e-10  # of the oracle's integrator


def test_the_defect_is_that_of_the_map():
    _, psi, end = evolved(moving)
    report = record(moved(start(psi, modes=4, probes=3), replace(end, V=1.01 * end.V)))
    # |w|^2 of the condensate's pair is some units, and one hundredth more of w is two hundredths of them
    assert report["symplectic_defect"] > 1e-2


@pytest.mark.parametrize("which", [uniform, moving])
def test_probes_agree_with_all_modes_within_their_errors(which):
    line, psi, end = evolved(which)
    wanted = {"excitations": line.numbers(end), "transverse_excitations": line.transverse(psi, end)}
    deviations = []
    for seed in range(64):
        report = record(moved(start(psi, modes=3, probes=48, seed=seed), end))
        for key, exact in wanted.items():
            deviations.append((numbers(report, key) - exact) / numbers(report, f"{key}_error"))
    size = np.abs(np.array(deviations).reshape(64, 2, 2))
    assert np.max(size) < 4.0  # of 256 numbers whose spread 48 probes tell: one time in fifty one of them is larger
    within = np.mean(size < 1.0, axis=0)
    # of a normal distribution 68 %, of 64 seeds plus or minus 6 %
    assert np.all((within > 0.55) & (within < 0.80)), within


def test_more_modes_leave_less_to_sample():
    _, psi, end = evolved(moving)
    errors = [
        numbers(record(moved(start(psi, modes=modes, probes=16), end)), "excitations_error") for modes in (1, 3, 9)
    ]
    assert np.all(errors[0] > 2.0 * errors[1]) and np.all(errors[1] > 2.0 * errors[2])


@pytest.mark.parametrize("which", [uniform, moving])
def test_spectra_add_up(which):
    _, psi, end = evolved(which)
    built = moved(start(psi, modes="all", also=["momentum-distribution", "structure-factor"]), end)
    report = record(built)
    names = list(report["species"])
    for a, entry in enumerate(report["species"].values()):
        assert sum(entry["momentum_distribution"]) == pytest.approx(entry["excitations"], rel=1e-12)
        assert len(report["wave_numbers"]) == len(entry["momentum_distribution"])
        # S_ab at the wave number of shell 2 from the matrices themselves
        wave = np.exp(-2j * np.pi * 2 / POINTS * np.arange(POINTS))
        rows = [slice(b * POINTS, (b + 1) * POINTS) for b in range(2)]
        change = [
            wave
            @ (end.psi[b].conj()[:, np.newaxis] * end.U[rows[b]] + end.psi[b][:, np.newaxis] * end.V[rows[b]].conj())
            for b in range(2)
        ]
        for b, other in enumerate(names):
            wanted = (change[a] @ change[b].conj()).real * LENGTH / POINTS / np.sqrt(NUMBERS[a] * NUMBERS[b])
            assert entry["structure_factor"][other][2] == pytest.approx(wanted, rel=1e-10, abs=1e-12)


def test_at_the_start_nothing_is_outside_and_density_fluctuations_are_those_of_independent_particles():
    report = record(start(moving(), modes="all", also=["structure-factor"]))
    assert np.all(numbers(report, "excitations") == 0.0)
    assert report["symplectic_defect"] < 1e-14
    for name, entry in report["species"].items():
        for other, line in entry["structure_factor"].items():
            np.testing.assert_allclose(line, 1.0 if other == name else 0.0, atol=1e-13)


COUPLING = np.array([[0.3, 0.4], [0.4, -0.3]])


def coupled_start(psi, **section):
    norms = LENGTH / POINTS * np.sum(np.abs(psi) ** 2, axis=1)
    names = [
        species(name, particles=number, initial=gaussian(1.0))
        for name, number in zip(("one", "two"), norms, strict=True)
    ]
    coupling = [{"between": ["one", "two"], "rabi_frequency": 0.8, "detuning": 0.6, "dressed": False}]
    interaction = [contact("one", "one", 0.5), contact("two", "two", 0.2)]
    built = system([POINTS], [LENGTH], names, interaction, time=TIME, coupling=coupling, fluctuations=section)
    for a in range(2):
        built.state.orbitals[a][0] = psi[a] / np.sqrt(built.mixture.weights[a])
    return with_pairs(built)


@pytest.mark.parametrize("which", [uniform, moving])
def test_coupled_species_have_one_condensate(which):
    """N_perp is outside the one orbital of both components, of which the pairs of single species hold parts."""
    psi = which()
    line = Line(
        POINTS, LENGTH, (1.0, 1.0), {(0, 0): lambda k: 0.5 + 0 * k, (1, 1): lambda k: 0.2 + 0 * k}, None, COUPLING
    )
    end = line.evolved(psi, TIME["final"])
    report = record(moved(coupled_start(psi, modes="all"), end))
    np.testing.assert_allclose(numbers(report, "excitations"), line.numbers(end), rtol=1e-12)
    np.testing.assert_allclose(numbers(report, "transverse_excitations"), line.transverse(psi, end), rtol=1e-11)
    sampled = record(moved(coupled_start(psi, modes=5, probes=64), end))
    deviation = numbers(sampled, "transverse_excitations") - line.transverse(psi, end)
    assert np.all(np.abs(deviation) < 4.0 * numbers(sampled, "transverse_excitations_error"))
    assert sampled["species"]["one"]["beyond_grid"] is None


# ---------------------------------------------------------------- what the grid misses


def mixture_on(points, lengths, interaction, masses=(1.0, 1.5), particles=(400.0, 300.0), **entries):
    names = [
        species(name, mass=mass, particles=number, **entries)
        for name, mass, number in zip(("one", "two"), masses, particles, strict=True)
    ]
    return mixture_of(parse_problem(problem_text(points, lengths, names, interaction)))


CONTACTS = [contact("one", "one", 0.5), contact("two", "two", 0.6), contact("one", "two", 0.35)]


@pytest.mark.parametrize(("dimensions", "coefficient"), [(1, 0.1061033), (2, 0.0651190), (3, 0.0421088)])
def test_the_tail_of_contact_interactions_on_cubes(dimensions, coefficient):
    mixture = mixture_on([16] * dimensions, [8.0] * dimensions, CONTACTS)
    reduced = np.array([[0.5, 0.6], [0.6, 0.75]])
    strengths = np.array([[0.5, 0.35], [0.35, 0.6]])
    wanted = 4.0 * (reduced * strengths) ** 2 * coefficient / (2.0 * np.pi) ** (4 - dimensions)
    np.testing.assert_allclose(tail(mixture, AT_REST), wanted, rtol=1e-5)  # the coefficients have five to seven digits


def test_the_tail_of_a_long_box_is_a_sum_over_the_waves_it_lacks():
    """Of two boxes with the same spacing along x and twice the points along y and z, the difference is a shell."""
    lengths, coarse, fine = [6.0, 3.0, 2.0], (12, 6, 8), (24, 24, 16)
    tails = [tail(mixture_on(list(points), lengths, CONTACTS), AT_REST) for points in (coarse, fine)]
    largest = [[np.pi * n / length for n, length in zip(points, lengths, strict=True)] for points in (coarse, fine)]
    nodes, weights = np.polynomial.legendre.leggauss(200)
    lines = [(outer * nodes, outer * weights) for outer in largest[1]]
    k = np.meshgrid(*(points for points, _ in lines), indexing="ij", sparse=True)
    volume = np.multiply.outer(np.multiply.outer(lines[0][1], lines[1][1]), lines[2][1])
    squares = sum(each**2 for each in k)
    inside = np.all(
        np.broadcast_arrays(*(np.abs(each) < inner for each, inner in zip(k, largest[0], strict=True))), axis=0
    )
    shell = np.sum(np.where(inside, 0.0, volume / squares**2)) / (2.0 * np.pi) ** 3
    # the nodes do not know the edge of the inner box: an error of the order of their distance
    assert (tails[0] - tails[1])[0, 0] == pytest.approx(0.25 * shell, rel=2e-2)


@pytest.mark.parametrize("points", [16, 32])
def test_the_estimate_has_the_measured_accuracy_of_a_uniform_quench(points):
    """sum over k of a quench with two masses against what a grid four times finer has, formula 1.5 % above on 16."""
    length, time = 8.0, 0.3
    strengths = np.array([[0.5, 0.35], [0.35, 0.6]])
    kappa = np.sqrt(np.outer((400.0, 300.0), (400.0, 300.0))) / length**3 * strengths
    grids = {n: outside(n, length, (1.0, 1.5), kappa, time) for n in (points, 128)}
    mixture = mixture_on([points] * 3, [length] * 3, CONTACTS)
    far = tail(mixture_on([128] * 3, [length] * 3, CONTACTS), AT_REST)
    overlaps = np.outer((400.0, 300.0), (400.0, 300.0)) / length**3
    estimate = np.sum(2.0 * overlaps * (tail(mixture, AT_REST) - far), axis=1)
    missing = grids[128] - grids[points]
    assert np.all(np.abs(estimate / missing - 1.0) < {16: 0.03, 32: 0.01}[points]), estimate / missing


def outside(points, length, masses, kappa, time):
    """sum_k of the particles that a quench of a uniform state has put into k != 0: |V|^2 of exp(-i M t), M = [[eps +
    kappa, kappa], [-kappa, -eps - kappa]], by the different |k|^2."""
    squares = np.fft.fftfreq(points, 1.0 / points) ** 2
    total = squares[:, None, None] + squares[:, None] + squares
    values, counts = np.unique(np.round(total).astype(int), return_counts=True)
    k = (2.0 * np.pi / length) ** 2 * values[1:]
    eps = k[:, None, None] * np.diag([0.5 / mass for mass in masses])
    matrix = np.block(
        [[eps + kappa, np.broadcast_to(kappa, eps.shape)], [-np.broadcast_to(kappa, eps.shape), -eps - kappa]]
    )
    energies, vectors = np.linalg.eig(matrix)
    phases = np.exp(-1j * energies * time)
    moved_by = (vectors * phases[:, None, :]) @ np.linalg.inv(vectors)
    created = np.sum(np.abs(moved_by[:, :2, 2:]) ** 2, axis=2)
    return counts[1:] @ created


def test_the_closed_numbers_of_a_uniform_quench_in_three_dimensions():
    kappa = np.sqrt(np.outer((400.0, 300.0), (400.0, 300.0))) / 512.0 * np.array([[0.5, 0.35], [0.35, 0.6]])
    np.testing.assert_allclose(outside(16, 8.0, (1.0, 1.5), kappa, 0.3), [5.67183184797, 7.09083621434], rtol=1e-10)
    np.testing.assert_allclose(0.3**2 * np.sum(kappa**2, axis=1), [0.0187797546387, 0.016170501709], rtol=1e-10)


def test_kernels_that_decay_miss_next_to_nothing():
    wide = [gaussian_kernel("one", "one", 0.5, 1.0), gaussian_kernel("one", "two", 0.5, 1.0)]
    contacts = tail(mixture_on([16] * 3, [8.0] * 3, CONTACTS), AT_REST)
    assert np.max(tail(mixture_on([16] * 3, [8.0] * 3, wide), AT_REST)) < 1e-12 * contacts[0, 0]


@pytest.mark.parametrize("width", [0.01, 0.1])
def test_kernels_narrower_than_the_spacing_miss_less_than_contact_interactions(width):
    mixture = mixture_on([16], [8.0], [gaussian_kernel("one", "one", 0.5, width)])
    transform = gaussian_transform(0.5, width)
    wanted, _ = quad(lambda k: transform(k) ** 2 / k**4, 2.0 * np.pi, np.inf, epsabs=0.0, epsrel=1e-9)
    # to both sides, T_a + T_b = k^2; panels settle at 1e-9
    assert tail(mixture, AT_REST)[0, 0] == pytest.approx(wanted / np.pi, rel=1e-6)


@pytest.mark.parametrize("contraction", [1.0, 0.3, 0.03])
@pytest.mark.parametrize("number", [16, 1024])
def test_kernels_of_scattering_in_the_frame_need_no_more_nodes(monkeypatch, number, contraction):
    """Beside twice the nodes: the estimate itself is good to a percent, of which a thousandth would do."""
    text = claim_mixture(points=10).replace("particles = 100\n", f"particles = {number}\n")
    mixture = mixture_of(parse_problem(text))
    usual = tail(mixture, Instant(0.0, 0.0, contraction))
    monkeypatch.setattr(beyond_grid, "NODES", 24)
    monkeypatch.setattr(beyond_grid, "RADIAL_NODES", 16)
    monkeypatch.setattr(beyond_grid, "SETTLED", 1e-10)
    assert np.all(usual > 0.0)
    # 1e-8 measured of these, 2e-6 of wide Gaussians
    np.testing.assert_allclose(usual, tail(mixture, Instant(0.0, 0.0, contraction)), rtol=1e-6)


def test_outside_of_a_frame_the_integral_beyond_the_grid_is_done_once(monkeypatch):
    built = start(moving(), modes=1, probes=2)
    first = record(built)
    monkeypatch.setattr(beyond_grid, "tail", lambda mixture, instant: pytest.fail("the tail is known"))
    assert numbers(record(built), "beyond_grid") == pytest.approx(numbers(first, "beyond_grid"), rel=1e-14)
    assert np.all(numbers(first, "beyond_grid") > 0.0)


def test_in_the_frame_the_tail_of_contact_interactions_dilutes():
    mixture = mixture_on([8] * 3, [8.0] * 3, CONTACTS)
    np.testing.assert_allclose(tail(mixture, Instant(0.0, 0.0, 0.25)), 0.25**2 * tail(mixture, AT_REST), rtol=1e-13)
    assert np.all(tail(mixture, Instant(0.0, 0.0, 0.0)) == 0.0)


def test_semirelativistic_numbers_have_no_limit_in_three_dimensions():
    entries = {"kinetic": "semirelativistic"}
    assert np.all(np.isinf(tail(mixture_on([8] * 3, [8.0] * 3, CONTACTS, **entries), AT_REST)))
    line = tail(mixture_on([64], [8.0], CONTACTS, **entries), AT_REST)
    k = np.pi * 64 / 8.0
    # T_a + T_b is 2 k - (m_a + m_b) and some 1/k beyond; integral of 1/4k^2 to both sides
    assert line[0, 0] == pytest.approx(0.25 / (4.0 * np.pi * k), rel=0.1)
