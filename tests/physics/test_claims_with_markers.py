"""Claims of files with classical species: what holds of markers too, what a wrong force breaks, what is not about
them."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.claims import conservation, dispersion, morawetz, well_posedness
from tests.physics.claims import setting, verdict

COUPLED = """
[grid]
points = [64]
lengths = [16.0]
[[species]]
name = "bosons"
initial = { kind = "gaussian", width = 0.8, centre = 0.6 }
[[species]]
name = "gas"
kind = "classical"
particles = 2.0
markers = 2000
initial = { kind = "oscillator", frequency = 1.0 }
[[interaction]]
between = ["bosons", "gas"]
kind = "gaussian"
strength = 1.0
width = 0.9
[time]
final = 0.4
step = 0.02
[output]
observables = { every = 2 }
"""
IN_SPACE = """
[grid]
points = [12, 12, 12]
lengths = [9.0, 9.0, 9.0]
[[species]]
name = "gas"
kind = "classical"
particles = 2.0
markers = { number = 100, tolerance = 1e-4 }
initial = { kind = "gaussian", width = 1.0 }
[[interaction]]
between = ["gas", "gas"]
kind = "coulomb"
strength = -1.0
[time]
final = 0.1
step = 0.02
"""


def test_conservation_of_markers_and_a_condensate(tmp_path):
    """Energy and momentum of the two together: what is left is the window's, far below a part in 1e7."""
    _, finding = conservation.check(setting(COUPLED, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert set(finding.columns[1:]) == {
        "drift of particles bosons", "drift of particles gas", "drift of energy", "drift of momentum",
    }  # fmt: skip
    assert max(finding.column("drift of energy")) < 1e-7 and max(finding.column("drift of momentum")) < 1e-7
    assert any("comes from the window" in note for note in finding.notes)


def test_a_force_on_markers_that_is_none_of_the_energy_s_is_not_conserved(tmp_path, monkeypatch):
    """A force that is a tenth too weak changes energy and momentum by far more than windows do."""
    true = MarkerLayout.patch_of
    monkeypatch.setattr(MarkerLayout, "patch_of", lambda *arguments: 0.9 * true(*arguments))
    _, finding = conservation.check(setting(COUPLED, tmp_path))
    assert verdict(finding) != "consistent", finding.verdict
    assert "energy" in finding.reason and "momentum" in finding.reason


def test_kinetic_energy_of_markers_stays_below_its_bound(tmp_path):
    """All interaction may become kinetic: attraction of 2 x 1 particles lowers the energy by 2 at most."""
    text = COUPLED.replace("strength = 1.0", "strength = -1.0")
    assert well_posedness.attraction(parse_problem(text)).bounded == pytest.approx(2.0)
    _, finding = well_posedness.check(setting(text, tmp_path))
    assert verdict(finding) == "consistent", finding.verdict
    assert np.all(np.array(finding.column(finding.columns[-1])) < 1.0)


def test_points_that_attract_each_other_like_gravity_are_not_bounded(tmp_path):
    with pytest.raises(well_posedness.NoBound, match="points of a classical species may come as near"):
        well_posedness.attraction(
            parse_problem(IN_SPACE.replace('kind = "coulomb"', 'kind = "coulomb"\nboundary = "free"'))
        )


@pytest.mark.parametrize(
    ("claim", "sentence"), [(morawetz, "is about wave functions"), (dispersion, "about their potentials")]
)
def test_claims_about_wave_functions_say_so(tmp_path, claim, sentence):
    with pytest.raises(ProblemError, match=sentence):
        claim.check(setting(IN_SPACE, tmp_path))
