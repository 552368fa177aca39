"""What is asked of the figures of a run: which of them, of which times, in which form. Imports no matplotlib."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from hpcmix.problem.mistakes.errors import Complaint, ProblemError, closest
from hpcmix.problem.units.dimensions import TIME
from hpcmix.problem.units.units import UnitError, Units
from hpcmix.problem.words.times import TimeWords

Format = Literal["png", "pdf", "svg"]
FORMATS: tuple[Format, ...] = ("png", "pdf", "svg")
Suffix = Literal["auto", "mp4", "gif"]
"""Of a film; auto: mp4 where ffmpeg is, gif elsewhere."""
DOTS, DOTS_OF_FILMS = 150, 110
"""Pixels per inch unless told otherwise; of PDF and SVG those of maps, which are images in them."""
FEWEST_DOTS, MOST_DOTS = 20, 2400
"""Between these they are."""

MOST_TIMES = 24
"""As many times as ``all`` shows side by side."""


@dataclass(frozen=True)
class Shown:
    """A figure: what it shows, and what a run must hold for it."""

    shows: str
    needs: str


FIGURES = {
    "energy": Shown(
        "energy by term; drift of the total relative to its terms; relative change of particle numbers",
        "records at two times or more",
    ),
    "series": Shown(
        "widths, centres, chemical potentials, largest densities and angular momenta over time", "records at two times"
    ),
    "profiles": Shown(
        "a ground state, or what else is known at one time alone: densities along every axis", "slices at a single time"
    ),
    "columns": Shown(
        "densities at the first and the last stored time: in 3D column densities along z, y and x", "slices"
    ),
    "slices": Shown(
        "densities in the planes through the origin; in one and two dimensions the densities themselves", "slices"
    ),
    "film": Shown("the densities at up to six times side by side, in 3D integrated along z", "slices at three times"),
    "space-time": Shown("in 1D the density over time and place", "slices at eight times of a grid of one dimension"),
    "phase": Shown("phases of the wave functions, where the density is not small", "snapshots with a wave function"),
    "phase-space": Shown("classical species over two axes of phase space", "slices with phase_space"),
    "momentum": Shown("particles in the modes of the box along every axis", 'records with "momentum-distribution"'),
    "density-modes": Shown("sizes of the first Fourier modes of the densities", 'records with "density-modes"'),
    "spectra": Shown("particles and parts of the kinetic energy over wave numbers", 'records with "spectra"'),
    "vortices": Shown("tracks of vortices or vortex lines, and how many there were", 'records with "vortices"'),
    "excitations": Shown("the spectrum of small oscillations", "a spectrum found by hpcmix excitations"),
    "fluctuations": Shown("excitations around the condensates with their errors", "records of [fluctuations]"),
    "fluctuation-spectra": Shown(
        "wave numbers of the particles outside, and structure factors", "records of [fluctuations] with spectra"
    ),
    "distance": Shown("of N bodies: alpha and distances of reduced density matrices", "records of [many_body]"),
    "occupations": Shown("of N bodies: natural occupations, and what is conserved", "records of [many_body]"),
}
"""Every figure by its word, which is the name of its file."""

ONLY_ASKED = frozenset({"slices"})
"""Those that are drawn where they are asked for by their words alone."""

Stored = TypeVar("Stored")


@dataclass(frozen=True)
class FigureRequest:
    """What is asked for.

    what   words of :data:`FIGURES`; empty: all there is something to draw for.
    times  such as ``("0 ms", "2.5 ms", "last")``: stored times next to these are shown; empty: those that every figure
           has by itself. Words: first, last, all.
    form   of the files; dots: pixels per inch, None: those that figures and films have by themselves.
    """

    what: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    form: Format = "png"
    dots: int | None = None

    @classmethod
    def of(cls, lists: Iterable[str], times: Iterable[str], form: Format, dots: int | None) -> FigureRequest:
        """From words and times as people write them, separated by commas. Raises
        :class:`~hpcmix.problem.mistakes.errors.ProblemError` for words that name no figure."""
        return cls(_words_of(_split(lists)), _split(times), form, dots)

    def wants(self, word: str) -> bool:
        """Whether a figure is to be drawn."""
        return word in self.what if self.what else word not in ONLY_ASKED

    def chosen(
        self,
        stored: Sequence[Stored],
        time_of: Callable[[Stored], float],
        scales: Units,
        final: float,
        most: int = MOST_TIMES,
    ) -> list[Stored] | None:
        """What is stored next to the asked times, in order and each once; None where no times are asked for.

        scales  of the run, in whose units times are given; final: the last time of the run.
        most    as many as ``all`` stands for.
        Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` for words that are no times of the run.
        """
        if not self.times or not stored:
            return None
        moments, places = [time_of(entry) for entry in stored], set()
        for words in self.times:
            if words == "all":
                places |= set(spread(len(stored), most))
            elif words in ("first", "last"):
                places.add(0 if words == "first" else len(stored) - 1)
            else:
                wanted = _time_of(words, scales)
                _require_within(words, wanted, final, scales)
                places.add(min(range(len(stored)), key=lambda place: abs(_finite(moments[place]) - _finite(wanted))))
        return [stored[place] for place in sorted(places)]


EVERYTHING = FigureRequest()
"""All figures as they are by themselves."""


def _split(lists: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, (word.strip() for words in lists for word in words.split(","))))


def _words_of(words: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [word for word in words if word not in FIGURES]
    if unknown:
        raise ProblemError([_unknown(word) for word in unknown])
    return words


def _unknown(word: str) -> Complaint:
    return Complaint(
        "--what", None, "", f'there is no figure "{word}"; there are {", ".join(FIGURES)}', closest(word, FIGURES)
    )


def spread(number: int, most: int) -> list[int]:
    """The places of at most so many of `number` entries: the first, the last, and what lies evenly between."""
    shown = min(number, most)
    return [round(place * (number - 1) / max(shown - 1, 1)) for place in range(shown)]


def _finite(time: float) -> float:
    """A time that others can be subtracted from: t = infinity lies next to itself."""
    return time if math.isfinite(time) else 1e300


def _time_of(words: str, scales: Units) -> float:
    """In code units."""
    try:
        return float(words)
    except ValueError:
        pass
    try:
        return scales.convert(words, TIME)
    except UnitError as error:
        raise ProblemError.of("--times", f"{error}; or one of the words first, last, all") from None


def _require_within(words: str, wanted: float, final: float, scales: Units) -> None:
    if not 0.0 <= wanted <= final * (1.0 + 1e-9):
        end = TimeWords.of(scales, final)(final)
        raise ProblemError.of("--times", f'"{words}" is no time of the run, which goes from 0 to {end}')
