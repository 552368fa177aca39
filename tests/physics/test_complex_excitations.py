"""Modes of states that flow or turn: the complex quadratic form, its minima and its negative directions, matrices."""

import h5py
import numpy as np
import pytest
from physics.systems import (
    contact,
    gaussian_kernel,
    harmonic,
    largest,
    require_below,
    species,
    system,
)

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.curvature import lowest_curvatures
from hpcmix.initial.excitations.complex_states.dense import DenseSearch
from hpcmix.initial.excitations.complex_states.minimum import AmplitudeSearch
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm, partners, signed
from hpcmix.initial.excitations.complex_states.solutions import vectors_of
from hpcmix.initial.excitations.modes import spectrum_of
from hpcmix.initial.excitations.spectrum import NotAMinimum
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.sections.excitations import ExcitationsSection


def form_of(one):
    fields = [orbitals[0] for orbitals in one.state.orbitals]
    return QuadraticForm(BogoliubovOperator(one.mixture, fields, Instant.before_start()))


def lowest_modes(form, modes, tolerance=1e-9, iterations=300):
    search = AmplitudeSearch(form, modes, tolerance, seed=0)
    search.begin()
    return search.run(iterations)


def plane_wave(numbers):
    return {"kind": "plane-waves", "numbers": list(numbers)}


def random_vectors(form, count, seed=3):
    numbers = np.random.default_rng(seed).normal(size=(2, count, *form.shape))
    return numbers[0] + 1j * numbers[1]


def turning(rotation=0.3, points=28, length=13.0, strength=0.4, particles=30.0, **entries):
    """Two species in a rotating trap, one heavier; every translation of both together is a Kohn mode."""
    return system(
        [points, points],
        [length, length],
        [
            species("a", particles=particles, potential=harmonic([1.0, 1.0]), **entries),
            species("b", particles=0.5 * particles, mass=1.3, potential=harmonic([1.0, 1.0]), **entries),
        ],
        [contact("a", "a", strength), gaussian_kernel("b", "b", strength, 1.0), gaussian_kernel("a", "b", 0.2, 1.2)],
        rotation={"rate": rotation},
        ground_state={"tolerance": 1e-10, "noise": 0.0},
    )


# ---------------------------------------------------------------- the form


def flowing_mixture():
    """A flow with a phase that winds, in two dimensions, of two species that see each other; odd and even axes."""
    amplitude = {"kind": "expression", "amplitude": "1 + 0.3*cos(2*pi*x/7)", "phase": "2*pi*y/6 + 0.4*sin(2*pi*x/7)"}
    return system(
        [9, 8],
        [7.0, 6.0],
        [species("a", particles=5.0, initial=amplitude), species("b", particles=3.0, mass=0.7, initial=amplitude)],
        [contact("a", "a", 0.4), gaussian_kernel("a", "b", 0.8, 0.9), contact("b", "b", 0.3)],
    )


def test_the_form_is_hermitian_and_knows_pairs():
    """H is Hermitian, H (conj v, conj u) the partner of H (u, v), and the projection commutes with Sigma."""
    form = form_of(flowing_mixture())
    x = random_vectors(form, 4)
    image = form.apply(x)
    matrix = form.algebra.overlaps(x, image)
    require_below(largest(matrix - matrix.conj().T) / largest(matrix), 1e-14, "hermiticity")  # sums of 1e3 roundings
    require_below(largest(form.apply(partners(x)) - partners(image)) / largest(image), 1e-14, "partners")
    inside = x.copy()
    form.project(inside)
    beside = signed(x)
    form.project(beside)
    require_below(largest(beside - signed(inside)) / largest(x), 1e-14, "projection and Sigma")


