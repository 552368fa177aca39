"""Snapshots with their XDMF, and slices: the files compared with the arrays gathered in memory."""

from __future__ import annotations

import os
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest
import xarray

from hpcmix.grid import Grid
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.slice_file import read_slices
from hpcmix.io.fields.slices import write_slices
from hpcmix.io.fields.snapshots import write_snapshot
from hpcmix.io.reader import RunReader
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import largest_split
from hpcmix.problem.units.units import Units, units_from_text

SHAPES = [(12,), (9, 8), (7, 8, 6)]


def systems(comm, points):
    """Every way to share the grid among the ranks: communicators and grid of this rank."""
    limit = largest_split(points)
    ways = [(1, (first, comm.size // first)) for first in range(1, comm.size + 1) if comm.size % first == 0]
    if comm.size % 2 == 0:
        ways.append((2, (comm.size // 2, 1)))
    for groups, split in ways:
        if split[0] <= limit[0] and split[1] <= limit[1]:
            communicators = Communicators.create(comm, points, split, groups)
            place = communicators.group.rank
            blocks = communicators.decomposition.position_block(place), communicators.decomposition.wave_block(place)
            yield communicators, Grid(points, tuple(0.5 * (n + axis) for axis, n in enumerate(points)), *blocks)
            communicators.free()


def metadata_of(points, scales=None):
    return Metadata(
        "a mixture", ("up", "down"), ("x", "y", "z")[: len(points)], scales or Units(), {"hpcmix_version": "0"}
    )


def densities(points, dtype=np.float64):
    random = np.random.default_rng(3)
    return {name: random.random(points).astype(dtype) for name in ("up", "down")}


def local(arrays, grid):
    return {name: np.ascontiguousarray(array[grid.position_block.slices]) for name, array in arrays.items()}


@pytest.mark.parametrize("points", SHAPES)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_snapshot(comm, shared_tmp_path, points, precision):
    random = np.random.default_rng(5)
    whole = {f"{name}/density": array for name, array in densities(points, precision).items()}
    whole["up/phase"] = random.normal(size=points).astype(precision)
    whole["up/wave_function"] = whole["up/density"] * np.exp(1j * whole["up/phase"])
    assert whole["up/wave_function"].dtype == (np.complex64 if precision is np.float32 else np.complex128)
    metadata = metadata_of(points, units_from_text("1 um", "86.909 u"))
    for number, (communicators, grid) in enumerate(systems(comm, points)):
        directory = RunDirectory(shared_tmp_path)
        path = write_snapshot(directory, number, 40, 2.5, grid, communicators, local(whole, grid), metadata)
        assert path == directory.snapshot(number)
        with h5py.File(path, "r") as file:
            for name, array in whole.items():
                np.testing.assert_array_equal(file[name][:], array)
                assert [file[name].dims[axis].label for axis in range(grid.dimensions)] == list(
                    "xyz"[: grid.dimensions]
                )
            np.testing.assert_array_equal(file["x"][:], grid.axis(0))
            assert file["x"].attrs["si_factor"] == 1e-6
            assert file["up/density"].attrs["si_factor"] == pytest.approx(1e6 ** len(points))
            assert file["up/wave_function"].attrs["si_factor"] == pytest.approx(1e3 ** len(points))
            assert (file.attrs["step"], file.attrs["time"], file.attrs["title"]) == (40, 2.5, "a mixture")
            np.testing.assert_array_equal(file.attrs["box_lengths"], grid.lengths)
        check_xdmf(path, grid, {name for name in whole if name != "up/wave_function"}, precision)
        if number == 0 and comm.rank == 0:  # of others it is the same file
            check_netcdf(path, {name.replace("/", "_"): array for name, array in whole.items()}, grid)
    comm.barrier()
    assert not [name for name in os.listdir(directory.snapshots) if name.endswith(".partial")]


def check_netcdf(path, arrays, grid):
    """xarray opens the file by itself and with either engine, and has the arrays, their axes, step and time."""
    for engine in (None, "netcdf4", "h5netcdf"):
        with xarray.open_dataset(path, engine=engine) as data:
            assert set(data.data_vars) == set(arrays)
            assert (int(data.step), float(data.time)) == (40, 2.5)
            for name, array in arrays.items():
                values = data[name].values
                if array.dtype.kind == "c" and values.dtype.kind != "c":  # netCDF has no complex numbers
                    values = values["r"] + 1j * values["i"]
                np.testing.assert_array_equal(values, array)
                assert data[name].dims[-1] in "xyz" and {"step", "time"} <= set(data[name].coords)
                for axis in set(data[name].dims) & set("xyz"):
                    np.testing.assert_array_equal(data[name][axis], grid.axis("xyz".index(axis)))


def check_xdmf(path, grid, expected, precision):
    """The description is well formed and says what the HDF5 file holds; test_paraview.py reads it."""
    root = ElementTree.parse(path.with_suffix(".xdmf")).getroot()
    assert (root.tag, root.get("Version")) == ("Xdmf", "3.0")
    uniform = root.find("Domain/Grid")
    assert float(uniform.find("Time").get("Value")) == 2.5
    found = set()
    with h5py.File(path, "r") as file:
        for attribute in uniform.findall("Attribute"):
            item = attribute.find("DataItem")
            name, dataset = item.text.split(":/")
            assert name == path.name  # relative, so that the directory can be moved
            assert file[dataset].shape == tuple(int(n) for n in item.get("Dimensions").split())
            assert attribute.get("Center") == "Node"
            assert (item.get("NumberType"), int(item.get("Precision"))) == ("Float", np.dtype(precision).itemsize)
            assert file[dataset].dtype == precision
            found.add(dataset)
    assert found == expected


@pytest.mark.parametrize("points", SHAPES)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_slices_are_those_of_the_whole_array(comm, shared_tmp_path, points, precision):
    whole = densities(points, precision)
    for number, (communicators, grid) in enumerate(systems(comm, points)):
        directory = RunDirectory(shared_tmp_path)
        path = write_slices(directory, number, 40, 2.5, grid, communicators, local(whole, grid), metadata_of(points))
        stored = read_slices(path)
        views = [("slice", stored.slices), ("column", stored.columns)]
        shown = {
            f"{name}_{kind}_{axes}": values for kind, of in views for name in of for axes, values in of[name].items()
        }
        if number == 0 and comm.rank == 0:
            check_netcdf(path, shown, grid)
        assert (stored.step, stored.time, stored.length_si) == (40, 2.5, None)
        assert list(stored.slices) == ["up", "down"]
        for name, rho in whole.items():
            slices, columns = expected_views(rho, grid)
            assert set(stored.slices[name]) == set(slices)
            assert set(stored.columns[name]) == set(columns)
            for axes, values in slices.items():
                np.testing.assert_array_equal(stored.slices[name][axes], values)
            for axes, values in columns.items():
                np.testing.assert_allclose(stored.columns[name][axes], values, rtol=1e-14)
    reader = RunReader(write_mark(comm, shared_tmp_path))
    assert [entry.index for entry in reader.slices] == list(range(number + 1))


def write_mark(comm, path):
    if comm.rank == 0:
        (path / "run.log").touch()
    comm.barrier()
    return path


def expected_views(rho, grid):
    rho = rho.astype(np.float64) if rho.ndim == 0 else rho
    if rho.ndim == 1:
        return {"x": rho}, {}
    h = grid.spacings
    if rho.ndim == 2:
        return {"xy": rho}, {"x": rho.sum(1, np.float64) * h[1], "y": rho.sum(0, np.float64) * h[0]}
    near = [int(np.argmin(np.round(np.abs(grid.axis(axis)), 12))) for axis in range(3)]
    slices = {"yz": rho[near[0]], "xz": rho[:, near[1]], "xy": rho[:, :, near[2]]}
    columns = {"yz": 0, "xz": 1, "xy": 2}
    return slices, {axes: rho.sum(axis, np.float64) * h[axis] for axes, axis in columns.items()}


def test_the_integral_of_a_column_is_the_number_of_particles(comm, shared_tmp_path):
    whole = densities((7, 8, 6))
    communicators, grid = next(systems(comm, (7, 8, 6)))
    path = write_slices(
        RunDirectory(shared_tmp_path), 0, 0, 0.0, grid, communicators, local(whole, grid), metadata_of("xyz")
    )
    particles = whole["up"].sum() * grid.cell_volume
    for axes, column in read_slices(path).columns["up"].items():
        area = np.prod([grid.spacings["xyz".index(name)] for name in axes])
        assert column.sum() * area == pytest.approx(particles, rel=1e-13)


def test_failures_are_shared(comm, shared_tmp_path):
    """A file where the directories should be: the same sentence on every rank."""
    if comm.rank == 0:
        for name in ("snapshots", "slices"):
            (shared_tmp_path / name).touch()
    communicators, grid = next(systems(comm, (12,)))
    fields = local(densities((12,)), grid)
    for write, arrays in (
        (write_slices, fields),
        (write_snapshot, {f"{name}/density": a for name, a in fields.items()}),
    ):
        with pytest.raises(OutputError, match="is a file and not a directory") as caught:
            write(RunDirectory(shared_tmp_path), 0, 0, 0.0, grid, communicators, arrays, metadata_of((12,)))
        assert len(set(comm.allgather(str(caught.value)))) == 1
