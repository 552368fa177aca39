"""The parameters of the communication model, from measured phases: how large, how certain, or why not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from hpcmix.problem.schema import Problem
from hpcmix.running.bench.spread import Spread
from hpcmix.studies.measuring.claim import CONFIDENCE
from hpcmix.studies.scaling.measured.outcome import Row
from hpcmix.studies.scaling.measured.traffic import IN_PLACE, Division, Traffic, traffic_of

SMALLEST_ERROR = 0.02
"""Relative error of a measured phase that no repeats are trusted to be below: clocks, frequencies and neighbours."""


@dataclass(frozen=True)
class Parameter:
    """A fitted number, or none.

    half_width  of the interval of 95 % confidence; 0 where the user gave the number.
    reason      why it is not known; empty where it is.
    """

    value: float
    half_width: float = 0.0
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not self.reason

    @classmethod
    def unknown(cls, reason: str) -> Parameter:
        """None, with the reason."""
        return cls(0.0, 0.0, reason)


@dataclass(frozen=True)
class Link:
    """A way that messages go.

    latency   seconds of a message.
    per_byte  seconds of a byte that a rank sends: 1 / its share of the bandwidth.
    covariance   of the two, at the width of the confidence intervals (that is times the square of Student's t).
    """

    latency: Parameter
    per_byte: Parameter
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    configurations: int = 0

    @property
    def known(self) -> bool:
        """Whether both are."""
        return self.latency.known and self.per_byte.known

    @classmethod
    def unknown(cls, reason: str) -> Link:
        """Neither is known."""
        return cls(Parameter.unknown(reason), Parameter.unknown(reason))


@dataclass(frozen=True)
class Model:
    """All parameters.

    compute         seconds per unit of work (:class:`Traffic`), on the fullest node that was measured.
    compute_change  its ratio to that on the emptiest node: memory that ranks of a node share; exactly 1 where all nodes
                    were alike.
    waiting         for other ranks, as a share of computing, where they work in place in the memory of a node.
    node, network   messages within a node and between nodes.
    copy_rate       bytes per second that a rank reads and writes when it copies, on that node.
    ranks_per_node, threads     of that node.
    """

    compute: Parameter
    compute_change: Parameter
    waiting: Parameter
    node: Link
    network: Link
    copy_rate: float
    ranks_per_node: int
    threads: int


@dataclass(frozen=True)
class _Point:
    """A configuration beside what the model counts for it."""

    row: Row
    traffic: Traffic
    copy_rate: float

    @property
    def in_place(self) -> bool:
        """Whether all ranks work on the same memory, and only wait for each other."""
        return self.row.last["exchange"] == IN_PLACE and self.traffic.node_bytes == 0.0

    @property
    def in_messages(self) -> bool:
        """Whether blocks go in messages; pencils that store into each other's memory do not."""
        return self.traffic.node_bytes > 0.0 and self.row.last["exchange"] != IN_PLACE

    @property
    def filling(self) -> tuple[int, int]:
        """Ranks of a node, and threads of a rank."""
        return self.row.last["ranks_per_node"], self.row.last["threads"]

    @property
    def communication(self) -> Spread:
        """Seconds of exchange and reduction."""
        return Spread.of(parts.exchange + parts.reduction for parts in self.row.parts.values())


def division_of_row(row: Row) -> Division:
    """How a measured configuration used its ranks."""
    result = row.last
    return Division(
        tuple(row.configuration.points),
        result["ranks"],
        result["groups"],
        tuple(result["pencil_grid"]),
        result["ranks_per_node"],
        result["exchange"] == IN_PLACE,
    )


def fit_model(problem: Problem, rows: Sequence[Row]) -> Model:
    """Fit all parameters to the rows whose ranks had cores of their own."""
    points = [
        _Point(row, traffic_of(problem, division_of_row(row)), row.last["copy_bytes_per_second"] / row.last["ranks"])
        for row in rows
        if not row.oversubscribed
    ]
    if not points:
        unknown = Parameter.unknown("every configuration had more ranks than cores")
        return Model(unknown, unknown, unknown, Link.unknown(unknown.reason), Link.unknown(unknown.reason), 0.0, 1, 1)
    fullest = max(points, key=lambda point: point.row.last["ranks_per_node"] * point.row.last["threads"])
    emptiest = min(points, key=lambda point: point.row.last["ranks_per_node"] * point.row.last["threads"])
    last = fullest.row.last
    alike = [point for point in points if point.filling == fullest.filling]
    compute = _compute(alike)
    return Model(
        compute,
        Parameter(1.0) if emptiest.filling == fullest.filling else _ratio(compute, _compute([emptiest])),
        _waiting([point for point in alike if point.in_place]),
        fit_link(
            [point for point in points if point.in_messages and point.row.last["nodes"] == 1],
            lambda traffic: (traffic.node_messages, traffic.node_bytes),
            "no configuration sent messages within a node",
        ),
        fit_link(
            [point for point in points if point.row.last["nodes"] > 1],
            lambda traffic: (traffic.node_messages + traffic.network_messages, traffic.network_bytes),
            "all ranks were on one node: latency and bandwidth of a network were not measured",
            copying=True,
        ),
        min(point.copy_rate for point in alike),
        last["ranks_per_node"],
        last["threads"],
    )


def _compute(points: Sequence[_Point]) -> Parameter:
    """The mean over configurations and repeats; compute and what is left of the step, which grows with it."""
    return _mean(
        [(parts.compute + parts.other) / point.traffic.work for point in points for parts in point.row.parts.values()]
    )


def _waiting(points: Sequence[_Point]) -> Parameter:
    """The mean of exchange and reduction over computing."""
    if not points:
        return Parameter.unknown("no configuration worked in place in the memory of a node")
    return _mean(
        [
            (parts.exchange + parts.reduction) / (parts.compute + parts.other)
            for point in points
            for parts in point.row.parts.values()
        ]
    )


def _mean(values: Sequence[float]) -> Parameter:
    """The mean of positive values, known when its whole confidence interval is positive."""
    if len(values) < 2:
        return Parameter.unknown("a single repeat tells nothing of the scatter; measure more (--repeats 5)")
    student = float(stdtrit(len(values) - 1, 0.5 + 0.5 * CONFIDENCE))
    value, half_width = float(np.mean(values)), student * float(np.std(values, ddof=1)) / np.sqrt(len(values))
    if value <= half_width:
        return Parameter.unknown(
            f"{len(values)} repeats scatter so much that the interval of their mean reaches zero; measure more "
            "(--repeats) or longer ones (--seconds), on a quieter machine"
        )
    return Parameter(value, float(half_width))


def _ratio(first: Parameter, other: Parameter) -> Parameter:
    """The quotient of independent parameters, whose relative errors add up in squares."""
    for parameter in (first, other):
        if not parameter.known:
            return parameter
    value = first.value / other.value
    return Parameter(value, value * float(np.hypot(first.half_width / first.value, other.half_width / other.value)))


def fit_link(
    points: Sequence[_Point], count: Callable[[Traffic], tuple[float, float]], nothing: str, copying: bool = False
) -> Link:
    """Latency and seconds per byte by weighted least squares of

        exchange + reduction = latency * messages + per_byte * bytes

    count    messages and bytes of a configuration's traffic.
    nothing  the reason when there is no point.
    copying  take the time of packing, copied bytes over the copying rate, off the left side: where bytes go over a
             network. Within a node the two cannot be told apart, and bytes carry both.
    A parameter is known when its whole confidence interval is positive. At least three configurations are needed; their
    errors are the repeats' (no less than 2 %), and larger where the points scatter more about the fit.
    """
    if not points:
        return Link.unknown(nothing)
    if len(points) < 3:
        number = {1: "one configuration", 2: "two configurations"}[len(points)]
        return Link.unknown(f"{number} cannot tell latency from bandwidth; measure three or more")
    design = np.array([count(point.traffic) for point in points])
    spreads = [point.communication for point in points]
    times = np.array([spread.median for spread in spreads])
    errors = np.array([_error(spread) for spread in spreads])
    if copying:
        times = times - np.array([point.traffic.copied_bytes / point.copy_rate for point in points])
    return solve_link(design, times, errors)


def solve_link(design: np.ndarray, times: np.ndarray, errors: np.ndarray) -> Link:
    """The least squares of :func:`fit_link`: rows of messages and bytes, seconds, and their standard errors."""
    count = len(times)
    if np.any(design.max(axis=0) == 0.0):
        return Link.unknown("the configurations measured send no messages between them")
    scale = design.max(axis=0)
    weighted = design / scale / errors[:, np.newaxis]
    if np.linalg.cond(weighted) > 1e6:
        return Link.unknown("all configurations have the same ratio of messages to bytes; measure others beside them")
    inverse = np.linalg.inv(weighted.T @ weighted)
    solution = inverse @ (weighted.T @ (times / errors))
    scatter = float(np.sum((weighted @ solution - times / errors) ** 2)) / (count - 2)
    student = float(stdtrit(count - 2, 0.5 + 0.5 * CONFIDENCE))
    covariance = inverse * max(1.0, scatter) * student**2 / np.outer(scale, scale)
    parameters: list[Parameter] = []
    for place, name in enumerate(("latency", "bandwidth")):
        value, half_width = float(solution[place] / scale[place]), float(np.sqrt(covariance[place, place]))
        reason = "" if value > half_width else f"the {name} is lost in the scatter of the points"
        parameters.append(Parameter(value, half_width, reason))
    latency, per_byte = parameters
    (of_latency, mixed), (same, of_bytes) = covariance.tolist()
    return Link(latency, per_byte, ((of_latency, mixed), (same, of_bytes)), count)


def _error(spread: Spread) -> float:
    """Standard error of a median, from its quartiles: 1.2533 sigma / sqrt(n), the quartiles 1.349 sigma apart."""
    noise = 1.2533 * (spread.upper - spread.lower) / 1.349 / np.sqrt(spread.count)
    return float(max(noise, SMALLEST_ERROR * abs(spread.median), 1e-12))
