"""Frequencies of small oscillations beside formulas in closed form."""

import numpy as np
import pytest

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.modes import spectrum_of
from hpcmix.initial.excitations.spectrum import NotAMinimum, OutOfIterations
from hpcmix.model.potentials.envelope import Instant
from hpcmix.observe.measures.modes import measure_modes
from hpcmix.problem.files.load import parse_problem
from tests.physics.systems import System, problem_text

UNIFORM = {"kind": "expression", "amplitude": "1"}
EXACT = 1e-8
"""The tolerance of the modes is 1e-8 as well: errors of frequencies are of the second order in it."""


def oscillations(text, modes, **options):
    """The system, its operator and its lowest modes."""
    entries = {"modes": modes, **options}
    problem = parse_problem(text, [f"excitations.{key}={value}" for key, value in entries.items()])
    system = System(problem)
    mixture = system.mixture if system.mixture.rabi.groups else system.mixture.counted_from_rest()
    operator = BogoliubovOperator(mixture, [each[0] for each in system.state.orbitals], Instant.before_start())
    assert operator.residual <= 1e-9
    return system, operator, spectrum_of(operator, problem.excitations)


def contact(strengths):
    """[[interaction]] of a matrix of strengths."""
    count = len(strengths)
    return [
        {"between": [f"s{a}", f"s{b}"], "kind": "contact", "strength": float(strengths[a][b])}
        for a in range(count)
        for b in range(a, count)
        if strengths[a][b]
    ]


def species(particles, masses=None, **options):
    """Species s0, s1, ... of given particles and masses."""
    masses = masses or [1.0] * len(particles)
    return [
        {"name": f"s{a}", "particles": float(number), "mass": mass, **options}
        for a, (number, mass) in enumerate(zip(particles, masses, strict=True))
    ]


def squared_wave_numbers(points, lengths):
    axes = [2.0 * np.pi * np.fft.fftfreq(n, length / n) for n, length in zip(points, lengths, strict=True)]
    return sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij"))


def uniform_frequencies(points, lengths, masses, kappa_of):
    """All frequencies of a uniform mixture, ascending: omega^2 = eig of eps^(1/2) (eps + 2 kappa) eps^(1/2)."""
    found = []
    for k_squared, kappa in kappa_of(squared_wave_numbers(points, lengths)):
        if k_squared > 0.0:
            root = np.diag(np.sqrt(k_squared / (2.0 * np.array(masses))))
            found += np.sqrt(np.linalg.eigvalsh(root @ (root @ root + 2.0 * kappa) @ root)).tolist()
    return np.sort(found)


@pytest.mark.parametrize("count", [2, 3])
def test_uniform_mixtures(count):
    points, lengths = [16, 12], [8.0, 6.0]
    particles, masses = [400.0, 300.0, 100.0][:count], [1.0, 1.5, 0.7][:count]
    strengths = np.array([[0.05, 0.035, 0.01], [0.035, 0.06, 0.02], [0.01, 0.02, 0.09]])[:count, :count]
    kappa = strengths * np.sqrt(np.outer(particles, particles)) / np.prod(lengths)
    expected = uniform_frequencies(points, lengths, masses, lambda k2: [(k, kappa) for k in k2.ravel()])
    text = problem_text(points, lengths, species(particles, masses, initial=UNIFORM), contact(strengths))
    _, _, spectrum = oscillations(text, 15)
    assert spectrum.frequencies.real == pytest.approx(expected[: len(spectrum)], rel=EXACT)
    assert np.all(spectrum.residuals <= 1e-8)
    # whole multiplets: the next frequency is another one
    assert expected[len(spectrum)] > expected[len(spectrum) - 1] * (1.0 + 1e-6)


def test_published_branches():
    """Two components on 16^3 points: the lowest density and spin modes."""
    text = problem_text(
        [16] * 3,
        [8.0] * 3,
        species([400, 300], [1.0, 1.5], initial=UNIFORM),
        contact([[0.5, 0.35], [0.35, 0.6]]),
    )
    _, _, spectrum = oscillations(text, 19)
    assert spectrum.frequencies[:6].real == pytest.approx(np.full(6, 0.34753848869), rel=EXACT)
    assert spectrum.frequencies[18:24].real == pytest.approx(np.full(6, 0.634155136837), rel=EXACT)
    assert len(spectrum) == 24  # the multiplet of the nineteenth is complete


