"""What losses take beside drift and kick: memory and time. Imports no MPI."""

from __future__ import annotations

from hpcmix.problem.schema import Problem

PAIRS_APART = 0.35
"""Of a field whose particles may leave, per step: its first kick and its last drift are in sweeps of their own, and so
are two densities. In Fourier pairs."""

PAIRS_PER_REACTION = 0.3
"""Of every reaction of several particles, per step."""


def loss_fields(problem: Problem) -> float:
    """Real fields that losses keep: the densities, and a profile of every entry that is not the same everywhere."""
    if not problem.loss:
        return 0.0
    return len(problem.species) + sum(entry.in_places for entry in problem.loss)


def loss_pairs(problem: Problem) -> float:
    """What the losses of a step cost, in Fourier pairs of one complex field."""
    if problem.time is None or not problem.loss:
        return 0.0
    names = [species.name for species in problem.species]
    reactions = [reaction for entry in problem.loss for reaction in entry.reactions(names)]
    pairs = PAIRS_APART * len(names) + PAIRS_PER_REACTION * sum(len(each.channel) > 1 for each in reactions)
    return pairs if problem.time.adaptive is None else 3.0 * pairs
