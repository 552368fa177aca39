"""The potential that moves a state is the derivative of the energy, for every term of the model.

Along a line phi + s delta every energy is a polynomial in s of degree four at most, so that the five-point difference
[8 (E(h) - E(-h)) - (E(2h) - E(-2h))] / 12h is its derivative exactly, at any h: only rounding is left. It must equal

    dE/ds = 2 sum_a nu_a Re <delta_a | (T_a + U_a + W_a) phi_a>

with the operators taken from the flows themselves, kick and drift, and so from what a run does to a state.
"""

import h5py
import numpy as np
import pytest
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    evolution,
    gaussian_kernel,
    harmonic,
    potentials_of,
    require_below,
    scattering,
    species,
    system,
    table,
    yukawa,
)

from hpcmix.evolve.flows import Flows, Kick
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.model.mean_field.energies import energy
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.orbital_cloud import orbital_clouds

LATER = Instant(0.7, 0.7)
POINTS = {1: [15], 2: [8, 11], 3: [6, 9, 8]}
LENGTHS = {1: [5.0], 2: [5.0, 4.0], 3: [5.0, 4.0, 4.4]}
MASSES, WEIGHTS = (1.0, 1.7, 0.6), (3.0, 1.5, 0.8)

ROUNDING = 1e-14
"""Relative to the sum of the magnitudes of what is added up: energies of about a thousand terms at six places, rounded
to 1e-16 each. Measured: at most 6e-16.
"""


def mixture_of(components, dimensions, interaction=(), potentials=(), kinetic=("nonrelativistic",) * 3):
    """Components with different masses and weights; potentials: one list per component."""
    everything = [
        species(
            name,
            mass=mass,
            particles=nu,
            kinetic=kinetic[a],
            initial={"kind": "plane-waves", "numbers": 0},
            potential=list(potentials[a]) if potentials else [],
        )
        for a, (name, mass, nu) in enumerate(zip("abc"[:components], MASSES, WEIGHTS, strict=False))
    ]
    return system(POINTS[dimensions], LENGTHS[dimensions], everything, interaction, time=evolution(1.0, 0.1)).mixture


def random_fields(mixture, seed):
    """Rough random orbitals with norms of order one: every mode of the grid takes part, the Nyquist ones too."""
    random = np.random.default_rng(seed)
    shape = (1, *mixture.grid.position_shape)
    scale = 1.0 / np.sqrt(2 * mixture.grid.volume)
    return [scale * (random.standard_normal(shape) + 1j * random.standard_normal(shape)) for _ in mixture.species]


def kick_potential(mixture, orbitals):
    """U + W as the kick applies them: its phase over its duration, short enough to be unambiguous."""
    densities = mixture.densities(orbital_clouds(orbitals))
    bound = max(np.max(np.abs(field)) for field in potentials_of(mixture, densities, LATER))
    duration = 1.0 / bound
    kicked = [orbital.copy() for orbital in orbitals]
    Flows(mixture).alternate(orbital_clouds(kicked), [Kick(duration, LATER)], [])
    for after, before in zip(kicked, orbitals, strict=True):
        np.testing.assert_allclose(np.abs(after), np.abs(before), rtol=1e-14)
    return [-np.angle(after / before) / duration for after, before in zip(kicked, orbitals, strict=True)]


def drift_operator(mixture, orbitals):
    """T phi = i d/dtau of the drift at zero, by central differences of eighth order at a step where their error is far
    below rounding's.
    """
    fastest = max(one.kinetic.largest(mixture.grid) for one in mixture.species)
    tau = 0.05 / fastest
    result = [np.zeros_like(orbital) for orbital in orbitals]
    for steps, factor in ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280)):
        for sign in (1, -1):
            moved = [orbital.copy() for orbital in orbitals]
            flows = Flows(mixture)
            flows.alternate(orbital_clouds(moved), [Kick(0.0, LATER)], [sign * steps * tau])
            flows.settle(orbital_clouds(moved))
            for total, field in zip(result, moved, strict=True):
                total += 1j * sign * factor / tau * field
    return result