def test_the_form_is_the_second_variation_of_the_energy():
    """E(psi + e d) - mu N to second order in e is e^2 <x|H x> with u = conj(v) = d / 2, around a stationary state."""
    one = system(
        [24],
        [10.0],
        [
            species("a", particles=6.0, initial=plane_wave([2])),
            species("b", particles=4.0, mass=1.7, initial=plane_wave([-1])),
        ],
        [contact("a", "a", 0.4), gaussian_kernel("a", "b", 0.8, 0.9), contact("b", "b", 0.3)],
    )
    form = form_of(one)
    rng = np.random.default_rng(1)
    direction = rng.normal(size=(2, 24)) + 1j * rng.normal(size=(2, 24))
    vector = 0.5 * np.array([[direction, direction.conj()]])
    expected = form.algebra.products(vector, form.apply(vector)).real[0] * 2.0
    mu, weights = form.operator.chemical_potentials, one.mixture.weights
    state = [orbitals.copy() for orbitals in one.state.orbitals]

    def free_energy(size):
        for a, orbitals in enumerate(one.state.orbitals):
            orbitals[0] = state[a][0] + size * direction[a] / np.sqrt(weights[a])
        return one.energy().total - float(np.dot(mu * weights, one.norms()))

    size = 1e-3
    measured = (free_energy(size) + free_energy(-size) - 2.0 * free_energy(0.0)) / size**2
    # quartic terms of the energy: size^2 times the square of the direction's density, about 1e-6 of the whole
    require_below(abs(measured / (2.0 * expected) - 1.0), 1e-5, "second variation")


# ---------------------------------------------------------------- minima


@pytest.mark.parametrize("wave", [1, -1])
def test_a_slow_flow_has_the_shifted_spectrum(wave):
    """omega = E_k + k v of a uniform gas with velocity v below that of sound, and the same from matrices."""
    length, points, density, strength = 10.0, 32, 2.0, 0.5
    one = system(
        [points], [length], [species("a", particles=density * length, initial=plane_wave([wave]))],
        [contact("a", "a", strength)],
    )  # fmt: skip
    form = form_of(one)
    k = 2.0 * np.pi / length * np.delete(np.arange(-12, 13), 12)
    free = 0.5 * k**2
    exact = np.sort(np.sqrt(free * (free + 2.0 * strength * density)) + k * (2.0 * np.pi * wave / length))[:8]
    found = lowest_modes(form, 8, 1e-10)
    dense = DenseSearch(form_of(one), 8).run()
    require_below(largest(found.frequencies - exact), 1e-9, "LOBPCG")  # residuals of 1e-10, second order in them
    require_below(largest(dense.frequencies - exact), 1e-11, "matrices")
    assert np.all(found.residuals <= 1e-10)
    vectors = vectors_of(found)
    norms = form.algebra.overlaps(vectors, signed(vectors))
    require_below(largest(norms - np.eye(8)), 1e-8, "norms")
    require_below(largest(form.residuals(found.frequencies, vectors)), 1.1e-10, "residuals of complete modes")


def test_kohn_modes_of_a_turning_trap():
    """In the frame that turns with Omega the two Kohn modes of a round trap are at omega - Omega and omega + Omega, of
    species of different masses with any interactions."""
    rotation = 0.3
    one = turning(rotation)
    form = form_of(one)
    found = lowest_modes(form, 12, 1e-8)
    distances = [np.min(np.abs(found.frequencies.real - exact)) for exact in (1.0 - rotation, 1.0 + rotation)]
    require_below(max(distances), 1e-6, "Kohn modes")  # as well as this grid resolves the heavier cloud


# ---------------------------------------------------------------- no minima


def test_a_fast_flow_falls_along_the_right_waves():
    """Landau: with E_k + k v < 0 the form has negative directions, the lowest at the k that makes eps + g n - sqrt((g
    n)^2 + (k v)^2) smallest, and of that value; matrices give the negative frequencies."""
    length, points, density, strength, wave = 10.0, 32, 2.0, 0.5, 3
    one = system(
        [points], [length], [species("a", particles=density * length, initial=plane_wave([wave]))],
        [contact("a", "a", strength)],
    )  # fmt: skip
    form = form_of(one)
    velocity = 2.0 * np.pi * wave / length
    numbers = np.delete(np.arange(-12, 13), 12)
    k = 2.0 * np.pi / length * numbers
    free, mean = 0.5 * k**2, strength * density
    form_levels = free + mean - np.sqrt(mean**2 + (k * velocity) ** 2)
    lowest = lowest_curvatures(form)
    require_below(abs(lowest.values[0] / form_levels.min() - 1.0), 1e-6, "lowest curvature")  # VALUE_KNOWN squared
    # u has the wave numbers of the flow and +-k
    spectrum = np.abs(np.fft.fft(lowest.vectors[0, 0, 0])) ** 2
    loudest = np.fft.fftfreq(points, 1.0 / points)[np.argmax(spectrum)] - wave
    assert abs(loudest) == abs(numbers[np.argmin(form_levels)])
    with pytest.raises(NotAMinimum, match=r"no minimum.*-0\.91457"):
        lowest_modes(form_of(one), 3)
    frequencies = np.sort(np.sqrt(free * (free + 2.0 * mean)) + k * velocity)
    dense = DenseSearch(form_of(one), 8).run()
    require_below(largest(dense.frequencies - frequencies[:8]), 1e-11, "negative frequencies")
    assert dense.negative_directions == 2 * np.sum(frequencies < 0.0)  # of k and -k, u and v


