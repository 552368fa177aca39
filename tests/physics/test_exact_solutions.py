"""Solutions of the equation that are known in closed form, phases included.

Where a test compares wave functions, the tolerance is that of the spatial grid (tails beyond the box and beyond the
largest wave number, both far below 1e-10 by the choice of grid) plus the splitting error of the sixth-order scheme at
the chosen step, which was measured an order of magnitude below.
"""

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    gaussian,
    gaussian_kernel,
    harmonic,
    largest,
    require_below,
    species,
    system,
    yukawa,
)
from scipy.special import ellipj, ellipk

# ---------------------------------------------------------------- free particles


def free_gaussian(x, t, mass, width, centre, momentum):
    """One axis of a free Gaussian packet; hbar = 1. Its density's standard deviation grows as width/sqrt(2) sqrt(1 +
    tau^2).
    """
    tau = t / (mass * width**2)
    y = x - centre - momentum * t / mass
    packet = np.exp(-(y**2) / (2 * width**2 * (1 + 1j * tau))) / np.sqrt(1 + 1j * tau) / (np.pi * width**2) ** 0.25
    return packet * np.exp(1j * (momentum * x - momentum**2 * t / (2 * mass)))


@pytest.mark.parametrize(
    ("points", "lengths"),
    [([128], [24.0]), ([81, 90], [20.0, 22.0]), ([48, 50, 45], [18.0, 18.0, 17.0])],
    ids=["1D", "2D", "3D"],
)
def test_free_gaussian_spreads_and_moves(points, lengths):
    d = len(points)
    mass, time = 1.3, 0.6
    width, centre, momentum = [1.0, 0.9, 1.1][:d], [-0.3, 0.2, 0.1][:d], [0.7, -0.5, 0.3][:d]
    free = system(
        points,
        lengths,
        [species("a", mass=mass, particles=3.0, initial=gaussian(width, centre=centre, momentum=momentum))],
        time=evolution(time, 0.2, "strang"),
    ).evolve()
    exact = 1.0
    for axis in range(d):
        exact = exact * free_gaussian(
            free.grid.coordinates[axis], time, mass, width[axis], centre[axis], momentum[axis]
        )
    # the flow of free particles is exact: what is left are the tails cut off in k, below 1e-11 of the maximum on these
    # grids
    require_below(largest(free.state.orbitals[0][0] - exact), 1e-10, "wave function")
    record = free.record()["species"]["a"]
    for axis in range(d):
        tau = time / (mass * width[axis] ** 2)
        assert tau > 0.35  # it did spread
        assert record["rms_width"][axis] == pytest.approx(width[axis] / np.sqrt(2) * np.sqrt(1 + tau**2), rel=1e-10)
        assert record["centre"][axis] == pytest.approx(centre[axis] + momentum[axis] * time / mass, abs=1e-10)
        assert record["momentum"][axis] == pytest.approx(3.0 * momentum[axis], rel=1e-10)


# ---------------------------------------------------------------- centre of mass (Kohn's theorem)


MASS = 1.5


def clouds_in_a_trap(dimensions, interaction, components, time):
    """Clouds of different, non-Gaussian shapes, away from the trap's centre, one of them moving; the same trap and mass
    for both.
    """
    along_y = dimensions == 2
    shapes = [
        {
            "kind": "expression",
            "amplitude": f"exp(-(x-0.8)**2/1.2 {'- y**2' if along_y else ''}) * (1 + 0.3*x)",
            "momentum": [0.4, -0.3][:dimensions],
        },
        {
            "kind": "expression",
            "amplitude": f"exp(-(x-0.3)**2/0.9 {'- (y-0.5)**2' if along_y else ''}) * (1 + 0.2*sin(x))",
        },
    ]
    clouds = [
        species(name, mass=MASS, particles=particles, potential=harmonic([1.0, 1.3][:dimensions]), initial=shape)
        for name, particles, shape in zip("ab", (2.0, 5.0), shapes, strict=True)
    ]
    points = [160] if dimensions == 1 else [88, 84]
    return system(points, [20.0, 18.0][:dimensions], clouds[:components], interaction, time=time)


