"""N bodies from a file: closed forms, both pictures, stored states, and the claims about them, right and wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hpcmix.model.many_body import build
from hpcmix.model.many_body.prefactors import pair_factors
from hpcmix.observe.reduced.density_matrices import density_matrix
from hpcmix.observe.reduced.distances import comparison
from hpcmix.observe.reduced.distances.limit_state import limit_amplitudes
from hpcmix.observe.reduced.measurement import Columns
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.claims import bose_fermi_limit, mean_field_limit
from hpcmix.studies.claims.fluctuations import bogoliubov_limit
from hpcmix.studies.measuring.budget import AS_GIVEN, Variation
from hpcmix.studies.measuring.setting import Setting
from hpcmix.studies.tracks import many_family
from hpcmix.studies.tracks.many_family import broken_by, extrapolated, many_variations
from tests.physics.bodies_on_a_ring import STIRRED, at_the_end, bodies, ring
from tests.physics.claims import setting, verdict

# ---------------------------------------------------------------- closed forms


def uniform_excitations(strength: float, time: float, waves: int) -> float:
    """sum over k of (l/o)^2 sin^2(o t), l = V^(k)/L, e = k^2, o = sqrt(e^2 + 2 e l), of a Gaussian kernel."""
    k = np.concatenate([np.arange(-waves, 0), np.arange(1, waves + 1)]).astype(float)
    pair = strength * np.exp(-0.5 * (0.8 * k) ** 2) * np.sqrt(2.0 * np.pi) * 0.8 / (2.0 * np.pi)
    frequency = np.sqrt(k**4 + 2.0 * k**2 * pair)
    return float(np.sum((pair / frequency) ** 2 * np.sin(frequency * time) ** 2))


def test_a_uniform_gas_has_the_excitations_of_bogoliubov():
    """The mean field is at rest, R = 2 alpha, and N alpha tends to a sum of squares; so does the equation beside it."""
    text = ring((10**6,), amplitudes=("1",), excitations=6, final=1.0, largest=2)
    several = bodies(text, with_limit=True)
    found = at_the_end(several)
    strength = _strength_of(several)
    expected = uniform_excitations(strength, 1.0, 2)
    assert found["limit_1"] == pytest.approx(expected, rel=1e-9)
    assert 1e6 * found["alpha(1)"] == pytest.approx(expected, rel=1e-4)
    assert found["R(1)"] == pytest.approx(2.0 * found["alpha(1)"], rel=1e-9)


def _strength_of(several) -> float:
    """The Gaussian's height, from its transform at zero in the modes: kernels are normalised as the file says."""
    (pair,) = several.model(0.0).interactions
    own = float(np.sum(pair.channels.strengths * pair.channels.left[:, 0, 0].real * pair.channels.right[:, 0, 0].real))
    return own * 2.0 * np.pi / (np.sqrt(2.0 * np.pi) * 0.8)


@pytest.mark.parametrize("scaling", ["fractions", "geometric-mean"])
def test_both_pictures_agree(scaling):
    """With room for all particles outside the frame changes nothing."""
    full = at_the_end(
        bodies(ring((4, 3), scaling=scaling, picture="occupations", also="[many_body.measure]\nsobolev = [0.5]"))
    )
    moving = at_the_end(
        bodies(ring((4, 3), scaling=scaling, excitations=4, also="[many_body.measure]\nsobolev = [0.5]"))
    )
    for name, value in full.items():
        if name[0] in "aRS":
            assert moving[name] == pytest.approx(value, rel=1e-7), name


def test_energies_agree_between_pictures_and_are_conserved():
    energies = []
    for picture in ("occupations", "excitations"):
        several = bodies(ring((4, 3), picture=picture, excitations=4))
        before = several.energy()
        while not several.is_finished:
            several.advance()
        assert several.energy() == pytest.approx(before, rel=1e-9)
        assert several.norm() == pytest.approx(1.0, abs=1e-9)
        energies.append(before)
    assert energies[0] == pytest.approx(energies[1], rel=1e-12)


