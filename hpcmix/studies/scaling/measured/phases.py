"""One measurement, the JSON of ``hpcmix bench``, as the few parts that a scaling study speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EXCHANGE = ("exchange",)
REDUCTION = ("reduction", "vote")
"""Timers that are no computing; every other one is."""

PARTS = ("compute", "exchange", "reduction", "other", "output")


@dataclass(frozen=True)
class Parts:
    """Seconds of a step without output, by part, and what output adds to it.

    step       median over the steps; of each step the time of the slowest rank.
    compute    kicks, transforms of lines and planes, densities and mean fields.
    exchange   transposes: messages and packing them, or waiting for the other ranks where memory is shared.
    reduction  sums over orbital groups, and the vote of the ranks at the end of a step.
    other      the rest of the step: ranks that wait for the slowest one, and Python.
    output     records, snapshots and checkpoints as the problem file asks, spread over its steps; None: not measured.
    The first four add up to `step`: timers are means over ranks and steps, taken as shares of the time of all steps.
    """

    step: float
    compute: float
    exchange: float
    reduction: float
    other: float
    output: float | None

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Parts:
        """From the JSON of ``hpcmix bench``."""
        step = float(result["seconds_per_step"]["median"])
        shares = {name: float(timer["share"]) for name, timer in result["phases"].items()}
        exchange = sum(share for name, share in shares.items() if name in EXCHANGE)
        reduction = sum(share for name, share in shares.items() if name in REDUCTION)
        compute = sum(shares.values()) - exchange - reduction
        other = 1.0 - sum(shares.values())
        return cls(step, compute * step, exchange * step, reduction * step, other * step, output_seconds(result))


def output_seconds(result: Mapping[str, Any]) -> float | None:
    """Seconds of output for each step of the problem's own run."""
    costs = result.get("output")
    if costs is None:
        return None
    by_steps = sum(
        costs.get(kind, 0.0) * costs.get(rate, 0.0)  # files of before there were markers lack theirs
        for kind, rate in (
            ("record", "records_per_step"),
            ("snapshot", "snapshots_per_step"),
            ("marker_file", "marker_files_per_step"),
            ("checkpoint", "checkpoints_per_step"),
        )
    )
    # a share s of the whole time: s / (1 - s) of everything else
    share = costs["checkpoint_share"]
    return by_steps + share / (1.0 - share) * (result["seconds_per_step"]["median"] + by_steps)


def oversubscribed(result: Mapping[str, Any]) -> bool:
    """Whether more threads ran on a node than its ranks may use cores."""
    return result["ranks_per_node"] * result["threads"] > result["cores_of_ranks"]
