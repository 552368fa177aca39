"""What a directory holds: commands about runs name a study and its command, and nothing is put into a study."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from hpcmix.commands.plotting import plot
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.holdings import (
    CHECK,
    SCALING,
    STUDIES,
    SWEEP,
    DirectoryInUse,
    in_place_of_a_run,
    require_no_study,
)
from hpcmix.io.reader import NotARun, RunReader
from hpcmix.io.verify import verify
from hpcmix.running.launch import Request
from hpcmix.studies.check import _claim_directory

HELD = [(study, mark) for study in STUDIES for mark in study.marks]


def a_study(path, mark):
    path.mkdir(parents=True, exist_ok=True)
    (path / mark).write_text("{}")
    return path


@pytest.mark.parametrize(("study", "mark"), HELD)
def test_a_study_is_named_with_its_command_wherever_a_run_is_looked_for(tmp_path, study, mark):
    path = a_study(tmp_path / "out", mark)
    words = f"holds {study.name}, which {study.command} goes on with"
    with pytest.raises(NotARun, match=words):
        RunReader(path)
    with pytest.raises(Exception, match=words):
        Request.to_go_on(path, None).require_problem()
    (finding,) = verify(path)
    assert not finding.good and finding.text == words


@pytest.mark.parametrize(("study", "mark"), HELD)
def test_no_run_and_no_other_study_begins_in_a_study(tmp_path, study, mark):
    path = a_study(tmp_path / "out", mark)
    words = f"out holds {study.name}, which is left as it is"
    with pytest.raises(DirectoryInUse, match=words):
        RunDirectory.claim(path)
    if study is not CHECK:
        with pytest.raises(DirectoryInUse, match=words):
            _claim_directory(path, fresh=False)
    require_no_study(path, but=study)


def test_a_directory_in_that_of_a_run_names_the_run(tmp_path):
    a_study(tmp_path, "summary.json")
    (tmp_path / "slices").mkdir()
    words = f"holds no run of hpcmix itself; it lies in that of {tmp_path}"
    assert in_place_of_a_run(tmp_path / "slices") == words


def test_runs_right_below_are_named_where_somebody_gives_the_directory_around_them(tmp_path):
    assert in_place_of_a_run(tmp_path / "missing") == "is not there"
    (tmp_path / "file").write_text("")
    assert in_place_of_a_run(tmp_path / "file") == "is a file and no directory of a run"
    (tmp_path / "notes").mkdir()
    assert in_place_of_a_run(tmp_path) == "holds no run of hpcmix"
    a_study(tmp_path / "b", "summary.json")
    assert in_place_of_a_run(tmp_path) == f"holds no run of hpcmix itself; below it there is {tmp_path / 'b'}"
    for name in "acd":
        a_study(tmp_path / name, "sweep.json")
    named = ", ".join(str(tmp_path / name) for name in "abc")
    assert in_place_of_a_run(tmp_path) == f"holds no run of hpcmix itself; below it there are {named}, ..."


def test_a_directory_that_cannot_be_listed_holds_no_run(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    assert in_place_of_a_run(tmp_path) == "holds no run of hpcmix"


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (SWEEP, "holds a sweep: hpcmix sweep --collect {0} --what NAMES"),
        (CHECK, "{0} holds a check of a claim, which has one figure"),
        (SCALING, "{0} holds a scaling study, which has one figure"),
    ],
)
def test_plot_says_how_figures_of_a_study_are_chosen(tmp_path, study, words):
    path = a_study(tmp_path / "out", study.marks[0])
    answer = CliRunner().invoke(plot, [str(path), "--what", "energy"])
    assert words.format(path) in str(answer.exception)
