"""What claims measure of the fluctuations around a flow, and the errors of a sample in their budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hpcmix.observe.fluctuations.dressed import Dressed
from hpcmix.observe.fluctuations.numbers import Estimate, Outside, condensates_of
from hpcmix.observe.fluctuations.record import beginning_at
from hpcmix.observe.fluctuations.sums import go_over
from hpcmix.observe.look import Look
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, SHRINKING, Budget, Variation
from hpcmix.studies.tracks.track import Record

STANDARD_ERRORS = 2.0
"""So many of them stand for the error of a sample: 95 %."""

SAMPLING = Variation("probes", f"{STANDARD_ERRORS:g} standard errors of the sample")

GRID = "grid"
"""The name of the variation to fewer points."""

EXCITATIONS, TRANSVERSE, DRESSED = "excitations", "transverse_excitations", "dressed_excitations"
"""Numbers of a record, each with its standard error under the same name and "_error"."""

Value = Callable[[str, int], float]
"""A number by its variation and N."""


def followed(problem: Problem) -> FluctuationsSection:
    """``[fluctuations]`` of a problem. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` without it."""
    if problem.fluctuations is None:
        raise problem.complain("fluctuations", "is required: this claim is about the fluctuations around the flow")
    return problem.fluctuations


def error_of(key: str) -> str:
    """The name of a number's standard error."""
    return f"{key}_error"


def column_of(key: str, species: str) -> str:
    """The name of a column of a track."""
    return f"{key} {species}"


class FluctuationNumbers:
    """Measures numbers of every species, each with its standard error.

    keys  :data:`EXCITATIONS`, :data:`TRANSVERSE` or :data:`DRESSED`.
    """

    def __init__(self, problem: Problem, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._species = [species.name for species in problem.species]
        both = [name for key in keys for name in (key, error_of(key))]
        self.names = tuple(column_of(name, species) for species in self._species for name in both)

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """The numbers of a record. Collective."""
        look = Look(simulations[0].mixture, simulations[0].state)
        of_all = estimates(look, DRESSED in self._keys)
        return [
            number
            for a in range(len(self._species))
            for key in self._keys
            for number in (of_all[key][a].value, of_all[key][a].error)
        ]


def estimates(look: Look, dressed: bool) -> dict[str, list[Estimate]]:
    """Of a look the numbers of every species, and not what else a record has of fluctuations, which costs more; the
    dressed ones on request. Collective."""
    condensates = condensates_of(look)
    outside = Outside(look, condensates, beginning_at(look))
    beside = Dressed(look, condensates) if dressed else None
    go_over(look, [outside] if beside is None else [outside, beside])
    bare, transverse = outside.estimates()
    found = {EXCITATIONS: bare, TRANSVERSE: transverse}
    return found if beside is None else found | {DRESSED: beside.estimates()}


def total(record: Record, key: str, names: Sequence[str]) -> np.ndarray:
    """A number of all species together, at every record; of errors the sum, as of what is wrong in all in one sense."""
    return np.sum([record.column(column_of(key, name)) for name in names], axis=0)


def sampled_budget(
    quantity: str,
    variable: str,
    numbers: Sequence[int],
    of_all: Mapping[str, Sequence[float]],
    sampling: Sequence[float],
    described: Sequence[Variation],
    impossible: Mapping[str, str],
    tail: float = 1.0,
) -> Budget:
    """The error budget of a number that is sampled.

    of_all    by variation, the number at every N.
    sampling  its standard errors.
    tail      by how much the change to fewer points is less than the error (:func:`tail_factor`).
    """
    given = of_all[AS_GIVEN]
    columns = {name: list(values) for name, values in of_all.items()}
    if GRID in columns:
        columns[GRID] = [value + tail * (other - value) for other, value in zip(columns[GRID], given, strict=True)]
    pairs = zip(given, sampling, strict=True)
    columns[SAMPLING.name] = [value + STANDARD_ERRORS * error for value, error in pairs]
    places = list(map(float, numbers))
    return Budget.of(quantity, variable, places, columns, (*described, SAMPLING), dict(impossible))


def tail_factor(problem: Problem) -> float:
    """By how much the change of a number with a fifth fewer points is less than its error, where it converges like
    k^(d - 4) with the largest wave number k: as the number of particles outside does that meet at points or at a range
    below the spacing. In three dimensions about four."""
    power = 4 - problem.grid.dimensions
    return 1.0 / (SHRINKING**-power - 1.0)
