"""Snapshots as meshes of openPMD, by the standard's own validator and programming interface."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import h5py
import numpy as np
import openpmd_api as api
import pytest
from openpmd_validator import check_h5 as check
from parallel.test_io_fields import SHAPES, densities, local, metadata_of, systems

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.fields.snapshots import write_snapshot
from hpcmix.problem.units.units import Units, units_from_text


@pytest.mark.parametrize("points", SHAPES)
@pytest.mark.parametrize("scales", [Units(), units_from_text("1 um", "86.909 u")], ids=["plain", "units"])
def test_the_validator_and_the_api_read_them(comm, shared_tmp_path, points, scales):
    whole = {f"{name}/density": array for name, array in densities(points).items()}
    whole |= {"up/phase": np.angle(np.exp(3j * whole["up/density"])), "up/wave_function": 1j * whole["up/density"]}
    communicators, grid = next(systems(comm, points))
    directory, metadata = RunDirectory(shared_tmp_path), metadata_of(points, scales)
    for index in range(2):
        time = 0.5 * index
        write_snapshot(directory, index, index, time, grid, communicators, local(whole, grid), metadata, step_size=0.02)
    comm.barrier()
    if comm.rank > 0:
        return  # one reader is enough
    with h5py.File(directory.snapshot(1)) as file, redirect_stdout(io.StringIO()) as said:
        errors, warnings = check.check_root_attr(file, False)
        found = check.check_iterations(file, False, {"ED-PIC": False})
    # the only recommendation that is not followed is a person's name
    assert (errors, warnings) == (0, 1) and "Attribute author" in said.getvalue()
    assert found.tolist() == [0, 0], said.getvalue()
    series = api.Series(str(directory.snapshots / "%06T.h5"), api.Access.read_only)
    assert list(series.iterations) == [0, 1]
    iteration = series.iterations[1]
    assert (iteration.time, iteration.dt, iteration.time_unit_SI) == (0.5, 0.02, scales.time_si or 1.0)
    assert set(iteration.meshes) == {"up_density", "down_density", "up_phase"}
    length = scales.length_si or 1.0
    for name in iteration.meshes:
        mesh = iteration.meshes[name]
        (component,) = (mesh[key] for key in mesh)
        values = component.load_chunk()
        series.flush()
        np.testing.assert_array_equal(values, whole[name.replace("_", "/")])
        assert mesh.axis_labels == ["x", "y", "z"][: len(points)]
        np.testing.assert_allclose(mesh.grid_spacing, grid.spacings, rtol=1e-15)
        np.testing.assert_array_equal(mesh.grid_global_offset, [grid.axis(axis)[0] for axis in range(len(points))])
        assert mesh.grid_unit_SI == length
        of_density = name.endswith("density")
        assert mesh.unit_dimension[0] == (-len(points) if of_density else 0)
        assert component.unit_SI == pytest.approx(length ** -len(points) if of_density else 1.0, rel=1e-12)
    series.close()
