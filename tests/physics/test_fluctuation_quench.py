"""Uniform mixtures that begin to interact: the program's flow and its numbers against closed formulas."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest

from hpcmix.observe.fluctuations.numbers import Outside, condensates_of
from hpcmix.observe.fluctuations.record import beginning_at
from hpcmix.observe.look import Look
from tests.physics.fluctuations import record, with_pairs
from tests.physics.systems import System, contact, gaussian, gaussian_kernel, species, system

MASSES, NUMBERS, LENGTH, POINTS, TIME = (1.0, 1.5), (400.0, 300.0), 8.0, 16, 0.3
STRENGTHS = np.array([[0.5, 0.35], [0.35, 0.6]])
KAPPA = np.sqrt(np.outer(NUMBERS, NUMBERS)) / LENGTH**3 * STRENGTHS


def uniform(built: System) -> System:
    """The same with uniform condensates, and the pairs of its [fluctuations] beside them."""
    for orbitals in built.state.orbitals:
        orbitals[...] = built.grid.volume**-0.5
    return with_pairs(built)


def gas(step: float, **section) -> System:
    names = [
        species(name, mass=mass, particles=number, initial=gaussian(1.0))
        for name, mass, number in zip(("one", "two"), MASSES, NUMBERS, strict=True)
    ]
    interaction = [contact("one", "one", 0.5), contact("two", "two", 0.6), contact("one", "two", 0.35)]
    time = {"final": TIME, "step": step, "integrator": "blanes-moan-6"}
    return uniform(system([POINTS] * 3, [LENGTH] * 3, names, interaction, time=time, fluctuations=section))


def created(square: int) -> np.ndarray:
    """|V_ab(k)|^2 at |k|^2 = `square` (2 pi/L)^2, a for rows: the off-diagonal block of exp(-i M t), M = [[eps + kappa,
    kappa], [-kappa, -eps - kappa]]."""
    eps = square * (2.0 * np.pi / LENGTH) ** 2 * np.diag([0.5 / mass for mass in MASSES])
    matrix = np.block([[eps + KAPPA, KAPPA], [-KAPPA, -eps - KAPPA]])
    energies, vectors = np.linalg.eig(matrix + 0j)
    flow = vectors @ np.diag(np.exp(-1j * energies * TIME)) @ np.linalg.inv(vectors)
    return np.abs(flow[:2, 2:]) ** 2


def of_pairs(built: System) -> np.ndarray:
    """|w_a|^2 and |(Q w)_a|^2 of every pair."""
    look = Look(built.mixture, built.state)
    outside = Outside(look, condensates_of(look), beginning_at(look))
    for number, pair in enumerate(look.pairs()):
        outside.take(number, 1.0, pair)
    return outside.values()


def run(built: System) -> System:
    for _ in range(built.problem.time.steps):
        built.stepper.advance(built.state)
    built.stepper.settle(built.state)
    return built


def test_followed_modes_of_a_uniform_mixture():
    """Of 27 modes a species every pair has the numbers of its wave number."""
    values = of_pairs(run(gas(0.01, modes=27, probes=2)))
    squares = [0] + 6 * [1] + 12 * [2] + 8 * [3]
    for source, number in itertools.product(range(2), range(1, 27)):
        wanted = created(squares[number])[:, source]
        # the splitting's error at this step
        np.testing.assert_allclose(values[27 * source + number, 0], wanted, rtol=1e-9, atol=1e-12)
    for source in range(2):
        np.testing.assert_allclose(values[27 * source, 0], TIME**2 * KAPPA[:, source] ** 2, rtol=1e-9)
        # what a condensate makes stays in it
        assert np.all(values[27 * source, 1] < 1e-12)


def test_probes_find_the_rest():
    wanted = [5.67183184797, 7.09083621434]
    report = record(run(gas(0.02, modes=27, probes=16)))
    for entry, exact in zip(report["species"].values(), wanted, strict=True):
        deviation = entry["transverse_excitations"] - exact
        assert abs(deviation) < 4.0 * entry["transverse_excitations_error"] < 0.4 * exact
    assert report["symplectic_defect"] < 1e-13


@pytest.mark.slow
def test_all_wave_numbers_of_a_uniform_mixture():
    """One pair for every |k| and species, counted as often as the grid has it: N_perp to ten digits."""
    numbers = range(-POINTS // 2, POINTS // 2)
    squares: dict[int, list[tuple[int, ...]]] = {}
    for wave in itertools.product(numbers, repeat=3):
        squares.setdefault(sum(m * m for m in wave), []).append(wave)
    built = gas(TIME / 48, modes=1, probes=2)
    x, y, z = built.grid.coordinates
    total, inside = np.zeros(2), np.zeros(2)
    shells = sorted(squares.items())
    for first in range(0, len(shells), 27):
        chosen = shells[first : first + 27]
        built = gas(TIME / 48, modes=len(chosen), probes=2)
        for source, (place, (_, waves)) in itertools.product(range(2), enumerate(chosen)):
            k = [2.0 * np.pi / LENGTH * m for m in waves[0]]
            pair = built.state.fluctuations.pairs[source][source * len(chosen) + place]
            pair[0] = np.exp(1j * (k[0] * x + k[1] * y + k[2] * z)) / LENGTH**1.5
        values = of_pairs(run(built))[: 2 * len(chosen)].reshape(2, len(chosen), 2, 2)
        for place, (square, waves) in enumerate(chosen):
            if square == 0:
                inside += np.sum(values[:, place, 0], axis=0)
            else:
                total += len(waves) * np.sum(values[:, place, 0], axis=0)
    np.testing.assert_allclose(total, [5.67183184797, 7.09083621434], rtol=1e-10)
    np.testing.assert_allclose(inside, [0.0187797546387, 0.016170501709], rtol=1e-10)


def test_all_modes_of_kernels_on_a_line():
    names = [
        species(name, mass=mass, particles=number, initial=gaussian(1.0))
        for name, mass, number in (("one", 0.5, 10.0), ("two", 0.8, 7.0))
    ]
    interaction = [
        gaussian_kernel("one", "one", 0.9, 0.8),
        contact("two", "two", 0.4),
        gaussian_kernel("one", "two", 0.5, 0.6),
    ]
    time = {"final": 1.5, "step": 0.025, "integrator": "blanes-moan-6"}
    built = uniform(system([24], [12.0], names, interaction, time=time, fluctuations={"modes": "all"}))
    report = record(run(built))
    outside = [entry["excitations"] for entry in report["species"].values()]
    across = [entry["transverse_excitations"] for entry in report["species"].values()]
    np.testing.assert_allclose(outside, [10.5994928975, 1.51437825338], rtol=1e-10)
    np.testing.assert_allclose(across, [4.89161174504, 0.773377199703], rtol=1e-10)
    assert report["symplectic_defect"] < 1e-12  # linear in the steps: 60 of them


def test_what_a_grid_of_a_line_misses():
    """Contact interactions in one dimension: beyond_grid beside the closed numbers of a far finer grid."""
    points, strength, number, length, time = 240, 0.5, 100.0, 60.0, 0.4
    kappa = number / length * strength

    def outside(count: int) -> float:
        k = 2.0 * np.pi / length * np.fft.fftfreq(count, 1.0 / count)[1:]
        energy = np.sqrt(0.5 * k**2 * (0.5 * k**2 + 2.0 * kappa))
        return float(np.sum((kappa * np.sin(energy * time) / energy) ** 2))

    built = uniform(
        system(
            [points],
            [length],
            [species("one", particles=number, initial=gaussian(1.0))],
            [contact("one", "one", strength)],
            time={"final": time, "step": 0.001, "check_step": False},
            fluctuations={"modes": 3},
        )
    )
    (entry,) = record(built)["species"].values()
    # the first waves beyond the grid count most, and their phases do not average out wholly
    assert entry["beyond_grid"] == pytest.approx(outside(64 * points) - outside(points), rel=0.1)
    assert math.isfinite(entry["beyond_grid"])


@pytest.mark.parametrize("points", [32, 48])
def test_what_a_grid_of_a_released_cloud_misses(points):
    """In the frame, at b = 3.2: the tail there has b^2 times the strength squared of the start, and a finer grid finds
    it. (The laboratory's integral of rho^2 with the grid's own largest wave number would be half of it.)"""
    fine = released(96)
    coarse = released(points)
    missing = fine["excitations"] - coarse["excitations"]
    # what was made at the start and what is there now interfere in the first waves beyond the grid, which count most
    assert coarse["beyond_grid"] - fine["beyond_grid"] == pytest.approx(missing, rel=0.08)


@cache
def released(points: int) -> dict[str, float]:
    built = with_pairs(
        system(
            [points],
            [12.0],
            [species("one", particles=20.0, initial=gaussian(1.0))],
            [contact("one", "one", 0.3)],
            grid={"frame": {"kind": "expanding", "rate": 1.0}},
            time={"final": 3.0, "step": 0.005},
            fluctuations={"modes": "all"},
        )
    )
    (entry,) = record(run(built))["species"].values()
    return entry
