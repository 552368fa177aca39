"""Sets of orbitals against exact solutions: closed shells, Fermi spheres, free expansion, monopole and Kohn modes, a
dense-matrix reference; and the symmetries of mixtures of several fermion species and condensates."""

import math

import numpy as np
import pytest
import scipy.linalg
from physics.systems import (
    contact,
    evolution,
    gaussian,
    gaussian_kernel,
    harmonic,
    largest,
    log_slope,
    require_below,
    species,
    system,
)

from hpcmix.initial.trial.shells import oscillator_filling, plane_wave_filling
from hpcmix.observe.observables.always.orbital_sets import orthonormality_defect
from hpcmix.observe.observables.determinant_overlap import determinant_overlap


def fermions(name, orbitals, **entries):
    return species(name, kind="fermions", orbitals=orbitals, **entries)


def oscillator(frequency, **entries):
    return {"kind": "oscillator", "frequency": frequency, **entries}


def shell_density(x, frequency, shells):
    """Density of the one-dimensional oscillator levels 0 .. shells - 1 (mass 1, hbar 1), by the recurrence of the
    Hermite functions."""
    s = np.sqrt(frequency) * x
    previous, present = np.zeros_like(s), (frequency / np.pi) ** 0.25 * np.exp(-0.5 * s * s)
    density = np.zeros_like(s)
    for n in range(shells):
        density += present**2
        previous, present = present, math.sqrt(2 / (n + 1)) * s * present - math.sqrt(n / (n + 1)) * previous
    return density


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize(
    ("frequency", "orbitals"),
    [([1.0], 5), ([1.0, 1.0], 6), ([1.0, 1.7], 4), ([1.0, 1.0, 1.0], 10), ([1.0, 1.3, 0.8], 7)],
)
def test_oscillator_orbitals_are_stationary_with_exact_energies(frequency, orbitals):
    """E = sum of hbar omega (n + 1/2) over the filled levels, half of it kinetic (virial theorem); and the density does
    not move. Tolerance: what of the orbitals lies beyond the box and the grid's largest wave number."""
    d = len(frequency)
    one = system(
        [48 if d < 3 else 32] * d,
        [18.0 if d < 3 else 14.0] * d,
        [fermions("f", orbitals, potential=[harmonic(frequency)], initial=oscillator(frequency))],
        time=evolution(0.5, 0.05),
    )
    exact = sum(oscillator_filling(tuple(frequency), orbitals).energies)
    energy = one.energy()
    require_below(abs(energy.total / exact - 1.0), 1e-8, "energy")
    require_below(abs(energy.kinetic / exact - 0.5), 1e-8, "kinetic energy")
    before = one.density()
    assert one.mixture.grid.integrate(before, np.ones_like(before)) == pytest.approx(orbitals, rel=1e-12)
    one.evolve()
    require_below(largest(one.density() - before) / largest(before), 1e-7, "change of the density")


@pytest.mark.parametrize("frequency", [[1.0], [1.0, 4.0], [1.0, 5.0, 5.0]])
def test_density_of_a_line_of_levels(frequency):
    """Three orbitals in a trap so tight across that only levels along x are filled: a product of known densities."""
    d = len(frequency)
    one = system(
        [64, 40, 40][:d],
        [14.0, 5.5, 5.5][:d] if d < 3 else [14.0, 5.0, 5.0],
        [fermions("f", 3, potential=[harmonic(frequency)], initial=oscillator(frequency))],
    )
    exact = 1.0
    for axis, omega in enumerate(frequency):
        x = one.grid.coordinates[axis]
        exact = exact * shell_density(x, omega, 3 if axis == 0 else 1)
    require_below(largest(one.density() - exact) / largest(exact), 1e-6, "density")


