"""The time series of a run: the file for xarray, and the records that came behind it."""

from __future__ import annotations

import xarray as xr

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import as_dataset
from hpcmix.io.reader import RunReader
from hpcmix.observe.vortices.tracks import numbered


def series_of(reader: RunReader) -> xr.Dataset:
    """``observables.h5``, with the records of ``observables.jsonl`` where there are more of them. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    path, series = reader.directory.dataset, reader.directory.series
    try:
        written = xr.open_dataset(path, engine="h5netcdf", decode_times=False)
    except FileNotFoundError:
        raise OutputError(f"{reader.directory.path} has no time series yet") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} is damaged: {error}") from error
    if not series.exists() or series.stat().st_mtime_ns <= path.stat().st_mtime_ns:
        return written
    own = ("time", "species", "axis")
    lists = {str(name): str(entry.dims[-1]) for name, entry in written.variables.items() if entry.dims[-1] not in own}
    metadata = Metadata(species=tuple(map(str, written.species.values)), axes=tuple(map(str, written.axis.values)))
    records = as_dataset(numbered(reader.records), metadata, {}, lists)
    known = {name: variable.attrs for name, variable in written.variables.items()}
    variables = {
        name: xr.Variable(variable.dimensions, variable.values, known.get(name, {}))
        for name, variable in records.variables.items()
    }
    return xr.Dataset(variables, attrs=written.attrs)