def test_rotons():
    """Attraction of short range: the ten lowest wave numbers are not in the order of their frequencies."""
    interaction = [
        {"between": ["s0", "s0"], "kind": "gaussian", "strength": strength, "width": width}
        for strength, width in ((3.0, 1.0), (-1.75, 0.45))
    ]
    text = problem_text([64], [20.0], species([40], initial=UNIFORM), interaction)
    _, _, spectrum = oscillations(text, 20)
    expected = [
        1.0146707916, 1.8480606448, 2.3580616968, 2.4685361154, 2.1773680603, 1.5524092582, 0.7915247698, 0.9256832186,
        2.0341032330, 3.3279815766,
    ]  # fmt: skip
    assert spectrum.frequencies.real == pytest.approx(np.sort(expected * 2), rel=EXACT)


def test_uniform_dipoles():
    """G^ depends on the angle between k and the dipoles: g + d (3 cos^2 - 1)."""
    points, lengths, number, contact_strength, dipole = [12, 12, 12], [6.0, 7.0, 8.0], 50.0, 0.4, 0.25
    interaction = contact([[contact_strength]])
    interaction.append({
        "between": ["s0", "s0"], "kind": "dipolar", "strength": dipole, "direction": [0.0, 0.0, 1.0],
        "boundary": "periodic",
    })  # fmt: skip
    text = problem_text(points, lengths, species([number], initial=UNIFORM), interaction)
    _, _, spectrum = oscillations(text, 9)
    axes = [2.0 * np.pi * np.fft.fftfreq(n, length / n) for n, length in zip(points, lengths, strict=True)]
    kx, ky, kz = np.meshgrid(*axes, indexing="ij")
    k2 = kx**2 + ky**2 + kz**2
    cosine = np.divide(kz**2, k2, out=np.zeros_like(k2), where=k2 > 0.0)
    density = number / np.prod(lengths)
    kernel = contact_strength + dipole * (4.0 * np.pi / 3.0) * (3.0 * cosine - 1.0)
    energies = 0.5 * k2
    expected = np.sort(np.sqrt(energies * (energies + 2.0 * density * kernel)).ravel())[1:]
    assert spectrum.frequencies.real == pytest.approx(expected[: len(spectrum)], rel=EXACT)


# --------------------------------------------------------------- traps


def trapped(points, length, particles, frequencies, interaction, masses=None, **sections):
    """Species in harmonic traps."""
    trap = [{"kind": "harmonic", "frequency": frequencies}]
    sections = {"ground_state": {"tolerance": 1e-11}, **sections}
    return problem_text(
        [points] * len(frequencies),
        [length] * len(frequencies) if np.isscalar(length) else length,
        species(particles, masses, potential=trap),
        interaction,
        **sections,
    )


def holds(frequencies, expected, relative=EXACT):
    """Whether some mode has a frequency."""
    return float(np.min(np.abs(frequencies.real / expected - 1.0))) <= relative


def test_centres_of_mass_oscillate_with_the_trap():
    """Kohn: of species of any masses in one frequency, with every kernel that is the same everywhere; free boundaries,
    because images of a cloud do not move with it."""
    interaction = contact([[0.4, 0.2], [0.2, 0.3]])
    interaction.append({"between": ["s0", "s1"], "kind": "gaussian", "strength": 0.3, "width": 0.8, "boundary": "free"})
    text = trapped(48, [16.0, 15.0], [6.0, 4.0], [1.0, 1.3], interaction, masses=[1.0, 0.6])
    _, _, spectrum = oscillations(text, 12)
    assert holds(spectrum.frequencies, 1.0)
    assert holds(spectrum.frequencies, 1.3)


def test_breathing_in_two_dimensions():
    """Two omega, whatever the strength, in a contact gas of two dimensions (Pitaevskii and Rosch)."""
    text = trapped(40, 13.0, [20.0], [1.0, 1.0], contact([[0.5]]))
    _, _, spectrum = oscillations(text, 6)
    assert holds(spectrum.frequencies, 2.0)
    assert holds(spectrum.frequencies, 1.0)