def test_a_potential_that_is_ramped():
    """Magnus' integrator in the modes at rest, and in the frame: the same N bodies."""
    ramp = 'potential = [{ kind = "expression", value = "0.8*cos(x)", from = 0.05, ramp = 0.1 }]'
    text = ring((3, 2), picture="occupations", excitations=3).replace('name = "s0"', f'name = "s0"\n{ramp}')
    moving = ring((3, 2), excitations=3).replace('name = "s0"', f'name = "s0"\n{ramp}')
    first, second = at_the_end(bodies(text)), at_the_end(bodies(moving))
    for name in ("alpha(1,0)", "alpha(1,1)", "R(1,1)"):
        assert first[name] == pytest.approx(second[name], rel=1e-6)


@pytest.mark.parametrize("picture", ["occupations", "excitations"])
def test_they_go_on_from_what_is_stored(picture):
    text = ring((4, 3), picture=picture)
    whole = bodies(text, with_limit=True)
    expected = at_the_end(whole)
    half, rest = bodies(text, with_limit=True), bodies(text, with_limit=True)
    half.advance()
    rest.go_on(half.step, half.psi, half.small_arrays())
    found = at_the_end(rest)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_coherent_states_tend_to_their_own_limit():
    """Numbers of particles fluctuate, and mode 0 takes part in Bogoliubov's equation."""
    found = at_the_end(bodies(ring((200000, 100000), state="coherent", excitations=5, final=0.1), with_limit=True))
    for a, name in ((1, "alpha(1,0)"), (2, "alpha(0,1)")):
        number = (200000, 100000)[a - 1]
        assert number * found[name] == pytest.approx(found[f"limit_{a}"], rel=2e-3)
    assert 0.0 < found["Gamma"] < 1e-4


def test_pairs_count_with_their_own_prefactor():
    """1/N of Michelangeli and Olgiati, 1/(N - 1) of Anapolitanos, Hott and Hundertmark: two particles of a uniform gas
    leave it in a short time with the square of it."""
    text = ring((2,), amplitudes=("1",), picture="occupations", final=0.05, tolerance=1e-12)
    found = [
        at_the_end(bodies(text.replace("fractions", scaling)))["alpha(1)"]
        for scaling in ("fractions", "geometric-mean")
    ]
    assert found[1] / found[0] == pytest.approx(4.0, rel=1e-3)


def test_free_bodies_stay_with_their_mean_field():
    found = at_the_end(bodies(ring((4, 3), strength=0.0, picture="occupations", tolerance=1e-12)))
    assert max(abs(found[name]) for name in found if name[0] in "aR") < 1e-11


# ---------------------------------------------------------------- the claims


@pytest.fixture
def two_variations(monkeypatch):
    """The error budget without what only takes time here."""

    def fewer(problem):
        return [Variation(AS_GIVEN), Variation("tolerance", "looser", ("many_body.tolerance=1e-7",))]

    monkeypatch.setattr(many_family, "many_variations", fewer)


@pytest.mark.parametrize("scaling", ["fractions", "geometric-mean"])
def test_mean_field_limit(tmp_path, scaling):
    """Whole, with every entry of the error budget."""
    text = ring(scaling=scaling, excitations=4, tolerance=1e-7, also="[many_body.measure]\nsobolev = [0.5]")
    _, finding = mean_field_limit.check(setting(text, tmp_path, (48, 192, 768, 3072)))
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.columns[:6] == ("N", "N_1", "N_2", "alpha(1,0)", "alpha(0,1)", "alpha(1,1)")
    assert finding.columns[6:] == ("R(1,0)", "R(0,1)", "R(1,1)", "S(1,0;0.5)", "S(0,1;0.5)", "S(1,1;0.5)")
    assert finding.column("N_1") == [32.0, 128.0, 512.0, 2048.0]
    exponents = {fit.quantity: fit.exponent for fit in finding.fits}
    assert exponents["alpha(1,1)"] == pytest.approx(-1.0, abs=0.03)
    assert exponents["R(1,1)"] == pytest.approx(-1.0, abs=0.03)
    assert {"tolerance", "excitations", "grid"} <= set(finding.budgets[0].changes)
    assert "Bogoliubov" in [curve.name for curve in finding.curves if curve.reference]
    assert any("extrapolates" in note for note in finding.notes)
    assert any("theorem with its constant" in note for note in finding.notes) == (scaling == "geometric-mean")


def test_small_numbers_alone_decide_nothing(tmp_path, two_variations):
    text = ring(picture="occupations", final=0.1)
    _, finding = mean_field_limit.check(setting(text, tmp_path, (3, 6, 9)))
    assert verdict(finding) == "not resolved", finding.verdict


