"""Adaptive steps: the error follows the tolerance, steps follow the solution, and looking changes nothing."""

from functools import cache

import numpy as np
import pytest
from physics.systems import (
    contact,
    expression,
    gaussian,
    gaussian_kernel,
    harmonic,
    log_slope,
    moving_mixture,
    require_below,
    species,
    system,
)

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper, StepTooSmall
from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.splittings import INTEGRATORS


def moving(step, integrator, final=1.0, **sections):
    """Two coupled condensates in moving potentials, with a convolution: that of test_order.py."""
    time = {"final": final, "step": step, "integrator": integrator, "check_step": False}
    return moving_mixture(time, first={"initial": expression("1 + 0.5*cos(x)")}, **sections)


class Run:
    """An evolution by adaptive steps, with the ends of all of them."""

    def __init__(self, prepared, until=None):
        self.system, self.state = prepared, prepared.state
        self.stepper = AdaptiveStepper(prepared.mixture, prepared.problem.time)
        self.ends = [0.0]
        while self.state.time < (until or prepared.problem.time.final):
            self.stepper.advance(self.state)
            if self.state.time > self.ends[-1]:
                self.ends.append(self.state.time)
                self.after(self.state)

    def after(self, state):
        """Called after every step that stands."""

    @property
    def sizes(self):
        return np.diff(self.ends)

    def finish(self):
        self.stepper.complete(self.state)
        return self.state.orbitals


def distance(mine, others, cell_volume):
    """max over species of the relative L2 distance."""
    return max(np.sqrt(np.sum(np.abs(a - b) ** 2) * cell_volume / len(a)) for a, b in zip(mine, others, strict=True))


@cache
def reference():
    return moving(1.0 / 60, "blanes-moan-6").evolve().state.orbitals


TOLERANCES = {
    "strang": (1e-3, 1e-4, 1e-5),
    "mclachlan-2": (1e-3, 1e-4, 1e-5),
    "blanes-moan-4": (1e-6, 1e-7, 1e-8, 1e-9, 1e-10),
    "blanes-moan-rkn-4": (1e-6, 1e-7, 1e-8, 1e-9, 1e-10),
    "blanes-moan-6": (1e-7, 1e-8, 1e-9, 1e-10),
    "blanes-moan-rkn-6": (1e-8, 1e-9, 1e-10, 1e-11),
}
"""From where a step is a part of the evolution to where the reference's rounding shows."""


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_the_error_is_proportional_to_the_tolerance(integrator):
    errors = []
    for tolerance in TOLERANCES[integrator]:
        run = Run(moving({"tolerance": tolerance}, integrator))
        errors.append(distance(run.finish(), reference(), run.system.grid.cell_volume))
        estimate = run.state.progress.adaptation.estimate
        # the sum of estimates is of the size of the error: local errors neither cancel nor are amplified much here
        assert 0.4 < estimate / errors[-1] < 3.0, (tolerance, estimate, errors[-1])
        assert errors[-1] < tolerance
    slope = log_slope(TOLERANCES[integrator], errors)
    print(f"measured: {integrator}: error ~ tolerance^{slope:.3f}, {', '.join(f'{error:.1e}' for error in errors)}")
    assert slope == pytest.approx(1.0, abs=0.15)  # steps within 1.1 of the best stay: errors scatter by 1.1^p


def test_an_exact_solution_is_met():
    """A coherent state in a trap of its own width: the density moves as a whole, psi is known with its phase."""
    points, length, amplitude, final = 64, 16.0, 1.3, 3.0
    run = Run(
        system(
            [points],
            [length],
            [species("a", potential=[harmonic(1.0)], initial=gaussian(1.0, centre=amplitude))],
            time={"final": final, "step": {"tolerance": 1e-9}, "integrator": "blanes-moan-6"},
        )
    )
    (orbital,) = run.finish()[0]
    x = run.system.grid.coordinates[0].ravel()
    centre, momentum = amplitude * np.cos(final), -amplitude * np.sin(final)
    phase = momentum * x - 0.5 * momentum * centre - 0.5 * final
    exact = np.pi**-0.25 * np.exp(-0.5 * (x - centre) ** 2 + 1j * phase)
    error = np.sqrt(np.sum(np.abs(orbital - exact) ** 2) * run.system.grid.cell_volume)
    # a few units of the tolerance: the packet moves three of its own times
    require_below(error, 1e-8, "coherent state")
    assert error > 1e-13  # an error that the tolerance makes, not rounding


def test_steps_follow_a_quench():
    """Steps become short where the trap is tightened suddenly, and long again when it is off."""
    run = Run(
        system(
            [48],
            [14.0],
            [
                species(
                    "a",
                    potential=[harmonic(1.0), harmonic(12.0, **{"from": 1.0, "until": 1.5})],
                    initial=gaussian(1.0, centre=0.3),
                )
            ],
            [contact("a", "a", 1.0)],
            time={"final": 2.5, "step": {"tolerance": 1e-6}, "integrator": "blanes-moan-4"},
        )
    )
    begins, sizes = np.array(run.ends[:-1]), run.sizes
    within = (begins >= 1.0) & (begins < 1.5)
    before, after = (begins > 0.5) & (begins < 0.9), (begins > 1.9) & (begins < 2.4)
    # the frequency is twelve times as large
    assert np.median(sizes[within]) < 0.2 * np.median(sizes[before])
    assert np.median(sizes[after]) > 2.0 * np.median(sizes[within])
    assert {1.0, 1.5} <= set(run.ends) and run.state.progress.adaptation.rejected > 0
    uncut = sizes[~np.isin(run.ends[1:], (1.0, 1.5, 2.5))]
    assert (run.state.progress.adaptation.smallest, run.state.progress.adaptation.largest) == (min(uncut), max(uncut))


