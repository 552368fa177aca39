"""The ground state of all species that ask for one: from one start or several, from a search that was left unfinished,
by the method that the problem names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState, NotConverged, OutOfIterations, Report
from hpcmix.initial.descent.held_phases import Phases
from hpcmix.initial.descent.imaginary_time import relax
from hpcmix.initial.descent.interruption import SearchInterrupted
from hpcmix.initial.descent.saddles import Say
from hpcmix.initial.descent.search import minimise_energy
from hpcmix.initial.orbitals.search import minimise_sets
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.concentration import concentration
from hpcmix.model.mean_field.energies import spectral_averages
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import GroundStateOptions, Saddles
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords


@dataclass(frozen=True)
class Unfinished:
    """How far a search came whose state is kept.

    starts     energies of the starts that are over, None for those that did not converge: the state is the best of
               them. Empty: it is that of the first start, under way.
    residual, energy
               of the state; energies as the search counts them.
    """

    starts: tuple[float | None, ...]
    residual: float
    energy: float


class Keeper(Protocol):
    """Keeps the state of a search that did not come to its end. Collective."""

    def due(self) -> bool:
        """Whether it is time to keep a search that goes on."""

    def load(self, fields: list[np.ndarray]) -> Unfinished | None:
        """Put the state that was kept into the fields; None, and the fields as they are, where there is none that
        belongs to this problem."""

    def save(self, fields: list[np.ndarray], progress: Unfinished) -> str:
        """Keep the state; where, in words."""

    def of_mean_fields(self, names: Sequence[str]) -> Keeper:
        """The same for the mean fields of species, in place of wave functions: what a search among gases goes by."""


@dataclass
class Talk:
    """Whom a search tells how it goes on.

    report   after every iteration.
    say      with sentences for the log.
    alive    between iterations, where there is nothing to report.
    keeper   of states that are not done; None: they are lost.
    fields   of mean fields of gases that are not done.
    words    how energies and lengths are told.
    """

    report: Report = lambda iteration, residual, energy: None
    say: Say = lambda sentence: None
    alive: Callable[[], None] = lambda: None
    keeper: Keeper | None = None
    fields: Keeper | None = None
    words: MeasureWords = PLAIN_MEASURES


class FirstStates(Protocol):
    """Where searches begin.

    held    the species that are given.
    phases  of the species that keep theirs.
    """

    @property
    def held(self) -> frozenset[int]: ...
    @property
    def phases(self) -> Phases: ...

    def make(self, start: int) -> list[np.ndarray]:
        """The states that a start begins with, counted from zero, as its own arrays. Collective."""


def lowest_of_starts(
    mixture: Mixture, guesses: FirstStates, options: GroundStateOptions, talk: Talk
) -> tuple[GroundState, list[np.ndarray]]:
    """The lowest state that the starts lead to, and its orbitals. Collective.

    A start that does not converge counts for nothing where another one does. Where none does, and where a
    :class:`SearchInterrupted` comes, the best state is kept, and the error raised on.
    """
    progress = _Progress(talk)
    search = _Search(mixture, guesses, options, progress)
    fields = guesses.make(0)
    unfinished = talk.keeper.load(fields) if talk.keeper is not None else None
    energies = list(unfinished.starts) if unfinished is not None else []
    further = range(max(1, len(energies)), options.starts)
    best: _Attempt | None = None
    for start in (0, *further):  # the first is gone on with where something was kept
        if start > 0:
            fields = guesses.make(start)
        here = _Attempt(fields)
        progress.keeps(best, here, energies)
        try:
            here.found = search.run(fields)
        except SearchInterrupted as interruption:
            interruption.kept = progress.keep()
            raise
        except NotConverged as error:
            here.failure = error
            if options.starts > 1:
                talk.say(f"start {start + 1} of {options.starts}: {error}")
        here.at(progress)
        if start > 0 or not energies:
            energies.append(here.energy if here.found is not None else None)
        if best is None or here.is_better_than(best):
            best = here
    if best is None:
        raise ValueError("a search of no start at all")
    if best.found is not None:
        starts = tuple(energies) if len(energies) > 1 else ()
        return replace(best.found, starts=starts), best.fields
    failure = best.failure or NotConverged("ground state: no start was tried")
    if talk.keeper is not None and isinstance(failure, OutOfIterations):
        over = tuple(energies) if options.starts > 1 else ()
        failure = failure.keeping(talk.keeper.save(best.fields, Unfinished(over, *best.reached)))
    raise failure


@dataclass
class _Attempt:
    """A start and what it came to."""

    fields: list[np.ndarray]
    found: GroundState | None = None
    failure: NotConverged | None = None
    residual: float = math.inf
    energy: float = math.inf

    def at(self, progress: _Progress) -> _Attempt:
        """Take over how far the search is."""
        self.residual, self.energy = progress.residual, progress.energy
        return self

    @property
    def reached(self) -> tuple[float, float]:
        """Residual and energy."""
        return self.residual, self.energy

    def is_better_than(self, other: _Attempt) -> bool:
        """A state that converged before one that can be gone on from, and that before others; then by energy."""
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[int, float]:
        if self.found is not None:
            return 0, self.energy
        return (1 if isinstance(self.failure, OutOfIterations) else 2), self.energy


class _Progress:
    """The last residual and energy, passed on; keeps the state now and then."""

    def __init__(self, talk: Talk) -> None:
        self.residual = self.energy = math.inf
        self.say, self.alive, self._report, self._keeper = talk.say, talk.alive, talk.report, talk.keeper
        self.words = talk.words
        self._state: tuple[_Attempt | None, _Attempt, list[float | None]] | None = None

    def keeps(self, best: _Attempt | None, here: _Attempt, energies: list[float | None]) -> None:
        """From now on the search is at `here`, and of earlier starts with these energies there is the best."""
        self._state = (best, here, energies)

    def keep(self) -> str | None:
        """Keep the best there is; where. Collective."""
        if self._keeper is None or self._state is None:
            return None
        best, here, energies = self._state
        state = best or here.at(self)
        return self._keeper.save(state.fields, Unfinished(tuple(energies), *state.reached))

    def report(self, iteration: int, residual: float, energy: float) -> None:
        """After every iteration."""
        self.residual, self.energy = residual, energy
        self._report(iteration, residual, energy)
        if self._keeper is not None and self._keeper.due():
            self.keep()


class _Common(TypedDict):
    """What the methods have in common beside fields, instant and limits."""

    report: Report
    held: frozenset[int]
    saddles: Saddles
    say: Say
    alive: Callable[[], None]
    words: MeasureWords


class _Search:
    """One search by the method that the problem names."""

    def __init__(
        self, mixture: Mixture, guesses: FirstStates, options: GroundStateOptions, progress: _Progress
    ) -> None:
        self._mixture, self._held, self._phases, self._options = mixture, guesses.held, guesses.phases, options
        self._common = _Common(
            report=progress.report,
            held=guesses.held,
            saddles=options.saddles,
            say=progress.say,
            alive=progress.alive,
            words=progress.words,
        )

    def run(self, blocks: list[np.ndarray]) -> GroundState:
        """Lower the energy of the blocks, in place. Raises :class:`NotConverged`."""
        options = self._options
        arguments = (Instant.before_start(), *options.limits)
        if self._mixture.has_sets:
            return minimise_sets(self._mixture, blocks, *arguments, **self._common)
        fields = [block[0] for block in blocks]
        try:
            if options.method == "imaginary-time":
                result = relax(self._mixture, fields, *arguments, step=options.step, **self._common)
            else:
                result = minimise_energy(self._mixture, fields, *arguments, phases=self._phases, **self._common)
        except NotConverged:
            require_resolved(self._mixture, fields, self._held, self._common["words"])  # why it did not
            raise
        require_resolved(self._mixture, fields, self._held, self._common["words"])
        return result


def require_resolved(
    mixture: Mixture, fields: list[np.ndarray], held: frozenset[int], words: MeasureWords = PLAIN_MEASURES
) -> None:
    """Raises :class:`NotConverged` for a condensate that has shrunk to the grid's resolution: where an attraction has
    no ground state it has one on any grid, and a trap may be narrower than the grid. Collective."""
    sums, cell = mixture.communicators, mixture.grid.cell_volume
    weighted = zip(fields, mixture.weights, strict=True)
    densities = [weight * (field.real**2 + field.imag**2) for field, weight in weighted]
    for a, (field, species) in enumerate(zip(fields, mixture.species, strict=True)):
        if a in held:
            continue
        at_one_point = float(sums.maximum([np.max(densities[a])])[0]) * cell
        kinetic = species.weight * float(sums.sum(spectral_averages(mixture, field, a)[:1])[0])
        norm = float(sums.sum([kernels.squared_norm(field)])[0]) * cell
        sentence = concentration(mixture, a, species.weight * norm, at_one_point, kinetic)
        if sentence is None:
            continue
        felt = mixture.interactions.mean_fields([density.astype(mixture.real_dtype) for density in densities])[a]
        attraction = -float(sums.sum([mixture.grid.integrate(densities[a], felt)])[0])
        why = (
            "the attraction has no ground state, or none that this grid resolves: weaken it, put in fewer particles, "
            "use a finer grid, or begin closer to a metastable state"
            if attraction > 0.0
            else "nothing attracts it, its external potential (the trap) holds it there: the trap is narrower than the "
            f"grid can show, whose spacing is {words.lengths([max(mixture.grid.spacings)])}: use a finer grid, or a "
            "wider trap"
        )
        raise NotConverged(f"ground state: {sentence}; {why}")
