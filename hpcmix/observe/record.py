"""One record of the time series: what all observables find of a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcmix.observe.look import Look
from hpcmix.observe.observable import Observable
from hpcmix.observe.registry import ALWAYS


def observe(look: Look, also: Sequence[Observable] = ()) -> dict[str, Any]:
    """The entries of the record and, under ``species``, of every species: those of every record
    (:data:`~hpcmix.observe.registry.ALWAYS`) and those of the observables `also`. Names and nesting as in summary.json.
    Collective over the world."""
    mixture = look.mixture
    record: dict[str, Any] = {}
    species: dict[str, dict[str, Any]] = {species.name: {} for species in mixture.species}
    for observable in (*ALWAYS, *also):
        record |= observable.of_whole(look)
        for a, entries in enumerate(species.values()):
            if observable.concerns(mixture, a):
                entries |= observable.of_species(look, a)
    return record | {"species": species}