def check_derivative(mixture, part, applied, what, tolerance=ROUNDING):
    """Compare dE/ds along random directions, all species at once and each alone, with 2 sum nu Re <delta|applied>.

    part      name of the energy that is differentiated.
    applied   operator times phi for the orbitals of `random_fields(mixture, 1)`.
    """
    orbitals = random_fields(mixture, 1)
    every = random_fields(mixture, 2)
    directions = [every]
    if len(every) > 1:
        for a in range(len(every)):
            directions.append([delta if b == a else np.zeros_like(delta) for b, delta in enumerate(every)])

    def energy_along(s, direction):
        moved = [phi + s * delta for phi, delta in zip(orbitals, direction, strict=True)]
        return energy(mixture, orbital_clouds(moved), LATER).as_dict()[part]

    h, worst = 0.5, 0.0
    for direction in directions:
        values = {s: energy_along(s * h, direction) for s in (-2, -1, 1, 2)}
        measured = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * h)
        predicted, scale = 0.0, sum(map(abs, values.values())) / h
        for nu, delta, field in zip(mixture.weights, direction, applied, strict=True):
            predicted += 2 * nu * np.sum((delta.conj() * field).real) * mixture.grid.cell_volume
        # not 0 == 0: a random direction sees a fair part of any operator
        assert abs(predicted) > 1e-5 * scale > 0.0
        worst = max(worst, abs(measured - predicted) / scale)
    require_below(worst, tolerance, what)


# ---------------------------------------------------------------- kinetic energy


@pytest.mark.parametrize(
    "kinetic",
    [("nonrelativistic",) * 3, ("semirelativistic",) * 3, ("semirelativistic", "nonrelativistic", "semirelativistic")],
    ids=["nonrelativistic", "semirelativistic", "mixed"],
)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("components", [1, 2, 3])
def test_kinetic(components, dimensions, kinetic):
    mixture = mixture_of(components, dimensions, kinetic=kinetic)
    orbitals = random_fields(mixture, 1)
    applied = drift_operator(mixture, orbitals)
    # the difference quotient of the drift: rounding over tau T_max = 0.05, and its own error of 0.05^8/630 < 1e-13
    check_derivative(mixture, "kinetic", applied, "kinetic", 1e-12)
    # the ground states' operator is the same one
    landscape = Landscape(mixture, [orbital[0] for orbital in orbitals], LATER, frozenset())
    landscape.apply_kinetic(landscape.fields, landscape.kinetic)
    for mine, other in zip(landscape.kinetic, applied, strict=True):
        np.testing.assert_allclose(mine, other[0], atol=1e-11 * np.max(np.abs(other)))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_kinetic_with_a_vector_potential(dimensions):
    """Beside a species without one; the drift is that of a Krylov space."""
    value = ["0.4 + 0.3*cos(x)", "0.5*x", "-0.2*x*y"][:dimensions]
    both = [
        species("a", mass=1.3, particles=3.0, initial={"kind": "plane-waves", "numbers": 0},
                vector_potential={"kind": "expression", "value": value}),
        species("b", mass=0.8, particles=1.5, initial={"kind": "plane-waves", "numbers": 0}),
    ]  # fmt: skip
    mixture = system(POINTS[dimensions], LENGTHS[dimensions], both, time=evolution(1.0, 0.1)).mixture
    orbitals = random_fields(mixture, 1)
    applied = drift_operator(mixture, orbitals)
    # the Krylov space's error of 1e-13 over tau T_max = 0.05
    check_derivative(mixture, "kinetic", applied, "kinetic with a vector potential", 1e-11)
    landscape = Landscape(mixture, [orbital[0] for orbital in orbitals], LATER, frozenset())
    landscape.apply_kinetic(landscape.fields, landscape.kinetic)
    for mine, other in zip(landscape.kinetic, applied, strict=True):
        np.testing.assert_allclose(mine, other[0], atol=1e-10 * np.max(np.abs(other)))


# ---------------------------------------------------------------- external potentials


