"""Losses on this rank's part of the grid: which species meet and leave, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.losses import Reaction
from hpcmix.parallel.engine import Engine
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.losses import LossSection


@dataclass(frozen=True)
class Losses:
    """i hbar d/dt psi_a = [ ... - (i hbar / 2) (Gamma_a(x) + sum_b K_ab rho_b + sum_bc K_abc rho_b rho_c) ] psi_a

    as reactions, each of one to three particles that leave together.

    words      what the entries of the file are, for people, in their order.
    reactions  of all entries.
    entries    of every reaction the number of its entry.
    """

    words: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    entries: tuple[int, ...]

    @classmethod
    def of(cls, problem: Problem, grid: Grid, engine: Engine) -> Losses | None:
        """The losses of a problem; None where it has none. Local.

        Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` on this rank where a profile is negative or not
        finite somewhere."""
        if not problem.loss:
            return None
        names = [species.name for species in problem.species]
        reactions, entries = [], []
        for number, entry in enumerate(problem.loss):
            profile = _profile(problem, number, entry, grid, engine)
            for reaction in entry.reactions(names):
                meeting = problem.indices(reaction.channel)
                shares = tuple(reaction.shares.get(name, 0.0) for name in names)
                rate = reaction.rate * _meeting(problem, reaction.channel)
                reactions.append(Reaction(rate, meeting, shares, profile))
                entries.append(number)
        return cls(tuple(entry.in_words for entry in problem.loss), tuple(reactions), tuple(entries))

    def at(self, contraction: float, dimensions: int) -> tuple[Reaction, ...]:
        """The reactions where a frame has grown by b = 1/`contraction`: on its clock, dt = b^2 ds, and of the densities
        b^d rho of its grid n particles meet at the rate b^(2 - d (n - 1)) K."""
        if contraction == 1.0:
            return self.reactions
        powers = [dimensions * (len(each.meeting) - 1) - 2 for each in self.reactions]
        both = zip(self.reactions, powers, strict=True)
        return tuple(replace(each, rate=each.rate * contraction**power) for each, power in both)

    def taken(self, events: np.ndarray) -> np.ndarray:
        """Particles of every entry and species, shape (entries, species), where `events` of the reactions took place,
        in particles of the species that each names first."""
        taken = np.zeros((len(self.words), len(self.reactions[0].shares)))
        for number, reaction, count in zip(self.entries, self.reactions, events, strict=True):
            taken[number] += count * np.array(reaction.shares)
        return taken


def _meeting(problem: Problem, channel: Sequence[str]) -> float:
    """What the tight trap across the grid makes of a rate in three dimensions; one where there is none."""
    trap = problem.grid.transverse
    if trap is None or len(channel) == 1:
        return 1.0
    return trap.meeting([problem.species_named(name).mass for name in channel], problem.hbar)


def _profile(problem: Problem, number: int, entry: LossSection, grid: Grid, engine: Engine) -> np.ndarray | None:
    """What the rates of an entry are multiplied by on this rank's points."""
    values = entry.profile(problem.grid, grid.coordinates)
    if values is None:
        return None
    values = np.broadcast_to(values, grid.position_shape)
    if not np.all(np.isfinite(values)) or np.any(values < 0.0):
        raise problem.complain(f"loss.{number}.profile", "must be finite and not negative everywhere in the box")
    return engine.holding(values, engine.real_dtype)