def test_immiscible_species_grow():
    """The growth rate of the specification's uniform mixture, at the six waves of the lowest wave number and no other
    that is slower; every one of them twice, because sine and cosine grow alike."""
    one = system(
        [6, 6, 6],
        [8.0, 8.0, 8.0],
        [
            species("a", particles=400.0, mass=1.0, initial=plane_wave([0, 0, 0])),
            species("b", particles=300.0, mass=1.5, initial=plane_wave([0, 0, 0])),
        ],
        [contact("a", "a", 0.5), contact("b", "b", 0.6), contact("a", "b", 0.8)],
    )
    dense = DenseSearch(form_of(one), 12).run()
    rates = dense.frequencies.imag
    growing = rates[:6]
    require_below(largest(growing - 0.145502312039), 1e-10, "growth rate")
    require_below(largest(dense.frequencies.real[:6]), 1e-9, "real parts")


def test_counter_flow_grows_where_the_dispersion_says():
    """Two species that flow through each other: the four roots of the dispersion at every k, growth included."""
    length, points = 10.0, 32
    densities, strengths, cross, waves = (2.0, 1.0), (0.5, 0.7), 0.4, (2, -1)
    one = system(
        [points],
        [length],
        [
            species(name, particles=density * length, initial=plane_wave([wave]))
            for name, density, wave in zip("ab", densities, waves, strict=True)
        ],
        [contact("a", "a", strengths[0]), contact("b", "b", strengths[1]), contact("a", "b", cross)],
    )
    exact = []
    kappa = np.sqrt(np.outer(densities, densities)) * np.array([[strengths[0], cross], [cross, strengths[1]]])
    for number in range(1, 10):
        k = 2.0 * np.pi * number / length
        flow = np.diag(k * 2.0 * np.pi * np.array(waves) / length)
        free = 0.5 * k**2 * np.eye(2)
        exact += list(
            np.linalg.eigvals(np.block([[free + kappa + flow, kappa], [-kappa, -free - kappa + flow]]))
        )  # -k has the partners of k
    exact = np.array(exact)
    rates = np.sort(exact.imag[exact.imag > 1e-9])[::-1]
    dense = DenseSearch(form_of(one), 12).run()
    growing = dense.frequencies[dense.frequencies.imag > 0.0]
    assert len(growing) == len(rates) >= 2
    require_below(largest(growing.imag - rates), 1e-10, "growth rates")
    for frequency in growing:
        both = np.concatenate([exact, -exact.conj()])
        require_below(np.min(np.abs(both - frequency)), 1e-10, "a growing mode")


def test_an_attractive_gas_is_modulationally_unstable():
    """gamma^2 = eps (2 |g| n - eps) for long waves, of sine and cosine; its maximum is |g| n."""
    length, density, strength = 16.0, 1.5, -0.5
    one = system(
        [32], [length], [species("a", particles=density * length, initial=plane_wave([0]))],
        [contact("a", "a", strength)],
    )  # fmt: skip
    k = 2.0 * np.pi / length * np.arange(1, 10)
    square = 0.5 * k**2 * (0.5 * k**2 + 2.0 * strength * density)
    rates = np.sort(np.sqrt(-square[square < 0.0]))[::-1]
    dense = DenseSearch(form_of(one)).run()
    growing = dense.frequencies[dense.frequencies.imag > 0.0]
    assert len(growing) == 2 * len(rates)
    require_below(largest(np.sort(growing.imag)[::-1] - np.repeat(rates, 2)), 1e-10, "growth rates")


