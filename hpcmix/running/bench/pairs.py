"""What a pair of fluctuations costs beside the condensates: the same steps without them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hpcmix.running.bench.spread import Spread
from hpcmix.running.bench.timing import seconds_of_steps
from hpcmix.running.marching.evolution import Evolution


def pair_costs(evolution: Evolution, steps: int, beside: Spread) -> dict[str, Any] | None:
    """The cost of a pair, in seconds and in steps of the condensates, (t(P) - t(0)) / P t(0) with the medians of the
    steps' times; None without ``[fluctuations]``. Takes the pairs away: nothing is to be measured with them after it.
    Collective.

    steps   as many are taken without the pairs.
    beside  times of steps with them.
    """
    simulation = evolution.simulation
    pairs, replicas = simulation.problem.pairs, simulation.communicators.replicas
    if not pairs:
        return None
    simulation.state.fluctuations = None
    alone = Spread.of(seconds_of_steps(evolution, steps))
    held = -(-pairs // replicas)  # of the first replica, which the others wait for
    of_a_pair = (beside.median - alone.median) / held
    return {
        "count": pairs,
        "replicas": replicas,
        "held": held,
        "seconds_of_condensates": asdict(alone),
        "seconds_per_pair": of_a_pair,
        "condensate_steps_per_pair": of_a_pair / alone.median,
    }


def pair_line(costs: dict[str, Any]) -> str:
    """The same in words."""
    shared = f", {costs['held']} in each of {costs['replicas']} groups" if costs["replicas"] > 1 else ""
    return (
        f"{costs['count']}{shared}: each {1e3 * costs['seconds_per_pair']:.3g} ms a step, as "
        f"{costs['condensate_steps_per_pair']:.3g} steps of the condensates alone"
    )
