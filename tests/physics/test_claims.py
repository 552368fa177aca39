"""Claims measured on small problems: consistent where they should be, and not where the model or the numerics are
wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hpcmix.model.pair_kernels import neumann as scattering
from hpcmix.model.terms import build, entry_kernels
from hpcmix.studies.claims import (
    conservation,
    dispersion,
    gross_pitaevskii_limit,
    morawetz,
    pair_excitation,
    scattering_rates,
    well_posedness,
)
from tests.physics.claims import mixture, setting, verdict

TRUE = scattering.neumann_problem


def born(function, kappa, radius, largest=0.0):
    """The kernel without its f_l, which tends to the Born coupling integral of V and not to 8 pi a."""
    solution = TRUE(function, kappa, radius, largest)
    values = np.zeros_like(solution.panels.radii)
    values[: solution.inside] = function.evaluate(solution.panels.radii[: solution.inside])
    strength = 4.0 * np.pi * float(np.sum(solution.panels.weights * values * solution.panels.radii**2))
    return dataclasses.replace(solution, product=values, strength=strength)


# ---------------------------------------------------------------- scattering-rates


def test_scattering_rates(tmp_path):
    """lambda_l (lN)^3/(3a) = 1 + 9a/(5lN) + ..., for every potential; then (1.15) is 12 pi."""
    _, finding = scattering_rates.check(setting(mixture(), tmp_path, (16, 64, 256, 1024, 4096)))
    assert verdict(finding) == "consistent", finding.verdict
    for name in ("s0-s0", "s0-s1", "s1-s1"):
        # what is left is of the order a/(lN) = 3e-4
        assert finding.column(f"C (1.14) {name}")[-1] == pytest.approx(1.8, rel=2e-3)
        assert finding.column(f"C (1.15) {name}")[-1] == pytest.approx(12.0 * np.pi, rel=2e-3)
    assert max(max(budget.errors) for budget in finding.budgets) < 1e-8


def test_scattering_rates_fail_without_the_correlation(tmp_path, monkeypatch):
    monkeypatch.setattr(scattering, "neumann_problem", born)
    _, finding = scattering_rates.check(setting(mixture(), tmp_path))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    assert "1.15" in finding.reason


# ---------------------------------------------------------------- gross-pitaevskii-limit


@pytest.mark.parametrize("fractions", [(0.7, 0.3), (0.5, 0.3, 0.2)])
def test_the_limit_is_reached_like_one_over_n_at_all_times(tmp_path, fractions):
    _, finding = gross_pitaevskii_limit.check(setting(mixture(fractions, points=12, step=0.08), tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    (fit,) = finding.fits
    assert fit.interval[0] < -1.0 < fit.interval[1] and fit.exponent == pytest.approx(-1.0, abs=0.05)
    assert "all t >= 0" in finding.reason
    (budget,) = finding.budgets
    assert set(budget.changes) == {"time step", "grid", "box"}
    assert 0.0 < max(budget.errors) < 0.05 * min(budget.values)


def test_the_limit_from_ground_states_in_a_box_at_rest(tmp_path):
    text = mixture(points=12, length=7.0, frame='"fixed"', final="0.2", step=0.02, initial='{ kind = "ground-state" }')
    _, finding = gross_pitaevskii_limit.check(setting(text, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert "solver tolerance" in finding.budgets[0].changes and "t <= 0.2" in finding.reason


def test_the_limit_is_not_that_of_a_kernel_without_correlation(tmp_path, monkeypatch):
    monkeypatch.setattr(entry_kernels, "neumann_problem", born)
    _, finding = gross_pitaevskii_limit.check(setting(mixture(points=12, step=0.08), tmp_path))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    assert finding.fits[0].exponent == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("cause", "options"),
    [
        ("grid", {"points": 8, "length": 14.0, "step": 0.08}),
        ("box", {"points": 8, "length": 3.0, "step": 0.03, "check_step": False}),
        ("time step", {"points": 12, "step": 0.75, "check_step": False, "integrator": "strang", "fractions": (7, 3)}),
    ],
)
def test_the_limit_is_not_resolved(tmp_path, cause, options):
    """Too coarse a grid, too small a box, a step too large."""
    _, finding = gross_pitaevskii_limit.check(setting(mixture(**options), tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict
    assert f"from the {cause}" in finding.reason


# ---------------------------------------------------------------- dispersion and pair-excitation


def test_dispersion_at_all_times_and_its_failures(tmp_path):
    _, finding = dispersion.check(setting(mixture(points=14, step=0.08, every=2), tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    for curve in finding.curves:
        assert np.all(np.isfinite(curve.y)) and curve.y[-1] > 0.0
    _, finding = dispersion.check(setting(mixture(points=8, length=14.0, step=0.08), tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict


def test_a_trapped_cloud_does_not_disperse(tmp_path):
    """The trap stays on: the weighted norms grow like t^(3/2), in a box at rest."""
    text = mixture(points=14, length=9.0, frame='"fixed"', final="2.0", step=0.05, every=4)
    text = text.replace("until = 0.0", "until = 10.0")
    _, finding = dispersion.check(setting(text, tmp_path))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict


def test_pair_kernels_at_all_times_and_their_failures(tmp_path, monkeypatch):
    small = mixture(points=12, step=0.08)
    _, finding = pair_excitation.check(setting(small, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    # ||grad_1 k|| itself grows like sqrt(N), as it is allowed to
    slopes = finding.column("sup_t |grad_1 k|_HS")
    assert slopes[-1] / slopes[0] == pytest.approx(4.0, rel=0.05)

    def unscaled(function, kappa, radius, largest=0.0):
        """A correlation that reaches as far as the ball whatever N is: its strength lost its 1/N."""
        solution = TRUE(function, kappa, radius, largest)
        return dataclasses.replace(solution, values=1.0 - radius * (1.0 - solution.values))

    monkeypatch.setattr(pair_excitation, "neumann_problem", unscaled)
    _, finding = pair_excitation.check(setting(small, tmp_path))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    monkeypatch.undo()
    _, finding = pair_excitation.check(setting(mixture(points=8, length=18.0, step=0.08), tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict


def breathing(step: float, final: float, width: float) -> str:
    """The mixture in a trap that stays on, from a cloud that it does not hold at rest, with a step of low order: in
    free space the norms are the largest at t = 0, where no step is wrong."""
    at_rest = {"points": 14, "length": 9.0, "frame": '"fixed"', "initial": f'{{ kind = "gaussian", width = {width} }}'}
    large = {"final": str(final), "step": step, "every": 1, "check_step": False, "integrator": "strang"}
    return mixture(**at_rest, **large).replace("until = 0.0", "until = 10.0")


@pytest.mark.parametrize(
    ("claim", "cause", "text"),
    [
        (dispersion, "box", mixture(points=10, length=4.0, step=0.08, check_step=False)),
        (pair_excitation, "box", mixture(points=10, length=4.0, step=0.08, check_step=False)),
        (dispersion, "time step", breathing(0.4, 0.8, 1.8)),
        (pair_excitation, "time step", breathing(1.0, 2.0, 1.1)),
    ],
)
def test_norms_are_not_resolved(tmp_path, claim, cause, text):
    """Too small a box, a step too large."""
    _, finding = claim.check(setting(text, tmp_path))
    assert verdict(finding) == "not resolved" and f"from the {cause}" in finding.reason, finding.verdict


# ---------------------------------------------------------------- conservation

TRAP = """
[grid]
points = [14, 14, 14]
lengths = [9.0, 9.0, 9.0]
[[species]]
name = "first"
particles = 6.0
initial = { kind = "gaussian", width = 1.0, centre = [0.3, 0.0, 0.0], momentum = [0.0, 0.3, 0.0] }
potential = [{ kind = "harmonic", frequency = [1.0, 1.0, 1.2] }]
[[species]]
name = "second"
mass = 1.3
particles = 3.0
initial = { kind = "gaussian", width = 1.0, centre = [-0.3, 0.1, 0.0] }
potential = [{ kind = "harmonic", frequency = [1.0, 1.0, 1.2] }]
[[interaction]]
between = ["first", "first"]
kind = "contact"
strength = 1.0
[[interaction]]
between = ["first", "second"]
kind = "contact"
strength = 0.4
[time]
final = 1.6
step = 0.1
[output]
observables = { every = 2 }
"""


COUPLING = """
[[coupling]]
between = ["first", "second"]
rabi_frequency = 1.5
"""


def test_conservation_in_a_trap(tmp_path):
    _, finding = conservation.check(setting(TRAP, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert set(finding.columns[1:]) == {
        "drift of particles first",
        "drift of particles second",
        "drift of energy",
        "drift of angular momentum",
    }
    (energy,) = (fit for fit in finding.fits if fit.quantity == "drift of energy")
    assert energy.exponent == pytest.approx(4.0, abs=0.5)  # the order of blanes-moan-4
    assert max(finding.column("drift of particles first")) < 1e-12


def test_a_force_that_is_not_mutual_does_not_conserve_energy(tmp_path, monkeypatch):
    def one_sided(*arguments):
        (contact,) = build.terms_of(*arguments)
        couplings = contact.couplings.copy()
        couplings[0, 1] *= 0.5
        return (contact.constant(couplings),)

    monkeypatch.setattr("hpcmix.model.build.terms_of", one_sided)
    _, finding = conservation.check(setting(TRAP, tmp_path))
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    assert "energy" in finding.reason


def test_too_large_a_step_leaves_conservation_open(tmp_path):
    text = TRAP.replace("step = 0.1", 'step = 0.8\ncheck_step = false\nintegrator = "strang"')
    text = text.replace("every = 2", "every = 1").replace("final = 1.6", "final = 4.8")
    _, finding = conservation.check(setting(text, tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict


@pytest.mark.parametrize(("cause", "points", "length"), [("grid", 10, 14.0), ("box", 12, 6.0)])
def test_a_grid_too_coarse_or_a_box_too_small_leaves_conservation_open(tmp_path, cause, points, length):
    text = TRAP.replace("14, 14, 14", f"{points}, {points}, {points}").replace("step = 0.1", "step = 0.05")
    _, finding = conservation.check(setting(text.replace("9.0, 9.0, 9.0", f"{length}, {length}, {length}"), tmp_path))
    assert verdict(finding) == "not resolved" and f"comes from the {cause}" in finding.reason, finding.verdict


# ---------------------------------------------------------------- well-posedness


def test_kinetic_energy_stays_below_its_bound(tmp_path):
    _, finding = well_posedness.check(setting(TRAP, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    attractive = TRAP + '[[interaction]]\nbetween = ["second", "second"]\nkind = "coulomb"\nstrength = -0.5\n'
    _, finding = well_posedness.check(setting(attractive, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict


def test_semirelativistic_attraction_within_sr(tmp_path):
    """Gravity within the condition (SR): bounded by (76), with the rest mass in the energy or without."""
    text = TRAP.replace("particles = 6.0", "particles = 1.0").replace("particles = 3.0", "particles = 1.0")
    text = text.replace("initial = {", 'kinetic = "semirelativistic"\ninitial = {')
    text = text.replace('kind = "contact"', 'kind = "coulomb"').replace("strength = 0.4", "strength = -0.5")
    text = text.replace("strength = 1.0", "strength = -0.4")
    _, finding = well_posedness.check(setting(text, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    subtracted = text.replace('"semirelativistic"', '"semirelativistic"\nrest_mass = "subtracted"')
    _, other = well_posedness.check(setting(subtracted, tmp_path))
    assert other.column("kinetic energy / bound") == pytest.approx(finding.column("kinetic energy / bound"), rel=1e-9)


def test_a_vector_potential_takes_momentum_but_no_energy(tmp_path):
    field = TRAP.replace(
        "initial = {", 'vector_potential = { kind = "uniform", field = [0, 0, 0.5], gauge = "symmetric" }\ninitial = {'
    )
    _, finding = conservation.check(setting(field, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert "drift of angular momentum" not in finding.columns and "drift of energy" in finding.columns
    _, finding = well_posedness.check(setting(field, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict


def test_species_that_turn_into_each_other_are_conserved_together(tmp_path):
    coupled = TRAP.replace("mass = 1.3\n", "") + COUPLING
    _, finding = conservation.check(setting(coupled, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.columns[1:] == ("drift of particles", "drift of energy")


def test_an_attractive_contact_interaction_bounds_nothing(tmp_path):
    _, finding = well_posedness.check(setting(TRAP.replace("strength = 1.0", "strength = -1.0"), tmp_path))
    assert verdict(finding) == "not resolved" and "contact" in finding.reason


def test_bounds_of_coulomb_attraction():
    """(SR) decides about the semi-relativistic bound; the other one holds for Gaussians of every width."""
    one = np.ones(1)
    critical = 4.0 / np.pi
    below = well_posedness.semirelativistic_bound(1.0, np.array([[0.99 * critical]]), one, 1.0)
    assert below == pytest.approx(100.0)
    with pytest.raises(well_posedness.NoBound, match="SR"):
        well_posedness.semirelativistic_bound(1.0, np.array([[1.01 * critical]]), one, 1.0)
    # two species, no attraction within them: lambda_12 < 4/pi whatever the populations
    pair = np.array([[0.0, 0.99 * critical], [0.99 * critical, 0.0]])
    assert well_posedness.semirelativistic_bound(1.0, pair, np.array([3.0, 1.0 / 3.0]), 1.0) == pytest.approx(100.0)
    # a Gaussian in its own gravity: K = 3/(4 m s^2), E = K - lambda/(s sqrt(2 pi)) N, for every width s
    for width in (0.3, 1.0, 5.0):
        kinetic = 0.75 / width**2
        energy = kinetic - 1.0 / (width * np.sqrt(2.0 * np.pi))
        assert kinetic <= well_posedness.nonrelativistic_bound(energy, np.ones((1, 1)), one, one, 1.0)


# ---------------------------------------------------------------- morawetz


def released(strength: float, points: int = 14, length: float = 9.0) -> str:
    return f"""
