"""Ground states of sets of orbitals: exact shells, dense diagonalisation, self-consistency with a condensate, the
levels outside, and the Thomas-Fermi density they approach."""

import math

import h5py
import numpy as np
import pytest
from physics.systems import (
    System,
    contact,
    evolution,
    gaussian_kernel,
    harmonic,
    largest,
    mixture_of,
    potentials_of,
    problem_text,
    require_below,
    species,
    system,
)

from hpcmix.initial.build import initial_state
from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.initial.orbitals.search import minimise_sets
from hpcmix.initial.trial.shells import oscillator_filling
from hpcmix.model.potentials.envelope import Instant
from hpcmix.observe.measures.fermi_density import fermi_density
from hpcmix.problem.files.load import parse_problem


def fermions(name, orbitals, **entries):
    return species(name, kind="fermions", orbitals=orbitals, **entries)


def dense_levels(one, index, potential, count):
    """The lowest levels of T + potential in one dimension by diagonalisation of the whole matrix."""
    grid, model = one.grid, one.mixture.species[index]
    n = grid.points[0]
    fourier = np.fft.fft(np.eye(n), axis=0)
    kinetic = (
        fourier.conj().T / n @ np.diag((one.mixture.hbar * grid.wave_numbers(0)) ** 2 / (2 * model.mass)) @ fourier
    )
    values, vectors = np.linalg.eigh(kinetic + np.diag(potential))
    return values[:count], vectors[:, :count]


@pytest.mark.parametrize(("frequency", "orbitals"), [((1.0,) * 3, 4), ((1.0, 1.3, 0.8), 5), ((1.0, 1.0), 6)])
def test_shells_of_a_trap(frequency, orbitals):
    d = len(frequency)
    one = system(
        [24 if d == 3 else 32] * d, [12.0] * d, [fermions("f", orbitals, potential=[harmonic(list(frequency))])]
    )
    filling = oscillator_filling(frequency, orbitals + 1)
    found = one.ground_state.levels["f"]
    # what of the oscillator's functions lies beyond this box and grid
    require_below(largest(np.array(found.energies) - filling.energies[:orbitals]), 1e-6, "levels")
    assert max(found.residuals) <= 1e-10 and len(found.residuals) == orbitals
    assert found.gap == pytest.approx(filling.energies[-1] - filling.energies[-2], abs=1e-5)
    assert one.ground_state.iterations < 80
    require_below(one.record()["species"]["f"]["orthonormality_defect"], 1e-12, "orthonormality defect")


def test_levels_whose_parities_the_guess_does_not_have():
    """A double well: pairs of even and odd levels, where the guess (an oscillator) has them in turn; against dense
    diagonalisation."""
    well = {"kind": "expression", "value": "6*(x**2/4 - 1)**2"}
    one = system([64], [14.0], [fermions("f", 5, potential=[well])])
    exact, _ = dense_levels(one, 0, 6.0 * (one.grid.axis(0) ** 2 / 4.0 - 1.0) ** 2, 6)
    # an energy errs by the square of the residual, beside rounding
    require_below(largest(np.array(one.ground_state.levels["f"].energies) / exact[:5] - 1.0), 1e-11, "levels")
    assert one.ground_state.levels["f"].gap == pytest.approx(exact[5] - exact[4], rel=1e-4)


