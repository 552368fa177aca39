"""The Bogoliubov operator beside matrices that are written down element by element, and its symmetries."""

import numpy as np
import pytest

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.real_states.operator import RealOperator, phases_of_real_state
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.files.load import parse_problem
from tests.physics.systems import mixture_of, problem_text

POINTS, LENGTH = 12, 7.0
MASSES, PARTICLES = (1.0, 0.7), (3.0, 2.0)
CONTACT = {(0, 0): 0.8, (1, 1): 0.5}
WIDTH, STRENGTH = 0.6, 0.9


def problem(coupled=False, functional=False):
    trap = {"kind": "harmonic", "frequency": 0.8}
    species = [
        {"name": name, "particles": particles, "mass": mass, "potential": [trap]}
        for name, particles, mass in zip(("up", "down"), PARTICLES, MASSES, strict=True)
    ]
    interaction = [
        {"between": ["up", "up"], "kind": "contact", "strength": CONTACT[0, 0]},
        {"between": ["down", "down"], "kind": "contact", "strength": CONTACT[1, 1]},
        {"between": ["up", "down"], "kind": "gaussian", "strength": STRENGTH, "width": WIDTH},
    ]
    sections = {}
    if coupled:
        sections["coupling"] = [{"between": ["up", "down"], "rabi_frequency": 0.6, "phase": 0.4, "detuning": 0.3}]
    if functional:
        sections["functional"] = [{"kind": "power", "species": ["up", "down"], "exponent": 2.5, "strength": 0.3}]
    return parse_problem(problem_text([POINTS], [LENGTH], species, interaction, **sections))


def waves(rng, real=False):
    """phi_a, normalised; smooth is not asked for."""
    result = []
    for _ in MASSES:
        phi = rng.normal(size=POINTS) + (0j if real else 1j * rng.normal(size=POINTS))
        result.append(phi / np.sqrt(np.sum(np.abs(phi) ** 2) * LENGTH / POINTS))
    return result


def matrices(mixture, psi, functional=False):
    """h (without mu), K1 and K2 of all species as whole matrices."""
    h, k = LENGTH / POINTS, 2.0 * np.pi * np.fft.fftfreq(POINTS, LENGTH / POINTS)
    x = -0.5 * LENGTH + h * np.arange(POINTS)
    waves_matrix = np.exp(1j * np.outer(x, k)) / np.sqrt(POINTS)
    size, species = POINTS, len(psi)
    kernel = np.zeros((species, species, size, size))
    gaussian = STRENGTH * np.sqrt(2.0 * np.pi) * WIDTH * np.exp(-0.5 * (k * WIDTH) ** 2)
    periodic = (waves_matrix @ np.diag(gaussian) @ waves_matrix.conj().T).real / h
    for a in range(species):
        kernel[a, a] = CONTACT[a, a] * np.eye(size) / h
    kernel[0, 1] = kernel[1, 0] = periodic
    densities = [np.abs(wave) ** 2 for wave in psi]
    fields = [sum(kernel[a, b] @ densities[b] * h for b in range(species)) for a in range(species)]
    if functional:
        total = sum(densities)
        for a in range(species):
            fields[a] = fields[a] + 0.3 * 2.5 * total**1.5
            for b in range(species):
                kernel[a, b] = kernel[a, b] + np.diag(0.3 * 2.5 * 1.5 * total**0.5) / h
    one_body = np.zeros((species * size, species * size), complex)
    k1, k2 = np.zeros_like(one_body), np.zeros_like(one_body)
    coupling = mixture.rabi.matrix(Instant.before_start())
    for a in range(species):
        rows = slice(a * size, (a + 1) * size)
        kinetic = waves_matrix @ np.diag(k**2 / (2.0 * MASSES[a])) @ waves_matrix.conj().T
        one_body[rows, rows] = kinetic + np.diag(0.5 * MASSES[a] * 0.64 * x**2 + fields[a])
        for b in range(species):
            columns = slice(b * size, (b + 1) * size)
            one_body[rows, columns] += coupling[a, b] * np.eye(size)
            k1[rows, columns] = psi[a][:, None] * kernel[a, b] * psi[b].conj()[None, :] * h
            k2[rows, columns] = psi[a][:, None] * kernel[a, b] * psi[b][None, :] * h
    return one_body, k1, k2


@pytest.mark.parametrize("coupled", [False, True])
@pytest.mark.parametrize("functional", [False, True])
def test_the_form_is_that_of_written_matrices(coupled, functional):
    rng = np.random.default_rng(1)
    mixture = mixture_of(problem(coupled, functional))
    phi = waves(rng)
    operator = BogoliubovOperator(mixture, phi, Instant.before_start())
    psi = [np.sqrt(weight) * wave for weight, wave in zip(mixture.weights, phi, strict=True)]
    one_body, k1, k2 = matrices(mixture, psi, functional)
    one_body -= np.diag(np.repeat(operator.chemical_potentials, POINTS))
    form = np.block([[one_body + k1, k2], [k2.conj(), (one_body + k1).conj()]])
    u, v = rng.normal(size=(2, 2, POINTS)) + 1j * rng.normal(size=(2, 2, POINTS))
    upper, lower = operator.apply_form(list(u), list(v))
    expected = form @ np.concatenate([u.ravel(), v.ravel()])
    # sums of 24 terms of size 10: rounding of some 1e-14
    assert np.concatenate([*upper, *lower]) == pytest.approx(expected, abs=1e-12)
    assert np.allclose(form, form.conj().T, atol=1e-13)


def test_halves_of_a_real_state():
    rng = np.random.default_rng(2)
    mixture = mixture_of(problem(functional=True))
    phi = waves(rng, real=True)
    turned = [phi[0] * np.exp(0.7j), phi[1] * np.exp(-1.9j)]
    general = BogoliubovOperator(mixture, turned, Instant.before_start())
    theta = phases_of_real_state(general)
    assert theta is not None
    operator = RealOperator(general, theta)
    psi = [wave.astype(complex) for wave in operator.waves]
    one_body, k1, _ = matrices(mixture, psi, functional=True)
    minus = one_body - np.diag(np.repeat(general.chemical_potentials, POINTS))
    p, q = rng.normal(size=(2, 3, 2, POINTS))
    plus_p, minus_q = operator.apply(p, q, projected=False)
    assert plus_p.reshape(3, -1) == pytest.approx((p.reshape(3, -1) @ (minus + 2.0 * k1).T).real, abs=1e-12)
    assert minus_q.reshape(3, -1) == pytest.approx((q.reshape(3, -1) @ minus.T).real, abs=1e-12)


def test_a_state_with_a_current_is_not_real():
    phi = [np.exp(2j * np.pi * np.arange(POINTS) / POINTS) / np.sqrt(LENGTH)] * 2
    operator = BogoliubovOperator(mixture_of(problem()), phi, Instant.before_start())
    assert phases_of_real_state(operator) is None
