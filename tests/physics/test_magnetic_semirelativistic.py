"""The square root sqrt(m^2 + Pi^2) in a vector potential: dense functions, order, ground states, and its limits."""

import numpy as np
import pytest
from physics.magnetic import ROUGH, dense, random_field, semirelativistic, turned
from physics.systems import contact, evolution, gaussian, harmonic, largest, log_slope, require_below, species, system

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.model.kinetic import lanczos as lanczos_module
from hpcmix.model.potentials.envelope import Instant
from hpcmix.splittings import INTEGRATORS


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("stored", [5, 24], ids=["vectors made again", "vectors stored"])
def test_semirelativistic_against_dense_functions(dimensions, stored):
    one = turned(dimensions, ROUGH[dimensions])
    square = 2.0 * 1.3 * dense(one.mixture.species[0].kinetic, one.grid.position_shape)
    values, vectors = np.linalg.eigh(square)
    energies = np.sqrt(0.8**2 + np.maximum(values, 0.0)) - 0.8
    field = random_field(one.grid.position_shape)
    parts = vectors.conj().T @ field.ravel()
    kinetic = semirelativistic(one, offset=0.8, stored=stored)
    found = np.empty_like(field)
    kinetic.apply(field, found)
    expected = vectors @ (energies * parts)
    require_below(np.linalg.norm(found.ravel() - expected), 1e-12 * np.linalg.norm(expected), "sqrt(m^2 + Pi^2)")
    found = field.copy()
    kinetic.drift(found, 0.3)
    expected = vectors @ (np.exp(-0.3j * energies) * parts)
    require_below(np.linalg.norm(found.ravel() - expected), 1e-12 * np.linalg.norm(field), "flow")
    require_below(abs(np.linalg.norm(found) / np.linalg.norm(field) - 1.0), 1e-12, "norm")


SEMIRELATIVISTIC_STEPS = {
    "strang": (16, 24, 32),
    "blanes-moan-4": (8, 12, 16),
    "blanes-moan-rkn-4": (8, 12, 16),
    "blanes-moan-6": (6, 8, 10),
}


def semirelativistic_quench(integrator, steps):
    quench = system(
        [18],
        [2 * np.pi],
        [
            species(
                "a",
                kinetic="semirelativistic",
                mass=3.0,
                vector_potential={"kind": "expression", "value": ["0.6*sin(x) + 0.3*cos(2*x)"]},
                potential=[{"kind": "expression", "value": "3*sin(2*t)*sin(x) + 2*cos(x)"}],
                initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
            )
        ],
        [contact("a", "a", 2.0)],
        time=evolution(1.0, 1.0 / steps, integrator),
    )
    return quench.evolve()


@pytest.fixture(scope="module")
def semirelativistic_reference():
    return semirelativistic_quench("blanes-moan-6", 24).state.orbitals[0]


@pytest.mark.parametrize("integrator", SEMIRELATIVISTIC_STEPS)
def test_order_of_the_square_root(integrator, semirelativistic_reference):
    """Of every integrator that is not refused for it."""
    errors = []
    for steps in SEMIRELATIVISTIC_STEPS[integrator]:
        one = semirelativistic_quench(integrator, steps)
        errors.append(largest(one.state.orbitals[0] - semirelativistic_reference))
        require_below(abs(one.norms()[0] - 1.0), 1e-12, "norm")
    order = log_slope([1 / n for n in SEMIRELATIVISTIC_STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.25)


def test_semirelativistic_ground_state():
    """The lowest eigenvalue of the dense matrix on a small grid."""
    entries = dict(vector_potential={"kind": "uniform", "field": 1.5}, potential=harmonic(0.4), mass=6.0)
    found = system([14, 15], [5.0, 5.0], [species("a", kinetic="semirelativistic", rest_mass="subtracted", **entries)],
                   ground_state={"tolerance": 1e-7})  # fmt: skip
    plain = system([14, 15], [5.0, 5.0], [species("a", **entries)], ground_state={"tolerance": 1e-7})
    matrix = dense(plain.mixture.species[0].kinetic, plain.grid.position_shape)
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * (np.sqrt(36.0 + 12.0 * np.maximum(values, 0.0)) - 6.0) @ vectors.conj().T
    external = plain.mixture.species[0].external.value(Instant(0.0, 0.0)).ravel()
    expected = np.linalg.eigvalsh(root + np.diag(external))[0]
    require_below(abs(found.ground_state.energy - expected), 1e-9, "semi-relativistic ground state")
    assert abs(found.ground_state.energy - plain.ground_state.energy) > 1e-5  # the root is not its first term


def test_a_square_root_out_of_reach(monkeypatch):
    """A mass far below the grid's momenta: a sentence, from a ground state and from a step."""
    monkeypatch.setattr(lanczos_module, "LARGEST", 12)
    light = species("a", kinetic="semirelativistic", mass=1e-3, potential=harmonic(1.0),
                    vector_potential={"kind": "expression", "value": ["sin(x)"]})  # fmt: skip
    with pytest.raises(NotConverged, match="the rest mass is too small beside the grid's largest momentum"):
        system([32], [12.0], [light])
    one = system([32], [12.0], [light | {"initial": gaussian(0.5)}], time=evolution(1.0, 0.1, "strang"))
    with pytest.raises(FloatingPointError, match="use a coarser grid or a larger mass"):
        one.evolve(1)