def centre_of_mass(clouds):
    """Centre and momentum per particle of all components together, and the widths of the first."""
    record = list(clouds.record()["species"].values())
    particles = np.array([one["particles"] for one in record])
    centre = particles @ np.array([one["centre"] for one in record]) / particles.sum()
    momentum = np.sum([one["momentum"] for one in record], axis=0) / particles.sum()
    return centre, momentum, np.array(record[0]["rms_width"])


@pytest.mark.parametrize(
    ("dimensions", "interaction", "components"),
    [
        (1, [contact("a", "a", 1.5)], 1),
        (1, [contact("a", "a", 1.0), contact("b", "b", 0.4), contact("a", "b", 0.8)], 2),
        (2, [contact("a", "a", 1.0), gaussian_kernel("a", "b", 0.7, 0.6), yukawa("b", "b", 0.4, 2.0)], 2),
        (2, [gaussian_kernel("a", "a", -0.8, 0.7)], 1),
    ],
    ids=["contact", "two-components", "kernels-2D", "attractive-kernel-2D"],
)
def test_centre_of_mass_is_the_classical_oscillator(dimensions, interaction, components):
    clouds = clouds_in_a_trap(dimensions, interaction, components, evolution(2.0, 0.025))
    omega, t = np.array([1.0, 1.3][:dimensions]), 2.0
    x, p, width = centre_of_mass(clouds)
    clouds.evolve()
    x_end, p_end, width_end = centre_of_mass(clouds)
    # the tails at the box's edge and the scheme's splitting error of a classical oscillator leave less than 1e-9
    x_exact = x * np.cos(omega * t) + p / (MASS * omega) * np.sin(omega * t)
    p_exact = p * np.cos(omega * t) - MASS * omega * x * np.sin(omega * t)
    require_below(largest(x_end - x_exact), 1e-8, "centre")
    require_below(largest(p_end - p_exact), 1e-8, "momentum")
    # neither at rest nor rigid
    assert largest(x_end - x) > 0.1
    assert largest(width_end / width - 1) > 0.02


def test_strang_moves_the_centre_of_mass_as_velocity_verlet():
    """The interaction passes no net force in any kick: what splitting does to the centre of mass, it does to a
    classical particle.
    """
    step, steps = 0.1, 20
    clouds = clouds_in_a_trap(1, [contact("a", "a", 1.5)], 1, evolution(step * steps, step, "strang"))
    x_start, p, _ = centre_of_mass(clouds)
    x = x_start
    for _ in range(steps):
        p = p - 0.5 * step * MASS * x
        x = x + step * p / MASS
        p = p - 0.5 * step * MASS * x
    clouds.evolve()
    x_end, p_end, _ = centre_of_mass(clouds)
    # rounding and the tails at the box's edge; at this step the exact oscillator is 1e-3 away
    require_below(largest(x_end - x), 1e-10, "centre against Verlet")
    require_below(largest(p_end - p), 1e-10, "momentum against Verlet")
    assert largest(x_end - x_start) > 0.1


# ---------------------------------------------------------------- plane waves


