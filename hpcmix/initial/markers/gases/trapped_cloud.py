"""The markers of a gas in its potential.

Places are drawn from a table of the density; a marker weighs rho/g there, rho by the gas's own law at the marker: so
that the table makes weights unequal and nothing else. The momenta are those of the gas at the level of the place.
"""

from __future__ import annotations

import numpy as np

from hpcmix.initial.markers.clouds import arrive, normalise_weights
from hpcmix.initial.markers.gases.trapped import TrappedGas
from hpcmix.initial.markers.points.tables import PlaceTable, spread_out
from hpcmix.kernels.markers import values_at
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.together import together
from hpcmix.state.marker_cloud import MarkerCloud

NODES = {1: 4096, 2: 512, 3: 64}
"""Most nodes of the table along an axis, by the number of axes: two megabytes, which every rank has."""
MARKERS_TOGETHER = 1 << 11
"""Of which momenta are made at a time: a thermal gas tabulates hundreds of numbers for each, which are to stay
in a cache (of 8192 markers they take four times as long each)."""


def trapped_cloud(gas: TrappedGas, mean_field: np.ndarray) -> MarkerCloud:
    """The markers of a gas that was filled in this field, W^S on this rank's block. Collective over the world."""
    mixture, setting, d = gas.points.mixture, gas.setting, gas.setting.dimensions
    world, instant = mixture.communicators.world, Instant.before_start()
    cloud = MarkerCloud.empty(mixture.engine, mixture.marker_layout(gas.index), setting.number)
    places = PlaceTable(spread_out(table_of(gas)), [-0.5 * length for length in setting.lengths], setting.lengths)
    for rows in _pieces(cloud.markers.count):
        cloud.position[rows], density = places.places(setting.uniform(cloud.index[rows])[:, :d])
        cloud.weight[rows] = 1.0 / density
    cloud.momentum[...] = 0.0
    arrive(cloud)
    patch, geometry = cloud.layout.patch_of(cloud.markers, mean_field), cloud.layout.geometry
    with together(world):
        for rows in _pieces(cloud.markers.count):
            position = cloud.position[rows]
            level = gas.level - gas.laws.potential(position, instant) - values_at(position, geometry, patch)
            cloud.weight[rows] *= gas.gas.density(level)
            cloud.momentum[rows] = gas.gas.momenta(level, setting.uniform(cloud.index[rows])[:, d:])
    normalise_weights(cloud, setting, mixture.communicators)
    return cloud


def table_of(gas: TrappedGas) -> np.ndarray:
    """The density of the gas on the grid, or on nodes that are fewer: means over the points around each, by the weight
    1 - |x - x_node| / distance of nodes along every axis. Whole on every rank. Collective over the group."""
    grid = gas.points.mixture.grid
    table = gas.table
    for axis, (points, part) in enumerate(zip(grid.points, grid.position_block.slices, strict=True)):
        nodes = min(points, NODES[grid.dimensions])
        place = np.arange(part.start, part.stop) * (nodes / points)
        node = np.floor(place).astype(np.intp)
        weights = np.zeros((nodes, len(place)))
        columns = np.arange(len(place))
        weights[node % nodes, columns] += 1.0 - (place - node)
        weights[(node + 1) % nodes, columns] += place - node
        table = np.moveaxis(np.tensordot(weights * (nodes / points), table, (1, axis)), 0, axis)
    return gas.points.mixture.communicators.sum(table)


def _pieces(count: int) -> list[slice]:
    return [slice(first, first + MARKERS_TOGETHER) for first in range(0, count, MARKERS_TOGETHER)]
