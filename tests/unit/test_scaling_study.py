"""Scaling studies without measuring: configurations, weak grids, parts, efficiency, rounds, failures, going on."""

from __future__ import annotations

import json
import math
import os
import signal
from fractions import Fraction

import pytest

from hpcmix.io.directories.holdings import DirectoryInUse
from hpcmix.parallel.job.programs import last_words
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.log import Log
from hpcmix.studies.scaling.configurations import Asked, Configuration, configurations
from hpcmix.studies.scaling.launching import Failed, Launcher
from hpcmix.studies.scaling.measured.outcome import Outcome, Row
from hpcmix.studies.scaling.measured.phases import Parts, output_seconds, oversubscribed
from hpcmix.studies.scaling.measured.quantities import bandwidth_of, counts_of, groups_of, latency_of, pencil_grids_of
from hpcmix.studies.scaling.measured.store import Repeat, Store
from hpcmix.studies.scaling.report import remarks
from hpcmix.studies.scaling.study import measure_all, rounds
from hpcmix.studies.scaling.weak import grown
from tests.unit.scaling_samples import MIXTURE, configuration, mixture, result, row


@pytest.mark.parametrize(
    ("points", "ratio", "axes", "expected"),
    [
        ((64, 64, 64), 1, (0, 1, 2), (64, 64, 64)),
        ((64, 64, 64), 2, (0, 1, 2), (128, 64, 64)),
        ((64, 64, 64), 8, (0, 1, 2), (128, 128, 128)),
        ((64, 64, 64), 6, (0, 1, 2), (192, 128, 64)),
        ((64, 64, 64), 8, (0,), (512, 64, 64)),
        ((96, 64), 4, (0, 1), (192, 128)),
        ((22, 20, 20), 2, (0,), (44, 20, 20)),  # a prime that the file chose itself stays
        ((64, 48, 48), Fraction(3, 2), (0, 1, 2), (64, 72, 48)),
    ],
)
def test_weak_grids_have_exactly_as_many_points_per_rank(points, ratio, axes, expected):
    found = grown(points, Fraction(ratio), axes)
    assert found == expected
    assert math.prod(found) == math.prod(points) * ratio


def test_a_weak_grid_avoids_slow_lengths_at_the_price_of_a_few_points():
    found = grown((32, 32, 32), Fraction(11), (0, 1, 2))
    assert found[1:] == (32, 32)
    assert found[0] == 350  # 352 = 11 x 32 has the factor 11; 350 = 2 5 5 7 and 360 are its neighbours without
    with pytest.raises(ValueError, match="cannot be made"):
        grown((2, 2), Fraction(1, 8), (0,))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mixture.toml"
    path.write_text(MIXTURE)
    return str(path)


def test_configurations_are_all_combinations_that_can_be(file):
    asked = Asked((1, 2, 4), threads=(1, 2), groups=(None, 2), pencil_grids=(None, (2, 1)))
    found, left_out = configurations(mixture(), file, (), asked)
    ways = [(one.ranks, one.threads, one.groups, one.pencil_grid) for one in found]
    assert len(set(ways)) == len(ways)
    # a single rank is divided in one way; 2 ranks as 2x1 pencils cannot also be 2 groups; 4 can
    assert ways == [
        (1, 1, None, None), (1, 2, None, None),
        (2, 1, None, None), (2, 2, None, None), (2, 1, None, (2, 1)), (2, 2, None, (2, 1)),
        (2, 1, 2, None), (2, 2, 2, None),
        (4, 1, None, None), (4, 2, None, None), (4, 1, None, (2, 1)), (4, 2, None, (2, 1)),
        (4, 1, 2, None), (4, 2, 2, None), (4, 1, 2, (2, 1)), (4, 2, 2, (2, 1)),
    ]  # fmt: skip
    left = [text.split(":")[0] for text in left_out]
    assert left == ["2 ranks, 2 groups, 2x1 pencils", "2 ranks, 2 threads each, 2 groups, 2x1 pencils"]
    assert found[-1].overrides == ["parallel.orbital_groups=2", "parallel.pencil_grid=[2, 1]"]
    assert len({one.key for one in found}) == len(found)
    assert [Configuration.from_dict(json.loads(json.dumps(one.as_dict()))) for one in found] == found