@pytest.mark.parametrize(
    ("points", "lengths", "kernels"),
    [
        ([24], [7.0], [gaussian_kernel("a", "b", 0.9, 0.8)]),
        ([18, 20], [7.0, 5.0], [gaussian_kernel("a", "a", 0.9, 0.8), yukawa("a", "b", 0.6, 1.2)]),
        (
            [12, 10, 14],
            [7.0, 5.0, 6.0],
            [gaussian_kernel("a", "b", 0.9, 0.8), yukawa("a", "b", -0.6, 1.2), yukawa("b", "b", 0.5, 2.0)],
        ),
    ],
    ids=["1D", "2D", "3D"],
)
def test_phase_rates_of_interacting_plane_waves(points, lengths, kernels):
    """Uniform densities: the rates are k^2/2m + U + sum_b (g_ab + G_ab^(0)) rho_b, exactly, at any step."""
    d, volume = len(points), np.prod(lengths)
    masses, particles, numbers = (1.0, 1.7), (11.0, 4.0), ([2, -1, 3][:d], [-3, 2, 0][:d])
    g = {("a", "a"): 0.31, ("b", "b"): 0.17, ("a", "b"): 0.23}
    waves = system(
        points,
        lengths,
        [
            species(
                name,
                mass=m,
                particles=n,
                initial={"kind": "plane-waves", "numbers": q},
                potential=[{"kind": "expression", "value": u}],
            )
            for name, m, n, q, u in zip("ab", masses, particles, numbers, ("0.4", "-0.2"), strict=True)
        ],
        [*kernels, *(contact(*pair, strength) for pair, strength in g.items())],
        time=evolution(0.9, 0.3, "strang"),
    )
    total = np.array([[g["a", "a"], g["a", "b"]], [g["a", "b"], g["b", "b"]]])
    for kernel in kernels:
        if kernel["kind"] == "gaussian":
            integral = kernel["strength"] * (2 * np.pi * kernel["width"] ** 2) ** (d / 2)
        else:  # integral of exp(-mu r)/r over space or the plane
            integral = (
                kernel["strength"] * {2: 2 * np.pi / kernel["screening"], 3: 4 * np.pi / kernel["screening"] ** 2}[d]
            )
        a, b = (ord(name) - ord("a") for name in kernel["between"])
        total[a, b] += integral
        total[b, a] = total[a, b]
    density = np.array(particles) / volume
    kinetic = np.array(
        [
            sum((2 * np.pi * n / length) ** 2 for n, length in zip(q, lengths, strict=True)) / (2 * m)
            for q, m in zip(numbers, masses, strict=True)
        ]
    )
    rates = kinetic + [0.4, -0.2] + total @ density
    energy = waves.energy()
    assert energy.kinetic == pytest.approx(np.dot(particles, kinetic), rel=1e-13)
    assert energy.terms["interaction"] == pytest.approx(0.5 * volume * density @ total @ density, rel=1e-13)
    mu = [one["chemical_potential"] for one in waves.record()["species"].values()]
    np.testing.assert_allclose(mu, rates, rtol=1e-13)
    before = [orbitals.copy() for orbitals in waves.state.orbitals]
    waves.evolve()
    for a in range(2):
        assert abs(rates[a]) > 0.3
        exact = before[a] * np.exp(-1j * rates[a] * 0.9)
        # three steps of rounding
        require_below(largest(waves.state.orbitals[a] - exact) / largest(exact), 1e-13, f"wave {a}")


# ---------------------------------------------------------------- solitons


def soliton_system(points, length, psi, masses, interaction, time, step):
    """Fields written down by the test; the weights are their norms on the grid."""
    x = -length / 2 + length / points * np.arange(points)
    fields = [one(x) for one in psi]
    particles = [float(np.sum(np.abs(field) ** 2) * length / points) for field in fields]
    solitons = system(
        [points],
        [length],
        [
            species(name, mass=m, particles=n, initial={"kind": "plane-waves", "numbers": 0})
            for name, m, n in zip("abc", masses, particles, strict=False)
        ],
        interaction,
        time=evolution(time, step),
    )
    for a, field in enumerate(fields):
        solitons.put(a, field)
    return solitons, x


def check_solution(solitons, x, psi_at_end, tolerance):
    """Every field, phase included, and that it is another one than at the start."""
    for a, psi in enumerate(psi_at_end):
        start = solitons.field(a)
        assert largest(psi(x) - start) > 0.1 * largest(start)
    solitons.evolve()
    for a, psi in enumerate(psi_at_end):
        require_below(largest(solitons.field(a) - psi(x)) / largest(psi(x)), tolerance, f"field {a}")


