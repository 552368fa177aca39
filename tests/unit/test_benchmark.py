"""scripts/benchmark: turns, batches, ratios, goals, the search for steps, tables, peers that are missing or wrong."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "scripts" / "benchmark"
sys.path.insert(0, str(BENCHMARK))

from comparison import accuracy as accuracy_of  # noqa: E402
from comparison import candidates, entries, problem, report, search, xmds  # noqa: E402
from comparison.accuracy import Accuracy, Reached  # noqa: E402
from comparison.candidates import Candidate  # noqa: E402
from comparison.entries import Entry  # noqa: E402
from comparison.goals import Goals, Row  # noqa: E402
from comparison.problem import Case  # noqa: E402
from comparison.rounds import Contest, Measurement, batches, ratio, relative_difference  # noqa: E402
from comparison.turns import Contestant, Failed  # noqa: E402

from hpcmix.problem.files.load import parse_problem  # noqa: E402
from hpcmix.running.bench.spread import Spread  # noqa: E402
from hpcmix.splittings import INTEGRATORS  # noqa: E402

STEP = Case(128)


def measured(entry: Entry, *seconds: float, batch: int = 1, **more) -> Measurement:
    rounds = {(batch, number): value for number, value in enumerate(seconds, start=1)}
    return Measurement(entry, rounds, **more)


def contest_of(*measurements: Measurement) -> Contest:
    contest = Contest(rounds=3, turn_seconds=0.1, say=lambda text: None)
    contest.measurements = {one.entry.key: one for one in measurements}
    return contest


# --------------------------------------------------------------- ratios and batches


def test_a_ratio_is_taken_round_by_round():
    ours = measured(Entry(candidates.HPCMIX, STEP, 1), 1.0, 2.0, 4.0)
    theirs = measured(Entry(candidates.CAREFUL, STEP, 1), 2.0, 8.0, 4.0)
    # the machine was twice as slow in the second and third round, in one of them for both
    assert ratio(ours, theirs) == Spread.of([0.5, 0.25, 1.0])
    assert ratio(ours, theirs, factor=2.0) == Spread.of([0.25, 0.125, 0.5])


def test_a_ratio_uses_only_rounds_of_the_same_batch():
    ours = measured(Entry(candidates.HPCMIX, STEP, 1), 1.0, 1.0)
    ours.seconds |= {(2, 1): 3.0, (2, 2): 3.0}
    theirs = measured(Entry(candidates.CAREFUL, STEP, 1), 6.0, 6.0, batch=2)
    assert ratio(ours, theirs) == Spread.of([0.5, 0.5])
    assert ratio(measured(ours.entry, 1.0), theirs) is None


def test_batches_fit_the_memory_and_hold_all_anchors():
    anchors = [Entry(candidates.HPCMIX, STEP, ranks, anchor=True) for ranks in (1, 2)]
    others = [Entry(one, STEP, 1) for one in (candidates.DOCUMENTED, candidates.CAREFUL, candidates.NUMEXPR)]
    needed = sum(entry.memory_estimate for entry in [*anchors, *others])
    assert batches([*anchors, *others], needed) == [[*anchors, *others]]
    divided = batches([*anchors, *others], 0.8 * needed)
    assert len(divided) == 2
    assert all(batch[:2] == anchors for batch in divided)
    assert [entry for batch in divided for entry in batch[2:]] == others
    assert all(sum(entry.memory_estimate for entry in batch) <= 0.8 * needed for batch in divided)
    assert [len(batch) for batch in batches([*anchors, *others], 1.0)] == [3, 3, 3]  # nothing fits: one at a time
    assert batches(anchors, 1.0) == [anchors]


def test_every_case_has_entries_with_keys_of_their_own():
    for make in entries.CASES.values():
        found = make(64, [1, 2])
        assert len({entry.key for entry in found}) == len(found)
        assert any(entry.anchor for entry in found)


def test_relative_difference_is_that_of_the_worst_component():
    reference = np.array([[3.0, 4.0], [1.0, 0.0]])
    assert relative_difference(reference + np.array([[0.0, 0.5], [0.0, 0.2]]), reference) == pytest.approx(0.2)


# --------------------------------------------------------------- turns


PROGRAM = """
import sys
import numpy as np
from comparison.turns import serve
from hpcmix.running.planning.memory import MemoryMeter

