"""``show``, ``plot`` and ``verify`` of the directories of checks and studies: what they say, draw, and find damaged."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from hpcmix.commands.looking import show, verify
from hpcmix.io.documents.plain_json import page_of
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.words.show import resolved_toml
from hpcmix.studies.looking.find import study_in
from hpcmix.studies.measuring.budget import Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.figure import draw_finding
from hpcmix.studies.scaling.measured.store import Repeat, Store
from tests.unit.scaling_samples import MIXTURE, configuration, result

NUMBERS = (4.0, 8.0, 16.0)
CLAIM = Claim("mean-field-limit", "N bosons tend to their mean field.", "a paper (2.4)")


def finding(error=0.01):
    values = (0.4, 0.2, 0.1)
    budget = Budget("distance", "N", NUMBERS, values, {"grid": (0.01, error, 0.01)}, ("grid: less",), {"b": values})
    curves = (Curve("N = 4", [0.0, 1.0], [0.0, 0.4]), Curve("limit", [0.0, 1.0], [0.5, 0.5], reference=True))
    return Finding(
        CLAIM, ("N", "distance"), tuple(zip(NUMBERS, values, strict=True)), ("distance",),
        (Fit.of("distance", "N", NUMBERS, values),), True, "it falls", (budget,), curves, abscissa="t (ms)",
        curve_ordinate="distance", measured="distances at the end", scale="log", notes=("a note",),
        further=(Curve("N = 8", [0.0], [0.1]),), slopes=(("claimed", -1.0),), variable="N",
    )  # fmt: skip


def call(command, *words):
    answer = CliRunner().invoke(command, list(map(str, words)), standalone_mode=False, catch_exceptions=False)
    return answer.output, answer.return_value


@pytest.fixture
def check(tmp_path):
    """The directory of a claim that was measured, as ``hpcmix check`` leaves it."""
    path = tmp_path / "check"
    track = path / "tracks" / "as-given-1"
    track.mkdir(parents=True)
    (track / "record.json").write_text(
        json.dumps({"names": ["clock", "x"], "rows": [[0, 1]], "lost": "", "done": True})
    )
    (path / "claim.txt").write_text("\n".join(finding().lines()) + "\n")
    (path / "claim.json").write_text(page_of(finding().as_dict() | {"ranks": 2, "problem": {"title": "Bosons"}}))
    draw_finding(finding(), path / "claim.png")
    return path


def test_a_finding_comes_back_from_its_report():
    """All that text and figure are made of, but for numbers that JSON has no form for: an error that is not finite
    stays so."""
    report = json.loads(page_of(finding().as_dict()))
    back = Finding.from_dict(report)
    assert back.lines() == finding().lines() and page_of(back.as_dict()) == page_of(finding().as_dict())
    assert back.curves[1].reference and not back.curves[0].reference and len(back.further) == 1
    assert (back.shown, back.slopes, back.scale) == (("distance",), (("claimed", -1.0),), "log")
    lost = Finding.from_dict(json.loads(page_of(finding(error=math.inf).as_dict())))
    assert not math.isfinite(lost.budgets[0].errors[1])


def test_a_check_is_shown_with_its_verdict(check):
    said, status = call(show, check)
    assert status == 0
    for words in ("mean-field-limit: N bosons tend", "a paper (2.4)", "Bosons", "distance ~ N^(-1.000)", "a note",
                  "consistent: it falls"):  # fmt: skip
        assert words in said
    assert all(finding.good for finding in study_in(check).verify())


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("claim.json", '{"claim": {}}', "it does not say what was measured"),
        ("claim.txt", "verdict: not resolved\n", "does not end with the verdict"),
        ("claim.png", "text", "no whole PNG"),
        ("tracks/as-given-1/record.json", '{"names": ["clock"], "rows": [[0, 1]], "lost": ""}', "1 number"),
        ("tracks/as-given-1/0/checkpoints/000003.h5", "text", "000003.h5"),
    ],
)  # fmt: skip
def test_what_is_damaged_of_a_check_is_found(check, name, content, sentence):
    assert call(verify, check)[1] == 0
    (check / name).parent.mkdir(parents=True, exist_ok=True)
    (check / name).write_text(content)
    said, status = call(verify, check)
    bad = [line for line in said.splitlines() if line.startswith("BAD")]
    assert status == 1 and any(name in line and sentence in line for line in bad), said


def test_a_missing_table_is_found(check):
    (check / "claim.txt").unlink()
    assert f"BAD   {check}/claim.txt: is missing" in call(verify, check)[0]


def test_the_figure_of_a_check_is_drawn_from_its_numbers(check):
    before = (check / "claim.png").read_bytes()
    (check / "claim.png").unlink()
    assert study_in(check).draw(".png") == check / "claim.png"
    assert (check / "claim.png").read_bytes() == before


def test_a_check_that_ended_early_says_its_last_words_and_the_way_on(check):
    for name in ("claim.json", "claim.txt", "claim.png"):
        (check / name).unlink()
    (check / "check.log").write_text("2 parts to compute\nstopped by --max-wall; what is done is stored\n\n")
    said, _ = call(show, check)
    assert "stopped by --max-wall; what is done is stored" in said and "1 done" in said
    assert "the same command goes on" in said
    assert study_in(check).draw(".png") is None and "the same command" in study_in(check).nothing_to_draw()
    assert call(verify, check)[1] == 0


@pytest.fixture
def scaling(tmp_path):
    """The directory of a study of which a part is measured."""
    store, configurations = Store(tmp_path / "scaling"), [configuration(1), configuration(2), configuration(4)]
    study = {
        "format": 1, "title": "Two components", "file": "mixture.toml", "grow": [], "fewest_ranks": 1, "repeats": 2,
        "launcher": "mpirun -n {ranks}", "network": {"latency": None, "bandwidth": None, "ranks_per_node": None},
        "problem": resolved_toml(parse_problem(MIXTURE)), "left_out": ["8 ranks: no room"],
        "configurations": [each.as_dict() for each in configurations],
    }  # fmt: skip
    store.begin(study, fresh=False)
    for round_number in range(2):
        for each in configurations[:2]:
            store.append(Repeat(round_number, each, result(each, compute=0.8 / each.ranks)))
    store.append(Repeat(0, configurations[2], None, "out of memory"))
    return store


def test_a_scaling_study_is_shown_with_every_configuration(scaling):
    said, status = call(show, scaling.path)
    assert status == 0
    lines = said.splitlines()
    assert "strong scaling" in lines[0] and any("4 of 6" in line for line in lines)
    assert any("1 rank " in line and "speed-up 1.00, efficiency 100 %" in line for line in lines)
    assert any("4 ranks" in line and "failed: out of memory" in line for line in lines)
    assert any("8 ranks: no room" in line for line in lines) and "not finished" in said


def test_the_figure_of_a_scaling_study_is_drawn_of_what_is_there(scaling):
    study = study_in(scaling.path)
    assert study.draw(".png") == scaling.figure and scaling.figure.stat().st_size > 10_000
    scaling.repeats.unlink()
    assert study.draw(".png") is None and "nothing is measured" in study.nothing_to_draw()


def test_looking_at_a_study_changes_nothing_and_finds_what_is_damaged(scaling):
    with scaling.repeats.open("a") as file:
        file.write('{"round": 1')  # another process is writing, or was killed
    before = scaling.repeats.read_bytes()
    said, status = call(verify, scaling.path)
    assert status == 0 and "5 repeats, 1 of which failed, and one that a kill cut short" in said
    call(show, scaling.path)
    assert scaling.repeats.read_bytes() == before
    scaling.repeats.write_bytes(b"nonsense\n" + before)
    said, status = call(verify, scaling.path)
    assert status == 1 and f"BAD   {scaling.repeats}: is damaged" in said


def test_a_run_is_no_study(tmp_path):
    (tmp_path / "observables.jsonl").write_text("")
    (tmp_path / "tracks").mkdir()
    assert study_in(tmp_path) is None and study_in(tmp_path / "nowhere") is None
