"""``also = ["vortices"]``: zeros that are known, the same list on any number of ranks, what counts for none."""

import json
import math

import numpy as np
import pytest
from parallel.test_orbital_groups import parallel_options, pencil_grids
from physics.systems import contact, evolution, expanding, expression, gaussian, harmonic, species, system

from hpcmix.observe.observables.vortices import OBSERVABLE
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.sections.calculation.output import ObservablesOptions

EVERYWHERE = {"kind": "plane-waves", "numbers": 0}


def found(one, name="a", **options):
    observable = OBSERVABLE.with_options(ObservablesOptions(also=("vortices",), **options))
    index = [model.name for model in one.mixture.species].index(name)
    return observable.of_species(one.look(), index)


def waves(a, b, c=None):
    """sin(x - a) + i sin(y - b), with the z of a line if there is a c: zeros where both sines vanish."""
    imaginary = f"sin(y - {b!r})" if c is None else f"sin(y - {b!r} - {c!r}*sin(z))"
    real = f"sin(x - {a!r})"
    return expression(f"sqrt(({real})**2 + ({imaginary})**2)") | {"phase": f"atan2({imaginary}, {real})"}


@pytest.mark.parametrize("points", [[24, 21], [15, 32]])
def test_known_zeros(comm, points):
    """A trigonometric polynomial is its own interpolant: its zeros to rounding, well below 1e-10 of the spacing."""
    a, b = 0.4321, -1.2345
    one = system(points, [2 * math.pi] * 2, [species("a", initial=waves(a, b))], comm=comm)
    vortices = found(one)["vortices"]
    assert vortices["count"] == 4 and vortices["total_charge"] == 0
    expected = {(a, b): 1, (a - math.pi, b): -1, (a, b + math.pi): -1, (a - math.pi, b + math.pi): 1}
    spacing = 2 * math.pi / max(points)
    for x, y, charge in zip(vortices["x"], vortices["y"], vortices["charge"], strict=True):
        place = min(expected, key=lambda place: math.hypot(place[0] - x, place[1] - y))
        assert math.hypot(place[0] - x, place[1] - y) < 1e-12 * spacing + 1e-14
        assert expected.pop(place) == charge


def test_a_vortex_on_a_point_of_the_grid(comm):
    """There the phase is that of rounding, or none at all."""
    one = system([16, 16], [2 * math.pi] * 2, [species("a", initial=waves(0.0, 0.0))], comm=comm)
    vortices = found(one)["vortices"]
    assert sorted(vortices["charge"]) == [-1, -1, 1, 1]
    assert np.abs(np.sin(vortices["x"])).max() < 1e-14 and np.abs(np.sin(vortices["y"])).max() < 1e-14


def test_nodes_are_no_vortices(comm):
    """A real function, a dark soliton along a diagonal: its phase jumps by pi with no winding."""
    one = system([20, 20], [2 * math.pi] * 2, [species("a", initial=expression("sin(x + y + 0.1)"))], comm=comm)
    assert found(one)["vortices"]["count"] == 0


def crowd(dimensions):
    """Vortices of both signs in "a", filled by "b"."""
    if dimensions == 2:
        at = [(-3.1, 1.2, 1), (3.3, -2.0, -1), (0.03, 0.4, 2), (5.0, 4.5, -1), (-5.2, -4.1, -1)]
        imprints = {"vortices": [{"position": [x, y], "charge": q, "core": 0.7} for x, y, q in at]}
        points, lengths = [26, 24], [16.0, 12.0]
    else:
        at = [(-3.0, -3.0, 1), (3.0, 4.0, -1)]
        imprints = {
            "vortices": [{"position": [x, y], "charge": q, "core": 0.7} for x, y, q in at],
            "rings": [{"centre": [0.3, 0.2, 0.1], "radius": 2.0, "axis": "x", "core": 0.7}],
        }
        points, lengths = [14, 15, 16], [10.0, 11.0, 12.0]
    centre = [at[0][0], at[0][1], 0.0][:dimensions]
    return points, lengths, imprints, gaussian(1.0, centre=centre)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_same_list_everywhere_to_the_bit(comm, dimensions):
    points, lengths, imprints, filling = crowd(dimensions)
    entries = [species("a", initial=EVERYWHERE | imprints), species("b", particles=3.0, initial=filling)]
    serial = found(system(points, lengths, entries))
    text = json.dumps(serial)
    assert serial["vortices"]["count"] >= (5 if dimensions == 2 else 3)
    if dimensions == 3:
        assert serial["vortex_lines"]["closed"] == [1, 1, 1]
    for grid in pencil_grids(comm.size, points):
        one = system(points, lengths, entries, parallel=parallel_options(dimensions, 1, grid), comm=comm)
        assert json.dumps(found(one)) == text