class Doubling:
    value = 1.0
    def run(self, units):
        self.value *= 2.0**units
        if sys.argv[1] == "dies" and units == 3:
            sys.exit("no more doubling")
    def write_state(self, whole):
        whole[...] = self.value

serve(Doubling(), None, MemoryMeter(), (1, 2, 2, 2), np.dtype(complex))
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARK))
    (tmp_path / "doubling.py").write_text(PROGRAM)
    case = Case(2, components=1)

    def start(mode: str = "works", timeout: float = 60.0) -> Contestant:
        command = [sys.executable, str(tmp_path / "doubling.py"), mode]
        return Contestant(command, 1, under_mpi=False, state_bytes=case.field_bytes, timeout=timeout)

    return start, case


def test_a_contestant_takes_turns_and_leaves_its_state(program):
    start, case = program
    contestant = start()
    try:
        contestant.wait_until_ready()
        assert contestant.run(2) >= 0.0
        assert contestant.run(1) >= 0.0
        assert np.array_equal(contestant.state(case), np.full(case.state_shape, 8.0))
        assert contestant.memory() >= 0.0 or math.isnan(contestant.memory())
    finally:
        contestant.close()


def test_a_contestant_that_dies_is_quoted(program):
    contestant = program[0]("dies")
    try:
        contestant.wait_until_ready()
        with pytest.raises(Failed, match="ended with status 1: no more doubling"):
            contestant.run(3)
    finally:
        contestant.close()


def test_a_contestant_that_does_not_answer_is_given_up():
    contestant = Contestant([sys.executable, "-c", "import time; time.sleep(600)"], 1, under_mpi=False, timeout=0.4)
    try:
        with pytest.raises(Failed, match="no answer within 0 s"):
            contestant.wait_until_ready()
    finally:
        contestant.close(patience=0.1)
    assert contestant._process.poll() is not None


# --------------------------------------------------------------- peers that are missing or wrong


def test_a_missing_peer_is_named_and_not_started():
    def start(case: Case, ranks: int) -> Contestant:
        raise AssertionError("it was started")

    absent = Candidate("absent peer", "step", start, lambda: "not installed: xyz", tolerance=1e-12, fields=1.0)
    entry = Entry(absent, STEP, 1)
    contest = contest_of()
    contest.measure([entry], budget=1e12)
    assert contest.measurements[entry.key].note == "not installed: xyz"
    page = report.markdown(HEADER | {"missing": ["absent peer: not installed: xyz"]}, [], contest, None)
    assert "Peers that are not installed here: absent peer: not installed: xyz." in page
    assert "| absent peer | 1 | not installed: xyz |" in page


