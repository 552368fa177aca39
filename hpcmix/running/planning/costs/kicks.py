"""What a kick takes beside its phases: functionals of the densities, unitaries among species at every point, spins.

Imports no MPI. Which functionals a kick takes along is asked of what decides it (model/mean_field/kick_order.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.mean_field.kick_order import computed_by_kicks, densities_come_first
from hpcmix.model.terms.channels import channels_through
from hpcmix.model.terms.functionals.of_entries import functional_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import RabiCoupling, connected
from hpcmix.problem.sections.functionals.kinds import Functional
from hpcmix.running.planning.costs.krylov import turns
from hpcmix.splittings import within_kicks

PAIRS_OF_POWER, PAIRS_OF_POLYNOMIAL, PAIRS_OF_TABLE = 0.1, 0.4, 0.9
"""Of a functional that a kick computes as it goes, in Fourier pairs: a power of the root of the density, one polynomial
in the ratio of two densities, and a table of several. Measured at 64^3, two condensates: 0.05 to 0.15, 0.35 and 0.9."""

PAIRS_OF_DENSITY, PAIRS_APART = 0.25, 0.65
"""Of functionals that need the densities of all points first: a density of every field in a sweep of its own, and the
functional of every species that it is of. Measured at 64^3 for expressions of one and of two: 1.2 and 1.8 together."""

PAIRS_PER_TURN, PAIRS_ANEW = 0.75, 2.6
"""Of a unitary among species at every point, for each of them; once more where it changes in time and is made anew.
Measured at 64^3, two condensates: 0.64 to 0.83, and 2.6."""

PAIRS_OF_SPINS = 1.1
"""Of the flow of spins in a kick, of three components in a sweep of its own. Measured at 64^3: 1.1."""

SECONDS_PER_TURN, SECONDS_ANEW = 45e-6, 60e-6
"""What the calls of such a unitary take where the grid has hardly a point, and those that make it anew. Measured."""


@dataclass(frozen=True)
class Functionals:
    """The functionals of a problem by what becomes of them in a kick.

    along  those that it computes as it goes over the orbitals.
    apart  those that need the densities of all points first.
    pairs  Fourier pairs of one complex field that those along cost in a kick.
    """

    along: tuple[Functional, ...]
    apart: tuple[Functional, ...]
    pairs: float

    @classmethod
    def of(cls, problem: Problem, groups: int = 1) -> Functionals:
        """On so many groups of ranks that share orbitals."""
        species, dimensions = len(problem.species), problem.grid.dimensions
        diagonal = [not turns(problem, each) for each in problem.species]
        first = densities_come_first(problem.orbitals, groups, diagonal)
        pairs = 0.0
        along: list[Functional] = []
        apart: list[Functional] = []
        for entry in problem.functional:
            taken = [] if first else computed_by_kicks([functional_of(entry, problem)], species, dimensions)
            (along if taken else apart).append(entry)
            for term in taken:
                functions = term.point_functions(species, dimensions) or ()
                pairs += sum(_pairs_of(function) for function in functions)
        return cls(tuple(along), tuple(apart), pairs)

    @property
    def species_apart(self) -> set[str]:
        """The species whose densities and potentials are arrays of their own."""
        return {name for entry in self.apart for name in entry.species}


def _pairs_of(function: PointFunction) -> float:
    """What one of them costs at a kick, in Fourier pairs."""
    if function.values == 1:
        return PAIRS_OF_POWER
    return PAIRS_OF_POLYNOMIAL if function.pieces == 1 else PAIRS_OF_TABLE


def kicks_in_words(problem: Problem, groups: int = 1) -> list[str]:
    """What kicks do beside turning phases, for plans; nothing where they do no more."""
    functionals, lines = Functionals.of(problem, groups), []
    if functionals.along:
        lines.append(f"{_named(functionals.along)}: computed as kicks go over the orbitals")
    if functionals.apart:
        lines.append(f"{_named(functionals.apart)}: of the densities of all points, made before each kick")
    if turns_in_step := _turns(problem):
        members = [problem.species[index].name for group in local_groups(problem) for index in group]
        anew = ", made anew each time" if _changes(problem) else ""
        count = f"{turns_in_step} unitaries at every point a step"
        lines.append(f"couplings in places of {' and '.join(members)}: {count}{anew}")
    if problem.spinor:
        lines.append("spins: turned in a sweep of their own before each kick")
    return lines


def _named(entries: Sequence[Functional]) -> str:
    return ", ".join(f"{entry.kind} of {' and '.join(entry.species)}" for entry in entries)


def density_fields(problem: Problem, groups: int = 1) -> float:
    """Real fields of densities and potentials that kicks keep: of every species where a kernel acts, or a functional
    that a kick does not take along."""
    kernels = any(channels_through(problem, boundary).count for boundary in ("periodic", "free"))
    return 2.0 * len(problem.species) if kernels or Functionals.of(problem, groups).apart else 0.0


def functional_pairs(problem: Problem) -> float:
    """Fourier pairs of one complex field that the functionals of a step cost."""
    functionals = Functionals.of(problem)
    pairs = functionals.pairs
    if functionals.apart:
        pairs += PAIRS_OF_DENSITY * sum(problem.orbitals)
        pairs += PAIRS_APART * sum(len(entry.species) for entry in functionals.apart)
    return pairs * _kicks(problem)


def local_groups(problem: Problem) -> list[tuple[int, ...]]:
    """The species, by index, that couplings which depend on place turn into each other."""
    names = [species.name for species in problem.species]
    return connected(names, [entry.between for entry in problem.coupling if _acts_in_places(entry)])


def turning_pairs(problem: Problem) -> float:
    """What unitaries among species at every point cost in a step, in Fourier pairs; and the flow of spins."""
    pairs = PAIRS_OF_SPINS * len(problem.spinor) * _kicks(problem)
    members = sum(map(len, local_groups(problem)))
    per_turn = PAIRS_PER_TURN + (PAIRS_ANEW if _changes(problem) else 0.0)
    return pairs + per_turn * members * _turns(problem)


def turning_calls(problem: Problem) -> float:
    """Seconds that the calls of unitaries among species take in a step, however small the grid is."""
    if not local_groups(problem):
        return 0.0
    return _turns(problem) * (SECONDS_PER_TURN + (SECONDS_ANEW if _changes(problem) else 0.0))


def turning_fields(problem: Problem) -> float:
    """Complex fields of couplings that depend on place: each of them both ways, copies of what is turned, and for every
    group the unitary of each duration that a step has, of which one is kept at a time where they change."""
    entries = [entry for entry in problem.coupling if _acts_in_places(entry)]
    if not entries:
        return 0.0
    durations = 1
    if problem.time is not None and not _changes(problem):
        table = problem.time.splitting
        durations = len({kick * turn for kick in table.kicks for turn in within_kicks(table).drifts})
        durations *= 1 if problem.time.adaptive is None else 2  # of the step and of its halves
    groups = local_groups(problem)
    return 3.0 * len(entries) + sum(len(group) + durations * len(group) ** 2 for group in groups)


def _acts_in_places(entry: RabiCoupling) -> bool:
    return entry.depends_on_place and entry.rabi_frequency > 0.0


def _changes(problem: Problem) -> bool:
    return any(entry.switched for entry in problem.coupling if _acts_in_places(entry))


def _turns(problem: Problem) -> int:
    """Unitaries in a step of the condensates; an adaptive step is taken twice, as two and as one."""
    if problem.time is None or not local_groups(problem):
        return 0
    table = problem.time.splitting
    return len(table.kicks) * len(within_kicks(table).drifts) * (1 if problem.time.adaptive is None else 3)


def _kicks(problem: Problem) -> int:
    """Kicks in a step, the last one done with the first of the next."""
    if problem.time is None:
        return 0
    inner = 1
    if local_groups(problem):
        inner = len(within_kicks(problem.time.splitting).kicks) - 1
    return inner * len(problem.time.splitting.drifts) * (1 if problem.time.adaptive is None else 3)
