"""What the flow conserves: norms, energy to the order of the scheme, momentum, and the way back in time."""

import numpy as np
import pytest
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
    yukawa,
)

from hpcmix.splittings import INTEGRATORS


def quench(integrator, step, steps=1, *, moving=False):
    """Two condensates that are not at rest in their traps, on a line."""
    drive = [{"kind": "expression", "value": "0.4*sin(2*t)*x"}] if moving else []
    return system(
        [64],
        [16.0],
        [
            species("a", mass=1.0, particles=3.0, potential=[harmonic(1.0), *drive], initial=gaussian(1.1, centre=0.4)),
            species(
                "b",
                mass=1.6,
                particles=2.0,
                potential=[harmonic(0.8)],
                initial=gaussian(0.9, centre=-0.5, momentum=0.5),
            ),
        ],
        [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3), gaussian_kernel("a", "b", 0.6, 0.8)],
        time=evolution(step * steps, step, integrator),
    )


def oscillating_pair(points, integrator, step, steps):
    """Two condensates with contact interactions only, away from the centre of their trap."""
    return system(
        [points],
        [14.0],
        [
            species("a", mass=1.0, particles=3.0, potential=[harmonic(1.0)], initial=gaussian(1.1, centre=0.4)),
            species(
                "b",
                mass=1.6,
                particles=2.0,
                potential=[harmonic(0.8)],
                initial=gaussian(0.9, centre=-0.5, momentum=0.5),
            ),
        ],
        [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3)],
        time=evolution(step * steps, step, integrator),
    )


@pytest.mark.parametrize(("points", "tolerance"), [(50, 1e-12), (54, 5e-12)], ids=["no-factor-3", "factors-3"])
def test_norms_over_ten_thousand_steps(points, tolerance):
    """Every factor has modulus one to 1e-16, without bias, and so have Fourier transforms, but for the factor 3 of a
    grid size.

    In radix 3 the rounding of sqrt(3)/2 shrinks the norm by about 1.5e-16 in every pair of transforms (ducc, pocketfft
    and numpy alike): 10^4 steps then lose 2e-12. Other sizes stay within 3e-17 a step.
    """
    state = oscillating_pair(points, "strang", 0.01, 10_000)
    start = state.norms()
    np.testing.assert_allclose(start, 1.0, atol=1e-14)
    density = state.density(0)
    state.evolve()
    require_below(largest(state.norms() - start), tolerance, "norms")
    assert largest(state.density(0) - density) > 0.05 * largest(density)


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_norms_with_every_integrator(integrator):
    state = oscillating_pair(50, integrator, 0.02, 200)
    start = state.norms()
    state.evolve()
    # 200 steps of at most 11 drifts; each factor is known to 2e-16, and which way it is off is the same in every step
    require_below(largest(state.norms() - start), 5e-13, "norms")


@pytest.mark.parametrize(
    ("integrator", "steps"),
    [
        # the range between the grid's resonances and rounding; see test_order
        ("strang", (20, 40, 80)),
        ("blanes-moan-4", (24, 32, 48)),
        ("blanes-moan-6", (16, 20, 24)),
    ],
)
def test_energy_error_falls_with_the_order(integrator, steps):
    """Of a closed system, potentials constant in time: the splitting conserves an energy that differs by the order's
    power of the step.
    """
    errors = []
    for n in steps:
        state = system(
            [40],
            [2 * np.pi],
            [
                species(
                    "a",
                    mass=4.0,
                    particles=3.0,
                    potential={"kind": "expression", "value": "3*cos(x)"},
                    initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
                ),
                species("b", mass=6.4, particles=2.0, initial={"kind": "expression", "amplitude": "1 - 0.4*sin(x)"}),
            ],
            [
                contact("a", "a", 3.0),
                contact("b", "b", 2.1),
                contact("a", "b", 3.9),
                gaussian_kernel("a", "b", 1.8, 0.5),
            ],
            time=evolution(1.0, 1.0 / n, integrator),
        )
        start = state.energy()
        end = state.evolve().energy()
        assert abs(end.kinetic - start.kinetic) > 0.05 * start.kinetic  # energy does flow between its parts
        errors.append(abs(end.total - start.total) / start.scale)
    order = log_slope([1 / n for n in steps], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    # the energy at one time need not see the leading term alone: half an order
    assert order > INTEGRATORS[integrator].order - 0.5
    assert errors == sorted(errors, reverse=True)


def test_energy_error_does_not_grow():
    """A symmetric splitting conserves a modified energy: the error after 15 trap periods is that of the first three."""
    state = oscillating_pair(50, "blanes-moan-4", 0.05, 2000)
    start = state.energy()
    errors = []
    for _ in range(50):
        state.evolve(40)
        errors.append(abs(state.energy().total - start.total) / start.scale)
    early, late = max(errors[:10]), max(errors[-10:])
    print(f"measured: energy error early {early:.1e}, late {late:.1e}")
    # rounding alone would be 1e-13; a drift in proportion to time would make the late error five times the early one
    assert 1e-12 < early < 1e-5
    assert late < 3 * early


def test_momentum_of_free_clouds():
    """Without an external potential the total momentum is conserved, that of each component is not."""
    clouds = system(
        [48, 40],
        [16.0, 14.0],
        [
            species(
                "a", mass=1.0, particles=2.0, initial=gaussian([1.0, 1.2], centre=[-0.6, 0.3], momentum=[0.6, 0.0])
            ),
            species(
                "b", mass=2.0, particles=3.0, initial=gaussian([1.1, 0.9], centre=[0.6, -0.2], momentum=[-0.3, 0.2])
            ),
        ],
        [contact("a", "b", 0.8), yukawa("a", "b", 0.5, 1.5), gaussian_kernel("b", "b", -0.3, 1.0)],
        time=evolution(0.6, 0.03, "blanes-moan-4"),
    )
    start = np.array([one["momentum"] for one in clouds.record()["species"].values()])
    clouds.evolve()
    end = np.array([one["momentum"] for one in clouds.record()["species"].values()])
    # products of fields are exact on the grid as far as their spectra fit: 1e-9 of the momenta here
    require_below(largest((end - start).sum(axis=0)), 1e-8, "total momentum")
    assert largest(end[0] - start[0]) > 0.01


@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("moving", [False, True], ids=["constant", "moving-potential"])
def test_the_way_back(integrator, moving):
    """Every scheme is symmetric: with the step reversed it retraces its path to rounding, through a moving potential
    too.
    """
    state = quench(integrator, 0.04, 25, moving=moving)
    start = [orbital.copy() for orbital in state.state.orbitals]
    state.evolve()
    assert state.time == pytest.approx(1.0)
    assert min(largest(there - here) for there, here in zip(state.state.orbitals, start, strict=True)) > 0.1
    state.reverse()
    state.evolve(25)
    assert state.time == 0.0
    # rounding of 50 steps of at most 11 stages, measured 1e-14 to 5e-14
    require_below(
        max(largest(there - here) for there, here in zip(state.state.orbitals, start, strict=True)), 1e-12, "way back"
    )


def test_conjugation_reverses_time():
    """phi* evolves forwards as phi does backwards, while nothing depends on time."""
    state = quench("blanes-moan-4", 0.04, 25)
    start = [orbital.copy() for orbital in state.state.orbitals]
    state.evolve()
    for orbital in state.state.orbitals:
        orbital[...] = orbital.conj()
    state.evolve(25)
    error = max(largest(there.conj() - here) for there, here in zip(state.state.orbitals, start, strict=True))
    # as above
    require_below(error, 1e-12, "way back")