def test_coupled_ground_state_is_self_consistent_and_stationary():
    """Fermions and a condensate that repel each other: the orbitals are the lowest eigenfunctions, and the condensate
    the lowest one, of Hamiltonians written down here with the densities found; and nothing moves."""
    g_bf, g_bb = 0.8, 0.15
    one = system(
        [64],
        [16.0],
        [
            fermions("f", 5, potential=[harmonic(1.0)]),
            species("b", particles=30.0, mass=1.4, potential=[harmonic(1.0)]),
        ],
        [contact("b", "f", g_bf), contact("b", "b", g_bb)],
        time=evolution(1.0, 0.02),
    )
    rho_f, rho_b = one.density(0), one.density(1)
    x = one.grid.axis(0)
    trap_f, trap_b = 0.5 * x**2, 0.7 * x**2
    levels, vectors = dense_levels(one, 0, trap_f + g_bf * rho_b, 5)
    require_below(largest(np.array(one.ground_state.levels["f"].energies) / levels - 1.0), 1e-9, "levels")
    density = np.sum(np.abs(vectors) ** 2, axis=1) / one.grid.cell_volume
    require_below(largest(density - rho_f) / largest(rho_f), 1e-8, "density of the fermions")
    _, vector = dense_levels(one, 1, trap_b + g_bf * rho_f + g_bb * rho_b, 1)
    density = 30.0 * np.abs(vector[:, 0]) ** 2 / one.grid.cell_volume
    require_below(largest(density - rho_b) / largest(rho_b), 1e-8, "density of the condensate")
    free = np.sum(np.abs(dense_levels(one, 0, trap_f, 5)[1]) ** 2, axis=1) / one.grid.cell_volume
    assert largest(free - rho_f) > 0.1 * largest(rho_f)  # the mean field does something
    one.evolve()
    require_below(largest(one.density(0) - rho_f) / largest(rho_f), 1e-7, "change of the fermions' density")
    require_below(largest(one.density(1) - rho_b) / largest(rho_b), 1e-7, "change of the condensate's density")


def test_fermions_among_themselves_and_in_single_precision():
    """Hartree mean field of two spin states and within one, by kernels of finite range; single precision agrees."""

    def make(precision):
        return system(
            [18, 18],
            [11.0, 11.0],
            [
                fermions("up", 3, potential=[harmonic([1.0, 1.0])]),
                fermions("down", 3, potential=[harmonic([1.0, 1.0])]),
            ],
            [
                contact("up", "down", 0.6),
                gaussian_kernel("up", "up", 0.2, 0.7),
                gaussian_kernel("down", "down", 0.2, 0.7),
            ],
            parallel={"precision": precision},
        )

    double, single = make("double"), make("single")
    assert double.ground_state.residual <= 1e-10 and single.ground_state.residual <= 1e-4
    # the energy errs by the square of the residual of single precision
    assert single.ground_state.energy == pytest.approx(double.ground_state.energy, rel=1e-5)
    require_below(largest(double.density(0) - double.density(1)) / largest(double.density(0)), 1e-7, "asymmetry")
    assert double.energy().terms["interaction"] > 0.1


def test_a_filled_level_that_is_not_the_lowest_is_replaced():
    """Started at exact eigenfunctions 0, 1 and 4 the gradient vanishes; the level found below takes the place."""
    one = system(
        [64], [18.0], [fermions("f", 5, potential=[harmonic(1.0)], initial={"kind": "oscillator", "frequency": 1.0})]
    )
    three = parse_problem(problem_text([64], [18.0], [fermions("f", 3, potential=[harmonic(1.0)])]))
    mixture = mixture_of(three)
    block = one.state.orbitals[0][[0, 1, 4]].copy()
    found = minimise_sets(mixture, [block], Instant.before_start(), 1e-9, 200)
    np.testing.assert_allclose(found.levels["f"].energies, [0.5, 1.5, 2.5], rtol=1e-8)


def sentences(text):
    said = []
    problem = parse_problem(text)
    mixture = mixture_of(problem)
    _, ground_state = initial_state(problem, mixture, lambda *progress: None, said.append)
    return said, ground_state


@pytest.mark.parametrize("kind", ["ground-state", "oscillator"])
def test_a_shell_that_is_not_closed_is_told(kind):
    initial = {"kind": kind} | ({"frequency": 1.0} if kind == "oscillator" else {})
    trap = {"potential": [harmonic([1.0, 1.0])], "initial": initial}
    for orbitals, closed in ((3, True), (4, False)):
        said, ground_state = sentences(problem_text([24, 24], [12.0, 12.0], [fermions("f", orbitals, **trap)]))
        # of a ground state before the search, which is slower then, and after it
        assert len(said) == (0 if closed else 2 if kind == "ground-state" else 1)
        assert all('species "f"' in line and "close a shell" in line for line in said)
        if ground_state is not None:
            assert (ground_state.levels["f"].gap == 0.0) is not closed
            # any filling of a degenerate level has the same energy
            exact = sum(oscillator_filling((1.0, 1.0), orbitals).energies)
            assert ground_state.energy == pytest.approx(exact, rel=1e-8)


