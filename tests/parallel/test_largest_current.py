"""``also = ["largest-current"]``: closed forms, on every division of the grid and in orbital groups."""

import math

import numpy as np
import pytest
from parallel.test_orbital_groups import divisions, parallel_options
from physics.systems import evolution, expanding, expression, gaussian, harmonic, species, system

from hpcmix.parallel.process.mpi import MPI

POINTS, LENGTHS = [14, 13, 12], [9.0, 8.0, 7.0]


def current(one, name="a"):
    return one.record("largest-current")["species"][name]["largest_current"]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_plane_wave(comm, dimensions):
    """n hbar |k| / m, exactly, whatever the direction."""
    points, lengths = POINTS[:dimensions], LENGTHS[:dimensions]
    if comm.size > points[0]:
        pytest.skip("more ranks than planes")
    k = [2.0 * math.pi * mode / length for mode, length in zip((2, -1, 3), lengths, strict=False)]
    phase = " + ".join(f"({value!r})*{axis}" for value, axis in zip(k, "xyz", strict=False))
    initial = expression("1") | {"phase": phase}
    one = system(points, lengths, [species("a", mass=1.7, particles=5.0, initial=initial)], comm=comm)
    expected = 5.0 / math.prod(lengths) * math.hypot(*k) / 1.7
    assert current(one) == pytest.approx(expected, rel=1e-13)


def filled(comm, division=None):
    """Three plane waves of fermions, boosted, and a cloud between two steps."""
    entries = [
        {"name": "f", "kind": "fermions", "orbitals": 3, "mass": 0.8, "initial": {"kind": "plane-waves",
         "momentum": [2.0 * math.pi / 9.0, 0.0]}},
        species("a", particles=4.0, potential=harmonic(1.0), initial=gaussian(1.0, centre=0.7, momentum=0.4)),
    ]  # fmt: skip
    parallel = parallel_options(2, *division) if division else {}
    time = evolution(0.1, 0.05, "strang")
    one = system(POINTS[:2], LENGTHS[:2], entries, time=time, parallel=parallel, comm=comm)
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    assert one.state.progress.pending_kick != 0.0
    return one


def test_sets_and_clouds_at_every_division(comm):
    serial = filled(MPI.COMM_SELF)
    # n_f hbar K / m of all three together, K their mean wave vector: the waves' own add up to it
    momentum = np.linalg.norm(serial.record()["species"]["f"]["momentum"])
    assert current(serial, "f") == pytest.approx(momentum / 0.8 / math.prod(LENGTHS[:2]), rel=1e-12)
    # of the cloud, by numpy, from the completed state
    expected = current(serial, "a")
    serial.stepper.complete(serial.state)
    phi = serial.state.orbitals[1][0]
    axes = [2j * np.pi * np.fft.fftfreq(n, length / n) for n, length in zip(POINTS, LENGTHS, strict=True)][:2]
    axes[0][7] = 0.0  # the mode without a direction
    spectrum = np.fft.fft2(phi)
    gradient = [np.fft.ifft2(spectrum * axes[0][:, None]), np.fft.ifft2(spectrum * axes[1])]
    by_numpy = 4.0 * np.max(np.hypot(*(np.imag(phi.conj() * part) for part in gradient)))
    assert expected == pytest.approx(by_numpy, rel=1e-12)
    for division in divisions(comm.size, POINTS[:2]):
        one = filled(comm, division)
        assert current(one, "a") == pytest.approx(expected, rel=1e-12)
        assert current(one, "f") == pytest.approx(momentum / 0.8 / math.prod(LENGTHS[:2]), rel=1e-12)


def test_in_a_vector_potential(comm):
    """A constant one is a boost: of a wave function at rest n A / m."""
    vector = {"kind": "expression", "value": ["0.7", "-0.3"]}
    entry = species("a", mass=2.0, particles=3.0, vector_potential=vector, initial=expression("1"))
    one = system(POINTS[:2], LENGTHS[:2], [entry], comm=comm)
    assert current(one) == pytest.approx(3.0 / 72.0 * math.hypot(0.7, 0.3) / 2.0, rel=1e-12)


def test_in_an_expanding_frame(comm):
    """The current of a free Gaussian: n(x) times the velocity field x s'/s, s^2 = 1 + (t/m)^2; largest at |x|^2 =
    s^2/2 in one dimension; zero where b is infinite."""
    for final, step in ((1.5, 0.02), ("infinity", 0.02)):
        time = evolution(1.5, step, "blanes-moan-4") | {"final": final}
        entry = species("a", mass=0.8, particles=2.5, initial=gaussian(1.0))
        one = system([128], [20.0], [entry], grid=expanding(1.1), time=time, comm=comm).evolve()
        if final == "infinity":
            assert current(one) == 0.0
            continue
        s = math.sqrt(1.0 + (1.5 / 0.8) ** 2)
        x = s / math.sqrt(2.0)
        exact = 2.5 / (math.sqrt(math.pi) * s) * math.exp(-0.5) * x * 1.5 / (0.8 * s) ** 2
        assert current(one) == pytest.approx(exact, rel=2e-3)  # the grid has points beside the largest only
