"""What a plan says of markers: how ranks share them, memory, files and time."""

from __future__ import annotations

import pytest

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.costs import markers
from hpcmix.running.planning.costs.traffic import step_bytes
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.running.planning.room import lines_of_shortage, require_room
from hpcmix.studies.scaling.measured import traffic
from tests.unit.test_problem_classical import FILE, MARKERS, POTENTIAL, given, in_space, initial

MANY = FILE.replace("markers = 1000", "markers = 262_144")
FIXED = 1e-7
"""Seconds for a marker in place of what this machine takes."""


@pytest.fixture(autouse=True)
def no_measurement(monkeypatch):
    monkeypatch.setattr(markers, "seconds_per_marker", lambda dimensions, width: FIXED)
    monkeypatch.setattr("hpcmix.running.planning.costs.steps.seconds_per_pair", lambda points, ranks: 1e-5)


def without_markers(text: str) -> str:
    """The same with one orbital of fermions in the markers' place."""
    quantum = text.replace('"classical"', '"fermions"').replace("particles = 2.0\nmarkers = 262_144", "orbitals = 1")
    return quantum


@pytest.mark.parametrize(("dimensions", "size"), [(1, 32), (2, 48), (3, 64)])
def test_bytes_of_a_marker(dimensions, size):
    text = MANY if dimensions == 1 else in_space(MANY)
    if dimensions == 2:
        text = text.replace("[16, 16, 16]", "[16, 16]").replace("[8.0, 8.0, 8.0]", "[8.0, 8.0]")
    plan = make_plan(parse_problem(text), 1)
    assert plan.markers.bytes_per_marker == size
    fewer = make_plan(parse_problem(text.replace("262_144", "131_072")), 1)
    assert plan.memory_bytes - fewer.memory_bytes == (size + 8) * 131_072
    assert plan.checkpoint_bytes - fewer.checkpoint_bytes == (size - 8) * 131_072


def test_boxes_share_markers_evenly_where_slabs_would_not():
    """A ball of radius 2 in a box of 8: on 8 ranks as many markers each, to the planes of cells that boxes have."""
    problem = parse_problem(in_space(MANY).replace("[16, 16, 16]", "[64, 64, 64]"), ["time.check_step=false"])
    plan = make_plan(problem, 8)
    (cloud,) = plan.markers.clouds
    assert 1.0 <= cloud.imbalance < 1.1
    assert plan.markers.per_rank(cloud) == pytest.approx(262_144 / 8, rel=0.1)
    assert cloud.patch <= (32 + 8 + 4) ** 3
    lines = plan_lines(problem, plan, 8)
    told = f"up to {plan.markers.per_rank(cloud)} on a rank, {cloud.imbalance:.3f} of the mean"
    assert any(told in line for line in lines)


def test_a_distribution_that_depends_on_potentials_is_dealt_when_it_is_found():
    problem = parse_problem(given(MARKERS, "markers = 1000").replace('"oscillator", frequency = 1.0', '"ground-state"'))
    plan = make_plan(problem, 2)
    assert plan.markers.clouds[0].imbalance is None and plan.markers.per_rank(plan.markers.clouds[0]) == 500
    assert any("up to 500 on a rank, dealt when f is found" in line for line in plan_lines(problem, plan, 2))


def test_the_time_is_that_of_every_kick_of_every_marker():
    """blanes-moan-4 has six kicks a step, the last of which is one with the next step's first."""
    plan = make_plan(parse_problem(MANY), 1)
    assert plan.markers.seconds_per_kick == pytest.approx(FIXED * 262_144)
    fewer = make_plan(parse_problem(MANY.replace("262_144", "131_072")), 1)
    assert plan.seconds_per_step - fewer.seconds_per_step == pytest.approx(6 * FIXED * 131_072)
    strang = make_plan(parse_problem(MANY, ["time.integrator=strang"]), 1)
    half = make_plan(parse_problem(MANY.replace("262_144", "131_072"), ["time.integrator=strang"]), 1)
    assert strang.seconds_per_step - half.seconds_per_step == pytest.approx(FIXED * 131_072)