def test_nothing_left_to_measure_is_refused_with_the_reasons(file):
    with pytest.raises(ProblemError, match="no configuration is left to measure\n3 ranks, 5 groups"):
        configurations(mixture(), file, (), Asked((3,), groups=(5,)))


def test_in_a_weak_study_lengths_grow_with_the_points(file):
    found, _ = configurations(mixture(), file, (), Asked((2, 4, 16), grow=(0, 1, 2)))
    assert [one.points for one in found] == [(24, 24, 24), (48, 24, 24), (48, 48, 48)]
    for one in found:  # the spacing is the file's
        assert [length / points for length, points in zip(one.lengths, one.points, strict=True)] == [0.5] * 3
    assert found[1].overrides == ["grid.points=[48, 24, 24]", "grid.lengths=[24.0, 12.0, 12.0]"]


def test_the_parts_of_a_step_add_up():
    parts = Parts.of(result(configuration(2), compute=0.8, exchange=0.1, reduction=0.06, other=0.04))
    assert (parts.compute, parts.exchange, parts.reduction, parts.other) == pytest.approx((0.8, 0.1, 0.06, 0.04))
    assert parts.step == pytest.approx(1.0) and parts.output is None


def test_output_is_spread_over_its_steps():
    costs = {
        "record": 0.01, "records_per_step": 0.1, "snapshot": 2.0, "snapshots_per_step": 0.005,
        "checkpoint": 3.0, "checkpoints_per_step": 0.001, "checkpoint_share": 0.0,
    }  # fmt: skip
    step = {"seconds_per_step": {"median": 0.5}}
    assert output_seconds(step | {"output": costs}) == pytest.approx(0.001 + 0.01 + 0.003)
    by_clock = costs | {"checkpoints_per_step": 0.0, "checkpoint_share": 0.02}
    seconds = output_seconds(step | {"output": by_clock})
    # a fiftieth of the whole time goes into checkpoints
    assert (seconds - 0.011) / (0.5 + seconds) == pytest.approx(0.02)


def test_ranks_that_share_cores_are_noticed():
    assert not oversubscribed(result(configuration(2), cores_of_ranks=2))
    assert oversubscribed(result(configuration(2), cores_of_ranks=1))
    assert oversubscribed(result(configuration(2, threads=2), cores_of_ranks=2))


def test_speed_up_and_efficiency_are_those_of_the_best_serial_run():
    rows = [row(configuration(1), 1.0, 2.0, 1.2), row(configuration(4), 0.4, 0.8, 0.4)]
    outcome = Outcome.of(rows)
    assert outcome.baseline is rows[0] and outcome.serial
    four = outcome.measured[1]
    # round by round 1/0.4, 2/0.8, 1.2/0.4: a machine at half speed in the second round changes nothing
    assert (four.speed_up.lower, four.speed_up.median, four.speed_up.upper) == pytest.approx((2.5, 2.5, 2.75))
    assert four.efficiency.median == pytest.approx(0.625)
    assert outcome.measured[0].efficiency.median == 1.0
    assert "best serial run: 1 rank, 1200 ms" in outcome.baseline_sentence()


def test_threads_count_as_cores_and_a_serial_run_has_one():
    outcome = Outcome.of([row(configuration(1, threads=2), 0.5), row(configuration(1), 0.8)])
    assert outcome.baseline.configuration.threads == 1
    assert outcome.measured[0].efficiency.median == pytest.approx(0.8 / 0.5 / 2)


def test_without_a_serial_run_the_fewest_cores_are_the_measure_and_that_is_said():
    rows = [row(configuration(4), 0.5), row(configuration(4, groups=2), 0.4), row(configuration(8), 0.25)]
    outcome = Outcome.of(rows)
    assert outcome.baseline.configuration.groups == 2 and not outcome.serial
    assert outcome.measured[2].speed_up.median == pytest.approx(4 * 0.4 / 0.25)
    assert outcome.measured[2].efficiency.median == pytest.approx(0.8)
    assert "no serial run was measured" in outcome.baseline_sentence()