def test_too_few_outside(tmp_path, two_variations):
    text = ring(excitations=1, strength=6.0, final=0.6)
    _, finding = mean_field_limit.check(setting(text, tmp_path, (12, 48, 192)))
    assert verdict(finding) == "not resolved", finding.verdict
    assert "excitations = 1 is too few" in finding.reason


def wrong_fractions(kind, populations, first, second, coupling=1.0):
    """c_1 and c_2 the other way round in what the mean field feels."""
    found = pair_factors(kind, populations, first, second, coupling)
    if first == second:
        return found
    return dataclasses.replace(found, first_feels=found.second_feels, second_feels=found.first_feels)


def double(kind, populations, first, second, coupling=1.0):
    """Pairs counted twice in the Hamiltonian."""
    found = pair_factors(kind, populations, first, second, coupling)
    return dataclasses.replace(found, factor=2.0 * found.factor)


@pytest.mark.parametrize("wrong", [wrong_fractions, double])
def test_wrong_prefactors(tmp_path, monkeypatch, two_variations, wrong):
    """The mean field of another Hamiltonian: the distance does not go to zero."""
    monkeypatch.setattr(build, "pair_factors", wrong)
    text = ring(picture="occupations", strength=4.0, final=0.4)
    _, finding = mean_field_limit.check(setting(text, tmp_path, (12, 18, 24, 30)))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict


def transposed(state, order):
    """gamma^(1,1) with the second particle's indices exchanged, as de Oliveira and Michelangeli print (2.1)."""
    found = density_matrix(state, order)
    if order != (1, 1):
        return found
    first, second = (len(one) for one in found.few)
    turned = found.matrix.reshape(first, second, first, second).transpose(0, 3, 2, 1)
    return dataclasses.replace(found, matrix=turned.reshape(found.matrix.shape))


def test_a_transposed_density_matrix(tmp_path, monkeypatch, two_variations):
    """In modes at rest; in the frame the mean field is real, and a transposition harms none of the inequalities."""
    monkeypatch.setattr(comparison, "density_matrix", transposed)
    _, finding = mean_field_limit.check(setting(ring(final=0.4, picture="occupations"), tmp_path, (12, 18, 24)))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    assert "an inequality that holds for every state does not" in finding.reason


def test_bose_fermi_limit(tmp_path):
    """One fermion: F ~ 1/N, B ~ 1/N^2 with lambda = 1/N."""
    given = setting(STIRRED, tmp_path)
    given = Setting(given.file, given.overrides, (), True, given.work, (3, 6, 9, 12))
    _, finding = bose_fermi_limit.check(given)
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.columns == ("M", "N", "F", "B") and finding.column("N") == [3.0, 6.0, 9.0, 12.0]
    exponents = {fit.quantity: fit.exponent for fit in finding.fits}
    assert exponents["F"] == pytest.approx(-1.0, abs=0.05) and exponents["B"] == pytest.approx(-2.0, abs=0.1)


# ---------------------------------------------------------------- parts


def test_inequalities_of_one_record():
    problem = parse_problem(ring())
    columns = Columns.of(problem)
    good = {"alpha(1,0)": 0.01, "alpha(0,1)": 0.02, "alpha(1,1)": 0.025}
    good |= {"R(1,0)": 0.03, "R(0,1)": 0.05, "R(1,1)": 0.06, "edge_1": 0.0, "edge_2": 0.0}
    assert list(broken_by(problem, columns, good, (8, 4))) == []
    for name, value in (("alpha(1,1)", 0.04), ("alpha(1,1)", 0.015), ("R(1,0)", 0.015), ("R(1,0)", 0.3)):
        assert list(broken_by(problem, columns, good | {name: value}, (8, 4))), (name, value)


def test_richardson():
    numbers = [10, 20, 40, 80]
    value, uncertain = extrapolated(numbers, [3.0 + 2.0 / n - 7.0 / n**2 for n in numbers])
    assert value == pytest.approx(3.0, abs=1e-12) and uncertain < 0.01


def test_what_is_varied():
    problem = parse_problem(ring(excitations=3))
    names = [one.name for one in many_variations(problem)]
    # waves belong to their box, and three of them have a smaller ball only with one
    assert names == [AS_GIVEN, "tolerance", "excitations", "grid"]
    assert parse_problem(ring(largest=2)).many_body.modes[0].fewer(0.8) == ("waves up to 2 to 1", "largest=1.0")


