"""What a refused command takes back."""

from __future__ import annotations

import pytest

from hpcmix.io.directories.directory import move_aside
from hpcmix.io.directories.footprint import Footprint

NAMES = ("run.log", "summary.json")


def written(path, footprint):
    path.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (path / name).write_text("new")
    footprint.take_back()


def test_new_directories_go_with_their_parents(tmp_path):
    path = tmp_path / "runs" / "a" / "b"
    written(path, Footprint(path, NAMES))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_was_there_stays_with_what_was_in_it(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    (path / "run.log").write_text("old")
    (path / "notes.txt").write_text("mine")
    footprint = Footprint(path, NAMES)
    (path / "summary.json").write_text("new")
    footprint.take_back()
    assert {one.name: one.read_text() for one in path.iterdir()} == {"run.log": "old", "notes.txt": "mine"}


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path):
    path = tmp_path / "runs" / "a"
    footprint = Footprint(path, NAMES)
    path.mkdir(parents=True)
    (path / "other.txt").write_text("other")
    written(path, footprint)
    assert [one.name for one in path.iterdir()] == ["other.txt"]


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_directory_that_was_moved_aside_is_put_back(tmp_path, earlier):
    path = tmp_path / "run"
    for number in range(earlier):
        (tmp_path / f"run.previous-{number + 1}").mkdir()
    path.mkdir()
    (path / "summary.json").write_text("old")
    footprint = Footprint(path, NAMES)
    move_aside(path, "a run")
    written(path, footprint)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["run", "run.previous-1"][: 1 + earlier]
    assert (path / "summary.json").read_text() == "old"