def external(kind, dimensions, folder):
    """A potential of this kind; a different one for every component."""
    box = LENGTHS[dimensions]

    def vector(*values):
        return list(values[:dimensions])

    x_and_last = f"x*{'xyz'[dimensions - 1]}"
    match kind:
        case "harmonic":
            return [harmonic(vector(1.0 + a, 0.7, 0.4), centre=vector(0.2, -0.1 * a, 0.3)) for a in range(3)]
        case "lattice":
            return [
                {
                    "kind": kind,
                    "depth": vector(2.0, -1.0 - a, 0.5),
                    "period": [length / 2 for length in box],
                    "phase": vector(0.1, 0.4 * a, 0),
                }
                for a in range(3)
            ]
        case "box":
            return [
                {"kind": kind, "height": 3.0 + a, "lengths": [0.6 * length for length in box], "edge": 0.3 * a}
                for a in range(3)
            ]
        case "gaussian":
            return [
                {"kind": kind, "height": 3.0 - 2 * a, "width": vector(1.0, 0.8, 1.3), "centre": vector(0.3, 0.1 * a, 0)}
                for a in range(3)
            ]
        case "expression":
            return [{"kind": kind, "value": f"{a + 1}*sin(x) + {x_and_last}"} for a in range(3)]
        case "expression-in-time":
            return [{"kind": "expression", "value": f"cos({a + 1}*x - 3*t) * t + {x_and_last}"} for a in range(3)]
        case "switched":
            return [
                harmonic(vector(1.0 + a, 0.7, 0.4), **{"from": 0.2, "ramp": 2.0, "factor": f"1 + {a}*sin(5*t)"})
                for a in range(3)
            ]
        case "file":
            path = folder / "potential.h5"
            with h5py.File(path, "w") as file:
                for a in range(3):
                    file[f"u{a}"] = np.random.default_rng(a).standard_normal(POINTS[dimensions])
            return [{"kind": kind, "path": str(path), "dataset": f"u{a}"} for a in range(3)]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("components", [1, 2, 3])
@pytest.mark.parametrize(
    "kind", ["harmonic", "lattice", "box", "gaussian", "expression", "expression-in-time", "switched", "file"]
)
def test_external_potential(kind, components, dimensions, tmp_path):
    chosen = external(kind, dimensions, tmp_path)[3 - components :]
    mixture = mixture_of(components, dimensions, potentials=[[one] for one in chosen])
    orbitals = random_fields(mixture, 1)
    potentials = kick_potential(mixture, orbitals)
    check_derivative(mixture, "potential", [u * phi for u, phi in zip(potentials, orbitals, strict=True)], kind)


# ---------------------------------------------------------------- interactions


def pairs(components, within, between):
    """Index pairs of the asked kinds."""
    names = "abc"[:components]
    return [(p, q) for i, p in enumerate(names) for q in names[i:] if (within and p == q) or (between and p != q)]


def interactions(kind, chosen):
    """Different strengths for every pair, of either sign."""
    strengths = {pair: (-1) ** index * (0.4 + 0.3 * index) for index, pair in enumerate(chosen)}
    match kind:
        case "contact":
            return [contact(*pair, g) for pair, g in strengths.items()]
        case "gaussian":
            return [gaussian_kernel(*pair, g, 0.5 + abs(g) / 4) for pair, g in strengths.items()]
        case "yukawa":
            return [yukawa(*pair, g, 0.8 + abs(g)) for pair, g in strengths.items()]
        case "coulomb":
            return [coulomb(*pair, g, boundary="periodic") for pair, g in strengths.items()]
        case "dipolar":
            return [dipolar(*pair, g, [1, 2 * g, -0.5], boundary="periodic") for pair, g in strengths.items()]
        case "table":
            return [table(*pair, RADII, g * (2.0 - RADII) * np.cos(RADII)) for pair, g in strengths.items()]
        case "scattering":
            return [
                scattering(*pair, BARRIER | {"height": 9.0 * abs(g)}, particles=3.0 + abs(g), neumann_radius=0.8)
                for pair, g in strengths.items()
            ]
        case "scattering limit":
            return [scattering(*pair, BARRIER | {"height": 3.0 * g}, limit=True) for pair, g in strengths.items()]
        case "free coulomb":
            return [coulomb(*pair, g) for pair, g in strengths.items()]
        case "free yukawa":
            return [yukawa(*pair, g, 0.3 + abs(g)) | {"boundary": "free"} for pair, g in strengths.items()]
        case "free gaussian":
            return [gaussian_kernel(*pair, g, 0.5 + abs(g)) | {"boundary": "free"} for pair, g in strengths.items()]
        case "free table":
            values = (2.0 - RADII) * np.cos(RADII)
            return [table(*pair, RADII, g * values, boundary="free") for pair, g in strengths.items()]
        case "free dipolar":
            return [dipolar(*pair, g, [0, 0, 1]) for pair, g in strengths.items()]
        case "free tilted dipolar":
            return [dipolar(*pair, g, [1, 2 * g, -0.5]) for pair, g in strengths.items()]


