"""Modes by the tangent map: growing ones of stationary states, and the Floquet exponents of driven ones."""

import numpy as np
import pytest
from physics.systems import contact, evolution, harmonic, largest, require_below, species, system
from scipy.integrate import solve_ivp

from hpcmix.evolve.monodromy import modes as monodromy_modes
from hpcmix.evolve.monodromy.modes import TangentMapSearch
from hpcmix.evolve.monodromy.tangent_map import TangentMap
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.dense import DenseSearch
from hpcmix.initial.excitations.complex_states.matrices import WholeVectors, complement
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm, partners, signed
from hpcmix.initial.excitations.complex_states.solutions import vectors_of
from hpcmix.initial.excitations.spectrum import ModesNotFound
from hpcmix.model.potentials.envelope import Instant


def form_of(one):
    fields = [orbitals[0] for orbitals in one.state.orbitals]
    return QuadraticForm(BogoliubovOperator(one.mixture, fields, Instant.before_start()))


def tangent_of(one, form):
    time = one.problem.time
    return TangentMap(form, one.state, time.splitting, time.fixed_steps)


def search_of(one, form, modes, stationary=True, tolerance=1e-9):
    return TangentMapSearch(form, lambda alive: tangent_of(one, form), modes, tolerance, 0, stationary)


def counter_flow(time):
    """Two species that flow through each other, and grow at two wave numbers."""
    return system(
        [16],
        [10.0],
        [
            species("a", particles=20.0, initial={"kind": "plane-waves", "numbers": [2]}),
            species("b", particles=10.0, initial={"kind": "plane-waves", "numbers": [-1]}),
        ],
        [contact("a", "a", 0.5), contact("b", "b", 0.5), contact("a", "b", 0.5)],
        time=time,
    )


def test_all_modes_of_a_flow_agree_with_matrices():
    """Frequencies beyond pi / tau, growing and negative ones; the integrator's error at this step is 1e-10."""
    one = counter_flow(evolution(1.5, 0.05))
    form = form_of(one)
    found = search_of(one, form, 12).run(0)
    dense = DenseSearch(form, 12).run()
    require_below(largest(found.frequencies - dense.frequencies), 1e-8, "frequencies")
    assert np.sum(found.frequencies.imag > 0.0) == 2
    assert np.any(found.frequencies.real > np.pi / 1.5)
    require_below(largest(form.residuals(found.frequencies, vectors_of(found))), 1e-6, "residuals of L")
    require_below(largest(found.residuals), 1e-10, "residuals of the map")


def test_the_map_is_symplectic_and_multipliers_come_in_fours():
    """S^+ Sigma S = Sigma and S (conj v, conj u) the partner of S (u, v) to rounding at a coarse step; with lambda also
    conj(lambda), 1 / lambda and 1 / conj(lambda)."""
    one = counter_flow(evolution(1.5, 0.25, "strang"))
    form = form_of(one)
    tangent = tangent_of(one, form)
    numbers = np.random.default_rng(5).normal(size=(2, 3, *form.shape))
    x = numbers[0] + 1j * numbers[1]
    image = tangent.unprojected(x)
    before, after = form.algebra.overlaps(x, signed(x)), form.algebra.overlaps(image, signed(image))
    require_below(largest(after - before) / largest(before), 1e-13, "symplectic defect")
    require_below(largest(tangent.unprojected(partners(x)) - partners(image)) / largest(image), 1e-13, "partners")
    whole = WholeVectors(form)
    matrix = whole.matrix(tangent, lambda: None, 1.0)
    basis = complement(whole.everywhere(form.excluded))
    multipliers = np.linalg.eigvals(basis.conj().T @ matrix @ basis)
    assert np.sum(np.abs(multipliers) > 1.01) == 4
    for image_of in (np.conj, np.reciprocal, lambda value: 1.0 / np.conj(value)):
        distances = [np.min(np.abs(multipliers - image_of(value))) for value in multipliers]
        require_below(max(distances), 1e-7, "a multiplier of a family")  # double ones lose half of the digits


