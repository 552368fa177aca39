"""The communication model: counts by hand, fits that find known parameters, refusals, predictions, what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from scipy import stats

from hpcmix.studies.scaling import figure
from hpcmix.studies.scaling.fit import fit_model, solve_link
from hpcmix.studies.scaling.measured.outcome import Outcome, Row
from hpcmix.studies.scaling.measured.traffic import Division, Traffic, traffic_of
from hpcmix.studies.scaling.prediction import RANKS, Network, predict
from hpcmix.studies.scaling.report import as_text, model_remarks
from tests.unit.figure_checks import require_room
from tests.unit.scaling_samples import configuration, mixture, result

POINTS = 24**3
FIELD = 16 * POINTS
"""Bytes of a complex field."""
WORK = 2 * POINTS * math.log2(POINTS)
"""Of a Strang step of two components: a pair of transforms each."""


def division(
    ranks: int, pencils=None, per_node: int = 1024, in_place: bool = False, groups: int = 1, points: int = 24
) -> Division:
    return Division((points,) * 3, ranks, groups, pencils or (ranks // groups, 1), per_node, in_place)


def test_slabs_that_share_memory_send_nothing_but_their_vote():
    assert traffic_of(mixture(), division(4, in_place=True)) == Traffic(work=WORK / 4, node_messages=2.0)
    assert traffic_of(mixture(), division(1)) == Traffic(work=WORK)


def test_slabs_by_messages_are_counted_by_hand():
    found = traffic_of(mixture(), division(4, per_node=2))
    # two fields there and back, a quarter of each rank's block to each other rank; one of them is on the node, two are
    # not. A message is 16 * 24^3 / 16 bytes = 13.5 KiB, so that both fields share one
    assert found.node_messages == 2 * 1 + 1 and found.network_messages == 2 * 2 + 1  # and the vote
    assert found.node_bytes == 2 * 2 * FIELD / 4 / 4
    assert found.network_bytes == 2 * found.node_bytes
    assert found.copied_bytes == 4 * 2 * 2 * FIELD / 4  # read and written, packed and unpacked


def test_pencils_exchange_twice_and_know_who_shares_their_node():
    found = traffic_of(mixture(), division(8, pencils=(2, 4), per_node=4))
    # in groups of four consecutive ranks all are on one node; the two along x are four ranks apart, on two nodes
    assert found.node_bytes == 2 * 2 * (FIELD / 8) * 3 / 4
    assert found.network_bytes == 2 * 2 * (FIELD / 8) * 1 / 2
    one_node = traffic_of(mixture(), division(8, pencils=(2, 4)))
    assert one_node.network_bytes == one_node.network_messages == 0.0
    assert one_node.node_bytes == found.node_bytes + found.network_bytes


def test_orbital_groups_sum_their_densities():
    found = traffic_of(mixture(), division(2, pencils=(1, 1), groups=2))
    # an array of two real densities over two groups: each sends half of it in either part of the sum
    assert found.node_bytes == 2 * 0.5 * (2 * FIELD / 2)
    assert found.work == WORK / 2 and found.copied_bytes == 0.0
    assert found.node_messages == 2.0 + 1.0
    apart = traffic_of(mixture(), division(2, pencils=(1, 1), groups=2, per_node=1))
    assert (apart.network_bytes, apart.node_bytes) == (found.node_bytes, 0.0)


def test_kernels_and_integrators_count():
    kernel = "interaction.0={between=['up', 'down'], kind='yukawa', strength=1.0, screening=1.0}"
    found = traffic_of(mixture(kernel), division(2))
    assert found.work == WORK / 2 * 1.5  # two densities, half a pair each
    assert found.node_bytes == pytest.approx(1.5 * traffic_of(mixture(), division(2)).node_bytes)
    fourth = traffic_of(mixture("time.integrator=blanes-moan-4"), division(2))
    assert fourth.work == 6 * WORK / 2
    with pytest.raises(ValueError, match="two and three dimensions"):
        traffic_of(mixture(), Division((64,), 2, 1, (2, 1), 2, False))


COMPUTE, LATENCY, BANDWIDTH, PER_NODE = 4e-9, 20e-6, 8e9, 2
NOISE = 0.03


def measured(rng, ranks=(1, 2, 4, 8, 16), repeats=5, nodes=True, noise=NOISE, points=24) -> list[Row]:
    """Rows of repeats that obey the model, with relative noise on each part: on nodes of two ranks each, or on one."""
    rows = []
    for number in ranks:
        one, results = configuration(number, points=(points,) * 3), {}
        per_node = min(PER_NODE, number) if nodes else number
        traffic = traffic_of(mixture(), division(number, per_node=per_node, points=points))
        if nodes:
            messages, carried = traffic.node_messages + traffic.network_messages, traffic.network_bytes
            exchange = traffic.copied_bytes / 1e10 + messages * LATENCY + carried * PER_NODE / BANDWIDTH
        else:
            exchange = traffic.node_messages * LATENCY + traffic.node_bytes * PER_NODE / BANDWIDTH
        for repeat in range(repeats):
            factor = 1.0 + noise * rng.standard_normal(2)
            results[repeat] = result(
                one, COMPUTE * traffic.work * factor[0], exchange * factor[1], 0.0, 0.0,
                nodes=-(-number // per_node), ranks_per_node=per_node,
            )  # fmt: skip
        rows.append(Row(one, results))
    return rows


@pytest.mark.parametrize("nodes", [True, False])
def test_the_fit_finds_the_parameters_within_its_intervals(nodes):
    """95 % intervals over 100 sets of timings with noise of 3 %. A binomial number of 100 with p = 0.95 is below 88
    once in 300 cases; the least error of 2 % makes intervals wider than need be, so that it may be all of them."""
    rng = np.random.default_rng(7)
    inside, values = np.zeros(3, int), []
    for _ in range(100):
        model = fit_model(mixture(), measured(rng, nodes=nodes, ranks=(1, 2, 4, 6, 8, 12, 24), points=48))
        link = model.network if nodes else model.node
        assert link.latency.known and link.per_byte.known
        truth = (COMPUTE, LATENCY, PER_NODE / BANDWIDTH)
        found = (model.compute, link.latency, link.per_byte)
        inside += [abs(one.value - true) <= one.half_width for one, true in zip(found, truth, strict=True)]
        values.append([one.value for one in found])
    # a parameter scatters by up to 13 %, its mean by a tenth of that: four standard errors
    np.testing.assert_allclose(np.mean(values, axis=0), truth, rtol=0.05)
    assert (inside >= 88).all(), inside


def test_least_squares_give_the_textbook_errors():
    """Against the formulas of a straight line y = a + b x with known equal errors."""
    x, error = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 1e-3
    times = 0.5 + 2.0 * x
    link = solve_link(np.column_stack([np.ones(5), x]), times, np.full(5, error))
    student = stats.t.ppf(0.975, 3)
    assert (link.latency.value, link.per_byte.value) == pytest.approx((0.5, 2.0), rel=1e-12)
    assert link.per_byte.half_width == pytest.approx(student * error / math.sqrt(10.0), rel=1e-9)
    assert link.latency.half_width == pytest.approx(student * error * math.sqrt(1 / 5 + 9 / 10), rel=1e-9)
    # points that scatter more than their errors widen the interval: by sqrt(chi^2 / 3)
    scattered = solve_link(
        np.column_stack([np.ones(5), x]), times + 0.01 * np.array([1, -2, 2, -2, 1]), np.full(5, error)
    )
    assert scattered.per_byte.half_width > 5 * link.per_byte.half_width


def test_what_was_not_measured_is_not_resolved():
    rng = np.random.default_rng(1)
    one_node = fit_model(mixture(), measured(rng, nodes=False))
    assert "latency and bandwidth of a network were not measured" in one_node.network.latency.reason
    few = fit_model(mixture(), measured(rng, nodes=False, ranks=(1, 2, 4)))
    assert "two configurations cannot tell latency from bandwidth" in few.node.per_byte.reason
    serial = fit_model(mixture(), measured(rng, ranks=(1,)))
    assert serial.compute.known and "no configuration sent messages" in serial.node.latency.reason
    assert "worked in place" in serial.waiting.reason
    alike = solve_link(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.ones(3), np.full(3, 0.01))
    assert not alike.known and "same ratio" in alike.latency.reason


def test_a_latency_below_the_scatter_is_not_resolved():
    """Blocks of 576^3: the latency is less than a thousandth of the time of the messages, the noise 3 %."""
    found = fit_model(mixture(), measured(np.random.default_rng(3), nodes=False, ranks=(2, 4, 8, 16), points=576))
    assert found.node.per_byte.known
    assert not found.node.latency.known and "lost in the scatter" in found.node.latency.reason


def test_oversubscribed_configurations_are_left_out():
    rng = np.random.default_rng(1)
    rows = measured(rng, nodes=False)
    crowded = [Row(row.configuration, {n: r | {"cores_of_ranks": 1} for n, r in row.results.items()}) for row in rows]
    model = fit_model(mixture(), crowded)
    assert model.compute.known and "no configuration sent messages" in model.node.latency.reason  # one rank is left
    none = fit_model(mixture(), crowded[1:])
    assert none.compute.reason == "every configuration had more ranks than cores"
    prediction = predict(mixture(), Outcome.of(crowded[1:]), none, Network(), (), 1)
    assert prediction.points == () and "more ranks than cores" in prediction.refused


def test_waiting_in_place_is_a_share_of_computing():
    one, four = configuration(1), configuration(4)
    rows = [
        Row(one, {n: result(one, 1.0, 0.0, 0.0, 0.0) for n in range(3)}),
        Row(four, {n: result(four, 0.25, 0.05, 0.0, 0.0) for n in range(3)}),
    ]
    for entry in rows[1].results.values():
        entry["exchange"] = "shared-memory"
    model = fit_model(mixture(), rows)
    assert model.waiting.value == pytest.approx(0.2) and model.compute_change.value == pytest.approx(1.0)


def in_place(computing, waiting, points=256) -> list[Row]:
    """One rank, and four that work in place on a node: seconds of computing of every repeat, and of waiting."""
    rows = []
    for ranks in (1, 4):
        one, results = configuration(ranks, points=(points,) * 3), {}
        for number, (compute, wait) in enumerate(zip(computing, waiting, strict=True)):
            results[number] = result(one, compute / ranks, wait / ranks if ranks > 1 else 0.0, 0.0, 0.0)
            results[number]["exchange"] = "shared-memory" if ranks > 1 else ""
        rows.append(Row(one, results))
    return rows


NAMES = ("compute_seconds_per_work", "waiting_share", "compute_change")


@pytest.mark.parametrize(
    ("computing", "waiting", "known"),
    [
        # means of three numbers, whose intervals are 2.48 standard deviations: 0.1 at a mean of 1.0, 2.3 at one of 1.4
        ((0.96, 1.0, 1.04), (0.19, 0.20, 0.22), (True, True, True)),
        ((0.96, 1.0, 1.04), (0.05, 0.20, 0.60), (True, False, True)),
        ((0.6, 1.2, 2.4), (0.12, 0.24, 0.48), (False, True, False)),
        ((1.0,), (0.2,), (False, False, False)),  # a single repeat has no interval at all
    ],
)
def test_an_interval_that_reaches_zero_is_said_and_claims_nothing(computing, waiting, known, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figure, "save", lambda sheet, *_: drawn.append(sheet))
    rows = in_place(computing, waiting)
    prediction = prediction_of(rows, Network(1e-6, 1e10, ranks_per_node=4))
    text = as_text(Outcome.of(rows), prediction, False, [], "")
    lines = {line.split()[0]: line for line in prediction.lines()}
    found = prediction.as_dict()
    for name, resolved in zip(NAMES, known, strict=True):
        one = found["parameters"][name]
        assert (one.get("value") is not None) == resolved == ("not_resolved" not in one), one
        assert not resolved or 0.0 < one["half_width"] < one["value"]
    compute, waits, _ = known
    assert lines["compute"].startswith("compute        not resolved: ") != compute
    assert lines["waiting"].startswith("waiting        not resolved: ") != waits
    assert bool(found["points"]) == ("it assumes that" in text) == compute
    assert ("as large a share of their computing as measured" in text) == (compute and waits)
    if compute:
        assert all(point["not_resolved"] == ([] if waits else ["waiting"]) for point in found["points"])
        assert (" +- " in lines["compute"].split(";")[1]) and ("model, not measured; waiting" in text) != waits
    else:
        assert "compute per point" in prediction.refused and "model, not measured" not in text
    figure.draw_scaling(Outcome.of(rows), prediction, "title", False, tmp_path / "f.png")
    legend = [entry.get_text() for entry in drawn[-1].legends[0].get_texts()]
    expected = "model: not resolved" if not compute else "model" if waits else "model\n(waiting not resolved)"
    assert [entry for entry in legend if entry.startswith("model")] == [expected]


def prediction_of(rows, network=Network(), grow=(), problem=None):  # noqa: B008 - a constant
    problem = problem or mixture("grid.points=[256, 256, 256]")
    return predict(problem, Outcome.of(rows), fit_model(problem, rows), network, grow, 1)


LARGE = "grid.points=[256, 256, 256]"


def large_rows(noise=0.0, nodes=True) -> list[Row]:
    return measured(np.random.default_rng(2), nodes=nodes, noise=noise, points=256)


def test_a_prediction_is_the_formula():
    given = Network(latency=LATENCY, bandwidth=BANDWIDTH, ranks_per_node=PER_NODE)
    rows = large_rows(nodes=False)[:2]
    prediction = prediction_of(rows, given)
    assert prediction.refused == "" and [point.ranks for point in prediction.points] == list(RANKS)
    problem = mixture(LARGE)
    for point in prediction.points:
        traffic = traffic_of(problem, point.division)
        messages = traffic.node_messages + traffic.network_messages
        expected = rows[0].parts[0].compute / traffic_of(problem, Division((256,) * 3, 1, 1, (1, 1), 1, True)).work
        expected = expected * traffic.work + traffic.copied_bytes / 1e10
        expected += messages * LATENCY + traffic.network_bytes * PER_NODE / BANDWIDTH
        assert point.step == pytest.approx(expected, rel=1e-9)
        assert point.speed_up == pytest.approx(rows[0].step.median / expected, rel=1e-9)
        assert point.efficiency == pytest.approx(point.speed_up / point.ranks)
    assert prediction.points[0].division.pencil_grid == (64, 1) and prediction.points[-1].division.pencil_grid[1] > 1
    assert any("as the user says, not as measured" in line for line in prediction.assumptions)


def test_a_fitted_network_predicts_what_the_model_that_made_it_takes():
    """Measured on up to 12 nodes of two ranks; parameters are exact, so that the prediction is."""
    rows = measured(np.random.default_rng(2), noise=0.0, points=48, ranks=(1, 2, 4, 6, 8, 12, 16, 24))
    fitted = prediction_of(rows)
    given = prediction_of(rows, Network(LATENCY, BANDWIDTH, PER_NODE))
    for one, other in zip(fitted.points, given.points, strict=True):
        assert one.whole and one.step == pytest.approx(other.step, rel=1e-6)
        assert one.half_width > 0.0


def test_without_a_network_there_is_a_bound_and_a_refusal():
    prediction = prediction_of(large_rows(nodes=False)[:2])
    assert "latency and bandwidth of a network were not measured" in prediction.refused
    assert "--latency 2us --bandwidth 10GB/s" in prediction.refused
    assert all(not point.whole and point.step == point.compute for point in prediction.points)
    only_latency = prediction_of(large_rows(nodes=False)[:2], Network(latency=2e-6))
    assert only_latency.refused and not only_latency.points[0].whole
    text = as_text(Outcome.of(large_rows()), prediction, False, [], "")
    assert "model, not measured" in text and "not resolved" in text and "> " in text


def test_a_node_that_holds_all_ranks_needs_no_network():
    prediction = prediction_of(large_rows(nodes=False), Network(ranks_per_node=128))
    whole = [point.ranks for point in prediction.points if point.whole]
    assert whole == [64, 128]


def test_grids_without_room_are_left_out():
    prediction = prediction_of(measured(np.random.default_rng(1)), Network(1e-6, 1e10), problem=mixture())
    assert [point.ranks for point in prediction.points if point.left_out] == [256, 512, 1024, 2048, 4096, 8192, 16384]
    assert model_remarks(prediction)[0].startswith("left out: 256, 512, 1024, 2048, 4096, 8192, 16384 ranks; for 256:")


def test_a_weak_prediction_grows_the_grid():
    prediction = prediction_of(large_rows(), Network(1e-6, 1e10), grow=(0, 1, 2))
    assert prediction.points[0].division.points == (1024, 1024, 1024)
    assert not any(point.left_out for point in prediction.points)
    assert prediction.points[0].speed_up < 64.0


def test_the_model_is_drawn_apart_from_what_was_measured(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figure, "save", lambda sheet, *_: drawn.append(sheet))
    rows = large_rows(nodes=False)[:2]
    for network, label in (
        (Network(1e-6, 1e10), "model\n(waiting not resolved)"),
        (Network(), "model: computing alone, a bound\n(latency, bandwidth not resolved)"),
        (Network(latency=1e-6), "model: computing alone, a bound\n(bandwidth not resolved)"),
    ):
        figure.draw_scaling(Outcome.of(rows), prediction_of(rows, network), "title", False, tmp_path / "f.png")
        for axes in drawn[-1].axes[:2]:
            lines = {line.get_label(): line for line in axes.get_lines()}
            assert lines[label].get_linestyle() == "--"
            measured_colours = {
                to_hex(container.lines[0].get_color()) for container in axes.containers if hasattr(container, "lines")
            }
            assert measured_colours and to_hex(lines[label].get_color()) not in measured_colours
        assert label in [text.get_text() for text in drawn[-1].legends[0].get_texts()]
        require_room(drawn[-1])
    bars = [container for container in drawn[-1].axes[2].containers]
    assert len(bars) == 2 * 4  # compute, exchange, reduction, other; output was not measured
