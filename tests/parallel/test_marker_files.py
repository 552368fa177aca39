"""Marker files, as the standard's own programs read them: openpmd-validator, openpmd-api and openpmd-viewer."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from xml.etree import ElementTree

import h5py
import numpy as np
import openpmd_api as api
import pytest
from openpmd_validator import check_h5 as check
from openpmd_viewer import OpenPMDTimeSeries
from scipy.constants import speed_of_light

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.seal import check_seal
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.markers.marker_file import StoredMarkers, write_markers
from hpcmix.io.verify import verify
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, part
from hpcmix.problem.units.units import Units, units_from_text

NUMBERS = {"fermions": 103, "helium": 40}
MASS = 1.7


def cloud(name, dimensions):
    """Positions, momenta and weights of all markers, by index."""
    random = np.random.default_rng(len(name) + dimensions)
    number = NUMBERS[name]
    return random.uniform(-2, 2, (number, dimensions)), random.normal(size=(number, dimensions)), random.random(number)


def here(comm, name, dimensions):
    first, count = part(NUMBERS[name], comm.size, comm.rank)
    position, momentum, weight = (array[first : first + count] for array in cloud(name, dimensions))
    return StoredMarkers(NUMBERS[name], first, position, momentum, weight, MASS)


def written(comm, path, dimensions, scales, every_nth=1, index=0, time=2.5):
    points = (12, 8, 6)[:dimensions]
    communicators = Communicators.create(comm, points)
    block = Block((0,) * dimensions, points)
    grid = Grid(points, (6.0, 5.0, 4.5)[:dimensions], block, block)
    axes = ("x", "y", "z")[:dimensions]
    metadata = Metadata("two clouds", tuple(NUMBERS), axes, scales, {"hpcmix_version": "7.1"})
    species = {name: here(comm, name, dimensions) for name in NUMBERS}
    directory = RunDirectory(path)
    file = write_markers(directory, index, 40, time, grid, communicators, species, metadata, every_nth, 0.02)
    communicators.free()
    assert file == directory.marker_file(index)
    return file


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("every_nth", [1, 7])
def test_what_is_written_is_there(comm, shared_tmp_path, dimensions, every_nth):
    file = written(comm, shared_tmp_path, dimensions, Units(), every_nth, index=3)
    comm.Barrier()
    check_seal(file)
    with h5py.File(file, "r") as content:
        assert content.attrs["step"] == 40 and content.attrs["time"] == 2.5
        for name in NUMBERS:
            position, momentum, weight = cloud(name, dimensions)
            stored = content[f"data/3/particles/{name}"]
            chosen = np.arange(0, NUMBERS[name], every_nth)
            for axis in range(3):
                letter = "xyz"[axis]
                assert (letter in stored["position"]) == (letter in stored["momentum"]) == (axis < dimensions)
                if axis < dimensions:
                    np.testing.assert_array_equal(stored[f"position/{letter}"][:], position[chosen, axis])
                    np.testing.assert_array_equal(stored[f"momentum/{letter}"][:], momentum[chosen, axis])
            np.testing.assert_array_equal(stored["id"][:], chosen)
            # each stands for as many more particles as there are markers for each that is written
            expected = weight[chosen] * (NUMBERS[name] / len(chosen))
            np.testing.assert_array_equal(stored["weighting"][:], expected)
            assert stored.attrs["every_nth"] == every_nth
            assert stored.attrs["markers"] == NUMBERS[name]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_validator_finds_nothing(comm, shared_tmp_path, dimensions):
    file = written(comm, shared_tmp_path, dimensions, units_from_text("1 um", "86.909 u"))
    comm.Barrier()
    with h5py.File(file, "r") as content, redirect_stdout(io.StringIO()) as said:
        errors, warnings = check.check_root_attr(content, False)
        found = check.check_iterations(content, False, {"ED-PIC": False})
    # the only recommendation that is not followed is a person's name
    assert (errors, warnings) == (0, 1) and "Attribute author" in said.getvalue()
    assert found.tolist() == [0, 0], said.getvalue()


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("scales", [Units(), units_from_text("1 um", "86.909 u")], ids=["plain", "units"])
def test_the_api_reads_it(comm, shared_tmp_path, dimensions, scales):
    for index in (0, 1):
        written(comm, shared_tmp_path, dimensions, scales, index=index)
    comm.Barrier()
    series = api.Series(str(shared_tmp_path / "markers" / "%06T.h5"), api.Access.read_only)
    assert list(series.iterations) == [0, 1]
    iteration = series.iterations[1]
    assert (iteration.time, iteration.dt) == (2.5, 0.02)
    length, mass, time = (scales.length_si or 1.0, scales.mass_si or 1.0, scales.time_si or 1.0)
    assert iteration.time_unit_SI == time
    particles = iteration.particles["fermions"]
    position, momentum, weight = cloud("fermions", dimensions)
    scalar = (
        api.Record_Component.SCALAR if hasattr(api.Record_Component, "SCALAR") else api.Mesh_Record_Component.SCALAR
    )
    read = {}
    for axis in range(dimensions):
        for record in ("position", "positionOffset", "momentum"):
            read[record, axis] = particles[record]["xyz"[axis]].load_chunk()
    read["weight"], read["mass"] = particles["weighting"][scalar].load_chunk(), particles["mass"][scalar].load_chunk()
    series.flush()
    for axis in range(dimensions):
        name = "xyz"[axis]
        np.testing.assert_array_equal(read["position", axis] + read["positionOffset", axis], position[:, axis])
        np.testing.assert_array_equal(read["momentum", axis], momentum[:, axis])
        assert particles["position"][name].unit_SI == length
        assert particles["momentum"][name].unit_SI == pytest.approx(mass * length / time, rel=1e-15)
    np.testing.assert_array_equal(read["weight"], weight)
    assert np.all(read["mass"] == MASS) and len(read["mass"]) == NUMBERS["fermions"]
    assert particles["momentum"].unit_dimension == [1, 1, -1, 0, 0, 0, 0]
    series.close()


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_viewer_reads_it(comm, shared_tmp_path, dimensions):
    written(comm, shared_tmp_path, dimensions, Units())
    comm.Barrier()
    with redirect_stdout(io.StringIO()):
        series = OpenPMDTimeSeries(str(shared_tmp_path / "markers"), check_all_files=True)
        assert series.t.tolist() == [2.5] and series.avail_species == ["fermions", "helium"]
        axes = "xyz"[:dimensions]
        values = series.get_particle([*axes, *(f"u{axis}" for axis in axes), "w"], species="fermions", iteration=0)
    position, momentum, weight = cloud("fermions", dimensions)
    for axis in range(dimensions):
        np.testing.assert_array_equal(values[axis], position[:, axis])
        # the viewer's momenta are in units of m c
        np.testing.assert_allclose(values[dimensions + axis] * MASS * speed_of_light, momentum[:, axis], rtol=1e-15)
    np.testing.assert_array_equal(values[-1], weight)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_description_names_datasets_that_are_there(comm, shared_tmp_path, dimensions):
    file = written(comm, shared_tmp_path, dimensions, Units(), every_nth=2)
    comm.Barrier()
    root = ElementTree.parse(file.with_suffix(".xdmf")).getroot()
    grids = {grid.get("Name"): grid for grid in root.iter("Grid") if grid.get("GridType") == "Uniform"}
    assert list(grids) == list(NUMBERS)
    with h5py.File(file, "r") as content:
        for name, grid in grids.items():
            geometry = grid.find("Geometry")
            # in one dimension the momentum is the second coordinate
            assert geometry.get("GeometryType") == ("X_Y_Z" if dimensions == 3 else "X_Y")
            assert len(geometry) == max(dimensions, 2)
            items = [item for item in grid.iter("DataItem")]
            assert len(items) == len(geometry) + dimensions + 2
            for item in items:
                source, dataset = item.text.split(":")
                assert source == file.name
                assert content[dataset].shape == (int(item.get("Dimensions")),) == (-(-NUMBERS[name] // 2),)
                kind = {"f": "Float", "u": "UInt"}[content[dataset].dtype.kind]
                assert (kind, "8") == (item.get("NumberType"), item.get("Precision"))


def test_damage_is_found(comm, shared_tmp_path):
    file = written(comm, shared_tmp_path, 2, Units())
    comm.Barrier()
    (finding,) = verify(file)
    assert finding.good and "arrays" in finding.text
    comm.Barrier()
    if comm.rank == 0:
        place = check_seal(file).arrays["data/0/particles/fermions/momentum/y"].offset
        with file.open("r+b") as content:
            content.seek(place + 9)
            content.write(b"\xff")
    comm.Barrier()
    (finding,) = verify(file)
    assert not finding.good and "momentum/y" in finding.text