def test_a_krylov_space_finds_what_grows(monkeypatch):
    one = counter_flow(evolution(6.0, 0.25, "blanes-moan-4"))
    form = form_of(one)
    whole = search_of(one, form, 2).run(0)
    monkeypatch.setattr(monodromy_modes, "WHOLE", 1)
    found = search_of(one, form, 6).run(40)
    assert len(found) == 2
    require_below(largest(found.frequencies - whole.frequencies), 1e-9, "growing modes")
    require_below(largest(found.residuals), 1e-9, "residuals")


def test_a_krylov_space_finds_multiplets_whole(monkeypatch):
    """An attractive gas in two dimensions grows quickest at the eight waves (+-1, +-2), (+-2, +-1), at the rate |g| n =
    k^2 / 2: more members than the search begins with."""
    length = 6.0
    rate = 0.5 * 5.0 * (2.0 * np.pi / length) ** 2
    one = system(
        [6, 6], [length, length],
        [species("a", particles=length**2, initial={"kind": "plane-waves", "numbers": [0, 0]})],
        [contact("a", "a", -rate)], time=evolution(0.8, 0.1, "blanes-moan-4"),
    )  # fmt: skip
    form = form_of(one)
    monkeypatch.setattr(monodromy_modes, "WHOLE", 1)
    found = search_of(one, form, 1).run(40)
    assert len(found) == 8 > monodromy_modes.BLOCK
    require_below(largest(found.frequencies.imag / rate - 1.0), 1e-3, "growth rate")  # the error of eight steps


def test_where_nothing_grows_it_is_said(monkeypatch):
    one = system(
        [8], [6.0], [species("a", particles=6.0, initial={"kind": "plane-waves", "numbers": [0]})],
        [contact("a", "a", 0.4)], time=evolution(4.0, 0.2, "strang"),
    )  # fmt: skip
    monkeypatch.setattr(monodromy_modes, "WHOLE", 1)
    with pytest.raises(ModesNotFound, match="no growing mode"):
        search_of(one, form_of(one), 3).run(10)


def test_a_state_that_does_not_come_back_is_refused():
    one = system(
        [24], [10.0],
        [species("a", particles=6.0, potential=harmonic([1.0]), initial={"kind": "gaussian", "width": 2.0})],
        [contact("a", "a", 0.4)], time=evolution(1.0, 0.1),
    )  # fmt: skip
    with pytest.raises(ModesNotFound, match="differs from the one at the start"):
        tangent_of(one, form_of(one))


# ---------------------------------------------------------------- driven states


def spin_multipliers(k, rabi, depth, drive, kappa):
    """Of the out-of-phase branch of two coupled species: the multipliers over a period of

        q' = -(eps + R(t) + 2 kappa) p,    p' = (eps + R(t)) q,    R = rabi (1 + depth cos(drive t)), hbar = m = 1,

    a Hill equation with two varying coefficients."""
    free = 0.5 * k**2

    def slope(t, values):
        p, q = values.reshape(2, 2)
        level = free + rabi * (1.0 + depth * np.cos(drive * t))
        return np.concatenate([level * q, -(level + 2.0 * kappa) * p])

    end = solve_ivp(slope, (0.0, 2.0 * np.pi / drive), np.eye(2).ravel(), method="DOP853", rtol=1e-12, atol=1e-13)
    return np.linalg.eigvals(end.y[:, -1].reshape(2, 2))