def test_fermi_sphere_has_its_kinetic_energy_and_a_uniform_density():
    """Closed shells of waves: E = sum hbar^2 k^2 / 2m, rho = M / V, and no momentum."""
    lengths, mass = [5.0, 5.0, 5.0], 0.7
    one = system([12, 12, 12], lengths, [fermions("f", 33, mass=mass, initial={"kind": "plane-waves"})])
    # |n|^2 = 0, 1, 2, 3, 4 on 1, 6, 12, 8, 6 lattice points
    exact = (2.0 * np.pi / 5.0) ** 2 / (2.0 * mass) * (6 * 1 + 12 * 2 + 8 * 3 + 6 * 4)
    require_below(abs(one.energy().kinetic / exact - 1.0), 1e-13, "kinetic energy")
    require_below(largest(one.density() * 125.0 / 33.0 - 1.0), 1e-13, "density")
    record = one.record()["species"]["f"]
    require_below(largest(np.array(record["momentum"])), 1e-12, "momentum")
    assert plane_wave_filling((12, 12, 12), tuple(lengths), 33).closes_a_shell


def test_number_of_waves_of_an_elongated_box():
    filling = plane_wave_filling((32, 4), (16.0, 2.0), 9)
    brute = sorted(
        (2 * np.pi * n / 16.0) ** 2 + (2 * np.pi * m / 2.0) ** 2 for n in range(-16, 16) for m in range(-2, 2)
    )
    np.testing.assert_allclose(filling.energies, brute[:9], rtol=1e-14)
    assert filling.closes_a_shell and not plane_wave_filling((32, 4), (16.0, 2.0), 8).closes_a_shell


@pytest.mark.parametrize(
    ("count", "closed", "before", "after"),
    [(10, True, 10, 10), (11, False, 10, 20), (20, True, 20, 20), (3, False, 1, 4)],
)
def test_shells_of_the_isotropic_oscillator(count, closed, before, after):
    filling = oscillator_filling((0.3, 0.3, 0.3), count)
    assert filling.closes_a_shell == closed and filling.closed == (before, after)
    if not closed:
        assert f"there {before} or {after} would" in filling.sentence("f")


# ---------------------------------------------------------------- dynamics


def test_free_expansion_scales():
    """Released from a trap every oscillator orbital spreads by b(t) = sqrt(1 + omega^2 t^2), whatever its number, and
    so does the density: rho(t, x) = rho(0, x / b) / b. The drift is exact."""
    omega, time = 1.0, 2.0
    one = system(
        [512],
        [60.0],
        [fermions("f", 6, potential=[harmonic(omega, until=0.0)], initial=oscillator(omega))],
        time=evolution(time, 0.5),
    )
    one.evolve()
    b = math.sqrt(1.0 + (omega * time) ** 2)
    x = one.grid.coordinates[0]
    exact = shell_density(x / b, omega, 6) / b
    require_below(largest(one.density() - exact) / largest(exact), 1e-11, "density")


def test_monopole_mode_of_a_suddenly_changed_trap():
    """In a trap of frequency omega from one of omega_0 the cloud's width is the same scaling solution, with
    b^2 = cos^2(omega t) + (omega_0 / omega)^2 sin^2(omega t): it beats at 2 omega, for every number of fermions."""
    omega_0, omega = 1.3, 1.0
    one = system(
        [128],
        [26.0],
        [fermions("f", 5, potential=[harmonic(omega)], initial=oscillator(omega_0))],
        time=evolution(2.0, 0.02),
    )
    start = one.record()["species"]["f"]["rms_width"][0]
    worst = 0.0
    for _ in range(4):
        one.evolve(25)
        b = math.sqrt(math.cos(omega * one.time) ** 2 + (omega_0 / omega * math.sin(omega * one.time)) ** 2)
        worst = max(worst, abs(one.record()["species"]["f"]["rms_width"][0] / start / b - 1.0))
    # sixth order with omega dt = 0.02 over 100 steps
    require_below(worst, 1e-9, "width")


def test_kohn_mode_of_a_bose_fermi_mixture():
    """Equal masses and traps: the common centre swings as one particle would, whatever acts between the species."""
    omega, kick = 1.0, 0.6
    one = system(
        [96, 48],
        [18.0, 12.0],
        [
            fermions("f", 3, potential=[harmonic(omega)], initial=oscillator(omega, momentum=[kick, 0.0])),
            species("b", particles=40.0, potential=[harmonic(omega)], initial=gaussian(1.2, momentum=[kick, 0.0])),
        ],
        [contact("b", "b", 0.08), contact("b", "f", 0.3), gaussian_kernel("b", "f", 0.2, 0.6)],
        time=evolution(2.0, 0.02),
    )
    before = one.density(0)
    worst = 0.0
    for _ in range(4):
        one.evolve(25)
        record = one.record()["species"]
        for name in "bf":
            worst = max(worst, abs(record[name]["centre"][0] - kick / omega * math.sin(omega * one.time)))
    assert largest(one.density(0) - before) > 0.05 * largest(before)
    require_below(worst, 1e-7, "centre")