def vortex(tmp_path, winding, strength):
    """A vortex of one particle's norm in the middle of a round trap that does not turn, which is a saddle."""
    points, length = 20, 11.0 + 0.5 * winding
    axis = (np.arange(points) - points // 2) * length / points
    x, y = np.meshgrid(axis, axis, indexing="ij")
    path = tmp_path / "vortex.h5"
    with h5py.File(path, "w") as file:
        file["phi"] = (x + 1j * y) ** winding * np.exp(-0.5 * (x**2 + y**2))
    start = {"kind": "ground-state", "start": {"path": str(path), "dataset": "phi"}}
    return system(
        [points, points],
        [length, length],
        [species("a", particles=1.0, potential=harmonic([1.0, 1.0]), initial=start)],
        [contact("a", "a", strength)],
        ground_state={"noise": 0.0, "saddles": "report", "tolerance": 1e-8},
    )


def test_a_vortex_has_its_anomalous_mode(tmp_path):
    """Weakly interacting: in the lowest Landau level the mode that moves particles from the vortex (angular momentum 1)
    to the core (0), and beside them to 2, has

        omega_a = -omega + n / 4,      n = N g m / (2 pi hbar),

    to first order, from A_00 = -1 + n/2, A_22 = 1 + n/4 and the coupling n / sqrt(8) of two particles of 1 with 0 and
    2. It is the one mode of positive norm and negative frequency; Kohn's are at omega.
    """
    strength = 0.1
    form = form_of(vortex(tmp_path, 1, strength))
    dense = DenseSearch(form, 6).run()
    anomalous = dense.frequencies.real[dense.frequencies.real < 0.0]
    assert len(anomalous) == 1
    shift = 4.0 * (anomalous[0] + 1.0) / (strength / (2.0 * np.pi))
    require_below(abs(shift - 1.0), 1e-2, "anomalous mode")  # the second order is 6e-3 here and 1.1e-2 at twice g
    kohn = np.sort(np.abs(dense.frequencies.real - 1.0))[:2]
    require_below(kohn.max(), 1e-4, "Kohn modes")  # as well as this coarse grid resolves the vortex
    with pytest.raises(NotAMinimum):
        lowest_modes(form, 3)


def test_a_doubly_quantised_vortex_splits(tmp_path):
    """Dynamically unstable at any weak interaction: in the lowest Landau level, with the matrix element
    (m + m')! / 2^(m + m') / sqrt(m! m'! k! k'!) of m m' -> k k', two particles of 2 go to 0 and 4 with
    A_00 = -2 + n/8, A_44 = 2 + 3n/32 and the coupling 24 n / (16 sqrt(96)), so that

        omega = 2 - n/64 + i n sqrt(24^2 / (16^2 96) - (7/64)^2),      n = N g m / (2 pi hbar).
    """
    strength = 0.1
    dense = DenseSearch(form_of(vortex(tmp_path, 2, strength)), 4).run()
    growing = dense.frequencies[dense.frequencies.imag > 0.0]
    assert len(growing) == 1
    n = strength / (2.0 * np.pi)
    expected = -1.0 / 64.0 + 1j * np.sqrt(24.0**2 / (16.0**2 * 96.0) - (7.0 / 64.0) ** 2)
    require_below(abs((growing[0] - 2.0) / n - expected), 1e-3, "growing mode")  # the second order in n is 4e-4


@pytest.mark.parametrize("phase", [0.0, 0.9])
def test_real_states_have_the_same_modes_by_every_method(phase):
    """LOBP4DCG, complex LOBPCG and matrices, of coherently coupled species with kernels and a local functional; the
    coupling has a phase, which is turned away for the first."""
    one = system(
        [30],
        [14.0],
        [
            species("a", particles=5.0, potential=harmonic([1.0])),
            species("b", particles=4.0, potential=harmonic([1.2])),
        ],
        [contact("a", "a", 0.5), gaussian_kernel("b", "b", 0.7, 0.8), gaussian_kernel("a", "b", 0.3, 0.6)],
        functional=[{"kind": "power", "species": ["a"], "strength": 0.02, "exponent": 3.0}],
        coupling=[{"between": ["a", "b"], "rabi_frequency": 0.8, "phase": phase, "detuning": 0.2}],
        ground_state={"tolerance": 1e-12},
    )
    form = form_of(one)
    real = spectrum_of(form.operator, ExcitationsSection(modes=6, tolerance=1e-10))
    assert real.method == "LOBP4DCG"
    found, dense = lowest_modes(form, 6, 1e-10), DenseSearch(form, 6).run()
    require_below(largest(found.frequencies - real.frequencies), 1e-9, "complex LOBPCG")
    require_below(largest(dense.frequencies - real.frequencies), 1e-9, "matrices")
    require_below(largest(found.excitations - real.excitations), 1e-7, "excitations")  # first order in the residuals
    overlaps = form.algebra.overlaps(vectors_of(found), signed(vectors_of(real)))
    require_below(largest(np.abs(overlaps) - np.eye(6)), 1e-7, "the same modes")