def test_a_driven_coupling_has_hills_multipliers():
    """Two uniform species of equal interactions, whose coherent coupling is modulated: the state with equal amplitudes
    only gains a phase, and its spin branch obeys Hill's equation at every wave number, which has a parametric resonance
    where the drive is twice the frequency; the density branch does not feel the drive."""
    points, length, density, strength, cross = 10, 7.0, 1.2, 0.9, 0.3
    rabi, depth, kappa = 0.8, 0.5, (strength - cross) * density
    k = 2.0 * np.pi / length * np.arange(points // 2 + 1)
    free = 0.5 * k**2
    drive = 2.0 * float(np.sqrt((free[1] + rabi) * (free[1] + rabi + 2.0 * kappa)))
    period = 2.0 * np.pi / drive
    one = system(
        [points],
        [length],
        [
            species(name, particles=density * length, initial={"kind": "plane-waves", "numbers": [0]})
            for name in "ab"
        ],
        [contact("a", "a", strength), contact("b", "b", strength), contact("a", "b", cross)],
        coupling=[{
            "between": ["a", "b"], "rabi_frequency": rabi, "phase": np.pi,
            "factor": f"1 + {depth}*cos({drive!r}*t)",
        }],
        time=evolution(period, period / 40),
    )  # fmt: skip
    form = form_of(one)
    found = search_of(one, form, 100, stationary=False).run(0)
    multipliers = np.exp(-1j * found.frequencies * period)
    growing = multipliers[found.frequencies.imag > 0.0]
    expected = [spin_multipliers(number, rabi, depth, drive, kappa) for number in k]
    outside = np.array([value for pair in expected for value in pair if abs(value) > 1.0 + 1e-6])
    assert len(outside) >= 1
    # of every wave number but zero sine and cosine
    require_below(largest(np.sort(np.abs(growing))[::2] - np.sort(np.abs(outside))), 1e-8, "growing multipliers")
    assert len(growing) == 2 * len(outside)
    inside = np.array([value for pair in expected for value in pair if abs(abs(value) - 1.0) < 1e-6])
    sound = np.sqrt(free[1:] * (free[1:] + 2.0 * (strength + cross) * density))
    steady = np.concatenate([inside, np.exp(-1j * sound * period)])
    for value in multipliers[found.frequencies.imag == 0.0]:
        distance = min(np.min(np.abs(steady - value)), np.min(np.abs(steady.conj() - value)))
        require_below(distance, 1e-8, "a steady multiplier")
    assert len(found) == 2 * points - 1  # all of one sign but the phase's


def test_kohn_mode_of_a_driven_trap_has_mathieus_exponent():
    """In a round trap in two dimensions whose omega^2 is modulated, a contact gas in the state that scales with the
    periodic solution b of Ermakov's equation, b'' + omega(t)^2 b = omega_0^2 / b^3, comes back after a period, whatever
    its interaction; its Kohn mode is the pair of d/dx psi and i x psi, which move as momentum and place of a particle:
    the multipliers are those of Mathieu's equation."""
    depth, drive, points, length = 0.4, 2.7, 32, 13.5
    period = 2.0 * np.pi / drive

    def slope(t, values):
        place, velocity = values.reshape(2, 2)
        return np.concatenate([velocity, -(1.0 + depth * np.cos(drive * t)) * place])

    end = solve_ivp(slope, (0.0, period), np.eye(2).ravel(), method="DOP853", rtol=1e-12, atol=1e-13)
    (first, second), (first_slope, _) = end.y[:, -1].reshape(2, 2)
    assert abs(first) < 1.0  # a stable zone
    angle = np.arccos(first) if second > 0.0 else 2.0 * np.pi - np.arccos(first)
    start = float(np.sqrt(-first_slope / second))  # omega_0 of b(0) = 1, b'(0) = 0
    one = system(
        [points, points],
        [length, length],
        [
            species("a", particles=3.0, potential=[
                harmonic([start, start], until=0.0),
                {**harmonic([1.0, 1.0]), "from": 0.0, "factor": f"1 + {depth}*cos({drive!r}*t)"},
            ]),
        ],
        [contact("a", "a", 0.8)],
        ground_state={"tolerance": 1e-10},
        time=evolution(period, period / 30),
    )  # fmt: skip
    form = form_of(one)
    tangent = tangent_of(one, form)
    require_below(tangent.change, 1e-6, "return of the state")  # what grid and box leave of the scaling
    psi = form.psi[0]
    gradient = psi.copy()
    one.mixture.apply_momentum(gradient, 0)
    momentum, place = 1j * gradient, 1j * one.grid.coordinates[0] * psi
    # m x' = p: a displacement X and a momentum P make -X d/dx psi + i P x psi; exp(-i theta) of (X, P) ~ (1, -i start)
    vector = np.array([[[-momentum], [-momentum.conj()]]]) - 1j * start * np.array([[[place], [place.conj()]]])
    image = tangent.unprojected(vector)
    multiplier = np.exp(-1j * angle)
    distance = (
        min(form.algebra.lengths(image - turn * vector)[0] for turn in (multiplier, multiplier.conj()))
        / form.algebra.lengths(vector)[0]
    )
    require_below(distance, 1e-5, "Mathieu's multiplier")  # the grid and the box, as the state's return
