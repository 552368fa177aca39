"""Records of classical species: against sums over all markers, and the same bits at any number of ranks and groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from parallel.engines import engine_on

from hpcmix.model.build import build_mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.phase_space import phase_space_density
from hpcmix.observe.observables.density_modes import MODES
from hpcmix.observe.record import observe
from hpcmix.observe.registry import labels_of_all, requested
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.state.marker_cloud import MarkerCloud
from hpcmix.state.orbital_cloud import OrbitalCloud
from hpcmix.state.progress import Progress
from hpcmix.state.state import State

PARTICLES, MASS, NUMBER = 2.5, 1.3, 1501
SHAPES = {1: ([24], [12.0]), 2: ([16, 14], [9.0, 8.0]), 3: ([12, 10, 9], [8.0, 7.0, 6.0])}


def problem_of(dimensions: int, *changes: str) -> Problem:
    points, lengths = SHAPES[dimensions]
    text = f"""
        [grid]
        points = {points}
        lengths = {lengths}
        [[species]]
        name = "condensate"
        particles = 3.0
        initial = {{ kind = "gaussian", width = 1.1 }}
        [[species]]
        name = "gas"
        kind = "classical"
        mass = {MASS}
        particles = {PARTICLES}
        markers = {{ number = {NUMBER}, tolerance = 1e-6 }}
        potential = [{{ kind = "harmonic", frequency = 0.7 }}]
        initial = {{ kind = "gaussian", width = 1.0 }}
        [[interaction]]
        between = ["condensate", "gas"]
        kind = "gaussian"
        strength = 0.8
        width = 1.2
        [[interaction]]
        between = ["gas", "gas"]
        kind = "gaussian"
        strength = 0.5
        width = 1.3
        [time]
        final = 1.0
        step = 0.1
        """
    return parse_problem(text, changes)


def all_markers(dimensions: int, across: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, momenta and weights by index; `across`: the cloud lies across the faces of the first axis."""
    random = np.random.default_rng(dimensions)
    lengths = np.array(SHAPES[dimensions][1])
    place = np.zeros(dimensions) + 0.3
    place[0] += 0.48 * lengths[0] if across else 0.0
    position = place + 0.6 * random.normal(size=(NUMBER, dimensions))
    position -= lengths * np.floor(position / lengths + 0.5)
    weight = random.uniform(0.5, 1.5, NUMBER)
    return position, random.normal(0.4, 0.9, (NUMBER, dimensions)), weight * (PARTICLES / weight.sum())


def look_at(comm, problem: Problem, markers, groups: int = 1, pending: float = 0.0, seed: int = 1) -> Look:
    """A look at a Gaussian condensate and these markers, which begin on any rank and in any order."""
    communicators = Communicators.create(comm, problem.grid.points, groups=groups)
    mixture = build_mixture(problem, engine_on(communicators))
    shape = mixture.grid.position_shape
    wave = np.exp(sum(-0.4 * (x - 0.2) ** 2 + 0.3j * x for x in mixture.grid.coordinates)) * np.ones(shape)
    norm = communicators.sum(np.sum(np.abs(wave) ** 2)) * mixture.grid.cell_volume
    held = len(mixture.held(0))
    orbitals = np.broadcast_to(wave / np.sqrt(norm), (held, *shape)).copy()
    deal = np.random.default_rng(seed).permutation(NUMBER)[comm.rank :: comm.size]
    position, momentum, weight = markers
    cloud = MarkerCloud.empty(mixture.engine, mixture.marker_layout(1), NUMBER)
    cloud.markers = Markers.of(deal, position[deal].copy(), momentum[deal].copy(), weight[deal].copy())
    cloud.layout.scattered()
    return Look(mixture, State([OrbitalCloud(orbitals), cloud], Progress(pending_kick=pending)))


