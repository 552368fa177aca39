"""External potentials: the values of every kind, sums, and what is wrong with a file."""

import h5py
import numpy as np
import pytest
from physics.systems import harmonic, species, system

from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.costs.fields import potential_fields

POINTS, LENGTHS, MASS = [8, 10, 6], [4.0, 5.0, 3.0], 1.7


def external(*potentials, dimensions=3, precision="double"):
    """The potential of one species and its coordinates."""
    one = species("a", mass=MASS, potential=list(potentials), initial={"kind": "plane-waves", "numbers": 0})
    built = system(POINTS[:dimensions], LENGTHS[:dimensions], [one], parallel={"precision": precision})
    return built.mixture.species[0].external, built.grid.coordinates


def value(*potentials, time=0.0, **options):
    potential, coordinates = external(*potentials, **options)
    return potential.value(Instant(time, time)), coordinates


def close(actual, expected):
    """Equal to rounding, and not zero."""
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(actual, expected * np.ones(actual.shape), rtol=1e-14, atol=1e-14)


def test_no_potential_is_none():
    assert value()[0] is None


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_harmonic(dimensions):
    omega, centre = [1.0, 0.7, 0.0][:dimensions], [0.3, -0.2, 1.0][:dimensions]
    u, x = value(harmonic(omega, centre=centre), dimensions=dimensions)
    close(u, sum(0.5 * MASS * (w * (r - c)) ** 2 for w, r, c in zip(omega, x, centre, strict=True)))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_lattice(dimensions):
    depth, period, phase = [2.0, -1.0, 0.0][:dimensions], [1.0, 2.5, 7.0][:dimensions], [0.4, 0.0, 0.1][:dimensions]
    u, x = value({"kind": "lattice", "depth": depth, "period": period, "phase": phase}, dimensions=dimensions)
    close(u, sum(d * np.sin(np.pi * r / p + f) ** 2 for d, r, p, f in zip(depth, x, period, phase, strict=True)))


def test_box_with_hard_walls():
    u, (x, y, z) = value({"kind": "box", "height": 3.0, "lengths": [2.0, 3.0, 3.0]})
    close(u, 3.0 * ~((np.abs(x) <= 1.0) & (np.abs(y) <= 1.5) & (np.abs(z) <= 1.5)))


def test_box_with_soft_walls():
    u, (x,) = value({"kind": "box", "height": 3.0, "lengths": [2.0], "edge": 0.4}, dimensions=1)
    close(u, 3.0 * (1 - 0.5 * (1 + np.tanh((1.0 - np.abs(x)) / 0.4))))
    # half the height at the wall
    assert u[np.argmin(np.abs(x - 1.0))] == pytest.approx(1.5)


def test_gaussian():
    u, (x, y, z) = value({"kind": "gaussian", "height": -2.0, "width": [1.0, 0.5, 2.0], "centre": [0.5, 0.0, -0.5]})
    close(u, -2.0 * np.exp(-((x - 0.5) ** 2) / 2 - y**2 / 0.5 - (z + 0.5) ** 2 / 8))


def test_expression():
    u, (x, y, z) = value({"kind": "expression", "value": "sin(x)*y + where(z > 0, 1, 2)"})
    close(u, np.sin(x) * y + np.where(z > 0, 1, 2))


def test_expression_of_the_time():
    potential, (x,) = external({"kind": "expression", "value": "cos(x - 2*t)"}, dimensions=1)
    for t in (0.0, 0.7, 0.0):  # back again: what is kept from one time is not served at another
        close(potential.value(Instant(t, t)), np.cos(x - 2 * t))
    assert potential.changes_after(1e9)


def test_constant_expression():
    u, _ = value({"kind": "expression", "value": "1.5"})
    np.testing.assert_array_equal(u, np.full(POINTS, 1.5))


def test_file(tmp_path):
    data = np.random.default_rng(3).standard_normal(POINTS)
    with h5py.File(tmp_path / "u.h5", "w") as file:
        file["potential"], file["group/other"] = data, 2 * data
    u, _ = value({"kind": "file", "path": str(tmp_path / "u.h5")})
    np.testing.assert_array_equal(u, data)
    u, _ = value({"kind": "file", "path": str(tmp_path / "u.h5"), "dataset": "group/other"})
    np.testing.assert_array_equal(u, 2 * data)


