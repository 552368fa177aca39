"""The window of markers: its polynomials, their derivative and transform, its errors, and the choice of its width."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from hpcmix.model.markers.window import PairError, Window, pair_error

WIDTHS = [4, 6, 8, 10, 12, 14]
HALF_NYQUIST = math.pi / 2


def semicircle(width):
    """The window by its formula, normalised by adaptive quadrature."""
    beta = 0.976 * math.pi * width * 0.75

    def formula(u):
        return math.exp(beta * (math.sqrt(max(0.0, 1.0 - (2.0 * u / width) ** 2)) - 1.0))

    integral = 2.0 * quad(formula, 0.0, width / 2, epsabs=0.0, epsrel=1e-13, limit=200)[0]
    return lambda u: formula(u) / integral


@pytest.mark.parametrize("width", WIDTHS)
class TestPolynomials:
    def test_follow_the_formula(self, width):
        """To what the square root at the edge, times exp(-beta), leaves of an interpolation; a tenth of 10^(-w)."""
        places = np.linspace(-width / 2 + 1e-9, width / 2 - 1e-9, 1001)
        expected = np.array([semicircle(width)(u) for u in places])
        np.testing.assert_allclose(Window(width)(places), expected, rtol=0, atol=3.0 * 10.0**-width + 1e-15)

    def test_are_even_and_end(self, width):
        window, places = Window(width), np.linspace(0.013, width / 2 - 0.011, 57)
        np.testing.assert_allclose(window(-places), window(places), rtol=1e-13, atol=1e-17)
        assert np.all(window(np.array([-width / 2 - 0.01, width / 2 + 0.01, 1e9])) == 0.0)

    def test_table_is_of_the_cells(self, width):
        """Row j at the fraction f is phi(f + w/2 - 1 - j)."""
        window, fraction = Window(width), 0.37
        assert window.table.shape == (width, width + 4)
        assert not window.table.flags.writeable
        values = window.table @ (2.0 * fraction - 1.0) ** np.arange(width + 4)
        np.testing.assert_allclose(values, window(fraction + width / 2 - 1 - np.arange(width)), rtol=0, atol=4e-16)

    def test_derivative(self, width):
        """Against central differences, whose error is step^2 phi'''/6 and rounding/step: below 1e-9."""
        window, step = Window(width), 1e-5
        places = np.arange(-width // 2, width // 2) + 0.41
        difference = (window(places + step) - window(places - step)) / (2.0 * step)
        np.testing.assert_allclose(window.derivative(places), difference, rtol=0, atol=1e-9)

    def test_transform_is_the_integral(self, width):
        window = Window(width)
        for theta in (0.0, 0.3, 1.7, math.pi, 9.0):
            integral = sum(
                quad(lambda u, t=theta: float(window(u)) * math.cos(t * u), cell, cell + 1, epsabs=1e-15)[0]
                for cell in range(-width // 2, width // 2)
            )
            assert window.transform(theta) == pytest.approx(integral, abs=2e-15)
        assert window.transform(0.0) == pytest.approx(1.0, abs=1e-15)

    def test_transform_of_a_wave_number_knows_no_other(self, width):
        """Ranks have different blocks of wave numbers, and multipliers must have the same bits on all of them."""
        angles = np.linspace(-np.pi, np.pi, 53)
        whole = Window(width).transform(angles)
        for first, last in ((0, 27), (27, 53), (11, 12)):
            np.testing.assert_array_equal(
                Window(width).transform(angles[first:last, np.newaxis])[:, 0], whole[first:last]
            )

    def test_error_is_the_aliases(self, width):
        """sum_g phi(u - g) exp(i theta g) against the window's own sum over waves theta + 2 pi m, at many places."""
        window, theta = Window(width), 0.9
        places = np.linspace(0.0, 1.0, 301)
        points = np.arange(-width, width + 2)
        sums = np.sum(window(places[:, None] - points) * np.exp(1j * theta * (points - places[:, None])), axis=1)
        largest = np.max(np.abs(sums / window.transform(theta) - 1.0))
        # places between the samples, and rounding
        assert window.error(theta) == pytest.approx(largest, rel=0.02, abs=1e-15)

    def test_error_grows_to_one_at_nyquist(self, width):
        error = Window(width).error(np.array([0.02, math.pi / 4, HALF_NYQUIST, 0.9 * math.pi, math.pi]))
        assert error[0] < 6.0 * 10.0**-width  # measured 5.1 for w = 4, falling to 4.2
        assert error[2] < 110.0 * 10.0**-width  # measured 35 for w = 4, 77 for w = 12
        assert error[3] > 1e-3
        assert error[4] == pytest.approx(1.0, abs=1e-3)


def test_half_nyquist_against_a_spline():
    """At half the Nyquist wave number, w = 8: 1.9e-7 against a B-spline's 1.6e-4."""
    orders = np.arange(-200, 201)
    theta = HALF_NYQUIST + 2.0 * np.pi * orders
    transform = (np.sin(theta / 2) / (theta / 2)) ** 8
    spline = np.sum(np.abs(transform[orders != 0])) / transform[orders == 0][0]
    assert spline == pytest.approx(1.6e-4, rel=0.04)
    assert Window(8).error(HALF_NYQUIST) == pytest.approx(1.9e-7, rel=0.04)
    # at a quarter they are alike
    theta = HALF_NYQUIST / 2 + 2.0 * np.pi * orders
    transform = (np.sin(theta / 2) / (theta / 2)) ** 8
    spline = np.sum(np.abs(transform[orders != 0])) / transform[orders == 0][0]
    assert 1.0 / 3.0 < spline / Window(8).error(HALF_NYQUIST / 2) < 3.0


@pytest.mark.parametrize(
    ("tolerance", "width"),
    [
        (1e-3, 4),
        (1e-4, 4),
        (9e-5, 6),
        (1e-6, 6),
        (1e-7, 8),
        (1e-8, 8),
        (9e-9, 10),
        (1e-10, 10),
        (1e-12, 12),
        (1e-14, 14),
    ],
)
def test_width_of_tolerance(tolerance, width):
    assert Window.of_tolerance(tolerance).width == width


@pytest.mark.parametrize("width", [2, 5, 16, -4])
def test_wrong_widths(width):
    with pytest.raises(ValueError, match="even width from 4 to 14"):
        Window(width)


def modes(points, length):
    k = 2.0 * np.pi * np.fft.fftfreq(points, length / points)
    return [k[:, None], k[None, :]]


class TestModes:
    def test_are_products(self):
        window, k, h = Window(6), modes(12, 3.0), (0.25, 0.25)
        transform, error = window.transform_of_modes(k, h), window.error_of_modes(k, h)
        assert transform.shape == error.shape == (12, 12)
        assert transform[2, 3] == pytest.approx(
            window.transform(k[0][2, 0] * 0.25) * window.transform(k[1][0, 3] * 0.25), rel=1e-14
        )
        one = window.error(np.array([k[0][2, 0], k[1][0, 3]]) * 0.25)
        assert error[2, 3] == pytest.approx(one[0] + one[1] + one[0] * one[1], rel=1e-9)
        assert np.array_equal(window.resolved_modes(k, h), error <= 1e-2)

    def test_pair_error(self):
        """A Gaussian kernel that the grid resolves, and one that it does not: sums written out mode by mode."""
        window, k, h = Window(8), modes(32, 8.0), (0.25, 0.25)
        for width, share in ((1.0, (0.0, 1e-12)), (0.05, (0.2, 0.9))):
            multiplier = np.exp(-(width**2) * (k[0] ** 2 + k[1] ** 2) / 2)
            force = missed = dropped = 0.0
            for i in range(32):
                for j in range(32):
                    size = math.hypot(k[0][i, 0], k[1][0, j]) * multiplier[i, j]
                    error = (1 + window.error(k[0][i, 0] * 0.25)) * (1 + window.error(k[1][0, j] * 0.25)) - 1
                    force += size
                    missed += size * (error if error <= 1e-2 else 1.0)
                    dropped += size if error > 1e-2 else 0.0
            pair = pair_error(window, multiplier, k, h)
            assert pair.relative == pytest.approx(missed / force, rel=1e-9)
            assert pair.share_dropped == pytest.approx(dropped / force, rel=1e-9, abs=1e-18)
            assert share[0] <= pair.share_dropped <= share[1]

    def test_parts_add(self):
        """Of a half of conjugate modes with counts, and of two blocks."""
        window, k, h = Window(8), modes(16, 8.0), (0.5, 0.5)
        multiplier = np.exp(-(k[0] ** 2 + k[1] ** 2) / 2)
        whole = pair_error(window, multiplier, k, h)
        counts = np.array([1.0] + [2.0] * 7 + [1.0])[None, :]
        half = pair_error(window, multiplier[:, :9], [k[0], k[1][:, :9]], h, counts)
        parts = pair_error(window, multiplier[:5], [k[0][:5], k[1]], h) + pair_error(
            window, multiplier[5:], [k[0][5:], k[1]], h
        )
        for other in (half, parts):
            assert other.relative == pytest.approx(whole.relative, rel=1e-12)
            assert other.force == pytest.approx(whole.force, rel=1e-12)

    def test_no_force(self):
        assert PairError(0.0, 0.0, 0.0).relative == PairError(0.0, 0.0, 0.0).share_dropped == 0.0
