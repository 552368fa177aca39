"""The points of a snapshot's grid as arrays over the grid, for readers that want a place for every point.

XDMF's meshes with equal spacings call the fastest axis of an array X; of our arrays that is the last one. A mesh whose
points are given is free to call the first axis X. It needs x, y and z as arrays of the grid's shape, of which each
depends on one index: a strip of such an array is stored, and HDF5 is told that the whole of it is that strip again and
again (a virtual dataset). So they take the place of a few planes, in single precision, whose 7 digits are those of a
picture.
"""

from __future__ import annotations

import h5py
import numpy as np

from hpcmix.grid import Grid

GROUP = "mesh"
_PIECES = 128
"""How many times a strip is repeated at most: HDF5 looks at every piece when it reads."""


def write_mesh(file: h5py.File, grid: Grid) -> None:
    """Write the datasets mesh/X, mesh/Y and mesh/Z of the grid's shape: where the points are; zero along axes that the
    grid does not have."""
    group = file.require_group(GROUP)  # a species may bear the name
    for axis, name in enumerate("XYZ"):
        if axis < grid.dimensions:
            _write_coordinate(group, name, grid.points, axis, grid.axis(axis).astype(np.float32))
        else:
            group.create_dataset(name, grid.points, np.float32, track_times=False)  # nothing is stored of zeros


def _write_coordinate(group: h5py.Group, name: str, shape: tuple[int, ...], axis: int, values: np.ndarray) -> None:
    """Write an array of this shape that has `values` along one axis and does not depend on the others."""
    along = values.reshape([-1 if place == axis else 1 for place in range(len(shape))])
    if len(shape) == 1:
        group.create_dataset(name, data=values)
        return
    repeated = 1 if axis == 0 else 0
    width = -(-shape[repeated] // _PIECES)
    strip = (*shape[:repeated], width, *shape[repeated + 1 :])
    group.create_dataset(f"strip_{name}", data=np.broadcast_to(along, strip))
    source, target = h5py.h5s.create_simple(strip), h5py.h5s.create_simple(shape)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)  # the same data leave the same bytes
    place = f"{group.name}/strip_{name}".encode()
    origin = (0,) * len(shape)
    for begin in range(0, shape[repeated], width):
        piece = (*shape[:repeated], min(width, shape[repeated] - begin), *shape[repeated + 1 :])
        target.select_hyperslab(tuple(begin if axis == repeated else 0 for axis in range(len(shape))), piece)
        source.select_hyperslab(origin, piece)
        properties.set_virtual(target, b".", place, source)
    target.select_all()
    h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, target, properties)