def test_moving_bright_soliton():
    """psi = A sech(B (x - vt)) exp(i (m v x - omega t)), B^2 = -g m A^2, omega = m v^2/2 - B^2/2m."""
    m, g, amplitude, v = 1.4, -0.9, 1.1, 0.8
    inverse_width = np.sqrt(-g * m) * amplitude
    omega = m * v**2 / 2 - inverse_width**2 / (2 * m)

    def soliton(x, t):
        return amplitude / np.cosh(inverse_width * (x - v * t)) * np.exp(1j * (m * v * x - omega * t))

    bright, x = soliton_system(512, 60.0, [lambda x: soliton(x, 0.0)], [m], [contact("a", "a", g)], 4.0, 0.02)
    assert bright.mixture.weights[0] == pytest.approx(2 * amplitude**2 / inverse_width, rel=1e-12)
    # splitting error 3e-11 at this step
    check_solution(bright, x, [lambda x: soliton(x, 4.0)], 1e-9)


def test_train_of_dark_solitons_in_the_periodic_box():
    """psi = A sn(kappa x | k^2) exp(-i mu t): an exact periodic solution, g A^2 = kappa^2 k^2/m, mu = kappa^2 (1 +
    k^2)/2m, at rest and moving.
    """
    m, g, square, length, number = 0.8, 1.7, 0.98, 12.0, 3
    kappa = 4 * ellipk(square) / length
    amplitude, v = kappa * np.sqrt(square / (m * g)), 2 * np.pi * number / (length * m)
    omega = kappa**2 * (1 + square) / (2 * m) + m * v**2 / 2

    def train(x, t):
        return amplitude * ellipj(kappa * (x - v * t), square)[0] * np.exp(1j * (m * v * x - omega * t))

    dark, x = soliton_system(128, length, [lambda x: train(x, 0.0)], [m], [contact("a", "a", g)], 1.0, 0.005)
    check_solution(dark, x, [lambda x: train(x, 1.0)], 1e-10)


def test_two_grey_solitons_that_approach_each_other():
    """psi = (i s + c tanh(c (x - s t))) exp(-it) and its mirror image, far apart: each sees the other as a constant
    phase.
    """
    s, start, time = 0.5, 20.0, 8.0
    c = np.sqrt(1 - s**2)

    def pair(x, t):
        right = 1j * s + c * np.tanh(c * (x + start - s * t))
        left = 1j * s - c * np.tanh(c * (x - start + s * t))
        return right * left * np.exp(-1j * t)

    grey, x = soliton_system(512, 80.0, [lambda x: pair(x, 0.0)], [1.0], [contact("a", "a", 1.0)], time, 0.02)
    check_solution(grey, x, [lambda x: pair(x, time)], 1e-9)
    minimum = x[256 + np.argmin(grey.density()[256:])]
    # to within two grid points: the minimum has moved with the velocity s (and so it is a soliton, not a packet of
    # sound, which has velocity 1)
    assert minimum == pytest.approx(start - s * time, abs=2 * 80 / 512)


def test_vector_bright_soliton():
    """Three components of one Manakov soliton with different amplitudes and one shape: psi_j = A_j sech(B (x - vt))
    ..., sum of A_j^2 = B^2 (m = -g = 1).
    """
    amplitudes, v, time = (0.9, 0.5, 0.3), 0.6, 4.0
    inverse_width = np.sqrt(sum(a**2 for a in amplitudes))
    omega = v**2 / 2 - inverse_width**2 / 2

    def component(a, t):
        return lambda x: amplitudes[a] / np.cosh(inverse_width * (x - v * t)) * np.exp(1j * (v * x - omega * t))

    attraction = [contact(p, q, -1.0) for p, q in ("aa", "bb", "cc", "ab", "ac", "bc")]
    bright, x = soliton_system(512, 60.0, [component(a, 0.0) for a in range(3)], [1.0] * 3, attraction, time, 0.02)
    check_solution(bright, x, [component(a, time) for a in range(3)], 1e-9)


