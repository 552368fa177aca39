"""Who may use a run's directory, and files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import pickle

import pytest

from hpcmix.io.directories.directory import RunDirectory, UnusableDirectory
from hpcmix.io.directories.holdings import DirectoryInUse
from hpcmix.io.documents.atomic import OutputError, described_size, explained, replacing, reserve
from hpcmix.io.documents.summary import read_summary, write_summary
from hpcmix.problem.mistakes.ending import ExitStatus


def a_run(path):
    path.mkdir(parents=True)
    (path / "observables.jsonl").write_text('{"step": 0}\n')
    (path / "notes.txt").write_text("mine")
    return path


@pytest.mark.parametrize(
    "make", [lambda p: None, lambda p: p.mkdir(), lambda p: (p.mkdir(), (p / "notes.txt").touch())]
)
def test_a_directory_without_a_run_is_used(tmp_path, make):
    place = tmp_path / "deep" / "run"
    place.parent.mkdir()
    make(place)
    before = set(os.listdir(place)) if place.exists() else set()
    assert RunDirectory.claim(place).path == place
    assert set(os.listdir(place)) == before


@pytest.mark.parametrize(
    "mark", ["summary.json", "observables.jsonl", "snapshots/000000.h5", "slices/000000.h5", "checkpoints/000000.h5"]
)
def test_a_run_is_never_overwritten(tmp_path, mark):
    place = tmp_path / "run"
    (place / mark).parent.mkdir(parents=True)
    (place / mark).write_text("kept")
    (place / "run.log").touch()
    with pytest.raises(DirectoryInUse) as caught:
        RunDirectory.claim(place)
    for part in (str(place), "run.log", "--restart never", "--set output.directory="):
        assert part in str(caught.value)
    assert (place / mark).exists()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["snapshots/000000.h5"], "no checkpoint to go on from"),
        (["snapshots/000000.h5", "checkpoints/000000.h5"], "with which hpcmix restart goes on"),
        (["snapshots/000000.h5", "excitations.json", "excitations.h5"], "they are not what is asked for here"),
        (["snapshots/000000.h5", "excitations.json"], r"whose fields in excitations\.h5 are missing"),
    ],
)
def test_what_stands_in_the_way_is_told(tmp_path, names, words):
    """Spectra have no checkpoints, and checkpoints are nothing that excitations go on from."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(DirectoryInUse, match=words):
        RunDirectory.claim(tmp_path)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_run_that_ended_before_it_had_results_is_begun_anew(tmp_path, fresh):
    """Nothing that took time to compute is there: a log, empty directories, the summary of a failure."""
    place = tmp_path / "run"
    (place / "checkpoints").mkdir(parents=True)
    (place / "checkpoints" / "000000.h5.partial").touch()
    (place / "observables.jsonl").touch()
    (place / "problem.toml").write_text("title = ''")
    (place / "run.log").write_text("began\n")
    (place / "summary.json").write_text('{"status": "failed", "message": "the ground state did not converge"}')
    RunDirectory.claim(place, fresh)
    assert (tmp_path / "run.previous-1").exists() == fresh
    assert (place / "run.log").exists() != fresh


def test_a_fresh_start_moves_the_old_run_aside_to_the_first_free_number(tmp_path):
    place = a_run(tmp_path / "run")
    a_run(tmp_path / "run.previous-1")
    RunDirectory.claim(place, fresh=True)
    assert os.listdir(place) == []
    assert (tmp_path / "run.previous-2" / "observables.jsonl").exists()
    assert (tmp_path / "run.previous-2" / "notes.txt").read_text() == "mine"


def test_a_fresh_start_follows_a_link(tmp_path):
    """The link stays, and the old run stays on the file system that the link leads to."""
    target = a_run(tmp_path / "scratch" / "run")
    link = tmp_path / "link"
    link.symlink_to(target)
    RunDirectory.claim(link, fresh=True)
    assert link.is_symlink()
    assert os.listdir(link) == []
    assert (tmp_path / "scratch" / "run.previous-1" / "notes.txt").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_foreign_files_with_our_names_are_left_alone(tmp_path, fresh):
    (tmp_path / "problem.toml").write_text("the user's input")
    with pytest.raises(DirectoryInUse, match=r"holds no run but problem\.toml"):
        RunDirectory.claim(tmp_path, fresh=fresh)
    assert (tmp_path / "problem.toml").read_text() == "the user's input"


