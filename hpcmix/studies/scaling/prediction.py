"""What the model says of more ranks than were measured, and in words what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.studies.scaling.configurations import division_of, points_of
from hpcmix.studies.scaling.fit import Link, Model, Parameter
from hpcmix.studies.scaling.measured.outcome import Outcome
from hpcmix.studies.scaling.measured.traffic import Division, Traffic, traffic_of
from hpcmix.studies.scaling.weak import grown

RANKS = tuple(2**power for power in range(6, 15))
"""64 to 16384."""


@dataclass(frozen=True)
class Network:
    """What the user says of the machine; None: what was measured.

    latency     seconds of a message between nodes.
    bandwidth   bytes per second that a node sends.
    """

    latency: float | None = None
    bandwidth: float | None = None
    ranks_per_node: int | None = None


@dataclass(frozen=True)
class Predicted:
    """The model at a number of ranks.

    step, half_width   seconds of a step without output; half the interval that the parameters' intervals make.
    compute, communication    its parts; communication is meetings, copies and messages.
    whole      False: computing alone, a bound from below, because the network is not known.
    missing    the parameters that are not resolved, and that it does without.
    left_out   why there is no number; then the others are 0.
    """

    ranks: int
    division: Division | None = None
    step: float = 0.0
    half_width: float = 0.0
    compute: float = 0.0
    communication: float = 0.0
    speed_up: float = 0.0
    efficiency: float = 0.0
    whole: bool = True
    missing: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True)
class Prediction:
    """The model at :data:`RANKS`, with its parameters, what they do not tell, and what is assumed.

    refused   why there is no prediction beyond a node; empty when there is one.
    assumptions   of the predictions; none where nothing is predicted.
    """

    model: Model
    network: Link
    ranks_per_node: int
    points: tuple[Predicted, ...]
    refused: str
    assumptions: tuple[str, ...]

    @property
    def predicted(self) -> list[Predicted]:
        """The numbers of ranks that the model speaks of."""
        return [point for point in self.points if not point.left_out]

    def lines(self) -> list[str]:
        """Parameters, refusal and assumptions as text."""
        model = self.model
        lines = [
            f"compute        {_shown(model.compute, 1e9, 'ns')} per pair of transforms, point and log2 of the points, "
            f"kicks and the rest of the step included; {_change(model.compute_change)}"
            if model.compute.known
            else f"compute        not resolved: {model.compute.reason}",
            f"waiting        {_shown(model.waiting, 100.0, '%')} of computing, for ranks in the memory of a node"
            if model.waiting.known
            else f"waiting        not resolved: {model.waiting.reason}",
            f"within a node  {_link(model.node)}",
            f"network        {_link(self.network)}",
            *([f"prediction     not resolved: {self.refused}"] if self.refused else []),
            *(["it assumes that"] if self.assumptions else []),
            *(f"  - {line}" for line in self.assumptions),
        ]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "label": "model, not measured",
            "parameters": {
                "compute_seconds_per_work": _plain(self.model.compute),
                "compute_change": _plain(self.model.compute_change),
                "waiting_share": _plain(self.model.waiting),
                "node": _plain_link(self.model.node),
                "network": _plain_link(self.network),
                "copy_bytes_per_second": self.model.copy_rate,
                "ranks_per_node": self.ranks_per_node,
                "threads": self.model.threads,
            },
            "refused": self.refused,
            "assumptions": list(self.assumptions),
            "points": [
                {
                    "ranks": point.ranks,
                    "left_out": point.left_out or None,
                    **(
                        {}
                        if point.division is None
                        else {
                            "groups": point.division.groups,
                            "pencil_grid": list(point.division.pencil_grid),
                            "points": list(point.division.points),
                            "seconds_per_step": point.step,
                            "half_width": point.half_width,
                            "compute": point.compute,
                            "communication": point.communication,
                            "speed_up": point.speed_up,
                            "efficiency": point.efficiency,
                            "bound": not point.whole,
                            "not_resolved": list(point.missing),
                        }
                    ),
                }
                for point in self.points
            ],
        }


def words_of_missing(points: Sequence[Predicted]) -> str:
    """The parameters that predictions do without: "waiting, latency not resolved"; empty where all are known."""
    names = dict.fromkeys(name for point in points for name in point.missing)
    return f"{', '.join(names)} not resolved" if names else ""


def given_network(model: Model, network: Network, ranks_per_node: int) -> Link:
    """The link between nodes: what the user gave, and what was measured of the rest."""
    latency, per_byte, covariance = model.network.latency, model.network.per_byte, model.network.covariance
    if network.latency is not None or network.bandwidth is not None:
        variances = [covariance[0][0], covariance[1][1]]
        if network.latency is not None:
            latency, variances[0] = Parameter(network.latency), 0.0
        if network.bandwidth is not None:
            per_byte, variances[1] = Parameter(ranks_per_node / network.bandwidth), 0.0
        covariance = ((variances[0], 0.0), (0.0, variances[1]))
    return Link(latency, per_byte, covariance, model.network.configurations)


def predict(
    problem: Problem, outcome: Outcome, model: Model, network: Network, grow: Sequence[int], fewest_ranks: int
) -> Prediction:
    """The model at :data:`RANKS`.

    grow          axes along which the grid grows with the ranks; none in a strong study.
    fewest_ranks  the number of ranks to which the problem's own grid belongs then.
    """
    ranks_per_node = network.ranks_per_node or model.ranks_per_node
    link = given_network(model, network, ranks_per_node)
    refused = ""
    if not model.compute.known:
        refused = f"compute per point: {model.compute.reason}"
    elif not link.known:
        reasons = dict.fromkeys(parameter.reason for parameter in (link.latency, link.per_byte) if not parameter.known)
        refused = (
            f"{'; '.join(reasons)}. Beyond a node only computing is drawn, a bound from below. Give the network with "
            "--latency 2us --bandwidth 10GB/s (of a node), or measure on several nodes"
        )
    points = []
    if model.compute.known:
        for ranks in RANKS:
            try:
                points.append(_predicted(problem, outcome, model, link, grow, fewest_ranks, ranks, ranks_per_node))
            except (ProblemError, ValueError) as error:
                points.append(Predicted(ranks, left_out=str(error).split(": ", 1)[-1]))
    predicted = any(not point.left_out for point in points)
    assumptions = _assumptions(model, network, ranks_per_node) if predicted else []
    return Prediction(model, link, ranks_per_node, tuple(points), refused, tuple(assumptions))


def _predicted(
    problem: Problem,
    outcome: Outcome,
    model: Model,
    link: Link,
    grow: Sequence[int],
    fewest_ranks: int,
    ranks: int,
    ranks_per_node: int,
) -> Predicted:
    points = problem.grid.points
    if grow:
        points = grown(points, Fraction(ranks, fewest_ranks), grow)
    groups, pencil_grid = division_of(problem, points, ranks, ranks_per_node)
    division = Division(points, ranks, groups, pencil_grid, ranks_per_node, in_place=True)
    traffic = traffic_of(problem, division)
    waits = link is not model.network or traffic.network_messages == 0.0
    step, half_width, compute, whole, missing = seconds(model, link, traffic, waits)
    baseline = outcome.baseline
    if baseline is None:
        raise ValueError("nothing was measured that a prediction could be compared with")
    one_core = baseline.step.median * baseline.configuration.cores / points_of(baseline.configuration)
    speed_up = one_core * math.prod(points) / step
    return Predicted(
        ranks,
        division,
        step,
        half_width,
        compute,
        step - compute,
        speed_up,
        speed_up / (ranks * model.threads),
        whole,
        missing,
    )


def seconds(
    model: Model, link: Link, traffic: Traffic, waits: bool
) -> tuple[float, float, float, bool, tuple[str, ...]]:
    """Seconds of a step, half the width of their interval, the computing among them, whether communication is, and
    the parameters that would be needed and are not resolved.

        compute work (1 + waiting) + copied bytes / copying rate + latency messages + per_byte network bytes

    and on a single node, with what was measured there, where bytes carry their copies,

        compute work + latency messages + per_byte bytes

    waits   whether to count the waiting, which measured messages contain already.
    Intervals are added as independent ones, latency and bandwidth with their covariance. Where a parameter is needed
    that is not known, only the computing is given.
    """
    compute = model.compute.value * traffic.work
    compute_half = model.compute.half_width * traffic.work
    on_node = traffic.network_messages == 0.0
    measured = on_node and model.node.known
    if measured:
        link, carried, copied = model.node, np.array([traffic.node_messages, traffic.node_bytes]), 0.0
    else:
        carried = np.array([traffic.node_messages + traffic.network_messages, traffic.network_bytes])
        copied = traffic.copied_bytes / model.copy_rate
    if not link.known:
        if not (on_node and traffic.node_bytes == 0.0):
            missing = [
                name
                for name, parameter in (("latency", link.latency), ("bandwidth", link.per_byte))
                if not parameter.known
            ]
            return compute, compute_half, compute, False, tuple(missing)
        carried = np.zeros(2)  # a vote in the memory of a node: microseconds
    waits = waits and not measured
    share, share_half = (model.waiting.value, model.waiting.half_width) if waits else (0.0, 0.0)
    total = compute * (1.0 + share) + copied + float(carried @ [link.latency.value, link.per_byte.value])
    variance = (compute_half * (1.0 + share)) ** 2 + (compute * share_half) ** 2
    variance += float(carried @ np.array(link.covariance) @ carried)
    return total, math.sqrt(variance), compute, True, ("waiting",) if waits and not model.waiting.known else ()


def _assumptions(model: Model, network: Network, ranks_per_node: int) -> list[str]:
    measured = f"{model.ranks_per_node} {'rank' if model.ranks_per_node == 1 else 'ranks'} on a node"
    lines = [
        f"computing takes as long per point and rank as measured with {measured} of {model.threads} "
        f"{'thread' if model.threads == 1 else 'threads'}: smaller blocks gain nothing by staying in cache, and "
        "further ranks of a node lose nothing by sharing its memory",
        f"{ranks_per_node} consecutive ranks fill a node"
        + ("" if network.ranks_per_node else " (as measured; --ranks-per-node says otherwise)"),
        "messages go one after the other, at full bandwidth, shared by the ranks of a node alike: no congestion, no "
        "overlap with computing; the latency is the same within a node",
        "packing and unpacking messages runs at the rate at which the ranks of the measured node copy arrays",
        "groups and pencils are those that the program takes where memory is no limit; the slowest rank is the one "
        "with the largest block",
        "output is not counted",
    ]
    if model.waiting.known:
        lines.append("ranks wait for each other as large a share of their computing as measured in place on a node")
    else:
        lines.append(f"ranks do not wait for each other beyond what measured messages contain ({model.waiting.reason})")
    given = [
        text
        for text, value in (
            (f"latency {1e6 * (network.latency or 0.0):.3g} us", network.latency),
            (f"bandwidth {(network.bandwidth or 0.0) / 1e9:.3g} GB/s of a node", network.bandwidth),
        )
        if value is not None
    ]
    if given:
        lines.append(f"the network is as the user says, not as measured: {', '.join(given)}")
    return lines


def scaled(parameter: Parameter, factor: float) -> Parameter:
    """The parameter in another unit."""
    return replace(parameter, value=parameter.value * factor, half_width=parameter.half_width * factor)


def _change(parameter: Parameter) -> str:
    if not parameter.known:
        return f"beside that of the emptiest node not resolved: {parameter.reason}"
    if parameter == Parameter(1.0):
        return "all nodes were filled alike"
    return f"{parameter.value:.3g} +- {parameter.half_width:.2g} times that of the emptiest node"


def _shown(parameter: Parameter, factor: float, unit: str) -> str:
    if not parameter.known:
        return f"not resolved: {parameter.reason}"
    changed = scaled(parameter, factor)
    return f"{changed.value:.4g} {unit}" + (f" +- {changed.half_width:.2g}" if changed.half_width else " (given)")


def _link(link: Link) -> str:
    if not link.latency.known and link.latency.reason == link.per_byte.reason:
        return f"not resolved: {link.latency.reason}"
    return f"latency {_shown(link.latency, 1e6, 'us')}; bandwidth {_bandwidth(link.per_byte)}"


def _bandwidth(per_byte: Parameter) -> str:
    if not per_byte.known:
        return f"not resolved: {per_byte.reason}"
    if not per_byte.half_width:
        return f"{1e-9 / per_byte.value:.4g} GB/s of a rank (given)"
    low, high = 1e-9 / (per_byte.value + per_byte.half_width), 1e-9 / (per_byte.value - per_byte.half_width)
    return f"{1e-9 / per_byte.value:.4g} GB/s of a rank ({low:.3g} to {high:.3g})"


def _plain(parameter: Parameter) -> dict[str, Any]:
    if not parameter.known:
        return {"value": None, "not_resolved": parameter.reason}
    return {"value": parameter.value, "half_width": parameter.half_width}


def _plain_link(link: Link) -> dict[str, Any]:
    return {
        "latency_seconds": _plain(link.latency),
        "seconds_per_byte": _plain(link.per_byte),
        "configurations": link.configurations,
    }
