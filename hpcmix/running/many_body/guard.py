"""Looks after N bodies: what must be kept, what must hold, and whether the picture has room for what happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcmix.observe.reduced.distances.comparison import Comparison
from hpcmix.observe.reduced.edge import LARGEST_EDGE
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.times import TimeWords
from hpcmix.running.log import Log
from hpcmix.running.stops.guard import BlowUp

NORM_LIMIT = 1e-6
"""Change of the norm at which a run is not worth going on with: the evolution keeps it to rounding."""


class BodiesGuard:
    """Compares records with what they must be, and says what is not resolved, once.

    memory  of the guard before, where the run goes on as it was.
    """

    def __init__(self, problem: Problem, log: Log, words: TimeWords, memory: Mapping[str, Any] | None = None) -> None:
        self._problem, self._log, self._words = problem, log, words
        self._told: set[str] = set((memory or {}).get("told", ()))
        self.unresolved: dict[str, float] = dict((memory or {}).get("unresolved", {}))
        """Species whose excitations have no room, and the largest weight at their edge."""

    @property
    def memory(self) -> dict[str, Any]:
        """For the run that goes on from a checkpoint."""
        return {"told": sorted(self._told), "unresolved": self.unresolved}

    def check(self, record: Mapping[str, Any], compared: Comparison) -> None:
        """Raises :class:`~hpcmix.running.stops.guard.BlowUp` where the norm is lost; all else is said."""
        when = f"in step {record['step']}, t = {self._words(record['time'])}"
        if not abs(record["norm"] - 1.0) <= NORM_LIMIT:
            raise BlowUp(
                f"the norm of the N bodies is {record['norm']:.12g} {when}; it is one at the start and cannot change: "
                "the solution cannot be trusted beyond the record before; try a smaller many_body.tolerance"
            )
        for violation in compared.violated:
            self._say(violation.name, f"{violation} {when}, which cannot be: please report it")
        for name, entries in record["species"].items():
            weight = entries["edge_weight"]
            if weight > LARGEST_EDGE:
                self.unresolved[name] = max(weight, self.unresolved.get(name, 0.0))
                self._say(
                    f"edge {name}",
                    f'not resolved {when}: of species "{name}" {weight:.1e} of the state has as many particles '
                    f"outside as excitations = {self._excitations(name)} has room for; use more",
                )

    def _excitations(self, name: str) -> int | None:
        asked = self._problem.bodies.excitations
        return asked[name] if isinstance(asked, Mapping) else asked

    def _say(self, key: str, sentence: str) -> None:
        if key not in self._told:
            self._told.add(key)
            self._log.line(sentence)