def test_files():
    text = MANY + "markers = { every = 20, every_nth = 16 }\n"
    text += 'phase_space = [{ species = "fermions", axes = ["x", "px"], bins = [100, 50] }]\n'
    plan, plain = make_plan(parse_problem(text), 1), make_plan(parse_problem(MANY), 1)
    assert (plan.marker_files, plan.marker_file_bytes) == (6, 8 * 4 * 262_144 // 16)
    assert plan.snapshot_bytes - plain.snapshot_bytes == 8 * 100 * 50
    more = 6 * plan.marker_file_bytes + plan.snapshots * 8 * 100 * 50
    assert plan.disk_bytes - plain.disk_bytes == more
    assert "6 marker files of 524 kB" in "\n".join(plan_lines(parse_problem(text), plan, 1))


def test_a_file_without_markers_has_none():
    plan = make_plan(parse_problem(without_markers(MANY)), 2)
    assert plan.markers is None and not any("marker" in line for line in plan_lines(parse_problem(FILE), plan, 2))


def test_windows_and_errors_of_forces_are_told():
    for tolerance, width, error in ((1e-4, 4, "0.00038"), (1e-8, 8, "4.5e-08"), (1e-12, 12, "6.8e-12")):
        problem = parse_problem(given(MARKERS, f"markers = {{ number = 100, tolerance = {tolerance:g} }}"))
        lines = plan_lines(problem, make_plan(problem, 1), 1)
        assert any(f"windows of {width} cells (tolerance {tolerance:g})" in line for line in lines)
        assert any(f'error of forces between "bosons" and "fermions" {error}' in line for line in lines)


def test_a_distribution_that_does_not_fit_is_a_sentence_of_the_plan():
    with pytest.raises(ProblemError, match="does not fit the box"):
        make_plan(parse_problem(initial('kind = "oscillator", frequency = 0.02')), 1)


def test_memory_follows_the_rank_that_has_most():
    """Of a narrow cloud in one dimension planes of cells cannot be shared: a spacing of 0.25 beside a radius of 0.3."""
    text = given(POTENTIAL, "").replace("frequency = 1.0 }", "frequency = 40.0 }").replace("= 1000", "= 262_144")
    plan = make_plan(parse_problem(text), 4)
    (cloud,) = plan.markers.clouds
    assert cloud.imbalance > 1.2
    assert plan.markers.rank_bytes > cloud.imbalance * 262_144 / 4 * 32


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_measured_time_of_a_marker_is_one(monkeypatch, dimensions):
    """Kernels are called with arrays that they take; the number is between a nanosecond and what numpy takes."""
    monkeypatch.undo()
    markers.seconds_per_marker.cache_clear()
    assert 1e-9 < markers.seconds_per_marker(dimensions, 4) < 1e-3


def test_a_run_that_has_no_room_for_its_markers_is_refused_before_it_begins():
    problem = parse_problem(MANY.replace("262_144", "1_000_000_000_000"))
    with pytest.raises(ProblemError, match=r"needs 40 TB for a rank.*a smaller grid, or fewer markers"):
        require_room(problem, divide(division_request(problem), 1), 1)


def test_bytes_of_a_step():
    """40 bytes a marker and kick in one dimension: 2 numbers read and written, 2 read; 6 numbers of every cell."""
    more, fewer = (parse_problem(MANY.replace("262_144", number)) for number in ("262_144", "131_072"))
    assert step_bytes(more) - step_bytes(fewer) == 6 * 8 * (4 + 2) * 131_072


def test_scaling_counts_markers_and_patches():
    """Markers are dealt to all ranks; patches pass between the ranks of a grid: two ways, a kick, 8 bytes a cell."""
    problem = parse_problem(in_space(MANY).replace("[16, 16, 16]", "[32, 32, 32]"), ["time.check_step=false"])
    bare = problem.model_copy(update={"species": problem.species[:1], "interaction": ()})
    counts = []
    for ranks in (1, 8):
        division = traffic.Division((32, 32, 32), ranks, 1, (ranks, 1), ranks, True)
        both = traffic.traffic_of(problem, division), traffic.traffic_of(bare, division)
        counts.append((both[0].work - both[1].work, both[0].node_bytes - both[1].node_bytes))
    assert counts[0][0] > 6 * 262_144 * traffic.MARKER_WORK[3] and counts[0][1] == 0.0
    assert counts[0][0] / counts[1][0] == pytest.approx(8.0, rel=1e-12)
    assert counts[1][1] == pytest.approx(2 * 6 * 8 * (16 + 8 + 4) ** 3 * 7 / 8)


def test_adaptive_steps_keep_markers_three_times_and_take_three_steps_in_one():
    adaptive = MANY.replace("step = 0.01", "step = { tolerance = 1e-6 }")
    plans = [make_plan(parse_problem(text), 1) for text in (adaptive, adaptive.replace("262_144", "131_072"))]
    assert plans[0].memory_bytes - plans[1].memory_bytes == (3 * 32 + 8) * 131_072
    assert plans[0].seconds_per_step - plans[1].seconds_per_step == pytest.approx(3 * 6 * FIXED * 131_072)


def test_plan_says_that_a_machine_like_this_one_has_no_room(monkeypatch):
    problem = parse_problem(MANY)
    assert lines_of_shortage(problem, 1) == []
    monkeypatch.setattr("hpcmix.running.planning.room.memory_of_node", lambda: 1e6)
    (line,) = lines_of_shortage(problem, 1)
    assert "a run is refused: this problem needs" in line and "or fewer markers" in line