def test_a_power_functional_in_one_dimension():
    """e = c rho^3 scales like the kinetic energy in one dimension, so that the breathing mode is at two omega."""
    sections = {"functional": [{"kind": "power", "species": ["s0"], "exponent": 3.0, "strength": 0.8}]}
    text = trapped(96, 18.0, [4.0], [1.0], [], **sections)
    _, _, spectrum = oscillations(text, 3)
    assert holds(spectrum.frequencies, 1.0)
    assert holds(spectrum.frequencies, 2.0)


def test_quantum_fluctuations_of_a_uniform_gas():
    """mu(n) = g n [1 + 32/(3 sqrt pi) sqrt(n a^3)] of one species: omega^2 = eps (eps + 2 n dmu/dn)."""
    points, lengths, number, a = [6, 5, 4], [6.0, 5.0, 4.0], 60.0, 0.02
    density, g = number / np.prod(lengths), 4.0 * np.pi * a
    stiffness = g * density * (1.0 + 1.5 * 32.0 / (3.0 * np.sqrt(np.pi)) * np.sqrt(density * a**3))
    expected = uniform_frequencies(
        points, lengths, [1.0], lambda k2: [(k, np.array([[stiffness]])) for k in k2.ravel()]
    )
    text = problem_text(
        points, lengths, species([number], initial=UNIFORM), contact([[g]]),
        functional=[{"kind": "lee-huang-yang", "species": ["s0"]}],
    )  # fmt: skip
    _, _, spectrum = oscillations(text, 8)
    assert spectrum.frequencies.real == pytest.approx(expected[: len(spectrum)], rel=EXACT)


def test_quantum_fluctuations_of_a_uniform_mixture():
    """Of two species with one mass, whose energy is a sum of two powers 5/2: its second derivatives by differences."""
    points, lengths, particles = [5, 4, 6], [5.0, 4.0, 6.0], [50.0, 30.0]
    strengths = np.array([[0.5, 0.2], [0.2, 0.7]])
    densities = np.array(particles) / np.prod(lengths)

    def energy(first, second):
        own = strengths[0, 0] * first, strengths[1, 1] * second
        gap = np.sqrt((own[0] - own[1]) ** 2 + 4.0 * strengths[0, 1] ** 2 * first * second)
        return 8.0 / (15.0 * np.pi**2) * sum((0.5 * (sum(own) + sign * gap)) ** 2.5 for sign in (1, -1))

    def second_derivative(a, b):
        """Central differences of fourth order: an error of h^4, 1e-9 of the whole; rounding 1e-16 / h^2, 1e-11."""
        h, rule = 4e-3, ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
        unit = np.eye(2) * h
        return sum(
            u * v * energy(*(densities + i * unit[a] + j * unit[b])) for i, u in rule for j, v in rule
        ) / h**2  # fmt: skip

    kappa = strengths + np.array([[second_derivative(a, b) for b in (0, 1)] for a in (0, 1)])
    kappa *= np.sqrt(np.outer(densities, densities))
    expected = uniform_frequencies(points, lengths, [1.0, 1.0], lambda k2: [(k, kappa) for k in k2.ravel()])
    text = problem_text(
        points, lengths, species(particles, initial=UNIFORM), contact(strengths),
        functional=[{"kind": "lee-huang-yang", "species": ["s0", "s1"]}],
    )  # fmt: skip
    _, _, spectrum = oscillations(text, 8)
    assert spectrum.frequencies.real == pytest.approx(expected[: len(spectrum)], rel=EXACT)
    without = uniform_frequencies(
        points,
        lengths,
        [1.0, 1.0],
        lambda k2: [(k, strengths * np.sqrt(np.outer(densities, densities))) for k in k2.ravel()],
    )
    assert np.all(expected > without * (1.0 + 1e-4))  # they are seen


def test_ideal_gas():
    """Without interaction the modes are the levels of the trap, v = 0, and multiplets are whole."""
    text = trapped(24, 13.0, [1.0], [1.0, 1.0], [])
    _, _, spectrum = oscillations(text, 4)
    assert spectrum.frequencies.real == pytest.approx([1.0, 1.0, 2.0, 2.0, 2.0], rel=1e-7)  # 24 points hold 1e-8
    assert np.max(np.abs(spectrum.v)) <= 1e-8


