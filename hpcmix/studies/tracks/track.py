"""What a study measures of a problem while it evolves, and what is stored of that; studies/tracks/following.py does
it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.plain_json import page_of
from hpcmix.model.ranks import precision_of
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.planning.costs.pairs import PAIR_SLOWNESS, pair_bytes, passing_fields
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.watchdog import Watchdog

MARKER_SLOWNESS = 4.0
"""How many points of an orbital a marker takes as long as: 165 ns a kick of spreading, gathering and moving, where
an orbital takes 40 ns a point."""

Measure = Callable[[Sequence[Simulation]], Sequence[float]]
Prepare = Callable[[Sequence[Simulation]], None]


class Part(Protocol):
    """What is followed to its end (studies/tracks/following.py): a track, or N bodies
    (studies/tracks/many_track.py)."""

    @property
    def label(self) -> str:
        """Its name in the log."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What evolves."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numbers that are measured."""

    @property
    def optional(self) -> bool:
        """Whether it is one of the error budget: where its problem has no solution, that is its outcome."""

    @property
    def steps(self) -> int:
        """Number of steps."""

    @property
    def work(self) -> float:
        """What it costs, in units of its like."""

    @property
    def bytes(self) -> float:
        """What its fields take, about."""

    @property
    def key(self) -> str:
        """Names it on the disk: a problem that was changed is another one."""


@dataclass(frozen=True)
class Track:
    """One or several problems with the same clock, and what is measured of them together.

    label     its name in the log and on the disk.
    problems  with one [time] of fixed steps and one schedule of observables: those of the first count. Without a [time]
              the beginning is all that is measured.
    names     of the numbers that `measure` returns.
    measure   called at every record with the simulations, which can be looked at. Collective.
    prepare   called once with the simulations at time zero.
    optional  a track of the error budget: where its problem has no solution, that is its outcome and no error.
    end       called when the track is left, to give back what `measure` made. Collective.
    """

    label: str
    problems: tuple[Problem, ...]
    names: tuple[str, ...]
    measure: Measure
    prepare: Prepare | None = None
    optional: bool = False
    end: Callable[[], None] | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        time = self.problems[0].time
        return 0 if time is None else time.steps

    @property
    def work(self) -> float:
        """What it costs, in millions of points moved by a stage of the integrator, those of pairs of fluctuations too;
        the beginning counts as a stage."""
        points = sum(math.prod(problem.grid.points) * _moving_fields(problem) for problem in self.problems)
        stages = self.steps * len(self.problems[0].timing.splitting.drifts) if self.steps else 0
        return 1e-6 * points * (1 + stages)

    @property
    def bytes(self) -> float:
        """What its fields take, set-up included, about."""
        return sum(_bytes_of(problem) for problem in self.problems)

    @property
    def key(self) -> str:
        """Names the track on the disk: a problem that was changed is another track."""
        content = [self.label, list(self.names), [physics_of(problem) for problem in self.problems]]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.label)}-{digest[:10]}"


def _moving_fields(problem: Problem) -> float:
    """Complex fields that a stage moves: orbitals, and u and w of every species in each pair; and what markers take, in
    fields."""
    pairs = 2.0 * len(problem.species) * problem.pairs
    markers = MARKER_SLOWNESS * problem.markers / math.prod(problem.grid.points)
    return sum(problem.orbitals) + PAIR_SLOWNESS * pairs + markers


def _bytes_of(problem: Problem) -> float:
    """Six complex fields for every orbital; the pairs themselves, and what goes with them, as ``plan`` counts them."""
    points, size = math.prod(problem.grid.points), 2 * precision_of(problem).real_bytes
    beside = problem.pairs * pair_bytes(problem) + size * points * passing_fields(problem)
    markers = problem.markers * 16.0 * (problem.grid.dimensions + 1)  # places, momenta, weight, index
    return markers + 6.0 * size * points * sum(problem.orbitals) + beside


def physics_of(problem: Problem) -> dict[str, Any]:
    """What of a problem the numbers depend on."""
    described = resolved_dict(problem)
    observables = described.pop("output").get("observables")
    described.pop("title"), described.pop("parallel")
    # how far a job searches is no part of it: a search that is kept is gone on with under another limit
    described["ground_state"].pop("max_iterations", None)
    time = problem.time
    # what was stored when steps did not end at switching times yet is another track
    ends = [] if time is None or time.adaptive is not None else time.fixed_steps.switching_times
    steps = {"steps_end_at": ends} if ends else {}
    return described | {"observables": observables, "precision": problem.parallel.precision} | steps


@dataclass
class Record:
    """What was measured along a track.

    names  of the columns; the first is the time on the clock.
    rows   one for every record.
    lost   why the solution was lost, empty where it was not; the rows end there.
    done   whether the track came to its end.
    """

    names: tuple[str, ...]
    rows: list[tuple[float, ...]] = field(default_factory=list)
    lost: str = ""
    done: bool = False

    def column(self, name: str) -> np.ndarray:
        """The numbers of a column."""
        place = self.names.index(name)
        return np.array([row[place] for row in self.rows])

    def write(self, path: Path) -> None:
        """Store it. Raises :class:`OutputError`."""
        write_text(path, page_of({"names": self.names, "rows": self.rows, "lost": self.lost, "done": self.done}))

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """What is stored; None where nothing is, or nothing that can be read."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            rows = [tuple(math.nan if value is None else float(value) for value in row) for row in content["rows"]]
            return cls(tuple(content["names"]), rows, str(content["lost"]), bool(content["done"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


class Conductor:
    """What a track asks while it is under way: whether to stop, and where it tells how far it is.

    watchdog  who ends a track that makes no progress, of which a long measurement tells by
              :meth:`~hpcmix.running.simulation.Simulation.beat`.
    """

    watchdog: Watchdog | None = None

    def begun(self, track: Part, step: int, seconds: float) -> None:
        """The track has its state, of a step; with what is measured of it, that took so long."""

    def built(self, track: Part) -> None:
        """The track has its models and states; what is measured of the first is stored if the study stops from now
        on."""

    def meet(self, world: MPI.Comm) -> None:
        """Between the iterations of a search for a ground state: :class:`~hpcmix.running.stops.requests.Meeting`."""

    def found(self) -> None:
        """A state was found: of one of the problems of the track, which is not stored before all have begun."""

    def stop(self, needed: float) -> int:
        """Why this rank wants to stop, 0 to go on; `needed`: seconds that a step and a checkpoint take."""
        return 0

    def alive(self) -> None:
        """The part is at work: between steps that take long."""

    def progress(self, track: Part, step: int) -> None:
        """A step was made."""


def stored(track: Part, folder: Path) -> Record | None:
    """The record of a track that came to its end before. For the root of the study."""
    record = Record.read(folder / track.key / "record.json")
    return record if record is not None and record.done and record.names == ("clock", *track.names) else None