def test_lines_and_rings(comm):
    """A wavy line x = a, y = b + c sin z, closed through the faces: its points to rounding, its length that of the
    curve; four of them, two each way."""
    if comm.size > 4:
        pytest.skip("a grid of few planes")
    a, b, c = 0.4, -0.3, 0.8
    one = system([16, 16, 20], [2 * math.pi] * 3, [species("a", initial=waves(a, b, c))], comm=comm)
    lines = found(one)["vortex_lines"]
    assert lines["closed"] == [1, 1, 1, 1]
    assert sorted(lines["span_z"]) == pytest.approx([-2 * math.pi, -2 * math.pi, 2 * math.pi, 2 * math.pi])
    assert lines["span_x"] == pytest.approx([0.0] * 4, abs=1e-12)
    z = np.linspace(0, 2 * math.pi, 2001)
    exact = np.sum(np.hypot(np.diff(z), c * np.diff(np.sin(z))))
    assert lines["length"] == pytest.approx([exact] * 4, rel=2e-3)  # chords of about h are shorter by (h c)^2 / 24
    x, y, height = (np.array(lines[axis]) for axis in "xyz")
    on_line = np.hypot(np.sin(x - a), np.sin(y - b - c * np.sin(height)))
    assert on_line.max() < 1e-6  # of the interpolant, whose spectrum falls like J_n(0.8) and ends at n = 10
    which = np.array(lines["line"])
    for line in range(4):  # its points follow each other
        steps = np.diff(np.stack([x, y, height])[:, which == line])
        steps -= 2 * math.pi * np.rint(steps / (2 * math.pi))
        assert np.sqrt((steps**2).sum(axis=0)).max() < 0.8  # twice the spacing
        sign = np.sign(lines["span_z"][line])
        assert np.all(sign * steps[2] > -1e-12)


def test_filling_is_the_density_of_the_others(comm):
    points, lengths, imprints, filling = crowd(2)
    entries = [
        species("a", initial=EVERYWHERE | imprints),
        species("b", particles=3.0, initial=filling),
        species("c", particles=2.0, initial=EVERYWHERE),
    ]
    vortices = found(system(points, lengths, entries, comm=comm))["vortices"]
    nearest = int(np.argmin(np.hypot(np.array(vortices["x"]) + 3.1, np.array(vortices["y"]) - 1.2)))
    # the vortex of the interpolant is 1e-2 from that of the formula, where the Gaussian has lost its square
    assert vortices["filling"][nearest] == pytest.approx(3.0 / math.pi + 2.0 / 192.0, rel=1e-3)
    assert min(vortices["filling"]) == pytest.approx(2.0 / 192.0, rel=1e-6)


def test_ghosts_beside_a_cloud_count_for_nothing(comm):
    """White noise on a cloud has vortices wherever there is little of it."""
    initial = gaussian(1.5, noise={"amplitude": 0.2}) | {"vortices": [{"position": [0.1, 0.2], "core": 0.5}]}
    one = system([32, 32], [16.0, 16.0], [species("a", initial=initial)], comm=comm)
    # beside the cloud the phase is random
    one.state.orbitals[0][...] += 1e-4 * np.exp(
        2j * np.pi * np.random.default_rng(comm.rank).random(one.grid.position_shape)
    )
    assert found(one)["vortices"]["count"] == 1
    assert found(one, vortex_density_cut=0.0)["vortices"]["count"] > 50