def test_modes_are_orthonormal_and_solve_the_whole_equation():
    """(u, v) of H (u, v) = omega Sigma (u, v), along the condensates too, with the Krein products of a basis."""
    text = trapped(32, 13.0, [9.0, 7.0], [1.0, 1.1], contact([[0.4, 0.2], [0.2, 0.3]]))
    _, operator, spectrum = oscillations(text, 8)
    for u, v, frequency in zip(spectrum.u, spectrum.v, spectrum.frequencies.real, strict=True):
        upper, lower = operator.apply_form(list(u), list(v))
        error = np.array([a - frequency * b for a, b in zip(upper, u, strict=True)])
        other = np.array([a + frequency * b for a, b in zip(lower, v, strict=True)])
        size = frequency * np.linalg.norm(np.concatenate([u.ravel(), v.ravel()]))
        assert np.hypot(np.linalg.norm(error), np.linalg.norm(other)) <= 2e-8 * size
    cell = operator.mixture.grid.cell_volume
    flat_u, flat_v = (field.reshape(len(spectrum), -1) for field in (spectrum.u, spectrum.v))
    products = cell * (flat_u.conj() @ flat_u.T - flat_v.conj() @ flat_v.T)
    assert products == pytest.approx(np.eye(len(spectrum)), abs=1e-6)  # first order in the residuals over the gaps


def test_strengths_obey_their_sum_rule():
    """All dipole strength of one mass is in the Kohn mode: omega |<x>|^2 = N / (2 m)."""
    text = trapped(32, 13.0, [9.0, 7.0], [1.0, 1.2], contact([[0.4, 0.2], [0.2, 0.3]]))
    _, operator, spectrum = oscillations(text, 6)
    measures = measure_modes(operator, spectrum)
    strengths = np.abs(np.sum(measures.dipole, axis=1)) ** 2 * spectrum.frequencies.real[:, None]
    assert np.sum(strengths, axis=0) == pytest.approx([8.0, 8.0], rel=1e-6)
    assert np.sum(measures.weights, axis=1) == pytest.approx(np.ones(len(spectrum)), abs=1e-9)


def test_iterations_that_do_not_suffice():
    text = trapped(24, 13.0, [9.0], [1.0, 1.1], contact([[0.4]]))
    with pytest.raises(OutOfIterations, match=r"0 of 6 modes .* after 2 iterations"):
        oscillations(text, 6, max_iterations=2)


def test_a_state_that_is_no_minimum():
    """A uniform mixture that repels itself more across than within."""
    text = problem_text([16], [20.0], species([20, 20], initial=UNIFORM), contact([[0.3, 0.6], [0.6, 0.3]]))
    with pytest.raises(NotAMinimum, match="curvature -"):
        oscillations(text, 4)


# --------------------------------------------------------------- dipoles, dressed states, Thomas-Fermi clouds


def test_centre_of_mass_of_dipoles_in_free_space():
    """Kohn, for a kernel of long range that is cut at the box's diagonal; dipoles tilted against the axes."""
    interaction = [
        *contact([[30.0]]),
        {"between": ["s0", "s0"], "kind": "dipolar", "strength": 4.0, "direction": [0.0, 0.6, 0.8]},
    ]
    _, _, spectrum = oscillations(trapped(36, 12.0, [1.0], [1.0, 1.0, 1.0], interaction), 3)
    assert spectrum.frequencies.real == pytest.approx(np.ones(3), rel=EXACT)


def test_branches_of_a_dressed_state():
    """Equal components coupled by Omega: density eps (eps + n (g + g12)), and spin (eps + Omega)(eps + Omega + n (g -
    g12)), which begins at k = 0; one zero mode for both species together."""
    lengths, rabi, same, other = [8.0, 9.0], 0.3, 0.5, 0.2
    text = problem_text(
        [16, 18],
        lengths,
        species([40, 40]),
        contact([[same, other], [other, same]]),
        coupling=[{"between": ["s0", "s1"], "rabi_frequency": rabi, "phase": 0.8}],
        ground_state={"tolerance": 1e-11},
    )
    _, _, spectrum = oscillations(text, 9)
    energies = 0.5 * squared_wave_numbers([16, 18], lengths).ravel()
    density = 80.0 / np.prod(lengths)
    both = np.sqrt(energies * (energies + density * (same + other)))
    spin = np.sqrt((energies + rabi) * (energies + rabi + density * (same - other)))
    expected = np.sort([*both[energies > 0.0], *spin])
    assert spectrum.frequencies.real == pytest.approx(expected[: len(spectrum)], rel=EXACT)
    assert spectrum.symmetries == ("phase of s0 and s1",)