def test_in_a_weak_study_the_grid_counts():
    """Twice the points on two cores in 5/4 of the time: an efficiency of 4/5, a scaled speed-up of 8/5."""
    outcome = Outcome.of([row(configuration(1), 1.0), row(configuration(2, points=(48, 24, 24)), 1.25)])
    assert outcome.measured[1].efficiency.median == pytest.approx(0.8)
    assert outcome.measured[1].speed_up.median == pytest.approx(1.6)


def test_what_failed_is_no_row_of_the_table():
    outcome = Outcome.of([row(configuration(1), 1.0), Row(configuration(2), {}, "out of memory")])
    assert len(outcome.measured) == 1 and outcome.failed[0].failed == "out of memory"
    assert Outcome.of([Row(configuration(2), {}, "no")]).baseline is None


def test_every_round_has_every_configuration_once_and_the_order_rotates():
    ways = [configuration(ranks) for ranks in (1, 2, 4)]
    order = [(number, one.ranks) for number, one in rounds(ways, 3)]
    assert order == [(0, 1), (0, 2), (0, 4), (1, 2), (1, 4), (1, 1), (2, 4), (2, 1), (2, 2)]


@pytest.fixture
def store(tmp_path) -> Store:
    found = Store(tmp_path / "study")
    found.path.mkdir()
    return found


def ranks_of(repeats) -> list[tuple[int, int]]:
    return [(repeat.round_number, repeat.configuration.ranks) for repeat in repeats]


def test_a_failing_configuration_is_said_once_and_the_study_goes_on(store, capsys):
    ways = [configuration(ranks) for ranks in (1, 2, 4)]
    tried = []

    def measure(one):
        tried.append(one.ranks)
        if one.ranks == 2:
            raise Failed("no memory")
        return result(one)

    assert measure_all(store, ways, 2, measure, Log(speaks=True)) is None
    assert tried == [1, 2, 4, 4, 1]  # not again in the second round
    assert "failed: 2 ranks: no memory" in capsys.readouterr().out
    found = store.rows(ways)
    assert [len(one.results) for one in found] == [2, 0, 2] and found[1].failed == "no memory"


def test_a_study_goes_on_with_what_is_missing(store):
    ways = [configuration(ranks) for ranks in (1, 2)]
    measured = []

    def measure(one):
        if len(measured) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        measured.append(one.ranks)
        return result(one)

    stopped = measure_all(store, ways, 3, measure, Log(speaks=False))
    assert stopped.reason.startswith("SIGTERM after 3 of 6 repeats") and measured == [1, 2, 2]
    assert ranks_of(store.read_repeats()) == [(0, 1), (0, 2), (1, 2)]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def go_on(one):
        measured.append(one.ranks)
        return result(one)

    # one configuration more than before, too
    assert measure_all(store, [*ways, configuration(4)], 3, go_on, Log(speaks=False)) is None
    assert sorted(measured) == [1, 1, 1, 2, 2, 2, 4, 4, 4]
    assert measure_all(store, ways, 3, lambda one: pytest.fail("measured again"), Log(speaks=False)) is None


def test_a_failed_configuration_is_tried_again_by_the_next_call(store):
    def fail(one):
        raise Failed("no")

    ways = [configuration(1)]
    measure_all(store, ways, 1, fail, Log(speaks=False))
    measure_all(store, ways, 1, result, Log(speaks=False))
    found = store.rows(ways)[0]
    assert len(found.results) == 1 and found.failed == ""


def test_a_line_that_a_kill_cut_short_is_passed_over(store):
    store.append(Repeat(0, configuration(1), result(configuration(1))))
    with store.repeats.open("a") as file:
        file.write('{"round": 1, "configu')
    assert ranks_of(store.read_repeats()) == ranks_of(store.read_repeats(mending=True)) == [(0, 1)]
    store.append(Repeat(1, configuration(1), result(configuration(1))))
    assert ranks_of(store.read_repeats()) == [(0, 1), (1, 1)]


STUDY = {
    "problem": "p", "grow": [], "length": ["--steps", "5"], "output_trial": True, "launcher": "l", "configurations": []
}  # fmt: skip


