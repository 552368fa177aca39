"""Fluctuations that begin with the correlations of pairs that scatter (Chong, Lee and Sun)."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.initial.excitations.pair_kernel import pair_transformation
from hpcmix.problem.files.load import parse_problem
from tests.physics.claims import mixture
from tests.physics.fluctuations import record, with_pairs
from tests.physics.systems import System

SMALL = {"points": 4, "length": 6.0, "step": 0.07, "check_step": False}
REACH = ("neumann_radius = 0.5", "neumann_radius = 2.0")
"""So that the coarse grids of tests see more of the correlations than their sum."""


def correlated(modes: str, **options) -> System:
    text = mixture(**(SMALL | options)).replace(*REACH)
    moving = 'initial = { kind = "gaussian", width = 1.1, centre = [0.3, -0.2, 0.1], momentum = [0.4, 0.2, -0.7] }'
    text = text.replace('initial = { kind = "gaussian", width = 1.1 }', moving, 1)
    return with_pairs(System(parse_problem(f'{text}[fluctuations]\ninitial = "correlated"\n{modes}\n')))


def numbers(system: System, key: str) -> list[float]:
    return [species[key] for species in record(system)["species"].values()]


def test_nothing_is_excited_after_the_correlations_at_the_start():
    """Dressed 0; bare tr sh sh+, the sum over all modes of the exact map."""
    system = correlated('modes = "all"')
    assert max(map(abs, numbers(system, "dressed_excitations"))) < 1e-21  # 1e-12 of a pair, squared, of 128 pairs
    theta = pair_transformation(system.mixture, [orbitals[0] for orbitals in system.state.orbitals])
    expected = np.zeros(2)
    for mode in np.eye(2 * 4**3):
        _, odd = theta.parts(list(mode.reshape(2, 4, 4, 4).astype(complex)))
        expected += [np.linalg.norm(own) ** 2 for own in odd]
    assert numbers(system, "excitations") == pytest.approx(expected, rel=1e-12)
    assert record(system)["symplectic_defect"] < 1e-13


def test_dressed_are_bare_at_infinity():
    """At t = infinity there are no pairs left to scatter; on the way there are fewer dressed ones at early times."""
    system = correlated('modes = "all"')
    system.evolve(3)
    dressed, bare = numbers(system, "dressed_excitations"), numbers(system, "excitations")
    assert all(0.0 < own < other for own, other in zip(dressed, bare, strict=True))
    system.evolve()
    assert np.isinf(system.look().time)
    # the last kick is at the end of the clock, where no kernel acts
    assert numbers(system, "dressed_excitations") == pytest.approx(numbers(system, "excitations"), rel=1e-12)
    assert record(system)["symplectic_defect"] < 1e-12


def test_probes_stand_for_all_modes():
    """The sampled dressed numbers are those of every mode, within their errors, over several seeds."""
    whole = correlated('modes = "all"').evolve(3)
    exact = np.array(numbers(whole, "dressed_excitations"))
    deviations = []
    for seed in range(4):
        sampled = correlated(f"modes = 5\nprobes = 12\nseed = {seed}").evolve(3)
        errors = np.array(numbers(sampled, "dressed_excitations_error"))
        deviations += list((np.array(numbers(sampled, "dressed_excitations")) - exact) / errors)
    deviations = np.array(deviations)
    assert np.max(np.abs(deviations)) < 5.0  # Student's t of 11 degrees, 8 numbers: beyond 5 once in 300 tests
    assert 0.3 < np.sqrt(np.mean(deviations**2)) < 2.2


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4"])
def test_the_dressed_number_begins_with_the_square_of_time(integrator):
    """The vacuum after T is left by what creates pairs in the dressed generator, whose norm is finite: N_Xi ~ t^2."""
    found = []
    for step in (4e-4, 2e-4):
        system = correlated('modes = "all"', step=step, integrator=integrator, final="0.1")
        system.evolve(1)
        found.append(sum(numbers(system, "dressed_excitations")))
    assert np.log2(found[0] / found[1]) == pytest.approx(2.0, abs=0.02)