def test_missing_commands_and_modules_are_sentences(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert candidates.XMDS.missing() == "not installed: xmds2"
    assert candidates.FFTW_TRANSPOSED.missing() == "not installed: mpicc"
    assert candidates._needs("no_such_module", "json")() == "not installed: no_such_module"
    assert candidates._needs("json")() is None


def test_a_wrong_result_is_no_time(program):
    start, case = program
    right = replace(candidates.HPCMIX, start=lambda case, ranks: start())
    wrong = Candidate("wrong", "step", lambda case, ranks: Off(start()), lambda: None, tolerance=1e-12, fields=1.0)
    contest = Contest(rounds=2, turn_seconds=1e-3, say=lambda text: None)
    ours, theirs = Entry(right, case, 1, anchor=True), Entry(wrong, case, 1)
    contest.measure([ours, theirs], budget=1e12)
    assert len(contest.measurements[ours.key].seconds) == 2 and not contest.measurements[ours.key].note
    found = contest.measurements[theirs.key]
    assert not found.seconds and found.difference == pytest.approx(1e-3)
    assert found.note.startswith("failed: wrong result: differs by 1.0e-03")


class Off:
    """A contestant whose state is a thousandth off."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant

    def state(self, case: Case) -> np.ndarray:
        return 1.001 * self._contestant.state(case)

    def __getattr__(self, name):
        return getattr(self._contestant, name)


# --------------------------------------------------------------- goals


def everybody(scale: float = 1.0) -> Contest:
    """A contest at 128^3 in which every ratio is known."""

    def one(candidate, case, ranks, seconds, **more):
        return measured(Entry(candidate, case, ranks), *(3 * [seconds]), **more)

    free = Case(128, components=1, interaction="free")
    fields = STEP.field_bytes
    return contest_of(
        one(candidates.HPCMIX, STEP, 1, 0.030 * scale, memory=4.2 * fields),
        one(candidates.HPCMIX, STEP, 2, 0.015 * scale, memory=2.5 * fields),
        one(candidates.HPCMIX, replace(STEP, interaction="convolution"), 1, 0.045 * scale),
        one(candidates.HPCMIX, replace(STEP, precision="single"), 1, 0.015 * scale),
        one(candidates.HPCMIX, free, 2, 0.006 * scale),
        one(candidates.FFTW_TRANSPOSED, free, 2, 0.020),
        one(candidates.DUCC0, replace(STEP, components=1), 1, 0.025),
        one(candidates.FFTW, replace(STEP, components=1), 1, 0.020),
        one(candidates.XMDS, replace(STEP, integrator="SI"), 1, 0.100),
        one(candidates.DOCUMENTED, STEP, 1, 0.500),
        one(candidates.CAREFUL, STEP, 2, 0.100),
    )


def rows_of(contest: Contest, instructions: str = "AVX2") -> dict[str, Row]:
    rows = Goals(contest, [1, 2], instructions).rows([128], None)
    return {row.measure: row for row in rows}


def test_goals_divide_what_they_say():
    found = {measure: (row.value.median, row.limit, row.reached) for measure, row in rows_of(everybody()).items()}
    expected = {
        "two-component step, 128^3, 1 rank, against two bare pairs of the quickest library (FFTW)": (0.75, 0.95, True),
        "two-component step, 128^3, 1 rank, against XMDS2's second-order step": (0.3, 0.35, True),
        "two-component step, 128^3, 1 rank, against mpi4py-fft + numpy, as documented": (0.06, 0.08, True),
        "two-component step, 128^3, 2 ranks, against mpi4py-fft + numpy, with care": (0.15, 0.17, True),
        "distributed pair with kinetic phase, 128^3, 2 ranks, against FFTW-MPI's with transposed output":
            (0.3, 0.5, True),
        "two-component step, 128^3: one rank against two": (2.0, 1.8, True),
        "Yukawa kernels of all pairs added to the two-component step, 128^3, 1 rank": (1.5, 1.6, True),
        "double against single precision, two-component step, 128^3, 1 rank": (2.0, 1.6, True),
        "peak memory per rank over fields and two work grids, two components, 128^3, 1 rank": (1.05, 1.15, True),
        "peak memory per rank over fields and two work grids, two components, 128^3, 2 ranks": (1.25, 1.15, False),
    }  # fmt: skip
    assert set(found) == set(expected)
    for measure, (value, limit, reached) in expected.items():
        assert found[measure] == (pytest.approx(value), limit, reached), measure


def test_the_floor_depends_on_the_instructions():
    floor = next(iter(rows_of(everybody(1.2), "AVX-512").values()))
    assert (floor.limit, floor.value.median, floor.reached) == (0.75, pytest.approx(0.9), False)
    assert next(iter(rows_of(everybody(1.2), "AVX2").values())).reached
    assert next(iter(rows_of(everybody(1.2), "baseline").values())).limit is None


def test_a_goal_without_its_peer_says_why():
    contest = everybody()
    xmds_step = contest.measurements["XMDS2", "2 components, contact, SI", 128, 1]
    xmds_step.seconds.clear()
    xmds_step.note = "not installed: xmds2"
    row = rows_of(contest)["two-component step, 128^3, 1 rank, against XMDS2's second-order step"]
    assert (row.value, row.reached, row.note) == (None, None, "XMDS2: not installed: xmds2")
    assert "| XMDS2: not installed: xmds2 | - |" in report.markdown(HEADER, [row], contest, None)


def test_other_sizes_have_no_goal():
    contest = contest_of(*(measured(Entry(candidates.HPCMIX, Case(64), ranks), 1.0 / ranks) for ranks in (1, 2)))
    row = next(iter(Goals(contest, [1, 2], "AVX2").rows([64], None)))
    assert (row.value.median, row.goal, row.reached) == (2.0, "none at this size", None)


def test_the_time_to_an_error_compares_the_quickest_schemes():
    adaptive = replace(candidates.XMDS, unit="evolution")
    slow = Entry(candidates.HPCMIX, replace(STEP, integrator="strang"), 1)
    quick = Entry(candidates.HPCMIX, replace(STEP, integrator="blanes-moan-4"), 1)
    theirs = Entry(adaptive, replace(STEP, integrator="ARK45", tolerance=1e-7), 1)
    contest = contest_of(measured(slow, 0.1, 0.1), measured(quick, 0.5, 0.5), measured(theirs, 50.0, 40.0))
    accuracy = Accuracy(128, [
        Reached("strang", 1e-8, slow, 1000, 1e-8, True),
        Reached("blanes-moan-4", 1e-8, quick, 8, 9e-9, True),
        Reached("strang", 1e-6, slow, 100, 1e-6, True),
        Reached("ARK45", 1e-8, theirs, 1, 4e-9, True),
    ], {})  # fmt: skip
    spread, ours, others = accuracy.against_xmds(contest, 1e-8)
    assert (ours.scheme, others.scheme) == ("blanes-moan-4", "ARK45")
    assert spread == Spread.of([0.08, 0.1])
    assert accuracy.against_xmds(contest, 1e-6) is None  # XMDS2 has nothing to show there
    page = report.markdown(HEADER, Goals(contest, [1], "AVX2").rows([], accuracy), contest, accuracy)
    assert "(blanes-moan-4 against ARK45) | at most 0.1 | 0.0900 (0.0850 to 0.0950) | yes |" in page
    assert "| 1e-06 | hpcmix, strang | 100 steps | 1.0e-06 | 10.0 (10.0 to 10.0) |" in page


# --------------------------------------------------------------- how few steps


@pytest.mark.parametrize(("order", "constant"), [(2, 3.0), (4, 50.0), (6, 1e4), (8, 1.0)])
def test_the_search_finds_the_least_number_of_steps(order, constant):
    asked: list[int] = []

    def error_of(steps: int) -> float:
        asked.append(steps)
        return constant * steps**-order * (1.0 + 3.0 / steps)  # not yet the law alone

    found = search.least_steps(error_of, order, 1e-8, start=10, largest=10**6)
    least = next(n for n in range(max(1, int(0.9 * found.steps)), 10**6) if error_of(n) <= 1e-8)
    assert found.measured and found.error <= 1e-8
    assert least <= found.steps <= math.ceil(1.03 * least) + 1


def test_the_search_keeps_to_the_fewest_steps_that_are_accepted():
    asked = []
    found = search.least_steps(lambda n: asked.append(n) or n**-4.0, 4, 1e-4, start=40, largest=1000, fewest=25)
    assert (found.steps, min(asked)) == (25, 25)  # ten would do
    case = Case(64, integrator="blanes-moan-rkn-6")
    fewest = accuracy_of._fewest_steps(case)
    # the fastest mode turns by at most pi in the largest drift: a dt 3 (pi n / L)^2 / 2 <= pi
    largest_drift = INTEGRATORS["blanes-moan-rkn-6"].largest_drift
    bound = accuracy_of.FINAL * largest_drift * 1.5 * math.pi * (64 / problem.EDGE) ** 2
    assert fewest == math.ceil(bound)


def test_the_search_goes_on_from_steps_that_blow_up():
    found = search.least_steps(lambda n: math.inf if n < 100 else 1e-3 * (100.0 / n) ** 4, 4, 1e-6, 10, 10**5)
    assert found.measured and 562 <= found.steps <= 582  # 100 * 1000^(1/4) = 562.3


def test_the_search_relies_on_the_order_when_it_would_take_too_long():
    asked = []
    found = search.least_steps(lambda n: asked.append(n) or n**-2.0, 2, 1e-8, start=40, largest=400)
    assert not found.measured and max(asked) <= 400
    assert found.steps == pytest.approx(10_000, rel=0.01)
    with pytest.raises(ArithmeticError, match="no finite error"):
        search.least_steps(lambda n: math.inf, 2, 1e-8, start=40, largest=400)


# --------------------------------------------------------------- the problem and the tables


@pytest.mark.parametrize("components", [1, 2, 3])
@pytest.mark.parametrize("interaction", ["contact", "convolution", "free"])
def test_the_file_for_hpcmix_says_the_same_numbers(components, interaction):
    read = parse_problem(problem.problem_file(Case(16, components, interaction)))
    contact = {one.between: one.strength for one in read.interaction if one.kind == "contact"}
    yukawa = {one.between: one.strength for one in read.interaction if one.kind == "yukawa"}
    pairs = {(problem.NAMES[a], problem.NAMES[b]): (a, b) for a in range(components) for b in range(a, components)}
    assert contact == ({} if interaction == "free" else {k: problem.COUPLINGS[a][b] for k, (a, b) in pairs.items()})
    wanted = {k: problem.YUKAWA_STRENGTHS[a][b] for k, (a, b) in pairs.items()}
    assert yukawa == (wanted if interaction == "convolution" else {})
    assert all(len(one.potential) == (interaction != "free") for one in read.species)
    assert np.array_equal(np.array(problem.COUPLINGS).T, problem.COUPLINGS)
    assert np.array_equal(np.array(problem.YUKAWA_STRENGTHS).T, problem.YUKAWA_STRENGTHS)


def test_first_states_have_norm_one_on_the_grid():
    x = problem.open_axes(*(3 * [problem.axis(problem.FEWEST_POINTS)]))
    for component in range(3):
        norm = np.sum(np.abs(problem.initial_field(component, x)) ** 2) * (problem.EDGE / problem.FEWEST_POINTS) ** 3
        assert norm == pytest.approx(1.0, abs=1e-12)  # what lies outside the box


@pytest.mark.parametrize("under_mpi", [False, True])
@pytest.mark.parametrize("components", [1, 2, 3])
def test_the_script_for_xmds2_is_complete(components, under_mpi):
    case = Case(16, components, integrator="SI")
    tree = ElementTree.fromstring(xmds.script(case, "name", under_mpi, writes_state=True))
    wave = next(one for one in tree.iter("vector") if one.get("name") == "wavefunction")
    assert wave.find("components").text.split() == list(problem.NAMES[:components])
    assert (tree.find("driver") is not None) == under_mpi
    integrate = next(tree.iter("integrate"))
    assert (integrate.get("algorithm"), integrate.get("steps")) == ("SI", "1")
    text = "".join(integrate.itertext())
    assert all(str(problem.COUPLINGS[a][b]) in text for a in range(components) for b in range(components))
    adaptive = replace(case, integrator="ARK45", tolerance=1e-7)
    integrate = next(ElementTree.fromstring(xmds.script(adaptive, "name", False, False)).iter("integrate"))
    assert (integrate.get("steps"), float(integrate.get("tolerance"))) == (None, 1e-7)


HEADER = {
    "command": "run",
    "started": "2026-01-01",
    "version": "hpcmix",
    "machine": {"processor": "P", "cores": 2, "instructions": "AVX2", "kernels": "avx2"},
    "mpi": "MPI",
    "rounds": 3,
    "load_before": 0.0,
    "load_after": 0.1,
    "missing": [],
    "complete": True,
}


def test_a_table_escapes_bars():
    assert report.table(["a", "b"], [["1|2", "3"]]) == ["| a | b |", "| --- | --- |", "| 1\\|2 | 3 |"]


def test_the_page_and_the_json_hold_every_entry():
    contest = everybody()
    rows = list(rows_of(contest).values())
    next(iter(contest.measurements.values())).memory = math.nan  # a system that does not tell
    page = report.markdown(HEADER, rows, contest, None)
    assert page.count("\n| two-component step, 128^3, ") == 4
    assert "| 2 components, contact, strang | hpcmix | 1 | 30.0 (30.0 to 30.0) | - | - |" in page
    assert "| **no** |" in page
    assert "not complete" not in page
    assert "not complete" in report.markdown(HEADER | {"complete": False}, rows, contest, None)
    found = json.loads(report.as_json(report.results(HEADER, rows, contest, None)))
    assert len(found["measurements"]) == len(contest.measurements)
    assert found["measurements"][0]["seconds"]["median"] == 0.030
    assert found["measurements"][0]["memory_bytes"] is None
    assert [row["reached"] for row in found["goals"]].count(True) == 9


def test_wrong_options_are_refused_in_a_sentence():
    def status(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "comparison", *options]
        return subprocess.run(command, cwd=BENCHMARK, capture_output=True, text=True, check=False)

    refused = status("--cases", "step,jump")
    assert refused.returncode == 2 and "unknown: jump" in refused.stderr
    refused = status("--sizes", "64,31")
    assert refused.returncode == 2 and "at least 32" in refused.stderr
    refused = status("--ranks", "2,0")
    assert refused.returncode == 2 and "positive whole numbers" in refused.stderr
