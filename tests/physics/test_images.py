"""What a camera sees, held to exact flights and to the statistics of photons."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcmix.camera.columns import column_density
from hpcmix.camera.field_of_view import TooManyPixels, View, pixels_of, widths_of_flight
from hpcmix.camera.flight import FarField, FreeFlight, kernel
from hpcmix.camera.optics import blurred, counted, optical_density
from hpcmix.camera.picture import Photographed, photograph
from hpcmix.problem.sections.calculation.images import ImagesOptions

HBAR, MASS = 0.7, 1.3


def points(number: int, length: float) -> np.ndarray:
    return -0.5 * length + length / number * np.arange(number)


def gaussian(x: np.ndarray, width: float = 1.0, centre: float = 0.4, wave_number: float = 0.9) -> np.ndarray:
    return (math.pi * width**2) ** -0.25 * np.exp(-((x - centre) ** 2) / (2 * width**2) + 1j * wave_number * x)


def flown_gaussian(
    x: np.ndarray, time: float, width: float = 1.0, centre: float = 0.4, wave_number: float = 0.9
) -> np.ndarray:
    """|phi(t, x)|^2: the width grows like sqrt(1 + (hbar t / m width^2)^2), the centre moves with hbar k / m."""
    spread = width * math.sqrt(1 + (HBAR * time / (MASS * width**2)) ** 2)
    density: np.ndarray = np.exp(-((x - centre - HBAR * wave_number * time / MASS) ** 2) / spread**2)
    return density / (math.sqrt(math.pi) * spread)


@pytest.mark.parametrize("number", [56, 57])
@pytest.mark.parametrize("time", [0.0, 1e-5, 2e-3, 0.7, 40.0])
def test_a_free_gaussian_is_seen_where_it_is(number, time):
    """Beyond the box too, at any pixels. The Gaussian is exp(-36) at the faces and beyond the grid's waves less; where
    the closed form of the flight takes over, K_t rounds by 4e-12."""
    x = points(number, 18.0)
    places = np.linspace(-1.5, 2.0, 141) * (9.0 + time)
    seen = np.abs(FreeFlight(time, MASS, HBAR).matrix(places, x) @ gaussian(x)) ** 2
    assert np.max(np.abs(seen - flown_gaussian(places, time))) < 2e-11


def test_the_quadrature_and_the_closed_form_of_a_short_flight_agree(monkeypatch):
    """The closed form loses digits like 1 / alpha: 4e-12 where the quadrature ends."""
    x, places = points(32, 8.0), np.linspace(-9.0, 7.0, 50)
    alpha = 1e-2 * (8.0 / (32 * math.pi)) ** 2
    closed = kernel(places, x, 1.000001 * alpha)
    integrated = kernel(places, x, 0.999999 * alpha)
    assert 0.0 < np.max(np.abs(closed - integrated)) < 1e-7  # they are 2e-6 of alpha (pi/h)^2 = 0.01 apart
    monkeypatch.setattr("hpcmix.camera.flight.SHORT", 1.0)
    assert np.max(np.abs(kernel(places, x, 1.000001 * alpha) - closed)) < 2e-11


def test_the_far_field_is_reached_like_one_over_t():
    x = points(64, 20.0)
    field = gaussian(x)
    velocities = np.linspace(-2.0, 3.0, 101)
    distances = []
    for time in (200.0, 2000.0, 20000.0):
        near, far = (kind(time, MASS, HBAR).matrix(velocities * time, x) @ field for kind in (FreeFlight, FarField))
        distances.append(time * np.max(np.abs(np.abs(near) ** 2 - np.abs(far) ** 2)))
        momenta = MASS / HBAR * velocities
        exact = np.exp(-((momenta - 0.9) ** 2)) / math.sqrt(math.pi) * MASS / HBAR
        assert time * np.abs(far) ** 2 == pytest.approx(exact, abs=1e-13)  # |phi^|^2 of the Gaussian
    # the next term is 1/t^2: at t = 200 a per cent of the first
    assert distances[0] / distances[1] == pytest.approx(10.0, rel=0.02)
    assert distances[1] / distances[2] == pytest.approx(10.0, rel=0.002)


def test_a_phase_of_the_frame_is_a_lens():
    """Against the same wave function with the phase on the grid, which carries it: exp(-25) beyond its waves."""
    x, phase, time = points(96, 18.0), 0.21, 3.0
    places = np.linspace(-20.0, 20.0, 91)
    chirped = FreeFlight(time, MASS, HBAR).matrix(places, x) @ (gaussian(x) * np.exp(1j * phase * x**2))
    lens = FreeFlight(time, MASS, HBAR, phase)
    assert np.abs(lens.matrix(places, x) @ gaussian(x)) ** 2 == pytest.approx(np.abs(chirped) ** 2, abs=1e-11)
    assert lens.scale == pytest.approx(1 + 2 * HBAR * phase * time / MASS)


def test_the_far_field_behind_a_lens():
    x, time = points(64, 18.0), 1e5
    places = np.linspace(-1.5, 1.5, 51) * time
    near, far = (kind(time, MASS, HBAR, 0.3).matrix(places, x) @ gaussian(x) for kind in (FreeFlight, FarField))
    assert time * np.abs(near) ** 2 == pytest.approx(time * np.abs(far) ** 2, abs=1e-4)  # like 1/t


def view_of(sight: str, axes: list[np.ndarray], pixels: list[np.ndarray]) -> View:
    names = "xyz"[: len(axes)]
    kept = tuple(axis for axis, name in enumerate(names) if name != sight)
    gone = names.index(sight) if sight in names else None
    depth = 1.0 if gone is None else float(axes[gone][1] - axes[gone][0])
    left = tuple(axes[axis] for axis in kept)
    return View(sight, kept, tuple(names[axis] for axis in kept), gone, depth, left, tuple(pixels))


@pytest.mark.parametrize("sight", "xyz")
def test_columns_of_three_dimensions(sight, monkeypatch):
    """Whatever is read together, along any axis: a product of Gaussians keeps two factors."""
    monkeypatch.setattr("hpcmix.camera.columns.AT_ONCE", 900)
    axes = [points(number, 12.0) for number in (24, 30, 25)]
    parameters = [(1.0, 0.3, 0.5), (0.9, -0.2, -0.4), (1.1, 0.1, 0.2)]
    field = np.einsum("i,j,k", *(gaussian(x, *values) for x, values in zip(axes, parameters, strict=True)))
    pixels = [np.linspace(-8.0, 9.0, 40), np.linspace(-9.0, 8.0, 45)]
    view, time = view_of(sight, axes, pixels), 2.5
    cloud = Photographed("up", 7.0, [field], None, FreeFlight(time, MASS, HBAR), (0.0, 0.0, 0.0))
    factors = [flown_gaussian(pixel, time, *parameters[axis]) for pixel, axis in zip(pixels, view.kept, strict=True)]
    # 24 points on 12: exp(-pi^2 4 / 2 + ...) = 1e-7 of the waves are beyond the grid, 1e-8 of the cloud beyond the box
    assert cloud.column(view) == pytest.approx(7.0 * np.outer(*factors), abs=1e-5)


def test_a_set_of_orbitals_flies_as_a_whole():
    """The two lowest states of an oscillator expand by b = sqrt(1 + w^2 t^2) without another change."""
    x, frequency, time = points(96, 22.0), 0.8, 3.0
    scaled = x * math.sqrt(MASS * frequency / HBAR)
    ground = np.exp(-(scaled**2) / 2) * (MASS * frequency / (HBAR * math.pi)) ** 0.25
    excited = math.sqrt(2.0) * scaled * ground
    b = math.sqrt(1 + (frequency * time) ** 2)
    view = view_of("z", [x], [x * b])
    fermions = Photographed("up", 1.0, [ground, excited], None, FreeFlight(time, MASS, HBAR), (0.0,))
    assert fermions.column(view) * b == pytest.approx(ground**2 + excited**2, abs=1e-11)


@pytest.mark.parametrize("number", [40, 41])
def test_the_field_of_view_holds_the_clouds(number):
    """All but a billionth of the particles, also of two clouds that fly apart; moved ones too."""
    x, time = points(number, 16.0), 4.0
    apart = (gaussian(x, 1.0, -3.0, -1.5) + gaussian(x, 1.2, 2.0, 1.0)) / math.sqrt(2.0)
    flight = FreeFlight(time, MASS, HBAR)
    view = view_of("y", [x], [])
    width = widths_of_flight(flight, [apart], view, HBAR / MASS)
    (pixels,) = pixels_of(width, None, view)
    assert pixels.size == 128
    density = column_density(apart, [flight.matrix(pixels, x)], None, 1.0)
    norm = float(np.sum(np.abs(apart) ** 2)) * (x[1] - x[0])
    assert float(np.sum(density)) * (pixels[1] - pixels[0]) == pytest.approx(norm, abs=1e-8)


def test_too_many_pixels_are_refused():
    with pytest.raises(TooManyPixels, match="5000 pixels along x, more than 4096; give a larger pixel"):
        pixels_of([5.0], 1e-3, view_of("z", [points(8, 1.0)], []))


def test_blur_widens_a_gaussian_and_keeps_its_particles():
    """sigma^2 adds; on a picture whose edge cuts nothing off, in axes with other pixels."""
    x, y, blur = points(64, 16.0), points(50, 20.0), 0.9

    def picture(added: float) -> np.ndarray:
        return np.outer(*(np.exp(-(z**2) / (2 * (1.0 + added))) / np.sqrt(2 * np.pi * (1.0 + added)) for z in (x, y)))

    seen = blurred(picture(0.0), (0.25, 0.4), blur)
    assert seen == pytest.approx(picture(blur**2), abs=1e-9)  # exp(-18) is cut off at the faces of the first axis
    assert seen.min() >= 0.0


def test_photons_are_counted():
    """Mean and variance of log N_0 - log N: n_0 and n photons give 1/n_0 + 1/n, and half of their difference to the
    mean. Of 40 000 pixels each is known to its standard error; five of them are one in a million."""
    seen, photons, optical = np.full((200, 200), 0.8), 400.0, 0.8
    noisy = counted(seen, photons, 3, 5)
    n0, n = photons, photons * math.exp(-optical)
    variance = 1 / n0 + 1 / n
    mean = optical + 0.5 / n - 0.5 / n0
    assert np.mean(noisy) == pytest.approx(mean, abs=5 * math.sqrt(variance / seen.size))
    # of logarithms of counts the variance is larger by 3/(2n^2), a per cent here; its own error is sqrt(2/40000)
    assert np.var(noisy) == pytest.approx(variance, rel=0.012 + 5 * math.sqrt(2 / seen.size))
    assert np.array_equal(counted(seen, photons, 3, 5), noisy)
    assert abs(np.corrcoef(noisy.ravel(), counted(seen, photons, 3, 6).ravel())[0, 1]) < 5 / 200
    assert np.all(np.isfinite(counted(np.full(100, 50.0), 2.0, 0, 0)))  # dark pixels


def test_a_photograph_has_every_species_and_all_of_them():
    x, y = points(64, 16.0), points(64, 16.0)
    view = view_of("z", [x, y], [x, y])
    fields = [np.outer(gaussian(x, 1.0, 0.0, 0.0), gaussian(y, 1.0, 0.0, 0.0)) for _ in range(2)]
    species = [
        Photographed("up", 300.0, density=300.0 * np.abs(fields[0]) ** 2, shift=(0.0, 0.0)),
        Photographed("down", 200.0, density=200.0 * np.abs(fields[1]) ** 2, shift=(0.0, 3.3)),
    ]
    options = ImagesOptions.model_validate({"cross_section": 0.1, "resolution": 0.5})
    picture = photograph(species, view, options, 0)
    cell = 0.0625
    moved = picture.columns["down"]
    assert float(np.sum(moved)) * cell == pytest.approx(200.0, abs=1e-3)  # exp(-22) of them beyond the picture
    assert float(np.sum(moved * y)) * cell / 200.0 == pytest.approx(3.3, abs=1e-4)
    assert np.array_equal(picture.optical["up"], optical_density(picture.columns["up"], 0.1))
    assert picture.whole is not None
    assert picture.whole == pytest.approx(0.1 * (picture.columns["up"] + moved), rel=1e-14)
    noisy = ImagesOptions.model_validate({"cross_section": 0.1, "shot_noise": {"photons": 100, "seed": 2}})
    first, second = (photograph(species, view, noisy, index) for index in (0, 1))
    assert first.whole is not None
    assert second.whole is not None
    assert not np.array_equal(first.whole, second.whole)
    assert not np.array_equal(first.optical["up"] - first.optical["down"], np.zeros_like(moved))