def test_a_soliton_is_free_to_move():
    """Nothing holds it: the displacement is no mode. Above it the continuum begins at |mu| = 1/2."""
    text = problem_text([128], [30.0], species([2.0]), contact([[-1.0]]), ground_state={"tolerance": 1e-10})
    _, operator, spectrum = oscillations(text, 4)
    assert operator.chemical_potentials == pytest.approx([-0.5], rel=1e-8)
    assert spectrum.symmetries == ("phase of s0", "displacement along x")
    # waves of the continuum in a box of length 30, whose images of the soliton are exp(-15) away
    assert spectrum.frequencies[0].real == pytest.approx(0.5, rel=1e-5)
    assert np.all(np.diff(spectrum.frequencies[1:].real) >= -1e-9)


def test_strong_repulsion_in_one_and_two_dimensions():
    """omega^2 = n (n + 1) / 2, and 2 n^2 + 2 n m + 2 n + m (Stringari); what is left is the kinetic energy, a
    thousandth in the first and a hundredth in the second for the lowest modes."""
    _, _, spectrum = oscillations(trapped(200, 44.0, [1.0], [1.0], contact([[2000.0]])), 5)
    n = np.arange(1, 6)
    assert spectrum.frequencies[:5].real == pytest.approx(np.sqrt(n * (n + 1) / 2), rel=1e-3)
    assert spectrum.iterations <= 40  # a box of three radii: 24 measured, and more than 200 before it was seen to
    _, _, spectrum = oscillations(trapped(48, 17.0, [1.0], [1.0, 1.0], contact([[1000.0]])), 8)
    assert spectrum.frequencies[:4].real == pytest.approx(np.sqrt([1, 1, 2, 2]), rel=1e-2)
    assert holds(spectrum.frequencies, 2.0, 1e-6)  # breathing, at every strength


def test_thomas_fermi_clouds_in_three_dimensions():
    """Quadrupole and octupole at N a = 100 oscillator lengths beside the radial solution; the grid is good for 3e-6."""
    text = trapped(32, 12.8, [1.0], [1.0, 1.0, 1.0], contact([[4.0 * np.pi * 100.0]]))
    _, _, spectrum = oscillations(text, 12)
    expected = [1.0] * 3 + [1.44362112] * 5 + [1.82900493] * 4
    assert spectrum.frequencies[:12].real == pytest.approx(expected, rel=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strength", "points", "length", "expected", "relative"),
    [
        (100.0, 32, 12.8, (2.22475959, 1.44362112, 1.82900493), 3e-6),
        (1000.0, 56, 18.0, (2.23377371, 1.42044024, 1.75404295), 2e-7),
    ],
)
def test_breathing_of_thomas_fermi_clouds_in_three_dimensions(strength, points, length, expected, relative):
    """The mode (n, l) = (1, 0) above twenty-four others, the quadrupole and the octupole, beside the radial solution of
    nine digits. What is left is the grid's and the box's, which split multiplets: 1.6e-6 measured of the first, 5e-8 of
    the second, whose edge has more points and is further from the faces."""
    text = trapped(points, length, [1.0], [1.0, 1.0, 1.0], contact([[4.0 * np.pi * strength]]))
    _, _, spectrum = oscillations(text, 25)
    breathing, quadrupole, octupole = expected
    multiplets = [1.0] * 3 + [quadrupole] * 5 + [octupole] * 7
    assert spectrum.frequencies[:15].real == pytest.approx(multiplets, rel=relative)
    assert holds(spectrum.frequencies[15:], breathing, relative)


def test_an_axial_trap():
    """The scissors mode sqrt(w_x^2 + w_z^2) and the lower of the axial breathing modes, in their limit: at N a = 300
    the kinetic energy is worth 1.1 %, measured."""
    w = 1.4
    text = trapped(28, 14.0, [1.0], [1.0, 1.0, w], contact([[4.0 * np.pi * 300.0]]))
    _, _, spectrum = oscillations(text, 7)
    scissors = np.sqrt(1.0 + w**2)
    breathing = np.sqrt(2.0 + 1.5 * w**2 - 0.5 * np.sqrt(9.0 * w**4 - 16.0 * w**2 + 16.0))
    assert spectrum.frequencies[5:8].real == pytest.approx([breathing, scissors, scissors], rel=0.012)
    assert holds(spectrum.frequencies, w, 1e-4)
