"""Files of version 1 of the format, which had the seal in front of HDF5's first byte: read, verified, gone on from.

``tests/data/version-1`` is what a program of that version left; nothing of today's wrote any of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.initial.written.closed_form import read_field, require_fit
from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.checkpoints.seal import Damaged, check_seal
from hpcmix.io.verify import verify
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.sections.species.initial import FileStart
from tests.system.commands import hpcmix

STORED = Path(__file__).parent.parent / "data" / "version-1"
FILES = sorted(path.relative_to(STORED) for path in STORED.glob("*/*.h5"))


def test_they_are_of_that_version_and_whole():
    assert len(FILES) == 3
    for name in FILES:
        assert (STORED / name).read_bytes().startswith(b'{"format": "hpcmix arrays", "version": 1, ')
        seal = check_seal(STORED / name)
        assert (seal.place, seal.block) == (0, 1024)
        (finding,) = verify(STORED / name)
        assert finding.good, finding
    assert read_header(STORED / "checkpoints" / "000004.h5").progress.step == 4


@pytest.mark.parametrize("name", FILES, ids=str)
def test_a_flipped_bit_is_noticed(tmp_path, name):
    content = (STORED / name).read_bytes()
    path = tmp_path / "damaged.h5"
    random = np.random.default_rng(4)
    arrays = check_seal(STORED / name).arrays.values()
    places = [array.offset + array.size // 2 for array in arrays]
    for place in [0, 30, 1000, 1023, 1024, *places, *map(int, random.integers(len(content), size=20))]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        (finding,) = verify(path)
        assert not finding.good, place
    path.write_bytes(content[:-1])
    with pytest.raises(Damaged, match="bytes"):
        check_seal(path)


def test_their_wave_functions_are_initial_states():
    """Both tell their grid: the snapshot in attributes, the checkpoint in its problem."""
    block = Block((0,), (24,))
    grid = Grid((24,), (12.0,), block, block)
    for name, dataset in (("snapshots/000000.h5", "atoms/wave_function"), ("checkpoints/000004.h5", "atoms/orbitals")):
        place = FileStart(path=str(STORED / name), dataset="atoms/wave_function")
        with h5py.File(STORED / name) as file:
            old = file[dataset][...].reshape(12)
        assert require_fit(place, "", None, grid, None)
        np.testing.assert_array_equal(read_field(place, "", grid, None)[::2], old)


def test_a_run_goes_on_from_one(tmp_path):
    """Steps 3 and 4 are done again; the numbers are those of another machine and compiler, so equal to rounding."""
    directory = tmp_path / "version-1"
    shutil.copytree(STORED, directory)
    last = directory / "checkpoints" / "000004.h5"
    with h5py.File(last) as file:
        expected = file["atoms/orbitals"][...]
    last.unlink()
    result = hpcmix("restart", "version-1", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    with h5py.File(last) as file:
        np.testing.assert_allclose(file["atoms/orbitals"][...], expected, rtol=0, atol=1e-13)
    assert check_seal(last).place > 0
    assert all(finding.good for finding in verify(directory))