def test_orbitals_stay_orthonormal_over_many_steps():
    """10^4 steps of a coupled mixture: the flows are unitary, so only rounding remains; and omega^2 = omega."""
    one = system(
        [32],
        [12.0],
        [
            fermions("f", 4, potential=[harmonic(1.0)], initial=oscillator(1.2)),
            species("b", particles=10.0, potential=[harmonic(1.0)], initial=gaussian(1.0)),
        ],
        [contact("b", "f", 0.3), contact("b", "b", 0.1)],
        time=evolution(20.0, 0.002, "strang"),
    )
    start = one.state.orbitals[0].copy()
    one.evolve()
    assert one.state.step == 10_000
    phi = one.state.orbitals[0]
    require_below(orthonormality_defect(one.mixture, phi, 0), 1e-11, "orthonormality defect")
    omega = np.einsum("ji,jk->ik", phi, phi.conj())
    square = omega @ omega * one.grid.cell_volume
    require_below(largest(square - omega) * one.grid.cell_volume, 1e-11, "omega^2 - omega")
    overlap = determinant_overlap(one.mixture, phi, start, 0)
    assert 0.0 < overlap < 0.999
    assert determinant_overlap(one.mixture, phi, phi, 0) == pytest.approx(1.0, abs=1e-10)


def quench(integrator, steps):
    one = system(
        [64],
        [16.0],
        [
            fermions("f", 4, potential=[harmonic(1.0)], initial=oscillator(1.3)),
            species("b", particles=6.0, mass=1.5, potential=[harmonic(0.8)], initial=gaussian(0.8, centre=0.5)),
        ],
        [contact("b", "f", 0.4), contact("b", "b", 0.2), gaussian_kernel("f", "f", 0.3, 0.8)],
        time=evolution(1.0, 1.0 / steps, integrator),
    )
    return one.evolve()


@pytest.mark.parametrize(
    ("integrator", "order", "steps"), [("strang", 2, (40, 80, 160)), ("blanes-moan-4", 4, (20, 40, 80))]
)
def test_order_of_the_coupled_system(integrator, order, steps):
    """Orbitals against a sixth-order reference, and the error of the energy, fall with the integrator's order."""
    reference = quench("blanes-moan-6", 400)
    start = quench("strang", 10).energy()  # any state of the quench would do: its energy is only compared by size
    errors, defects = [], []
    for number in steps:
        one = quench(integrator, number)
        errors.append(max(largest(a - b) for a, b in zip(one.state.orbitals, reference.state.orbitals, strict=True)))
        defects.append(abs(one.energy().total - reference.energy().total))
    assert abs(start.terms["interaction"]) > 0.1
    slope, energy_slope = -log_slope(steps, errors), -log_slope(steps, defects)
    print(f"measured: orders {slope:.2f} {energy_slope:.2f}")
    # the next term of the error still shows at the largest step
    assert abs(slope - order) < 0.25 and energy_slope > order - 0.3


def dense_reference(one, steps, duration, kernel):
    """The same coupled problem with dense matrices: midpoint steps exp(-i dt H) by scipy.linalg.expm, where H takes the
    densities of the midpoint, found by fixed-point iteration; second order, nothing in common with splittings but the
    Hamiltonian. kernel: matrices G_ab of the contact interactions over the grid."""
    grid, mixture = one.grid, one.mixture
    n = grid.points[0]
    transform = np.fft.fft(np.eye(n), axis=0)
    k = grid.wave_numbers(0)
    parts = [(transform.conj().T / n) @ np.diag(k**2 / (2.0 * s.mass)) @ transform for s in mixture.species]
    x = grid.axis(0)
    traps = [0.5 * s.mass * x**2 for s in mixture.species]
    states = [array.copy() for array in one.state.orbitals]

    def densities(arrays):
        return [s.weight * np.sum(np.abs(a) ** 2, axis=0) for s, a in zip(mixture.species, arrays, strict=True)]

    dt = duration / steps
    for _ in range(steps):
        rho = densities(states)
        for _ in range(6):
            moved, middle = [], []
            for a, state in enumerate(states):
                field = sum(kernel[a][b] * rho[b] for b in range(len(states)))
                hamiltonian = parts[a] + np.diag(traps[a] + field)
                half = scipy.linalg.expm(-0.5j * dt * hamiltonian)
                middle.append(state @ half.T)
                moved.append(middle[-1] @ half.T)
            rho = densities(middle)
        states = moved
    return states


