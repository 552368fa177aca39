"""The order of every integrator, measured on the whole program: a quench of two coupled condensates in moving
potentials, with a convolution.

The system is chosen so that the theory applies. It is smooth in space (spectra end below 1e-8): the order of the Runge-
Kutta-Nystroem schemes rests on [K,[K,[K,D]]] = 0, which holds for the equation, and on the grid as far as the grid
resolves it. It is slow enough that the largest step is shorter than the period of the grid's fastest modes, where
splitting schemes resonate.
"""

from functools import cache

import numpy as np
import pytest
from physics.systems import evolution, largest, log_slope, moving_mixture

from hpcmix.splittings import INTEGRATORS

STEPS = {
    "strang": (16, 24, 32),  # errors 1e-3 .. 1e-4
    "mclachlan-2": (16, 24, 32),
    "blanes-moan-4": (10, 14, 20),  # 6e-8 .. 4e-9
    "blanes-moan-rkn-4": (20, 28, 40),  # 4e-10 .. 3e-11; below 16 steps the next order still shows
    "blanes-moan-6": (6, 8, 10, 12),  # 1e-9 .. 2e-11; rounding is at 2e-14
    "blanes-moan-rkn-6": (7, 8, 9, 10),  # 1e-10 .. 1e-11
}
"""Steps per unit of time: the range in which the leading term of the error dominates."""


def end_of_quench(integrator, steps):
    """The orbitals after one unit of time."""
    quench = moving_mixture(evolution(1.0, 1.0 / steps, integrator))
    return quench.evolve().state.orbitals


@cache
def reference():
    """Error below 3e-14: forty steps of the general sixth-order scheme."""
    return end_of_quench("blanes-moan-6", 40)


def test_every_integrator_is_measured():
    assert set(STEPS) == set(INTEGRATORS)


@pytest.mark.parametrize("integrator", STEPS)
def test_order(integrator):
    errors = [
        max(largest(mine - other) for mine, other in zip(end_of_quench(integrator, n), reference(), strict=True))
        for n in STEPS[integrator]
    ]
    order = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.1)


def test_the_reference_is_resolved():
    """What the module says of this system: smooth in space, and a quench that moves."""
    for orbital in reference():
        spectrum = np.abs(np.fft.fft(orbital[0]))
        assert spectrum[20] < 1e-7 * spectrum.max()
        assert spectrum[3] > 1e-2 * spectrum.max()
