"""Descriptions for ParaView, read by VTK's own reader of XDMF: every value lies where the file's x, y and z have it."""

from __future__ import annotations

import numpy as np
import pytest
from parallel.test_io_fields import SHAPES, densities, local, metadata_of, systems
from parallel.test_marker_files import NUMBERS, cloud, written

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.fields.mode_file import write_modes
from hpcmix.io.fields.snapshots import write_snapshot
from hpcmix.problem.units.units import Units

vtk_xdmf = pytest.importorskip("vtkmodules.vtkIOXdmf2")

from vtkmodules.util.numpy_support import vtk_to_numpy  # noqa: E402
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline  # noqa: E402


def opened(path, time=None):
    """Times of a description, and at a time, by default the first, the data sets: points (n, 3), arrays by name."""
    reader = vtk_xdmf.vtkXdmfReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    times = [information.Get(Pipeline.TIME_STEPS(), i) for i in range(information.Length(Pipeline.TIME_STEPS()))]
    reader.UpdateTimeStep(times[0] if time is None else time)
    return times, list(data_sets(reader.GetOutputDataObject(0)))


def data_sets(output):
    if output.IsA("vtkCompositeDataSet"):
        iterator = output.NewIterator()
        while not iterator.IsDoneWithTraversal():
            yield from data_sets(iterator.GetCurrentDataObject())
            iterator.GoToNextItem()
        return
    values = output.GetPointData()
    named = {values.GetArrayName(i): vtk_to_numpy(values.GetArray(i)).copy() for i in range(values.GetNumberOfArrays())}
    yield output.GetClassName(), vtk_to_numpy(output.GetPoints().GetData()).copy(), named


def places(grid):
    """Every point of the grid in three dimensions, in the order of our arrays, to the 7 digits of single precision."""
    axes = [grid.axis(axis) if axis < grid.dimensions else np.zeros(1) for axis in range(3)]
    return np.stack([x.ravel() for x in np.meshgrid(*axes, indexing="ij")], axis=-1)


@pytest.mark.parametrize("points", [*SHAPES, (300, 5), (4, 260, 3)])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_snapshots_over_time(comm, shared_tmp_path, points, precision):
    """The longer axes are put together of several strips, the last of them a narrow one."""
    whole = {f"{name}/density": array for name, array in densities(points, precision).items()}
    whole["up/wave_function"] = 1j * whole["up/density"]  # ParaView has no complex numbers
    directory = RunDirectory(shared_tmp_path)
    communicators, grid = next(systems(comm, points))
    for index in range(3):
        fields = {name: (index + 1) * array for name, array in local(whole, grid).items()}
        write_snapshot(directory, index, 10 * index, 0.5 * index, grid, communicators, fields, metadata_of(points))
    comm.barrier()
    if comm.rank > 0:
        return  # one reader is enough
    for path, expected in (
        (directory.snapshots / "series.xdmf", [0.0, 0.5, 1.0]),
        (directory.snapshots / "000001.xdmf", [0.5]),
    ):
        for time in expected:
            times, ((kind, found, arrays),) = opened(path, time)
            assert (times, kind) == (expected, "vtkStructuredGrid")
            np.testing.assert_allclose(found, places(grid), rtol=0, atol=1e-6 * max(grid.lengths))
            assert set(arrays) == {"up density", "down density"}
            for name, values in arrays.items():
                stored = (2 * time + 1) * whole[name.replace(" ", "/")].astype(precision)
                np.testing.assert_allclose(values, stored.ravel(), rtol=1e-6)


@pytest.mark.parametrize("points", SHAPES)
def test_modes_in_place_of_times(comm, shared_tmp_path, points):
    communicators, grid = next(systems(comm, points))
    change = np.random.default_rng(3).random((3, *points))
    block = np.ascontiguousarray(change[(slice(None), *grid.position_block.slices)])
    fields = {"up": block}
    path = shared_tmp_path / "excitations.h5"
    write_modes(path, grid, communicators, metadata_of(points), np.arange(3.0), fields, fields, fields)
    comm.barrier()
    if comm.rank > 0:
        return  # one reader is enough
    for number in range(3):
        times, ((_, found, arrays),) = opened(path.with_suffix(".xdmf"), number)
        assert times == [0.0, 1.0, 2.0]
        np.testing.assert_allclose(found, places(grid), rtol=0, atol=1e-6 * max(grid.lengths))
        np.testing.assert_array_equal(arrays["up density_change"], change[number].ravel())


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_markers_over_time(comm, shared_tmp_path, dimensions):
    for index in range(2):
        written(comm, shared_tmp_path, dimensions, Units(), index=index, time=float(index))
    comm.barrier()
    if comm.rank > 0:
        return  # one reader is enough
    times, found = opened(shared_tmp_path / "markers" / "series.xdmf", 1.0)
    assert times == [0.0, 1.0]
    for name, (_, points, arrays) in zip(NUMBERS, found, strict=True):
        position, momentum, _ = cloud(name, dimensions)
        shown = position if dimensions > 1 else np.hstack([position, momentum])  # phase space
        np.testing.assert_allclose(points[:, : shown.shape[1]], shown, rtol=1e-6)
        np.testing.assert_array_equal(arrays["momentum x"], momentum[:, 0])
