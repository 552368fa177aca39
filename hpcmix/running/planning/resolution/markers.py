"""What is said of markers at the start of a run: how many, how well they feel the kernels, how ranks share them."""

from __future__ import annotations

from hpcmix.model.mixture import Mixture
from hpcmix.model.terms.marked_pairs import MarkedPair, marked_pairs
from hpcmix.problem.schema import Problem
from hpcmix.state.marker_cloud import marker_cloud
from hpcmix.state.state import State


def marker_lines(problem: Problem, mixture: Mixture) -> list[str]:
    """Of every classical species the number of its markers and the window by which they meet the grid; of every pair
    with one the error of its forces (model/terms/marked_pairs.py). Local."""
    lines = [
        f'markers of "{mixture.species[a].name}": {laws.number}, spread by a window of {laws.window.width} cells'
        for a, laws in mixture.carried
    ]
    return lines + [_of_pair(problem, pair) for pair in (marked_pairs(problem) if lines else [])]


def _of_pair(problem: Problem, pair: MarkedPair) -> str:
    first, second = (problem.species[a].name for a in pair.between)
    between = f'within "{first}"' if first == second else f'between "{first}" and "{second}"'
    dropped = pair.error.share_dropped
    missing = f", {dropped:.1e} of them beyond what markers feel on this grid" if dropped > 0.0 else ""
    return f"forces {between}: relative error {pair.error.relative:.1e}{missing}"


def load_lines(mixture: Mixture, state: State) -> list[str]:
    """How evenly the ranks share the markers of every classical species; nothing on one rank. Collective over the
    world: it brings the markers home."""
    communicators, lines = mixture.communicators, []
    for a, laws in mixture.carried if communicators.size > 1 else ():
        cloud = marker_cloud(state.clouds[a])
        cloud.layout.settle(cloud.markers)
        counts = communicators.world.allgather(cloud.markers.count)
        mean = laws.number / len(counts)
        lines.append(
            f'markers of "{mixture.species[a].name}": at most {max(counts)} on a rank, {max(counts) / mean:.3g} times '
            "the mean"
        )
    return lines
