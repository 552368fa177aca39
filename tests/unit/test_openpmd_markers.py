"""Markers read from files in openPMD's form: hpcmix's own, and those of other particle codes."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from hpcmix.initial.markers.given.openpmd_file import OpenPMDFile
from hpcmix.initial.markers.setting import Setting
from hpcmix.model.kinetic.free import NonrelativisticKineticEnergy
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.units.dimensions import LENGTH, MOMENTUM
from hpcmix.problem.units.units import Units, units_from_text

NUMBER = 7
LENGTHS = (10.0, 8.0)


def setting(number=NUMBER, lengths=LENGTHS):
    return Setting("species.gas.initial", 3.0, NonrelativisticKineticEnergy(1.0, 1.0), 1.0, lengths, number, 0)


def arrays(dimensions=2):
    random = np.random.default_rng(3)
    position = random.uniform(-3.0, 3.0, (NUMBER, dimensions))
    return position, random.normal(size=(NUMBER, dimensions)), random.uniform(0.1, 1.0, NUMBER)


def component(record, name, values, unit=1.0):
    """A dataset, or the constant component that the standard has for a number."""
    if np.ndim(values):
        place = record.create_dataset(name, data=values)
    else:
        place = record.create_group(name)
        place.attrs["value"], place.attrs["shape"] = values, np.array([NUMBER], np.uint64)
    place.attrs["unitSI"] = unit
    return place


def write(path, records, species="gas", iteration=0, mode="w"):
    """A file with records: name -> components, or values of a scalar; each values or (values, unitSI)."""
    with h5py.File(path, mode) as file:
        file.attrs["openPMD"], file.attrs["basePath"] = np.bytes_("1.1.0"), np.bytes_("/data/%T/")
        file.attrs["particlesPath"] = np.bytes_("particles/")
        group = file.create_group(f"data/{iteration}/particles/{species}")
        for name, entry in records.items():
            if isinstance(entry, dict):
                record = group.create_group(name)
                for axis, values in entry.items():
                    component(record, axis, *(values if isinstance(values, tuple) else (values,)))
            else:
                record = component(group, name, *(entry if isinstance(entry, tuple) else (entry,)))
            record.attrs["macroWeighted"], record.attrs["weightingPower"] = np.uint32(name == "weighting"), 1.0
    return str(path)


def plain(dimensions=2):
    position, momentum, weight = arrays(dimensions)
    axes = "xyz"[:dimensions]
    return {
        "position": {axis: position[:, place] for place, axis in enumerate(axes)},
        "momentum": {axis: momentum[:, place] for place, axis in enumerate(axes)},
        "weighting": weight,
    }


def read(path, units=None, index=None, **entries):
    file = OpenPMDFile(path, setting(**entries), units or Units())
    return file.sample("gas", np.arange(NUMBER) if index is None else index)


def test_rows_are_indices(tmp_path):
    path = write(tmp_path / "plain.h5", plain())
    for rows in (np.arange(NUMBER), np.arange(2, 5), np.arange(0)):
        sample = read(path, index=rows)
        for values, expected in zip((sample.position, sample.momentum, sample.weight), arrays(), strict=True):
            assert np.array_equal(values, expected[rows])


def test_position_is_the_sum_with_its_offset_each_in_its_own_unit(tmp_path):
    """As codes with cells write it: a fraction of a cell, and the number of the cell; here along x, along y a constant
    offset."""
    position, _, _ = arrays()
    cell = 0.25
    numbers = np.floor(position[:, 0] / cell).astype(np.int32)
    fractions = (position[:, 0] / cell - numbers).astype(np.float64)
    records = plain()
    records["position"] = {"x": (fractions, cell), "y": position[:, 1] - 0.5}
    records["positionOffset"] = {"x": (numbers, cell), "y": 0.5}
    sample = read(write(tmp_path / "cells.h5", records))
    np.testing.assert_allclose(sample.position, position, rtol=0.0, atol=1e-14)


def test_code_units_of_the_problem(tmp_path):
    position, momentum, _ = arrays()
    units = units_from_text("1 um", "86.909 u")
    records = plain()
    length, of_momentum = units.factor_si(LENGTH), units.factor_si(MOMENTUM)
    records["position"] = {axis: (position[:, place] * 1e3, length * 1e-3) for place, axis in enumerate("xy")}
    records["momentum"] = {axis: (momentum[:, place] * of_momentum, 1.0) for place, axis in enumerate("xy")}
    sample = read(write(tmp_path / "units.h5", records), units)
    np.testing.assert_allclose(sample.position, position, rtol=1e-14)
    np.testing.assert_allclose(sample.momentum, momentum, rtol=1e-14)


def test_momentum_of_all_particles_of_a_marker(tmp_path):
    _, momentum, weight = arrays()
    records = plain()
    records["momentum"] = {axis: momentum[:, place] * weight for place, axis in enumerate("xy")}
    path = write(tmp_path / "macro.h5", records)
    with h5py.File(path, "r+") as file:
        file["data/0/particles/gas/momentum"].attrs["macroWeighted"] = np.uint32(1)
    np.testing.assert_allclose(read(path).momentum, momentum, rtol=1e-14)


def test_one_weight_for_all(tmp_path):
    records = plain() | {"weighting": 0.5}
    assert np.array_equal(read(write(tmp_path / "alike.h5", records)).weight, np.full(NUMBER, 0.5))


def test_the_last_iteration_and_the_species_of_the_name(tmp_path):
    path = tmp_path / "many.h5"
    position, _, _ = arrays()
    for iteration, shift in ((0, 0.5), (100, 0.0), (20, 0.7)):
        records = plain()
        records["position"]["x"] = position[:, 0] + shift
        write(path, records, iteration=iteration, mode="a")
    write(path, plain() | {"weighting": 9.0}, species="others", iteration=100, mode="a")
    sample = read(str(path))
    assert np.array_equal(sample.position, position)
    assert sample.weight[0] != 9.0


def test_the_only_species_may_have_any_name(tmp_path):
    assert len(read(write(tmp_path / "e.h5", plain(), species="electrons")).weight) == NUMBER


def broken(tmp_path, text, records=None, **entries):
    path = write(tmp_path / "broken.h5", plain() if records is None else records)
    with pytest.raises(ProblemError, match=text) as error:
        read(path, **entries)
    assert "species.gas.initial" in str(error.value)


def test_files_that_do_not_fit(tmp_path):
    without = plain()
    del without["weighting"]
    broken(tmp_path, 'no record "weighting"', without)
    without = plain()
    del without["momentum"]
    broken(tmp_path, 'no record "momentum"', without)
    broken(tmp_path, "components x, y, z of", plain(3))
    broken(tmp_path, "components x of", plain(1))
    broken(tmp_path, "has 7 markers, the species 8; write markers = 7", number=8)
    broken(tmp_path, "outside of the box, at y = ", lengths=(10.0, 2.0))
    broken(tmp_path, "negative weight", plain() | {"weighting": -0.5})
    lost = plain()
    lost["momentum"]["x"] = np.full(NUMBER, np.nan)
    broken(tmp_path, "momentum is not finite", lost)


def test_files_that_are_no_openpmd(tmp_path):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(ProblemError, match="is no file of openPMD"):
        read(str(path))
    path.write_text("text")
    with pytest.raises(ProblemError, match="cannot be read as HDF5"):
        read(str(path))
    write(path, plain(), species="one")
    write(path, plain(), species="two", mode="a")
    with pytest.raises(ProblemError, match='has no species "gas"; there are one, two'):
        read(str(path))


def test_a_file_that_openpmd_api_wrote(tmp_path):
    """The reference implementation of the standard."""
    openpmd = pytest.importorskip("openpmd_api")
    position, momentum, weight = arrays()
    series = openpmd.Series(str(tmp_path / "reference_%T.h5"), openpmd.Access.create)
    particles = series.iterations[5].particles["gas"]
    kept = []  # the library writes when it closes
    for name, values in (("position", position), ("momentum", momentum)):
        for place, axis in enumerate("xy"):
            column = np.ascontiguousarray(values[:, place])
            kept.append(column)
            particles[name][axis].reset_dataset(openpmd.Dataset(column.dtype, column.shape))
            particles[name][axis].store_chunk(column)
    for axis in "xy":
        particles["positionOffset"][axis].reset_dataset(openpmd.Dataset(np.dtype("float64"), [NUMBER]))
        particles["positionOffset"][axis].make_constant(0.0)
    scalar = particles["weighting"][openpmd.Record_Component.SCALAR]
    scalar.reset_dataset(openpmd.Dataset(weight.dtype, weight.shape))
    scalar.store_chunk(weight)
    series.flush()
    series.close()
    sample = read(str(tmp_path / "reference_5.h5"))
    for values, expected in zip((sample.position, sample.momentum, sample.weight), arrays(), strict=True):
        assert np.array_equal(values, expected)