RADII = np.linspace(0.0, 2.0, 9)
BARRIER = {"kind": "square-barrier", "radius": 1.5}
DIMENSIONS = {
    "contact": (1, 2, 3),
    "gaussian": (1, 2, 3),
    "yukawa": (2, 3),
    "coulomb": (2, 3),
    "dipolar": (3,),
    "table": (1, 2, 3),
    "scattering": (3,),
    "scattering limit": (3,),
    "free coulomb": (2, 3),
    "free yukawa": (2, 3),
    "free gaussian": (1, 2, 3),
    "free table": (1, 2, 3),
    "free dipolar": (3,),
    "free tilted dipolar": (3,),
}
"""Where each kernel has a meaning."""

CASES = [
    (kind, components, within, between, dimensions)
    for kind in DIMENSIONS
    for components, within, between in (
        (1, True, False),
        (2, True, False),
        (2, False, True),
        (3, False, True),
        (3, True, True),
    )
    for dimensions in DIMENSIONS[kind]
]


@pytest.mark.parametrize(("kind", "components", "within", "between", "dimensions"), CASES)
def test_interaction(kind, components, within, between, dimensions):
    chosen = pairs(components, within, between)
    mixture = mixture_of(components, dimensions, interactions(kind, chosen))
    orbitals = random_fields(mixture, 1)
    potentials = kick_potential(mixture, orbitals)
    applied = [w * phi for w, phi in zip(potentials, orbitals, strict=True)]
    check_derivative(mixture, "interaction", applied, f"{kind} {''.join(map(''.join, chosen))}")


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_all_terms_together(dimensions, tmp_path):
    """Kinetic energy, all potentials, contact and kernels between three components: signs and factors between the
    terms.
    """
    kinds = ("harmonic", "lattice", "gaussian", "expression-in-time", "switched", "file")
    potentials = [list(parts) for parts in zip(*(external(kind, dimensions, tmp_path) for kind in kinds), strict=True)]
    chosen = pairs(3, True, True)
    terms = interactions("contact", chosen) + interactions("gaussian", chosen[1:4])
    if dimensions > 1:
        terms += interactions("yukawa", chosen[2:]) + interactions("free coulomb", chosen[:2])
    if dimensions == 3:
        terms += interactions("free tilted dipolar", chosen[2:5]) + interactions("scattering", chosen[:1])
    mixture = mixture_of(3, dimensions, terms, potentials)
    orbitals = random_fields(mixture, 1)
    felt = kick_potential(mixture, orbitals)
    applied = [
        kinetic + w * phi for kinetic, w, phi in zip(drift_operator(mixture, orbitals), felt, orbitals, strict=True)
    ]
    check_derivative(mixture, "total", applied, "all terms", 1e-12)
    # the potentials that observers and ground states use are those of the kick
    densities = mixture.densities(orbital_clouds(orbitals))
    for mine, other in zip(potentials_of(mixture, densities, LATER), felt, strict=True):
        np.testing.assert_allclose(mine, other[0], atol=1e-12 * np.max(np.abs(mine)))
