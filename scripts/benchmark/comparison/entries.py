"""What is measured: entries of a contest, grouped into the cases that ``--cases`` selects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from comparison import candidates as c
from comparison.candidates import Candidate
from comparison.problem import Case


@dataclass(frozen=True)
class Entry:
    """A candidate with a case and a number of ranks.

    anchor   measured in every batch, because others are compared with it.
    checked  its state is compared with hpcmix's after a few steps.
    """

    candidate: Candidate
    case: Case
    ranks: int
    anchor: bool = False
    checked: bool = True

    @property
    def what(self) -> str:
        """The case in a few words."""
        case = self.case
        if self.candidate.unit == "pair":
            return f"pair, {case.precision}"
        if case.interaction == "free":
            return f"free step, one component, {case.precision}"
        if self.candidate.unit == "evolution":
            return f"{case.integrator}, tolerance {case.tolerance:g}, to time {case.final:g}"
        words = [f"{case.components} component{'s' if case.components > 1 else ''}", case.interaction, case.integrator]
        return ", ".join(words if case.precision == "double" else [*words, case.precision])

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Identifies the entry among the results."""
        return (self.candidate.name, self.what, self.case.points, self.ranks)

    @property
    def memory_estimate(self) -> float:
        """Bytes that all its ranks will hold, roughly; what decides how many entries are kept side by side."""
        case = self.case
        components = 1 if self.candidate.unit == "pair" else case.components
        extra = 3.0 if case.interaction == "convolution" else 0.0
        return (self.candidate.fields * components + extra) * case.field_bytes + 1.5e8 * self.ranks


def step(points: int, ranks: Sequence[int]) -> list[Entry]:
    """One Strang step of two components in contact, beside all peers and the bare transforms."""
    case = Case(points)
    entries = _everywhere([c.HPCMIX], case, ranks, anchor=True)
    entries += _everywhere([c.DOCUMENTED, c.CAREFUL, c.NUMEXPR], case, ranks)
    entries += _everywhere([c.XMDS], replace(case, integrator="SI"), ranks)
    entries += [Entry(one, replace(case, components=1), 1) for one in (c.DUCC0, c.FFTW)]
    return entries


def transform(points: int, ranks: Sequence[int]) -> list[Entry]:
    """A distributed pair of transforms; ours with the kinetic phase between them, as a step of a free component."""
    case = Case(points, components=1, interaction="free")
    entries = _everywhere([c.HPCMIX], case, ranks, anchor=True)
    return entries + _everywhere([c.FFTW_NATURAL, c.FFTW_TRANSPOSED], case, ranks)


def convolution(points: int, ranks: Sequence[int]) -> list[Entry]:
    """A Yukawa kernel for every pair of two species, added to the contact step."""
    case = Case(points, interaction="convolution")
    entries = _everywhere([c.HPCMIX], Case(points), ranks, anchor=True)
    entries += _everywhere([c.HPCMIX], case, ranks, anchor=True)
    return entries + _everywhere([c.DOCUMENTED, c.CAREFUL, c.NUMEXPR], case, ranks)


def precision(points: int, ranks: Sequence[int]) -> list[Entry]:
    """Single against double precision."""
    single = Case(points, precision="single")
    entries = _everywhere([c.HPCMIX], Case(points), ranks, anchor=True)
    ours = replace(c.HPCMIX, tolerance=SINGLE_ROUNDING)
    careful = replace(c.CAREFUL, tolerance=SINGLE_ROUNDING)
    entries += _everywhere([ours], single, ranks, anchor=True)
    entries += _everywhere([careful], single, ranks)
    return [*entries, Entry(replace(c.DUCC0, tolerance=1e-3), replace(single, components=1), 1)]


SINGLE_ROUNDING = 1e-5
"""Relative difference that rounding may make in a few steps in single precision."""


def order4(points: int, ranks: Sequence[int]) -> list[Entry]:
    """A step of order 4: six drifts; beside it XMDS2's Runge-Kutta method of that order."""
    case = Case(points, integrator="blanes-moan-4")
    entries = _everywhere([c.HPCMIX], case, ranks, anchor=True)
    entries += _everywhere([c.DOCUMENTED, c.CAREFUL, c.NUMEXPR], case, ranks)
    return entries + _everywhere([c.XMDS], replace(case, integrator="RK4"), ranks)


def components(points: int, ranks: Sequence[int]) -> list[Entry]:
    """One and three components."""
    entries = []
    for number in (1, 3):
        case = Case(points, components=number)
        entries += _everywhere([c.HPCMIX], case, ranks, anchor=True)
        entries += _everywhere([c.CAREFUL, c.NUMEXPR], case, ranks)
        entries += _everywhere([c.XMDS], replace(case, integrator="SI"), ranks)
    return entries


def _everywhere(who: Sequence[Candidate], case: Case, ranks: Sequence[int], anchor: bool = False) -> list[Entry]:
    return [Entry(one, case, number, anchor) for one in who for number in ranks]


CASES: dict[str, Callable[[int, Sequence[int]], list[Entry]]] = {
    "step": step,
    "transform": transform,
    "convolution": convolution,
    "precision": precision,
    "order4": order4,
    "components": components,
}
"""By the name that ``--cases`` takes; "accuracy" is the other one (comparison/accuracy.py)."""