def test_two_orbitals_and_a_condensate_against_dense_matrices():
    """Two fermions coupled to a condensate; the reference's error is estimated by its own halved step and
    extrapolated."""
    g_bf, g_bb = 0.7, 0.3

    def make():
        return system(
            [24],
            [9.0],
            [
                fermions("f", 2, potential=[harmonic(1.0)], initial=oscillator(1.4)),
                species("b", particles=3.0, mass=1.3, potential=[harmonic(1.0)], initial=gaussian(0.9, centre=0.3)),
            ],
            [contact("b", "f", g_bf), contact("b", "b", g_bb)],
            time=evolution(0.5, 0.005),
        )

    one = make()
    kernel = [[0.0, g_bf], [g_bf, g_bb]]
    coarse = dense_reference(one, 40, 0.5, kernel)
    fine = dense_reference(one, 80, 0.5, kernel)
    exact = [(4.0 * b - a) / 3.0 for a, b in zip(coarse, fine, strict=True)]
    start = [array.copy() for array in one.state.orbitals]
    one.evolve()
    for mine, dense, rough, before in zip(one.state.orbitals, exact, fine, start, strict=True):
        assert largest(mine - before) > 0.1
        # extrapolation leaves about the square of the second-order error
        error = largest(rough - dense)
        require_below(largest(mine - dense), max(0.02 * error, 1e-9), f"difference (reference moved by {error:.1e})")


# ---------------------------------------------------------------- several species


def test_two_spin_states_are_mirror_images():
    """Two spin states with contact interaction, displaced to opposite sides: one's density is the other's, mirrored."""
    one = system(
        [91],
        [20.0],
        [
            fermions("up", 3, potential=[harmonic(1.0)], initial=oscillator(1.0, centre=0.8)),
            fermions("down", 3, potential=[harmonic(1.0)], initial=oscillator(1.0, centre=-0.8)),
        ],
        [contact("up", "down", 0.9)],
        time=evolution(1.5, 0.01),
    )
    one.evolve()
    up, down = one.density(0), one.density(1)
    # 91 points from -L/2 in steps of L/91: x_j and x_(91-j) are mirror images, the left edge is its own
    mirrored = np.roll(down[::-1], 1)
    assert largest(up - down) > 0.05 * largest(up)
    require_below(largest(up - mirrored) / largest(up), 1e-11, "asymmetry")
    assert one.energy().terms["interaction"] > 0.1


def test_two_condensates_and_two_fermion_species_share_the_energy():
    """Nothing assumes one of a kind: each species' energies add up to the whole's, which is conserved."""
    one = system(
        [64],
        [14.0],
        [
            fermions("f", 3, potential=[harmonic(1.0)], initial=oscillator(1.1)),
            species("a", particles=4.0, potential=[harmonic(1.0)], initial=gaussian(1.0)),
            fermions("g", 2, mass=2.0, potential=[harmonic(0.9)], initial=oscillator(1.0)),
            species("b", particles=5.0, potential=[harmonic(1.2)], initial=gaussian(0.9)),
        ],
        [contact("f", "a", 0.3), contact("g", "b", -0.2), contact("f", "g", 0.5), gaussian_kernel("a", "b", 0.3, 0.7)],
        time=evolution(1.0, 0.01),
    )
    start = one.record()
    one.evolve()
    record = one.record()
    for term in ("kinetic", "potential", "interaction"):
        total = sum(entry[f"{term}_energy"] for entry in record["species"].values())
        assert total == pytest.approx(record["energy"][term], rel=1e-12)
    require_below(abs(record["energy"]["total"] / start["energy"]["total"] - 1.0), 1e-9, "energy")
    assert abs(record["energy"]["kinetic"] / start["energy"]["kinetic"] - 1.0) > 1e-3