def test_a_ground_state_that_keeps_its_phase(comm):
    """The same energy and place at any number of ranks, beside another component; sums over ranks are rounded apart."""
    entries = [
        species("a", particles=40.0, potential=[harmonic(1.0)], initial={"vortices": [{"position": [0.6, 0.2]}]}),
        species("b", particles=10.0, potential=[harmonic(1.2)]),
    ]
    pairs = [contact("a", "a", 1.0), contact("b", "b", 1.0), contact("a", "b", 0.7)]
    serial = system([20, 19], [10.0] * 2, entries, pairs)
    one = system([20, 19], [10.0] * 2, entries, pairs, comm=comm)
    assert one.ground_state.energy == pytest.approx(serial.ground_state.energy, rel=1e-12)
    expected, vortices = found(serial)["vortices"], found(one)["vortices"]
    assert vortices["charge"] == expected["charge"] == [1]
    assert vortices["x"] == pytest.approx(expected["x"], abs=1e-7)  # of states with residuals of 1e-10


def test_what_a_coupling_leaves_has_none(comm):
    """A whole period of a Rabi oscillation: of the second species rounding is left, and that is full of zeros."""
    entries = [species("a", particles=3.0, initial=gaussian(1.0)), species("b", particles=0)]
    coupling = [{"between": ["a", "b"], "rabi_frequency": 1.0, "from": 0.0}]
    time = evolution(2 * math.pi, math.pi / 5, "strang")
    one = system([24, 24], [12.0] * 2, entries, coupling=coupling, time=time, comm=comm).evolve()
    assert found(one, "b")["vortices"]["count"] == 0


@pytest.mark.parametrize("frame", [{}, expanding(1.0)])
def test_a_free_vortex_and_an_expanding_frame(comm, frame):
    """(w - w_0) exp(-r^2 / 2), w = x + i y, evolves freely to (w / (1 + i t) - w_0) times a Gaussian: the zero goes to
    w_0 (1 + i t), in the laboratory, whatever the grid's frame."""
    initial = expression("sqrt((x - 0.4)**2 + (y + 0.3)**2)*exp(-(x**2 + y**2)/2)")
    phase = "atan2(y + 0.3, x - 0.4)"
    length = 13.0 if frame else 22.0  # so that the cloud ends before the faces
    entry = species("a", initial=initial | {"phase": phase})
    sections = {"grid": frame} if frame else {}
    one = system([48, 44], [length] * 2, [entry], time=evolution(1.0, 0.02, "blanes-moan-4"), comm=comm, **sections)
    vortices = found(one.evolve())["vortices"]
    exact = (0.4 - 0.3j) * (1.0 + 1.0j)
    assert vortices["charge"] == [1]
    assert math.hypot(vortices["x"][0] - exact.real, vortices["y"][0] - exact.imag) < 1e-6  # what both boxes leave out


def test_in_orbital_groups(comm):
    """A condensate lives in one group; what is found there is known to all."""
    if comm.size % 2:
        pytest.skip("two groups")
    entries = [
        {"name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "plane-waves"}},
        species("a", initial=waves(0.3, 0.2)),
    ]
    serial = found(system([16, 15], [2 * math.pi] * 2, entries, comm=MPI.COMM_SELF))
    one = system([16, 15], [2 * math.pi] * 2, entries, parallel={"orbital_groups": 2}, comm=comm)
    record = one.record("vortices")["species"]
    assert "vortices" not in record["f"]
    assert record["a"]["vortices"]["x"] == serial["vortices"]["x"]


def test_in_single_precision(comm):
    one = system(
        [24, 20],
        [2 * math.pi] * 2,
        [species("a", initial=waves(0.4, 0.2))],
        parallel={"precision": "single"},
        comm=comm,
    )
    vortices = found(one)["vortices"]
    assert vortices["count"] == 4
    assert np.abs(np.sin(np.array(vortices["x"]) - 0.4)).max() < 1e-6  # that of numbers with 7 digits
