"""Reduced density matrices and densities of N bodies over time, read where they are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from hpcmix.api.results.fields import Place, alone, contents_of, over_time
from hpcmix.api.results.physical import UnitChoice
from hpcmix.io.reader import StoredFile

_OF_ALL = ("gamma", "labels")
"""Groups of a file that belong to no species."""


def matrices_of(stored: Sequence[StoredFile], species: Sequence[str], units: UnitChoice) -> xr.Dataset:
    """What numbered files of reduced density matrices hold, over time: `gamma_1_0`, trace 1, over its basis twice, for
    each order, `labels_1_0`, the modes that its basis vectors are made of, and the fields of every species as
    :func:`~hpcmix.api.results.fields.over_time` has them. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    if not stored:
        return xr.Dataset()
    dataset, places = over_time(stored, species, units), [Place(entry.path) for entry in stored]
    of_all = {
        f"{kept.owner}_{kept.name.replace(',', '_')}": alone(places, kept, units)
        for kept in contents_of(stored[-1].path).fields
        if kept.owner in _OF_ALL and kept.owner not in species
    }
    return dataset.assign(of_all)
