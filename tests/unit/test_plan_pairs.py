"""What plan and show say of pairs of fluctuations, beside the same problem without them."""

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.planning import plan
from hpcmix.running.planning.costs import steps
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.studies.tracks.track import Track

MILLISECOND = 1e-3


def problem(points=(16, 16, 16), section="modes = 7\nprobes = 5", kind="contact", more=""):
    text = f"""
[grid]
points = {list(points)}
lengths = {[8.0] * len(points)}
[[species]]
name = "up"
initial = {{ kind = "gaussian", width = 1.0 }}
[[species]]
name = "down"
initial = {{ kind = "gaussian", width = 1.0 }}
[[interaction]]
between = ["up", "down"]
kind = "{kind}"
strength = 1.0
{"width = 0.5" if kind == "gaussian" else ""}
[time]
final = 1.0
step = 0.01
check_step = false
{more}
"""
    return parse_problem(text + (f"[fluctuations]\n{section}\n" if section else ""))


@pytest.fixture(autouse=True)
def a_pair_takes_a_millisecond(monkeypatch):
    monkeypatch.setattr(steps, "seconds_per_pair", lambda points, ranks: MILLISECOND / ranks)


@pytest.mark.parametrize(("kind", "least", "most"), [("contact", 2.0, 2.3), ("gaussian", 2.0, 2.6)])
def test_a_pair_takes_as_long_as_two_steps_of_the_condensates_and_little_more(kind, least, most):
    """What it may cost at most is what a step is held to; with fewer than two its fields would not be moved."""
    pairs, alone = (plan.make_plan(problem(section=section, kind=kind), 1) for section in ("probes = 3", None))
    ratio = (pairs.seconds_per_step - alone.seconds_per_step) / pairs.pairs.pairs / alone.seconds_per_step
    assert least < ratio < most


def test_on_small_grids_the_calls_of_every_pair_take_the_time(monkeypatch):
    """Measured of a step of strang on 16 points, in ms: 0.15 with contact interactions, 0.55 with a kernel."""
    monkeypatch.setattr(steps, "seconds_per_pair", lambda points, ranks: 0.0)
    for kind, seconds in (("contact", 0.15e-3), ("gaussian", 0.55e-3)):
        one, two = (
            steps.seconds_per_step(problem((16,), kind=kind, more='integrator = "strang"'), 1, held) for held in (1, 2)
        )
        assert 0.6 * seconds < two - one < 1.4 * seconds


def test_the_condensates_of_every_group_take_as_long_as_alone():
    one, four = (plan.make_plan(problem(), ranks) for ranks in (1, 4))
    alone = plan.make_plan(problem(section=None), 1)
    assert (one.pairs.pairs, one.pairs.held, four.pairs.replicas, four.pairs.held) == (19, 19, 4, 5)
    of_a_pair = (one.seconds_per_step - alone.seconds_per_step) / 19
    assert four.seconds_per_step == pytest.approx(alone.seconds_per_step + 5 * of_a_pair)


def test_memory_and_checkpoints_hold_the_pairs():
    points, pair = 16**3, 16**3 * 2 * 2 * 16
    one, alone = plan.make_plan(problem(), 1), plan.make_plan(problem(section=None), 1)
    start = 16**3 * 2 * 16  # the condensates that the pairs begin with
    assert one.checkpoint_bytes - alone.checkpoint_bytes == 19 * pair + start
    more = one.evolution_bytes - alone.evolution_bytes
    assert 19 * pair + start <= more <= 1.12 * 19 * pair + 8 * points * 16
    four = plan.make_plan(problem(), 4)
    assert four.evolution_bytes - alone.evolution_bytes == pytest.approx(more - 14 * pair)


def test_tracks_of_claims_count_the_pairs():
    """What is dealt to groups of ranks, and decides how many tracks a node holds at a time."""
    with_pairs, alone = (
        Track("as given", (problem(section=section),), (), lambda simulations: []) for section in ("probes = 3", None)
    )
    pairs = 2 * 27 + 3
    # u and w of two species in each pair beside the two condensates: each is two more of these, a little slower
    assert 2 * pairs < with_pairs.work / alone.work - 1.0 < 2.2 * pairs
    plans = [plan.make_plan(track.problems[0], 1).evolution_bytes for track in (with_pairs, alone)]
    assert with_pairs.bytes - alone.bytes == pytest.approx(plans[0] - plans[1], rel=1e-6)


def test_snapshots_hold_the_density_of_what_is_outside_where_it_is_asked_for():
    asked, alone = (plan.make_plan(problem(section=f"also = {words}"), 1) for words in ('["density"]', "[]"))
    assert asked.snapshot_bytes - alone.snapshot_bytes == 16**3 * 2 * 8


def test_snapshots_hold_the_matrices():
    matrices, alone = (
        plan.make_plan(problem((12,), f'modes = "all"\nmatrices = {word}'), 1) for word in ("true", "false")
    )
    assert matrices.snapshot_bytes - alone.snapshot_bytes == 16 * (4 * 24**2 + 2 * 12**2)
    assert matrices.checkpoint_bytes - alone.checkpoint_bytes == 16 * 2 * 12
    assert matrices.evolution_bytes > alone.evolution_bytes


def test_a_plan_says_how_pairs_are_dealt():
    lines = plan_lines(problem(), plan.make_plan(problem(), 4), 4)
    assert "decomposition  4 ranks as 4 groups of the whole grid, up to 16 x 16 x 16 points each" in lines
    assert (
        "fluctuations   19 pairs: 7 modes of each species, 5 probes, up to 5 in each group beside the condensates"
        in lines
    )
    every = problem((12,), 'modes = "all"')
    assert "fluctuations   24 pairs: 12 modes of each species, which are all" in plan_lines(
        every, plan.make_plan(every, 1), 1
    )


def test_without_fluctuations_nothing_is_said():
    alone = problem(section=None)
    assert not any("pairs" in line for line in plan_lines(alone, plan.make_plan(alone, 2), 2))
    assert "[fluctuations]" not in resolved_toml(alone)


@pytest.mark.parametrize(
    ("section", "sentences"),
    [
        ("", ["modes = 27\nprobes = 16", "27 smallest |k| of each species", "16 random functions", "70 pairs"]),
        ("modes = 2\nprobes = 4", ["2 smallest |k|", "8 pairs", "product or coherent states"]),
    ],
)
def test_show_says_it_in_words(section, sentences):
    text = resolved_toml(problem(section=section or "seed = 0"))
    assert all(sentence in text for sentence in sentences)
    assert parse_problem(text).fluctuations == problem(section=section or "seed = 0").fluctuations


def test_show_of_all_modes():
    assert "every mode of each species is followed, 12" in resolved_toml(problem((12,), 'modes = "all"'))