def test_a_file_in_the_place_of_the_directory(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UnusableDirectory, match="is a file") as of_a_file:
        RunDirectory.claim(tmp_path / "run")
    with pytest.raises(UnusableDirectory, match="cannot be written") as below_it:
        RunDirectory.claim(tmp_path / "run" / "below")
    assert of_a_file.value.status == below_it.value.status == ExitStatus.BAD_INPUT


def test_a_directory_that_cannot_be_written():
    with pytest.raises(OutputError, match=r"cannot be written: .*output\.directory"):
        RunDirectory.claim("/proc/hpcmix-run")  # not even root may make it


def test_stored_files_come_in_numerical_order(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.snapshots.mkdir()
    for index in (1000000, 2, 10):
        directory.snapshot(index).touch()
    (directory.snapshots / "000003.h5.partial").touch()
    assert [index for index, _ in directory.stored_snapshots()] == [2, 10, 1000000]
    assert directory.snapshot(2).name == "000002.h5"


def test_exceptions_survive_the_way_between_ranks():
    for error in (DirectoryInUse("a sentence"), OutputError("a sentence")):
        assert str(pickle.loads(pickle.dumps(error))) == "a sentence"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(OutputError, match="no space is left"), replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_text() == "old"


def test_reserve_sets_space_aside_or_says_no(tmp_path):
    reserve(tmp_path / "file", 1 << 20)
    status = (tmp_path / "file").stat()
    assert status.st_size == 1 << 20
    assert status.st_blocks * 512 >= 1 << 20
    with pytest.raises(OSError) as caught:
        reserve(tmp_path / "huge", 1 << 60)
    assert caught.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert (tmp_path / "huge").stat().st_blocks == 0


def test_reserve_without_support_asks_for_the_free_space(tmp_path, monkeypatch):
    monkeypatch.setattr("hpcmix.io.documents.atomic._fallocate", lambda descriptor, size: errno.EOPNOTSUPP)
    reserve(tmp_path / "file", 1000)
    with pytest.raises(OSError) as caught:
        reserve(tmp_path / "file", 1 << 60)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space is left"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EROFS, "does not let this user write"),
        (errno.ENOENT, "is not there"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_errors_of_the_system_become_sentences(tmp_path, number, words):
    text = str(explained(OSError(number, os.strerror(number)), tmp_path / "file", 2_500_000))
    assert words in text
    assert str(tmp_path / "file") in text
    assert "Errno" not in text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2 * 10**9, "2.0 GB")]
)
def test_described_size(size, text):
    assert described_size(size) == text


def test_summary_keeps_its_order_and_has_no_nan(tmp_path):
    import numpy as np

    path = tmp_path / "summary.json"
    write_summary(
        path, {"b": float("nan"), "a": [np.float64(1.5), np.inf], "c": {"n": np.int64(3), "x": np.array([1, 2])}}
    )
    assert list(json.loads(path.read_text())) == ["b", "a", "c"]
    assert read_summary(path) == {"b": None, "a": [1.5, None], "c": {"n": 3, "x": [1, 2]}}
    with pytest.raises(TypeError, match="no place in a JSON file"):
        write_summary(path, {"b": object()})
    assert read_summary(path)["c"]["n"] == 3
    path.write_text("{")
    with pytest.raises(OutputError, match="is damaged"):
        read_summary(path)


def test_the_directory_one_is_in_is_never_moved_aside(tmp_path, monkeypatch):
    (tmp_path / "run.log").write_text("a run")
    (tmp_path / "below").mkdir()
    for place in (tmp_path, tmp_path / "below"):
        monkeypatch.chdir(place)
        with pytest.raises(DirectoryInUse, match="the directory you are in"):
            RunDirectory.claim(tmp_path, fresh=True)
        assert (tmp_path / "run.log").exists()