def test_quench_of_the_coupling():
    """[ground_state] kernel_factors: the ground state without the coupling, then the evolution with it."""
    parts = (
        [64],
        [16.0],
        [fermions("f", 3, potential=[harmonic(1.0)]), species("b", particles=20.0, potential=[harmonic(1.0)])],
        [contact("b", "f", 0.5), contact("b", "b", 0.1)],
    )
    quenched = system(
        *parts,
        ground_state={"kernel_factors": [{"between": ["f", "b"], "factor": 0.0}]},
        time=evolution(0.5, 0.01),
    )
    apart = system(*parts[:3], [contact("b", "b", 0.1)])
    require_below(largest(quenched.density(0) - apart.density(0)) / largest(apart.density(0)), 1e-8, "difference")
    assert quenched.energy().terms["interaction"] > apart.energy().terms["interaction"] + 1.0
    start = quenched.energy().total
    before = quenched.density(0)
    quenched.evolve()
    assert largest(quenched.density(0) - before) > 0.01 * largest(before)
    require_below(abs(quenched.energy().total / start - 1.0), 1e-9, "energy")


def test_too_few_iterations_are_told():
    with pytest.raises(NotConverged, match=r"residual .* after 3 iterations"):
        system([32], [12.0], [fermions("f", 3, potential=[harmonic(1.0)])], ground_state={"max_iterations": 3})


def test_orbitals_come_back_from_a_file(tmp_path):
    one = system([16, 18], [9.0, 9.0], [fermions("f", 4, initial={"kind": "oscillator", "frequency": 1.0})])
    path = tmp_path / "states.h5"
    with h5py.File(path, "w") as file:
        file["f/wave_function"] = one.state.orbitals[0] * 3.0
    text = problem_text([16, 18], [9.0, 9.0], [fermions("f", 4, initial={"kind": "file", "path": str(path)})])
    again = System(parse_problem(text))
    require_below(largest(again.state.orbitals[0] - one.state.orbitals[0]), 1e-13, "difference")
    with pytest.raises(Exception, match=r"has shape .* orbitals and grid need"):
        System(parse_problem(text.replace("orbitals = 4", "orbitals = 5")))
    with h5py.File(path, "r+") as file:
        file["f/wave_function"][3] = file["f/wave_function"][0]
    with pytest.raises(Exception, match="4 orbitals span only 3 dimensions"):
        System(parse_problem(text))


def test_thomas_fermi_density():
    """In a trap rho = (2 m (mu - U))^(3/2) / (6 pi^2 hbar^3) with mu = hbar w (6 M)^(1/3); 56 fermions are close to it
    but for the ripples of their shells, and 4 are not as close."""
    distances = {}
    for orbitals in (4, 56):
        one = system([32] * 3, [13.0] * 3, [fermions("f", orbitals, potential=[harmonic(1.0)],
                                                     initial={"kind": "oscillator", "frequency": 1.0})])  # fmt: skip
        potential = potentials_of(one.mixture, [one.density()], Instant.before_start())[0]
        found = fermi_density(one.mixture, 0, potential)
        assert np.sum(found) * one.grid.cell_volume == pytest.approx(orbitals, rel=1e-10)
        mu = (6.0 * orbitals) ** (1.0 / 3.0)
        exact = np.maximum(2.0 * (mu - potential), 0.0) ** 1.5 / (6.0 * math.pi**2)
        # the sum over the grid of a density with an edge
        require_below(largest(found - exact) / largest(exact), 0.01, "Thomas-Fermi density")
        distances[orbitals] = np.sum(np.abs(one.density() - found)) * one.grid.cell_volume / orbitals
    assert distances[56] < 0.12 and distances[56] < 0.5 * distances[4]
