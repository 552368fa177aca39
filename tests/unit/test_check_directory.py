"""Who may use the directory of a check: outcomes and the user's files are never overwritten or deleted."""

from __future__ import annotations

import pytest

from hpcmix.io.directories.holdings import DirectoryInUse
from hpcmix.studies.check import _claim_directory


def files(path):
    return {str(one.relative_to(path)): one.read_text() for one in path.rglob("*") if one.is_file()}


def a_check(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"old {name}")
    return path, files(path)


@pytest.mark.parametrize("names", [("tracks/a.json", "check.log"), ("claim.json", "claim.txt", "notes.txt")])
def test_a_fresh_start_moves_everything_aside(tmp_path, names):
    path, before = a_check(tmp_path / "deep" / "check", *names)
    aside = _claim_directory(path, fresh=True)
    assert aside == tmp_path / "deep" / "check.previous-1" and files(aside) == before
    assert path.is_dir() and not files(path)


def test_a_fresh_start_follows_a_link(tmp_path):
    target, before = a_check(tmp_path / "scratch" / "check", "claim.json")
    link = tmp_path / "link"
    link.symlink_to(target)
    assert files(_claim_directory(link, fresh=True)) == before
    assert link.is_symlink() and link.is_dir() and not files(link)


def test_a_check_that_was_stopped_is_gone_on_with_and_an_outcome_left_alone(tmp_path):
    path, before = a_check(tmp_path / "check", "tracks/a.json", "check.log", "claim.txt")
    assert _claim_directory(path, fresh=False) is None and files(path) == before
    (path / "claim.json").write_text("outcome")
    with pytest.raises(DirectoryInUse, match="--restart never moves it aside"):
        _claim_directory(path, fresh=False)


@pytest.mark.parametrize("fresh", [False, True])
def test_what_is_no_check_stays_where_it_is(tmp_path, fresh):
    path, before = a_check(tmp_path / "mine", "claim.png", "notes.txt")
    with pytest.raises(DirectoryInUse, match=r"holds no check but claim\.png"):
        _claim_directory(path, fresh)
    run, of_run = a_check(tmp_path / "run", "observables.jsonl")
    with pytest.raises(DirectoryInUse, match="holds a run"):
        _claim_directory(run, fresh)
    assert files(path) == before and files(run) == of_run
    (path / "claim.png").unlink()
    assert _claim_directory(path, fresh) is None and files(path) == {"notes.txt": "old notes.txt"}


def test_the_directory_one_is_in_is_never_moved_aside(tmp_path, monkeypatch):
    path, before = a_check(tmp_path / "check", "claim.json")
    monkeypatch.chdir(path)
    with pytest.raises(DirectoryInUse, match="holds a check of a claim and is the directory you are in"):
        _claim_directory(path, fresh=True)
    assert files(path) == before