[grid]
points = [{points}, {points}, {points}]
lengths = [{length}, {length}, {length}]
frame = {{ kind = "expanding", rate = 1.0 }}
[[species]]
name = "first"
particles = 1.0
initial = {{ kind = "gaussian", width = 1.0, centre = [0.3, 0.0, 0.0] }}
[[species]]
name = "second"
particles = 0.5
initial = {{ kind = "gaussian", width = 1.1 }}
[[interaction]]
between = ["first", "first"]
kind = "contact"
strength = {strength}
[[interaction]]
between = ["first", "second"]
kind = "contact"
strength = {strength}
[time]
final = "infinity"
step = 0.1
check_step = false
[output]
observables = {{ every = 1 }}
"""


def test_morawetz_inequality_and_its_failures(tmp_path):
    _, finding = morawetz.check(setting(released(2.0), tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.rows[-1][0] == np.inf and finding.rows[-1][1] < finding.rows[-1][2]
    _, finding = morawetz.check(setting(released(2.0, points=6, length=14.0), tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict
    _, finding = morawetz.check(setting(released(2.0, points=8, length=3.5), tmp_path))
    assert verdict(finding) == "not resolved" and "from the box" in finding.reason, finding.verdict
    strong = released(40.0)
    _, finding = morawetz.check(setting(strong, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    text = strong.replace("step = 0.1", 'step = 0.75\nintegrator = "strang"')
    _, finding = morawetz.check(setting(text, tmp_path))
    assert verdict(finding) == "not resolved", finding.verdict
    assert "from the time step" in finding.budgets[1].summary
    # attraction pulls the cloud together: its distances shrink, M_a falls, and the left side is no lower bound
    text = released(-25.0, points=16, length=8.0).replace('"infinity"', "0.3").replace("step = 0.1", "step = 0.02")
    text = text.replace('{ kind = "expanding", rate = 1.0 }', '"fixed"')
    _, finding = morawetz.check(setting(text, tmp_path))
    assert verdict(finding) == "NOT CONSISTENT" and "falls" in finding.reason, finding.verdict
