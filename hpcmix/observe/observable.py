"""An observable: what a record holds of a state, and how output files label it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.problem.sections.calculation.output import ObservablesOptions
from hpcmix.problem.units.dimensions import Dimension


@dataclass(frozen=True)
class Label:
    """How an output file labels one entry of records.

    name       of the entry, the keys of nested tables joined with underscores.
    long_name  in words.
    dimension  physical; None of a plain number, a function of the number of axes where it depends on them.
    list_of    of a list that is as long as it needs to be: what it has an entry for, the name of the dimension in
               datasets. An entry of the record that bears this name is the coordinate along it.
    definition  of what needs one, with its normalisation; an attribute in datasets.
    """

    name: str
    long_name: str
    dimension: Dimension | Callable[[int], Dimension] | None = None
    list_of: str | None = None
    definition: str = ""

    def on_axes(self, axes: int) -> Dimension | None:
        """The dimension on a grid of so many axes."""
        return self.dimension(axes) if callable(self.dimension) else self.dimension


class Observable:
    """One observable. Those of every record stand in the tuple of :mod:`hpcmix.observe.registry`; those on request are
    found by their word (:mod:`hpcmix.problem.sections.calculation.requests`), as the OBSERVABLE of the module of that
    name.

    labels  of the entries it may write.
    All is the laboratory's, in code units, whatever the frame of the grid. What several observables need is shared by
    :meth:`Look.once`.
    """

    labels: Sequence[Label] = ()

    def concerns(self, mixture: Mixture, species: int) -> bool:
        """Whether it is measured of a species."""
        return True

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        """Entries of a species that it concerns. Collective over the world."""
        return {}

    def of_whole(self, look: Look) -> dict[str, Any]:
        """Entries of the record itself. Collective over the world."""
        return {}

    def with_options(self, options: ObservablesOptions) -> Observable:
        """The same as ``output.observables`` wants it."""
        return self

    def compared_with(self, reference: Sequence[np.ndarray]) -> Observable:
        """The same of a run whose orbitals at time zero are `reference`, where it compares with them."""
        return self