def test_terms_add_up_with_their_envelopes():
    trap = {"kind": "harmonic", "frequency": 1.0}
    potential, (x,) = external(
        trap,
        {"kind": "expression", "value": "x", "from": 1.0},
        {"kind": "expression", "value": "x**3*t", "from": 1.0, "until": 3.0, "ramp": 1.0},
        {"kind": "gaussian", "height": 1.0, "width": 1.0, "factor": "sin(t)", "until": 2.5},
        dimensions=1,
    )
    harmonic_part, bump = 0.5 * MASS * x**2, np.exp(-(x**2) / 2)
    expected = {
        0.0: harmonic_part,
        0.5: harmonic_part + np.sin(0.5) * bump,
        1.5: harmonic_part + x + 0.5 * 1.5 * x**3 + np.sin(1.5) * bump,
        2.0: harmonic_part + x + 2.0 * x**3 + np.sin(2.0) * bump,
        3.25: harmonic_part + x + 0.75 * 3.25 * x**3,
        5.0: harmonic_part + x,
    }
    for t in (*expected, *reversed(expected)):
        close(potential.value(Instant(t, t)), expected[t])
    assert potential.on(Instant(0.5, 0.5)) == [True, False, False, True]


def test_changes_after():
    """Conservation of energy may be checked from the last change on."""
    ramped, _ = external(
        {"kind": "harmonic", "frequency": 1.0},
        {"kind": "expression", "value": "x", "from": 1.0, "until": 3.0, "ramp": 1.0},
        dimensions=1,
    )
    assert ramped.changes_after(3.9)
    assert not ramped.changes_after(4.0)
    moving, _ = external({"kind": "expression", "value": "x*t", "until": 3.0}, dimensions=1)
    assert moving.changes_after(2.9)
    assert not moving.changes_after(3.0)


def test_single_precision():
    u, (x, y, z) = value(harmonic(1.0), precision="single")
    assert u.dtype == np.float32
    np.testing.assert_allclose(u, 0.5 * MASS * (x**2 + y**2 + z**2), rtol=1e-6)


@pytest.mark.parametrize(
    ("entry", "data", "reason"),
    [
        ({"dataset": "missing"}, np.zeros(POINTS), 'no dataset "missing"'),
        ({}, np.zeros((4, 4, 4)), "shape"),
        ({}, np.zeros(POINTS, complex), "complex"),
        ({}, np.full(POINTS, np.nan), "not finite"),
        ({}, None, "HDF5"),
    ],
    ids=["dataset", "shape", "complex", "nan", "no-hdf5"],
)
def test_files_that_do_not_fit(tmp_path, entry, data, reason):
    path = tmp_path / "u.h5"
    if data is None:
        path.write_text("not an HDF5 file")
    else:
        with h5py.File(path, "w") as file:
            file["potential"] = data
    with pytest.raises(ProblemError, match=reason) as caught:
        external({"kind": "file", "path": str(path)} | entry)
    assert caught.value.complaints[0].key == "species.a.potential.0"


def test_an_expression_that_is_not_finite_names_the_point():
    with pytest.raises(ProblemError, match=r"not finite at x = 0, t = 0"):
        external({"kind": "expression", "value": "1/x"}, dimensions=1)
    potential, _ = external({"kind": "expression", "value": "1/(x - 2 + t)"}, dimensions=1)
    with pytest.raises(FloatingPointError, match=r"x = 1, t = 1"):
        potential.value(Instant(1.0, 1.0))


def test_species_in_the_same_trap_share_its_array():
    """Kept once and read once; a harmonic one is the same only for equal masses. The plan counts what is kept."""
    plain = {"initial": {"kind": "plane-waves", "numbers": 0}}
    trap, shallow = harmonic([1.0, 1.0, 1.0]), harmonic([0.5, 0.5, 0.5])
    switched = trap | {"until": 1.0}
    members = [
        species("a", mass=MASS, potential=[trap], **plain),
        species("b", mass=MASS, potential=[trap], **plain),
        species("heavy", mass=2 * MASS, potential=[trap], **plain),
        species("shallow", mass=MASS, potential=[shallow], **plain),
        species("switched", mass=MASS, potential=[trap, switched], **plain),
    ]
    built = system(POINTS, LENGTHS, members)
    a, b, heavy, shallow, switched = (one.external.value(Instant(2.0, 2.0)) for one in built.mixture.species)
    assert a is b and a is switched
    assert heavy is not a and shallow is not a
    np.testing.assert_array_equal(heavy, 2 * a)
    assert potential_fields(built.problem) == 3 + 2  # three constant ones; the switched one and its sum
