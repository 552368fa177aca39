"""Claims about fluctuations on small problems: consistent where they should be, and not where the kernel of the pairs
or the discretisation is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.model.terms import build
from hpcmix.model.terms.entry_kernels import scattering_kernel
from hpcmix.observe.measures.pairing import PairingNorm
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.claims.fluctuations import excitations_bounded, fluctuation_growth
from hpcmix.studies.claims.fluctuations.fluctuation_growth import Envelope
from hpcmix.studies.measuring import budget
from hpcmix.studies.measuring.budget import AS_GIVEN, Variation
from tests.physics.claims import TRAPPED, released, setting, verdict
from tests.physics.systems import System

# ---------------------------------------------------------------- excitations-bounded


@pytest.fixture
def only_the_grid(monkeypatch):
    """The error budget without what only takes time here."""

    def fewer(problem):
        return (Variation(AS_GIVEN), budget.of_grid_and_box(problem)[0])

    monkeypatch.setattr(budget, "variations", fewer)


def of_another_number(entry, problem, index, largest):
    """w of N = 2 whatever N is: correlations that are too weak at short distances."""
    return scattering_kernel(entry.model_copy(update={"particles": 2.0}), problem, index, largest)


def test_excitations_stay_bounded(tmp_path, only_the_grid):
    _, finding = excitations_bounded.check(setting(released(), tmp_path, (16, 64, 256), around_flow=True))
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.columns == ("N", "sup_t N_Xi", "sup_t N", "sup_t |k|_HS", "|K2~|_HS")
    assert "all t >= 0" in finding.reason
    for dressed, bare in zip(finding.column("sup_t N_Xi"), finding.column("sup_t N"), strict=True):
        assert 0.0 < dressed <= bare * (1.0 + 1e-9)
    assert "probes" in finding.budgets[0].changes


@pytest.mark.slow
def test_excitations_stay_bounded_up_to_a_thousand(tmp_path):
    """With its whole error budget, on a grid with three spacings in the correlations' radius."""
    text = released(12).replace("step = 0.2", "step = 0.05").replace("check_step = false", "check_step = true")
    _, finding = excitations_bounded.check(setting(text, tmp_path, (16, 64, 256, 1024), around_flow=True))
    assert verdict(finding) == "consistent", finding.verdict
    assert set(finding.budgets[0].changes) == {"time step", "grid", "box", "probes"}
    (dressed,) = (fit for fit in finding.fits if fit.quantity == "sup_t N_Xi")
    assert dressed.interval[0] < 0.0 < dressed.interval[1]
    # measured -0.012 on 6^3 points and -0.011 on the card of the claim: 1/N of the first number
    assert abs(dressed.exponent) < 0.05


def test_a_kernel_of_another_number_is_found(tmp_path, monkeypatch, only_the_grid):
    """What creates pairs after T_0 is then as large as the grid is fine."""
    monkeypatch.setattr(build, "scattering_kernel", of_another_number)
    _, finding = excitations_bounded.check(setting(released(), tmp_path, (16, 64, 256), around_flow=True))
    assert verdict(finding) == "not resolved" and "|K2~|_HS" in finding.reason, finding.verdict
    assert "from the grid" in finding.reason


def test_what_excitations_bounded_is_about(tmp_path):
    vacuum = released().replace('initial = "correlated"', 'initial = "vacuum"')
    for text, sentence in ((vacuum, 'must be "correlated"'), (released().partition("[fluct")[0], "is required")):
        with pytest.raises(ProblemError, match=sentence):
            excitations_bounded.check(setting(text, tmp_path, around_flow=True))


# ---------------------------------------------------------------- fluctuation-growth


def test_growth_does_not_depend_on_the_number(tmp_path):
    _, finding = fluctuation_growth.check(setting(TRAPPED, tmp_path, (12, 1200), around_flow=True))
    assert verdict(finding) == "consistent", finding.verdict
    assert finding.column("sup_t N of first")[0] == pytest.approx(finding.column("sup_t N of first")[1], rel=1e-9)
    assert {"time step", "grid", "box", "probes"} == set(finding.budgets[0].changes)
    assert any("sinh^2" in note for note in finding.notes)


def test_without_the_scaling_growth_depends_on_the_number(tmp_path, only_the_grid):
    text = TRAPPED.replace('[scaling]\nkind = "fractions"\n', "").replace("particles = 8", "particles = 0.6")
    text = text.replace("particles = 4", "particles = 0.4")
    _, finding = fluctuation_growth.check(setting(text, tmp_path, (1, 2), around_flow=True))
    assert verdict(finding) == "NOT CONSISTENT" and "depends on N" in finding.reason, finding.verdict


def test_more_than_the_equation_allows_is_found(tmp_path, monkeypatch, only_the_grid):
    """Half the norm of what makes pairs: the numbers exceed their bound."""
    norm = PairingNorm.__call__
    monkeypatch.setattr(PairingNorm, "__call__", lambda self, look: 0.3 * norm(self, look))
    _, finding = fluctuation_growth.check(setting(TRAPPED, tmp_path, (12, 24), around_flow=True))
    assert verdict(finding) == "NOT CONSISTENT" and "allows" in finding.reason, finding.verdict


def test_the_norm_of_what_makes_pairs():
    """|K2|_HS against the sum over all pairs of points; a contact interaction is one over the volume element."""
    text = TRAPPED.replace("points = [32]", "points = [11]")
    text += '[[interaction]]\nbetween = ["second", "second"]\nkind = "contact"\nstrength = 0.4\n'
    system = System(parse_problem(text))
    mixture_, cell = system.mixture, system.grid.cell_volume
    fields, total = [system.field(0), system.field(1)], 0.0
    for b in range(2):
        for y in range(11):
            densities = np.zeros((2, 11))
            densities[b, y] = 1.0 / cell
            for a, response in enumerate(mixture_.interactions.mean_fields(densities)):
                total += float(np.sum(np.abs(fields[a] * response * fields[b][y]) ** 2)) * cell**2
    assert PairingNorm(mixture_)(system.look()) == pytest.approx(np.sqrt(total), rel=1e-12)


def test_the_smallest_envelope():
    """Above all values, touching two of them, and level where nothing grows."""
    times = np.linspace(0.0, 2.0, 20)
    values = 0.3 * times**2
    envelope = Envelope.above(times, values)
    apart = envelope.at(times)[1:] / values[1:]
    assert np.all(apart >= 1.0 - 1e-12) and np.sum(apart < 1.0 + 1e-9) == 2
    # the tangent of log t^2 at the middle of the time is 2 / 1
    assert envelope.rate == pytest.approx(2.0, rel=0.1)
    assert Envelope.above(times, 2.0 - times).rate == 0.0
    with pytest.raises(ValueError, match="nothing"):
        Envelope.above(times, 0.0 * times)
