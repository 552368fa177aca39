"""A run that begins with the wave functions of another run, of a checkpoint or a snapshot, on its own grid, on any
number of ranks."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.initial.written.closed_form import read_field, read_set
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.initial import FileStart
from hpcmix.running.planning.preflight import preflight
from tests.system.commands import hpcmix

PROBLEM = """
[grid]
points = [24, 20]
lengths = [12.0, 10.0]
[[species]]
name = "bosons"
particles = 100
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 0.9, centre = [0.3, 0.0], momentum = [0.5, 0.2] }
[[species]]
name = "fermions"
kind = "fermions"
orbitals = 3
potential = [{ kind = "harmonic", frequency = 1.1 }]
initial = { kind = "oscillator", frequency = [1.0, 1.3] }
[[interaction]]
between = ["bosons", "bosons"]
kind = "contact"
strength = 0.02
[[interaction]]
between = ["bosons", "fermions"]
kind = "contact"
strength = 0.03
[time]
final = 0.4
step = 0.05
[output]
directory = "first"
snapshots = { interval = 0.2, fields = ["density", "wave_function"], slices = false }
checkpoints = { interval = 0.2 }
"""


def started_from(path, directory):
    lines = PROBLEM.splitlines()
    initial = f'initial = {{ kind = "file", path = "{path}" }}'
    lines = [initial if line.startswith("initial") else line for line in lines]
    text = "\n".join(lines).replace("[24, 20]", "[33, 40]").replace("[12.0, 10.0]", "[13.0, 10.0]")
    return text.replace('"first"', f'"{directory}"').replace("final = 0.4", "final = 0.05")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("started")
    (folder / "first.toml").write_text(PROBLEM)
    assert hpcmix("run", "first.toml", folder=folder).returncode == 0
    return folder


def wave_functions(folder, directory, index=0):
    with h5py.File(folder / directory / "snapshots" / f"{index:06d}.h5") as file:
        return [file[f"{name}/wave_function"][...] for name in ("bosons", "fermions")]


def test_a_checkpoint_is_the_state_of_the_snapshot_of_its_time(finished):
    """The checkpoint's wave functions lack a kick of a half step, without which they would be another state."""
    (finished / "second.toml").write_text(started_from("first/checkpoints/000004.h5", "second"))
    result = hpcmix("run", "second.toml", ranks=3, folder=finished)
    assert result.returncode == 0, result.stderr
    assert not list((finished / "second").glob("initial-state*"))
    with h5py.File(finished / "first" / "checkpoints" / "000004.h5") as file:
        assert file.attrs["pending_kick"] != 0.0
        assert np.abs(file["bosons/orbitals"][0] - wave_functions(finished, "first", 1)[0]).max() > 1e-3
    block = Block((0, 0), (33, 40))
    grid = Grid((33, 40), (13.0, 10.0), block, block)
    snapshot = str(finished / "first" / "snapshots" / "000001.h5")
    place = FileStart(path=snapshot, dataset="bosons/wave_function")
    bosons, fermions = wave_functions(finished, "second")
    expected = read_field(place, "", grid, None)
    norm = np.sqrt(np.sum(np.abs(expected) ** 2) * grid.cell_volume)
    assert norm == pytest.approx(1.0, abs=1e-6)  # less what lies beyond the faces
    np.testing.assert_allclose(bosons, expected / norm, rtol=0, atol=1e-13)
    place = FileStart(path=snapshot, dataset="fermions/wave_function")
    expected = read_set(place, "", 3, range(3), grid, None).reshape(3, -1)
    overlaps = fermions.reshape(3, -1).conj() @ expected.T * grid.cell_volume
    # they are made orthonormal again: of the old grid's waves those that the new one lacks are gone
    np.testing.assert_allclose(overlaps, np.eye(3), rtol=0, atol=1e-6)
    np.testing.assert_allclose(fermions.reshape(3, -1), expected, rtol=0, atol=1e-6)


def test_it_is_said_where_a_cloud_does_not_fit(finished):
    text = started_from("first/checkpoints/000004.h5", "third").replace("[13.0, 10.0]", "[4.0, 10.0]")
    problem = parse_problem(text.replace("[33, 40]", "[12, 40]"), folder=finished)
    with pytest.raises(ProblemError, match="does not fit") as caught:
        preflight(problem)
    assert sum("initial: the cloud of" in str(complaint) for complaint in caught.value.complaints) == 2