def entries(look: Look, *words: str) -> dict:
    return observe(look, requested(words))["species"]["gas"]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_averages_are_those_of_the_markers(comm, dimensions):
    markers = all_markers(dimensions)
    found = entries(look_at(comm, problem_of(dimensions), markers))
    position, momentum, weight = markers
    centre, drift = (weight @ values / PARTICLES for values in (position, momentum))

    def width(values, mean, chosen=slice(None)):
        return np.sqrt(weight[chosen] @ (values[chosen] - mean) ** 2 / weight[chosen].sum())

    assert found["particles"] == math.fsum(weight)
    exact = {"rel": 1e-13}  # sums here are rounded otherwise
    assert found["centre"] == pytest.approx(centre, **exact)
    assert found["rms_width"] == pytest.approx(width(position, centre), **exact)
    assert found["momentum"] == pytest.approx(PARTICLES * drift, **exact)
    assert found["momentum_width"] == pytest.approx(width(momentum, drift), **exact)
    kinetic = weight @ np.sum(momentum**2, axis=1) / (2.0 * MASS)
    potential = weight @ np.sum(position**2, axis=1) * 0.5 * MASS * 0.7**2
    assert found["kinetic_energy"] == pytest.approx(kinetic, **exact)
    assert found["potential_energy"] == pytest.approx(potential, **exact)
    assert (found["markers"], found["window"]) == (NUMBER, 6)
    even, odd = slice(0, None, 2), slice(1, None, 2)
    means = [weight[half] @ position[half] / weight[half].sum() for half in (even, odd)]
    energies = [weight[half] @ np.sum(momentum[half] ** 2, axis=1) / weight[half].sum() for half in (even, odd)]
    difference = found["half_difference"]
    # differences of numbers of order one
    assert difference["centre"] == pytest.approx(means[0] - means[1], abs=1e-13)
    widths = width(position, means[0], even) - width(position, means[1], odd)
    assert difference["rms_width"] == pytest.approx(widths, abs=1e-13)
    scale = PARTICLES / (2.0 * MASS)
    assert difference["kinetic_energy"] == pytest.approx(scale * (energies[0] - energies[1]), abs=1e-12)
    assert "spectral_tail" not in found and "highest_level" not in found and "healing_length" not in found
    assert all(0.0 <= share < 1.0 for share in found["face_density"])


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_interaction_and_chemical_potential_are_those_of_points(comm, dimensions):
    """The interaction as a double sum over markers, and an integral over condensate and markers."""
    markers = all_markers(dimensions)
    problem = problem_of(dimensions)
    look = look_at(comm, problem, markers)
    record = observe(look)
    position, _, weight = markers
    lengths = np.array(SHAPES[dimensions][1])

    def kernel(distances, strength, width):
        """strength exp(-r^2 / 2 width^2), summed over the images of the box."""
        total = 1.0
        for axis in range(dimensions):
            images = distances[..., axis, None] + lengths[axis] * np.arange(-2, 3)
            total = total * np.exp(-0.5 * (images / width) ** 2).sum(axis=-1)
        return strength * total

    rows = np.array_split(np.arange(NUMBER), 40)
    own = sum(weight[row] @ kernel(position[row, None] - position, 0.5, 1.3) @ weight for row in rows)
    density = whole(look, look.densities[0])
    points = np.stack(np.meshgrid(*(look.mixture.grid.axis(a) for a in range(dimensions)), indexing="ij"), axis=-1)
    there, dv = points.reshape(-1, dimensions), look.mixture.grid.cell_volume
    between = sum(weight[row] @ kernel(position[row, None] - there, 0.8, 1.2) @ density.ravel() for row in rows) * dv
    found = record["species"]["gas"]
    # tolerance = 1e-6 of the markers
    assert found["interaction_energy"] == pytest.approx(0.5 * own + 0.5 * between, rel=2e-6)
    whole_energy = found["kinetic_energy"] + found["potential_energy"] + own + between
    assert found["chemical_potential"] == pytest.approx(whole_energy / PARTICLES, rel=2e-6)
    total = sum(record["energy"][name] for name in ("kinetic", "potential", "interaction"))
    assert record["energy"]["total"] == pytest.approx(total, rel=1e-14)
    for name in ("kinetic", "potential", "interaction"):
        shares = sum(record["species"][who][f"{name}_energy"] for who in ("condensate", "gas"))
        assert record["energy"][name] == pytest.approx(shares, rel=1e-13)


def whole(look: Look, block: np.ndarray) -> np.ndarray:
    grid, communicators = look.mixture.grid, look.mixture.communicators
    result = np.zeros(grid.points)
    for rank, values in enumerate(communicators.group.allgather(block)):
        result[communicators.decomposition.position_block(rank).slices] = values
    return result


def test_a_cloud_across_the_faces_is_in_one_piece(comm):
    markers = all_markers(2, across=True)
    found = entries(look_at(comm, problem_of(2), markers))
    position, weight = markers[0].copy(), markers[2]
    length = SHAPES[2][1][0]
    position[:, 0] += np.where(position[:, 0] < 0.0, length, 0.0)
    centre = weight @ position / PARTICLES
    widths = np.sqrt(weight @ (position - centre) ** 2 / PARTICLES)
    assert found["rms_width"] == pytest.approx(widths, rel=1e-13)
    centre[0] -= length if centre[0] >= 0.5 * length else 0.0
    assert found["centre"] == pytest.approx(centre, rel=1e-13)


