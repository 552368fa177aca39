"""What the end of a run and ``hpcmix show`` say of the physics, and of a run that left no word."""

from __future__ import annotations

import math

import pytest

from hpcmix.initial.descent.saddles import Nature
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.locking.standing import standing
from hpcmix.io.documents.physics import physics_lines
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.units.units import Units, units_from_text
from hpcmix.problem.words.times import PLAIN, TimeWords
from hpcmix.running.output.markers import sampling_lines

RUBIDIUM = units_from_text("2 um", "86.909 u")
"""hbar / (m l^2) of them: 182.685 rad/s, h x 29.0752 Hz."""

RECORD = {
    "step": 40, "time": 4.0,
    "energy": {"total": 12.5, "kinetic": 4.5, "potential": 0.0, "interaction": 8.0},
    "species": {
        "up": {"particles": 400.0, "chemical_potential": 10.0, "rms_width": [1.5, 3.0], "centre": [2.0, 1e-12]},
        "down": {"particles": 0.0, "chemical_potential": None, "rms_width": [None, None], "centre": [None, None]},
    },
}  # fmt: skip
KEPT = {"particles": {"up": 2e-14}, "energy": -3e-10, "energy_since": 0.0}


def test_code_units_without_units():
    assert physics_lines(RECORD, KEPT, Units(), PLAIN) == [
        "physics at t = 4:",
        "  energy        12.5 = kinetic 4.5, interaction 8",
        "  energy drift  -3.0e-10 of the sum of its terms' magnitudes since the start",
        "  up            400 particles (change 2.0e-14), chemical potential 10, rms width (1.5, 3), centre (2, 0)",
        "  down          0 particles, no chemical potential, rms width (-, -), centre (-, -)",
    ]


def test_physical_units_with_units():
    energy, up = physics_lines(RECORD, None, RUBIDIUM, TimeWords.of(RUBIDIUM, 4.0))[1:3]
    assert "kinetic h x 130.838 Hz" in energy  # 4.5 * 29.0752
    assert "chemical potential h x 290.752 Hz" in up and "rms width (3, 6 um), centre (4, 0 um)" in up


@pytest.mark.parametrize(("value", "text"), [(1e3, "kHz"), (1e6, "MHz"), (1e-4, "Hz"), (-1e3, "kHz")])
def test_energies_are_told_in_the_unit_that_suits_them(value, text):
    number, unit = MeasureWords(RUBIDIUM).energy(value).removeprefix("h x ").split()
    factor = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6}[unit]
    assert unit == text and float(number) * factor == pytest.approx(value * RUBIDIUM.energy_in_hertz, rel=1e-5)


def test_what_a_search_and_the_guard_say_has_units_where_the_file_has():
    words = MeasureWords(RUBIDIUM)
    saddle = Nature(curvature=-0.5, sure=True, negative=True)
    assert saddle.sentence(words) == "a saddle: its lowest curvature is h x -14.5 Hz"  # 0.5 * 29.0752
    assert saddle.sentence(MeasureWords()) == "a saddle: its lowest curvature is -0.5"
    assert words.density(80.0, 3) == "10 per um^3" and words.density(80.0, 1) == "40 per um"  # the unit is 2 um
    assert MeasureWords().density(80.0, 3) == "80" and words.point([1.0, 0.5]) == "(2, 1 um)"
    halves = {"centre": [0.5, -1.0], "rms_width": [0.25, 0.0], "kinetic_energy": -2.0}
    (line,) = sampling_lines({"species": {"gas": {"half_difference": halves}}}, words)
    assert line.endswith("2 um in the centre, 0.5 um in the width and h x 58 Hz in the kinetic energy")


def test_a_drift_is_told_from_where_nothing_changes_any_more():
    """Not at the very record from which it is counted, nor where something acts until the end."""
    since = KEPT | {"energy_since": 1.5}
    assert (
        "since t = 1.5, when the last change from outside was over" in physics_lines(RECORD, since, Units(), PLAIN)[2]
    )
    for kept in (KEPT | {"energy_since": 4.0}, {"particles": {}}, None):
        assert not any("drift" in line for line in physics_lines(RECORD, kept, Units(), PLAIN))


def test_species_that_turn_into_each_other_are_counted_together():
    kept = {"particles": {"up + down": 1e-13}}
    *_, last = physics_lines(RECORD, kept, Units(), PLAIN)
    assert last.split() == ["up", "+", "down", "particles", "together,", "change", "1.0e-13"]


def test_of_infinite_time_the_frame_is_told():
    entries = {
        "particles": 1.0,
        "rms_width": [math.inf],
        "centre": [0.0],
        "frame_rms_width": [2.0],
        "frame_centre": [0.0],
    }
    record = {"step": 1, "time": math.inf, "energy": {"total": 1.0}, "species": {"a": entries}}
    assert "frame rms width (2), frame centre (0)" in physics_lines(record, None, Units(), PLAIN)[-1]


def test_without_a_record_nothing_is_told():
    assert physics_lines({}, None, Units(), PLAIN) == []


def test_a_run_that_left_no_word_is_told_with_its_last_line(tmp_path):
    (tmp_path / "run.log").write_text("grid 64\nstep 1200/3000 (40 %)\n\n")
    facts = dict(standing(RunDirectory(tmp_path), None))
    assert facts["reason"].startswith("killed") and facts["last line"] == "step 1200/3000 (40 %) (run.log)"
    assert facts["last sign"].startswith("20")
    told = dict(standing(RunDirectory(tmp_path), {"status": "failed", "message": "the solution is not finite"}))
    assert told["reason"] == "the solution is not finite" and "last line" not in told
