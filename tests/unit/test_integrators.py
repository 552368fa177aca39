"""The tables of coefficients: their symmetries, their consistency, and their order on a classical particle."""

import math

import numpy as np
import pytest

from hpcmix.splittings import INTEGRATORS, Splitting, _palindrome

every_scheme = pytest.mark.parametrize("name", INTEGRATORS)


@every_scheme
def test_rows_fit_together(name):
    scheme = INTEGRATORS[name]
    assert len(scheme.kicks) == len(scheme.drifts) + 1
    assert scheme.kicks == scheme.kicks[::-1]
    assert scheme.drifts == scheme.drifts[::-1]
    # coefficients are given to 15 digits; the last of each row is computed from the others
    assert sum(scheme.kicks) == pytest.approx(1.0, abs=1e-15)
    assert sum(scheme.drifts) == pytest.approx(1.0, abs=1e-15)


@every_scheme
def test_time_of_the_kicks(name):
    scheme = INTEGRATORS[name]
    assert scheme.drift_ends[0] == 0.0
    assert scheme.drift_ends[-1] == 1.0
    np.testing.assert_allclose(
        scheme.drift_ends[:-1], np.concatenate([[0.0], np.cumsum(scheme.drifts)[:-1]]), atol=1e-16
    )
    # symmetric about the middle of the step
    np.testing.assert_allclose(np.array(scheme.drift_ends) + scheme.drift_ends[::-1], 1.0, atol=1e-15)
    assert scheme.largest_drift == max(np.abs(scheme.drifts))


def test_strang():
    assert INTEGRATORS["strang"] == Splitting(2, (0.5, 0.5), (1.0,))


def test_mclachlan():
    """The root that makes the two error constants of order three least (Omelyan, Mryglod and Folk 2002, (24))."""
    cube_root = (2.0 * math.sqrt(326.0) + 36.0) ** (1.0 / 3.0)
    kick = 0.5 - cube_root / 12.0 + 1.0 / (6.0 * cube_root)
    assert INTEGRATORS["mclachlan-2"].kicks == pytest.approx((kick, 1.0 - 2.0 * kick, kick), rel=1e-15)


@every_scheme
def test_an_oscillator_is_bounded_up_to_the_largest_oscillation_and_not_beyond(name):
    """Eigenvalues of the step, kick for kick, as a matrix of numbers; beyond the limit the largest is 1 + sqrt of the
    distance times the slope of the trace; in the flattest band, of blanes-moan-rkn-6, it comes to 1 + 4e-4."""
    scheme = INTEGRATORS[name]

    def largest(theta):
        step = np.eye(2)
        for kick, drift in zip(scheme.kicks, (*scheme.drifts, 0.0), strict=True):
            step = np.array([[1.0, drift * theta], [0.0, 1.0]]) @ np.array([[1.0, 0.0], [-kick * theta, 1.0]]) @ step
        return float(np.max(np.abs(np.linalg.eigvals(step))))

    limit = scheme.largest_oscillation
    assert max(map(largest, np.linspace(0.01, 1.0 - 1e-4, 400) * limit)) < 1.0 + 1e-12
    assert largest(limit * (1.0 + 1e-4)) > 1.0 + 1e-5


def test_limits_of_an_oscillator_that_are_known():
    """Strang's trace is 2 - theta^2. That of two drifts with the outer kicks b and c = 1 - 2 b between them is 2 -
    theta^2 + b c theta^4 / 2, which is -2 first at theta^2 = (1 - sqrt(1 - 8 b c)) / (b c)."""
    assert INTEGRATORS["strang"].largest_oscillation == pytest.approx(2.0, rel=1e-12)
    b = INTEGRATORS["mclachlan-2"].kicks[0]
    product = b * (1.0 - 2.0 * b)
    root = (1.0 - math.sqrt(1.0 - 8.0 * product)) / product
    assert INTEGRATORS["mclachlan-2"].largest_oscillation == pytest.approx(math.sqrt(root), rel=1e-9)


def test_a_row_of_the_wrong_length_is_refused():
    assert _palindrome((0.25,), 3) == (0.25, 0.5, 0.25)
    assert _palindrome((0.25,), 4) == (0.25, 0.25, 0.25, 0.25)
    with pytest.raises(ValueError, match="symmetric row of 7"):
        _palindrome((0.25, 0.1), 7)


# ---------------------------------------------------------------- order, on a classical particle in a moving potential


def trajectory(scheme, steps, velocity):
    """q and p at time 2 of H = T(p) + 1 - cos(q) + q sin(t)/2, in extended precision; velocity = T'(p). Time advances
    with the drifts.
    """
    h = np.longdouble(2) / steps
    q, p, t = np.longdouble("0.7"), np.longdouble("0.4"), np.longdouble(0)

    def force():
        return -np.sin(q) - np.sin(t) / 2

    for step in range(steps):
        t = step * h
        p += scheme.kicks[0] * h * force()
        for drift, kick in zip(scheme.drifts, scheme.kicks[1:], strict=True):
            q += drift * h * velocity(p)
            t += drift * h
            p += kick * h * force()
    return np.array([q, p])


def measured_order(scheme, velocity):
    """From the differences of three step sizes: no reference solution, which would have to come from one of the
    schemes.
    """
    coarse, middle, fine = (trajectory(scheme, n, velocity) for n in (16, 32, 64))
    return float(np.log2(np.max(np.abs(coarse - middle)) / np.max(np.abs(middle - fine))))


@every_scheme
def test_order_for_quadratic_kinetic_energy(name):
    scheme = INTEGRATORS[name]
    # the next term of the error is two orders higher: at these steps it changes the result by a few hundredths
    assert measured_order(scheme, lambda p: p) == pytest.approx(scheme.order, abs=0.1)


@pytest.mark.parametrize("name", [name for name, scheme in INTEGRATORS.items() if not scheme.quadratic_kinetic_energy])
def test_general_schemes_keep_their_order_for_any_kinetic_energy(name):
    """T = sqrt(1 + p^2)."""
    order = measured_order(INTEGRATORS[name], lambda p: p / np.sqrt(1 + p * p))
    assert order == pytest.approx(INTEGRATORS[name].order, abs=0.1)


def test_a_nystroem_scheme_of_order_six_needs_a_quadratic_kinetic_energy():
    """The one that must say so falls to order four. (Of order four the same is true of its constant, not of its order:
    the brackets left out have degree five and more in a symmetric scheme.)
    """
    scheme = INTEGRATORS["blanes-moan-rkn-6"]
    assert scheme.quadratic_kinetic_energy
    assert measured_order(scheme, lambda p: p / np.sqrt(1 + p * p)) == pytest.approx(4, abs=0.5)