def test_the_pending_kick_is_part_of_the_momenta(comm):
    """What the kick adds to them is minus the duration times the gradient, here of the trap alone."""
    problem = problem_of(2, "interaction=[]")
    markers = all_markers(2)
    found = entries(look_at(comm, problem, markers, pending=0.3))
    position, momentum, weight = markers
    kicked = momentum - 0.3 * MASS * 0.7**2 * position
    assert found["momentum"] == pytest.approx(weight @ kicked, rel=1e-13)
    assert found["kinetic_energy"] == pytest.approx(weight @ np.sum(kicked**2, axis=1) / (2 * MASS), rel=1e-13)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_modes_of_densities(comm, dimensions):
    markers = all_markers(dimensions)
    look = look_at(comm, problem_of(dimensions), markers)
    record = observe(look, requested(["density-modes"]))
    position, _, weight = markers
    density = whole(look, look.densities[0])
    for axis, (points, length) in enumerate(zip(*SHAPES[dimensions], strict=True)):
        number = np.arange(1, MODES + 1)
        expected = np.exp(-2j * np.pi / length * np.multiply.outer(number, position[:, axis])) @ weight
        np.testing.assert_allclose(
            record[f"density_wave_numbers_{'xyz'[axis]}"], 2 * np.pi / length * number, rtol=1e-15
        )
        found = record["species"]["gas"]["density_modes"]["xyz"[axis]]
        np.testing.assert_allclose(np.array(found["re"]) + 1j * np.array(found["im"]), expected, atol=1e-13)
        line = density.sum(axis=tuple(a for a in range(dimensions) if a != axis)) * look.mixture.grid.cell_volume
        x = look.mixture.grid.axis(axis)
        expected = np.exp(-2j * np.pi / length * np.multiply.outer(number, x)) @ line
        expected[number >= points / 2] = np.nan
        found = record["species"]["condensate"]["density_modes"]["xyz"[axis]]
        np.testing.assert_allclose(np.array(found["re"]) + 1j * np.array(found["im"]), expected, atol=1e-13)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_angular_momentum(comm, dimensions):
    position, momentum, weight = all_markers(dimensions)
    look = look_at(comm, problem_of(dimensions), (position, momentum, weight))
    found = entries(look, "angular-momentum")["angular_momentum"]
    if dimensions == 3:
        expected = weight @ np.cross(position, momentum)
    else:
        expected = [weight @ (position[:, 0] * momentum[:, 1] - position[:, 1] * momentum[:, 0])]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_entry_has_a_label(comm, dimensions):
    labels = labels_of_all(dimensions)
    record = observe(look_at(comm, problem_of(dimensions), all_markers(dimensions)), requested(["density-modes"]))

    def names(table, prefix=""):
        for key, value in table.items():
            yield from names(value, f"{prefix}{key}_") if isinstance(value, dict) else [f"{prefix}{key}"]

    for species in record["species"].values():
        assert set(names(species)) <= set(labels)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_bits_do_not_depend_on_ranks_groups_and_order(comm, dimensions):
    markers, problem = all_markers(dimensions, across=True), problem_of(dimensions)
    words = ("density-modes",)
    axes = ("x", "p" + "xyz"[dimensions - 1])

    def numbers(look):
        found = entries(look, *words)
        histogram = phase_space_density(look, 1, axes, (11, 7))
        of_grid = ("interaction_energy", "chemical_potential")  # sums over points, rounded in the order of ranks
        return {key: value for key, value in found.items() if key not in of_grid}, histogram.density.tolist()

    alone = comm.Split(comm.rank, 0)
    expected = numbers(look_at(alone, problem, markers, pending=0.2))
    ways = [(1, 5), (1, 9)] + ([(2, 5)] if comm.size % 2 == 0 else [])
    for groups, seed in ways:
        assert numbers(look_at(comm, problem, markers, groups, pending=0.2, seed=seed)) == expected
    alone.Free()


@pytest.mark.parametrize("axes", [("x", "py"), ("px", "py"), ("y", "x"), ("px", "x")])
def test_a_histogram_counts_every_particle_in_its_bin(comm, axes):
    markers, bins = all_markers(2), (13, 8)
    look = look_at(comm, problem_of(2), markers)
    found = phase_space_density(look, 1, axes, bins)
    columns = dict(zip(("x", "y", "px", "py"), [*markers[0].T, *markers[1].T], strict=True))
    expected, *_ = np.histogram2d(columns[axes[0]], columns[axes[1]], found.edges, weights=markers[2])
    area = np.prod([edge[1] - edge[0] for edge in found.edges])
    # in units of 2^-52 of the whole
    np.testing.assert_allclose(found.density * area, expected, atol=1e-12)
    assert np.sum(found.density) * area == pytest.approx(PARTICLES, rel=1e-12)
    for axis, edge in zip(axes, found.edges, strict=True):
        if axis.startswith("p"):
            largest = np.max(np.abs(columns[axis]))
            assert largest <= edge[-1] <= 1.5 * largest and edge[0] == -edge[-1]
        else:
            assert edge[-1] == 0.5 * SHAPES[2][1]["xy".index(axis)]


def test_at_rest_a_histogram_has_a_width(comm):
    position, momentum, weight = all_markers(1)
    found = phase_space_density(look_at(comm, problem_of(1), (position, 0 * momentum, weight)), 1, ("x", "px"), (4, 3))
    assert found.edges[1].tolist() == pytest.approx([-1.0, -1 / 3, 1 / 3, 1.0])
    assert np.all(found.density[:, 0] == 0.0) and np.sum(found.density[:, 1]) > 0.0