@pytest.mark.parametrize("ramp", [0.0, 0.07])
def test_steps_end_where_a_potential_is_switched(ramp):
    """At switches and at both ends of ramps, to the bit; the order is kept across them."""
    corners = {0.3, 0.3 + ramp, 0.61, 0.61 + ramp}

    def run(tolerance):
        switched = {"from": 0.3, "until": 0.61, "ramp": ramp}
        return Run(
            system(
                [40],
                [2 * np.pi],
                [species("a", potential=[{"kind": "expression", "value": "3*cos(x)"} | switched],
                         initial=expression("1 + 0.5*sin(x)"))],
                [contact("a", "a", 1.0)],
                time={"final": 1.0, "step": {"tolerance": tolerance}, "check_step": False},
            )
        )  # fmt: skip

    exact = run(1e-11).finish()
    errors = []
    for tolerance in (1e-6, 1e-8):
        one = run(tolerance)
        assert corners <= set(one.ends)
        errors.append(distance(one.finish(), exact, one.system.grid.cell_volume))
    assert errors[1] < 1e-8 and errors[0] < 1e-6
    assert errors[1] < 0.05 * errors[0]


def test_sets_of_orbitals_are_followed_and_stay_orthonormal():
    def cloud(step):
        return system(
            [48],
            [16.0],
            [
                species("f", kind="fermions", orbitals=4, potential=[harmonic(1.0)],
                        initial={"kind": "oscillator", "frequency": 1.4}),
                species("b", particles=3.0, potential=[harmonic(0.8)], initial=gaussian(0.9, centre=0.4)),
            ],
            [contact("f", "b", 0.5), gaussian_kernel("f", "f", 0.3, 0.8)],
            time={"final": 1.0, "step": step, "integrator": "blanes-moan-4"},
        )  # fmt: skip

    exact = cloud(1 / 400).evolve().state.orbitals
    run = Run(cloud({"tolerance": 1e-7}))
    error = distance(run.finish(), exact, run.system.grid.cell_volume)
    assert 1e-12 < error < 1e-7
    overlaps = run.state.orbitals[0] @ run.state.orbitals[0].conj().T * run.system.grid.cell_volume
    np.testing.assert_allclose(overlaps, np.eye(4), rtol=0, atol=1e-12)


def test_looking_within_a_step_is_exact_and_changes_no_bit():
    class Looking(Run):
        def after(self, state):
            begin = state.progress.adaptation.previous
            for share in (0.2, 0.5, 0.9):
                time = begin + share * (state.time - begin)
                seen = self.stepper.landed(state, time)
                assert seen.time == time and seen.step == state.step - 1
                looks.append((time, [array.copy() for array in self.system.mixture.densities(seen.clouds)]))

    looks = []
    looked_at, alone = (kind(moving({"tolerance": 1e-7}, "blanes-moan-4")) for kind in (Looking, Run))
    assert looked_at.ends == alone.ends and looked_at.state.progress.adaptation == alone.state.progress.adaptation
    for mine, other in zip(looked_at.state.orbitals, alone.state.orbitals, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert len(looks) > 20
    for time, densities in looks[:: len(looks) // 6]:
        fixed = moving(time / 40, "blanes-moan-6", final=time)
        fixed.evolve()
        for a, density in enumerate(densities):
            # the densities of relative errors below the tolerance
            np.testing.assert_allclose(density, fixed.density(a), rtol=0, atol=1e-6)


def test_the_state_is_restored_to_the_bit_when_a_step_is_rejected():
    prepared = moving({"tolerance": 1e-8, "initial": 1.0}, "blanes-moan-4")
    stepper, state = AdaptiveStepper(prepared.mixture, prepared.problem.time), prepared.state
    before = state.copy()
    stepper.advance(state)
    assert (state.step, state.time, state.progress.adaptation.rejected) == (0, 0.0, 1)
    assert state.progress.step_size < 1.0
    for mine, other in zip(state.orbitals, before.orbitals, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_tolerance_that_needs_smaller_steps_than_allowed_ends():
    with pytest.raises(StepTooSmall, match=r"t = 0, .*below the smallest of 0.9 \(time.step.smallest\)"):
        Run(moving({"tolerance": 1e-8, "smallest": 0.9, "initial": 0.95}, "strang"))


def test_a_step_is_two_of_the_integrator():
    """Without rounding's help: the same numbers as two fixed steps, to the bit."""
    adaptive = moving({"tolerance": 1e-3, "initial": 0.125}, "blanes-moan-6")
    fixed = moving(0.0625, "blanes-moan-6")
    AdaptiveStepper(adaptive.mixture, adaptive.problem.time).advance(adaptive.state)
    stepper = Stepper(fixed.mixture, fixed.problem.time.splitting)
    for _ in range(2):
        stepper.advance(fixed.state)
    stepper.settle(fixed.state)
    assert adaptive.state.time == fixed.state.time == 0.125
    assert adaptive.state.progress.pending_kick == fixed.state.progress.pending_kick
    for mine, other in zip(adaptive.state.orbitals, fixed.state.orbitals, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_single_precision():
    run = Run(moving({"tolerance": 1e-4}, "blanes-moan-4", parallel={"precision": "single"}))
    error = distance(run.finish(), reference(), run.system.grid.cell_volume)
    assert run.state.orbitals[0].dtype == np.complex64
    require_below(error, 1e-4, "single precision")
