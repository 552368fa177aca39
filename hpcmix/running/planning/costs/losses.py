"""What losses take beside drift and kick: memory and time. Imports no MPI."""

from __future__ import annotations

from hpcmix.problem.schema import Problem

PAIRS_APART = 1.1
"""Of a field in a step, in Fourier pairs: its first kick and its last drift are in sweeps of their own, and so are two
densities. Measured at 64^3, two condensates: 1.1."""

PAIRS_PER_REACTION = 2.0
"""Of every reaction in a step, twice. Measured: 1.2 where three alike meet, 1.8 of an absorber, 2.8 of a, a, b."""


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
    pairs = PAIRS_APART * len(names) + PAIRS_PER_REACTION * len(reactions)
    return pairs if problem.time.adaptive is None else 3.0 * pairs