def test_a_directory_is_never_overwritten(tmp_path):
    store = Store(tmp_path / "study")
    assert store.begin(STUDY, fresh=False) is False
    assert store.begin(STUDY | {"repeats": 7}, fresh=False) is True  # the same study, with more repeats
    with pytest.raises(DirectoryInUse, match="differs in how many steps are taken; it is left as it is"):
        store.begin(STUDY | {"length": ["--steps", "6"]}, fresh=False)
    assert store.begin(STUDY | {"problem": "q"}, fresh=True) is False
    assert json.loads((tmp_path / "study.previous-1" / "study.json").read_text())["repeats"] == 7
    (tmp_path / "link").symlink_to(store.path)
    assert Store(tmp_path / "link").begin(STUDY, fresh=True) is False  # the link stays, the study moves
    assert (tmp_path / "study.previous-2" / "study.json").exists() and store.read_study() == STUDY
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(DirectoryInUse, match="not empty"):
        Store(tmp_path / "other").begin(STUDY, fresh=True)


def test_results_of_jobs_are_collected(store):
    ways = [configuration(ranks) for ranks in (1, 2, 4)]
    for number in (0, 1):
        path = store.result_of_job(ways[0], number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result(ways[0])))
    folder = store.result_of_job(ways[1], 0).parent
    folder.mkdir()
    (folder / "output.txt").write_text("srun: error: node1: task 0: Exited\nhpcmix: the solution is not finite\n")
    found = store.rows(ways)
    assert [len(one.results) for one in found] == [2, 0, 0]
    assert [one.failed for one in found] == ["", "hpcmix: the solution is not finite", "its job has left nothing"]


def test_launcher_templates():
    one = configuration(6, threads=2)
    assert Launcher().command(one) == ["mpirun", "-n", "6"]
    words = Launcher("srun -N {nodes} -n {ranks} -c {threads}", ranks_per_node=4).command(one)
    assert words == ["srun", "-N", "2", "-n", "6", "-c", "2"]
    for wrong, sentence in (("srun", "does not say {ranks}"), ("srun -n {ranks} {tasks}", "known are {ranks}")):
        with pytest.raises(ProblemError, match=sentence):
            Launcher(wrong).command(one)
    with pytest.raises(ProblemError, match='there is no program "no-such-launcher"'):
        Launcher("no-such-launcher {ranks}").check(one)


def test_the_last_words_of_a_program_are_its_own():
    said = "Traceback\nhpcmix: out of memory on rank 1\n--------\nPrimary job  terminated normally\nmpirun detected\n"
    assert last_words(said) == "hpcmix: out of memory on rank 1"
    assert last_words("a\nb\nc\nd\n---\nmpirun noticed\n") == "b; c; d"
    assert last_words("mpirun could not find the node\n") == "mpirun could not find the node"
    assert last_words("") == ""


def test_quantities_of_the_command_line():
    assert latency_of("2us") == pytest.approx(2e-6) and latency_of("1.5 ms") == pytest.approx(1.5e-3)
    assert bandwidth_of("10GB/s") == 1e10 and bandwidth_of("100 Gbit/s") == pytest.approx(1.25e10)
    assert counts_of("1,2, 4") == (1, 2, 4)
    assert groups_of("auto,2") == (None, 2)
    assert pencil_grids_of("4x1,auto,2x2") == ((4, 1), None, (2, 2))
    wrong = [
        (latency_of, "2"), (latency_of, "0us"), (bandwidth_of, "10 GB"), (counts_of, "1,0"), (counts_of, "1,,2"),
        (groups_of, "two"), (pencil_grids_of, "4"), (pencil_grids_of, "0x2"),
    ]  # fmt: skip
    for reader, text in wrong:
        with pytest.raises(ValueError, match="no "):
            reader(text)


def test_a_busy_machine_is_said():
    quiet, busy = row(configuration(2), 1.0, load=2.1), row(configuration(2), 1.0, 1.0, load=9.0)
    assert "others were at work" not in remarks(Outcome.of([quiet]), [])[-1]
    said = remarks(Outcome.of([busy]), ["4 ranks: no room"])
    assert "in 2 of 2 repeats others were at work there" in said[-2] and said[-1] == "left out: 4 ranks: no room"