# ---------------------------------------------------------------- Bogoliubov's limit


def test_bogoliubov_limit(tmp_path):
    """Numbers like 1/N, states like N^(-1/2), each with its error budget."""
    text = ring(excitations=7, tolerance=1e-11, final=0.2, strength=1.5)
    _, finding = bogoliubov_limit.check(setting(text, tmp_path, (12, 48, 192)))
    assert verdict(finding) == "consistent", finding.verdict
    *numbers, norm = (fit.exponent for fit in finding.fits)
    # the next order, one part in N, bends the lines of N = 12 to 192 by less than that
    assert numbers == pytest.approx([-1.0, -1.0], abs=0.02) and norm == pytest.approx(-0.5, abs=0.05)
    assert {"tolerance", "excitations", "grid"} <= set(finding.budgets[0].changes)
    assert any(curve.reference for curve in finding.curves)


@pytest.mark.parametrize("wrong", [wrong_fractions, double])
def test_bogoliubov_limit_of_another_hamiltonian(tmp_path, monkeypatch, two_variations, wrong):
    monkeypatch.setattr(build, "pair_factors", wrong)
    text = ring(strength=1.5, final=0.2, excitations=7)
    _, finding = bogoliubov_limit.check(setting(text, tmp_path, (12, 48, 192)))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict


def test_bogoliubov_limit_with_too_few_outside(tmp_path, two_variations):
    text = ring(excitations=1, strength=6.0, final=0.6)
    _, finding = bogoliubov_limit.check(setting(text, tmp_path, (12, 48, 192)))
    assert verdict(finding) == "not resolved" and "too few" in finding.reason, finding.verdict


def test_bogoliubov_limit_is_about_those_outside(tmp_path):
    with pytest.raises(ProblemError, match="excitations"):
        bogoliubov_limit.check(setting(ring(picture="occupations"), tmp_path))


@pytest.mark.parametrize("state", ["factorised", "coherent"])
def test_the_state_of_the_limit_is_annihilated(state):
    """(a_i - sum_j Z_ij a*_j) Phi = 0 for every mode, on the configurations with room for one more; its norm is one but
    for what has no room, and its excitations are those of V."""
    several = bodies(ring((40, 20), excitations=6, final=0.2, state=state, strength=4.0), with_limit=True)
    while not several.is_finished:
        several.advance()
    pairs, spaces = several.pairs_of_limit(), several.picture.spaces
    phi = limit_amplitudes(spaces, pairs)
    outside = [space.occupations[:, 1:] for space in spaces]
    lost = 1.0 - np.linalg.norm(phi) ** 2
    assert 0.0 < lost < 1e-3
    mode = 1 if state == "coherent" else 0  # of the limit's numbers, the condensate's own mode is left out
    numbers = [
        float(np.sum(np.abs(phi) ** 2 * outside[0][:, mode:].sum(axis=1)[:, None])),
        float(np.sum(np.abs(phi) ** 2 * outside[1][:, mode:].sum(axis=1)[None, :])),
    ]
    # each of the lost configurations has more than six outside
    assert numbers == pytest.approx(several.excitations_of_limit(), abs=20.0 * lost)
    sizes = [own.shape[1] for own in outside]
    owner = np.repeat([0, 1], sizes)
    column = np.concatenate([np.arange(1, size + 1) for size in sizes])
    room = np.logical_and.outer(
        *(own.sum(axis=1) < space.excitations for own, space in zip(outside, spaces, strict=True))
    )
    for i in range(len(pairs)):
        residual = _moved(spaces, phi, owner[i], column[i], taken=True)
        for j in range(len(pairs)):
            residual = residual - pairs[i, j] * _moved(spaces, phi, owner[j], column[j], taken=False)
        assert np.max(np.abs(residual[room])) < 1e-13


def _moved(spaces, phi, species, column, taken):
    """a phi or a* phi of a mode, by the formula <n|a phi> = (n + 1)^(1/2) <n + e|phi>."""
    space = spaces[species]
    change = (space.unit(column) - space.unit(0)) * (1 if taken else -1)
    occupations = space.occupations
    ranks = space.rank(occupations + change)
    roots = np.sqrt(occupations[:, column] + (1 if taken else 0))
    found = np.take(phi, np.maximum(ranks, 0), axis=species) * np.expand_dims(
        np.where(ranks >= 0, roots, 0.0), 1 - species
    )
    return found
