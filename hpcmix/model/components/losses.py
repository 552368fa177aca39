"""Losses on this rank's part of the grid: which species meet and leave, where, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.losses import Reaction
from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.model.potentials.finite import NotFinite, finite_strength
from hpcmix.parallel.engine import Engine
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.losses import LossSection


@dataclass(frozen=True)
class Losses:
    """i hbar d/dt psi_a = [ ... - (i hbar / 2) (Gamma_a(x) + sum_b K_ab rho_b + sum_bc K_abc rho_b rho_c) ] psi_a

    as reactions, each of one to three particles that leave together.

    words      what the entries of the file are, for people, in their order.
    reactions  of all entries, at full strength.
    entries    of every reaction the number of its entry.
    envelopes  of every entry what its rates are multiplied by.
    """

    words: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    entries: tuple[int, ...]
    envelopes: tuple[Envelope, ...]

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
        words, envelopes = zip(*((entry.in_words, Envelope.of(entry)) for entry in problem.loss), strict=True)
        return cls(words, tuple(reactions), tuple(entries), envelopes)

    def acting(self, instant: Instant, dimensions: int) -> ActingLosses:
        """Those that act at an instant, at their rates: K times the envelope's e(t). Where a frame has grown by b, on
        its clock, dt = b^2 ds, and of the densities b^d rho of its grid n particles meet at the rate
        b^(2 - d (n - 1)) K. Raises :class:`~hpcmix.model.potentials.finite.NotFinite` where a factor is not finite,
        or negative."""
        strengths = [self._strength(number, instant) for number in range(len(self.words))]
        acting = [
            (number, self._at_strength(reaction, strengths[number], instant.contraction, dimensions))
            for number, reaction in zip(self.entries, self.reactions, strict=True)
            if strengths[number] > 0.0
        ]
        return ActingLosses(len(self.words), acting)

    def act_after(self, time: float) -> bool:
        """Whether any may act at or after a time of the laboratory."""
        return not all(envelope.is_over(time) for envelope in self.envelopes)

    def _strength(self, number: int, instant: Instant) -> float:
        where = f"loss.{number}.factor"
        strength = finite_strength(self.envelopes[number], instant, where)
        if strength < 0.0:
            raise NotFinite(where, f"is negative at t = {instant.time:g}, and what has left does not come back")
        return strength

    @staticmethod
    def _at_strength(reaction: Reaction, strength: float, contraction: float, dimensions: int) -> Reaction:
        power = dimensions * (len(reaction.meeting) - 1) - 2
        factor = strength if contraction == 1.0 else strength * contraction**power
        return reaction if factor == 1.0 else replace(reaction, rate=factor * reaction.rate)


@dataclass(frozen=True)
class ActingLosses:
    """The losses of an instant.

    entries  how many the file has, of which some may be off.
    acting   of every reaction the number of its entry, and what it is then.
    """

    entries: int
    acting: Sequence[tuple[int, Reaction]]

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """What meets and leaves."""
        return tuple(reaction for _, reaction in self.acting)

    def taken(self, events: np.ndarray) -> np.ndarray:
        """Particles of every entry and species, shape (entries, species), where `events` of the reactions took place,
        in particles of the species that each names first."""
        taken = np.zeros((self.entries, len(self.reactions[0].shares)))
        for (number, reaction), count in zip(self.acting, events, strict=True):
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