def test_moving_dark_bright_solitons():
    """Two Manakov dark-bright solitons (Busch and Anglin, Phys. Rev. Lett. 87 (2001) 010401), mirror images of each
    other far apart.

    psi_d = (i sin a + cos a tanh(kappa (x - vt))) exp(-it), psi_b = B sech(kappa (x - vt)) exp(i (vx - omega t)), B^2 =
    cos^2 a - kappa^2, v = kappa tan a, omega = 1 + (v^2 - kappa^2)/2; all couplings one.
    """
    angle, kappa, start, time = 0.4, 0.8, 30.0, 6.0
    s, c = np.sin(angle), np.cos(angle)
    height, v = np.sqrt(c**2 - kappa**2), kappa * np.tan(angle)
    omega = 1 + (v**2 - kappa**2) / 2

    def dark(t):
        return lambda x: (
            (1j * s + c * np.tanh(kappa * (x + start - v * t)))
            * (1j * s - c * np.tanh(kappa * (x - start + v * t)))
            * np.exp(-1j * t)
        )

    def bright(t):
        return lambda x: (
            height
            * np.exp(-1j * omega * t)
            * (
                np.exp(1j * v * x) / np.cosh(kappa * (x + start - v * t))
                + np.exp(-1j * v * x) / np.cosh(kappa * (x - start + v * t))
            )
        )

    repulsion = [contact("a", "a", 1.0), contact("b", "b", 1.0), contact("a", "b", 1.0)]
    solitons, x = soliton_system(768, 120.0, [dark(0.0), bright(0.0)], [1.0, 1.0], repulsion, time, 0.02)
    # the bright fields' tails at the edge of the box and between the solitons: 2 exp(-kappa 30) = 8e-11
    check_solution(solitons, x, [dark(time), bright(time)], 1e-9)


# ---------------------------------------------------------------- the two-dimensional gas


@pytest.mark.parametrize(
    "strengths", [(0.0, 0.0, 0.0), (3.0, 1.0, 2.0), (40.0, 25.0, 30.0)], ids=["ideal", "weak", "strong"]
)
def test_breathing_of_the_two_dimensional_gas(strengths):
    """SO(2,1) symmetry (Pitaevskii and Rosch, Phys. Rev. A 55 (1997) R853): <r^2> oscillates with 2 omega, exactly
    sinusoidally, for any coupling.

    With m, omega the same for both components also in a mixture: <r^2>(t) = r_0^2 + (<r^2>(0) - r_0^2) cos(2 omega t),
    r_0^2 = E / (N m omega^2), for a state that begins at rest.
    """
    omega, mass = 1.2, 0.9
    trap = [harmonic(omega)]
    gas = system(
        [96, 96],
        [20.0, 20.0],
        [
            species("a", mass=mass, particles=1.5, potential=trap, initial=gaussian([1.5, 1.8])),
            species("b", mass=mass, particles=0.5, potential=trap, initial=gaussian([2.0, 1.4])),
        ],
        [contact("a", "a", strengths[0]), contact("b", "b", strengths[1]), contact("a", "b", strengths[2])],
        time=evolution(2.4, 0.02, "blanes-moan-rkn-6"),
    )
    radius = sum(x**2 for x in gas.grid.coordinates)

    def size():
        return sum(np.sum(radius * gas.density(a)) for a in range(2)) * gas.grid.cell_volume / 2.0

    centre, first = gas.energy().total / (2.0 * mass * omega**2), size()
    assert abs(first / centre - 1) > 0.1  # it does breathe
    errors = []
    for _ in range(6):
        gas.evolve(20)
        errors.append(size() - centre - (first - centre) * np.cos(2 * omega * gas.time))
    # splitting error at this step and density at the edge of the box; both below 1e-9
    require_below(largest(np.array(errors)) / centre, 1e-8, "mean square radius")
