"""``hpcmix check`` of N bodies: the real command, alone and on two ranks, stopped and gone on with, and refused."""

from __future__ import annotations

import json

import pytest

from tests.physics.bodies_on_a_ring import STIRRED, ring
from tests.system.commands import hpcmix

RING = ring(excitations=4, tolerance=1e-7, final=0.2)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RING, encoding="utf-8")
    return path


def report(folder):
    return json.loads((folder / "runs" / "small" / "claim.json").read_text(encoding="utf-8"))


def test_a_check_is_stopped_and_goes_on_on_other_ranks(file, tmp_path):
    """Two ranks that find the file STOP end with 75; one rank goes on with what is left and comes to the same as three
    that nobody stopped."""
    directory = tmp_path / "runs" / "small"
    directory.mkdir(parents=True)
    (directory / "STOP").touch()
    arguments = ("check", "mean-field-limit", file, "--numbers", "48,192,768")
    result = hpcmix(*arguments, ranks=2, folder=tmp_path, timeout=300)
    assert result.returncode == 75, result.stderr
    assert "the same command goes on" in result.stdout and not (directory / "STOP").exists()
    assert list(directory.glob("tracks/*/state/*.npy"))
    result = hpcmix(*arguments, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    interrupted = report(tmp_path)
    assert {"claim.png", "claim.txt", "check.log"} <= {path.name for path in directory.iterdir()}
    assert not list(directory.glob("tracks/*/state"))
    assert interrupted["columns"][:4] == ["N", "N_1", "N_2", "alpha(1,0)"]
    names = [curve["name"] for curve in interrupted["curves"]]
    assert {"N = 48", "Bogoliubov", "R(1,1), N = 768"} <= set(names)
    assert "fewer modes" not in interrupted["numerical_errors"][0]["changes"]
    again = hpcmix(*arguments, folder=tmp_path)
    assert again.returncode == 0 and "holds the outcome of this check" in again.stdout
    result = hpcmix(*arguments, "--restart", "never", ranks=3, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    for row, other in zip(report(tmp_path)["rows"], interrupted["rows"], strict=True):
        assert row == pytest.approx(other, rel=1e-6)


def test_fermions_and_bosons(tmp_path):
    (tmp_path / "small.toml").write_text(STIRRED, encoding="utf-8")
    arguments = ("check", "bose-fermi-limit", "small.toml", "--bosons", "2,4,6")
    result = hpcmix(*arguments, "--set", "time.final=0.1", ranks=2, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    assert report(tmp_path)["columns"] == ["M", "N", "F", "B"]
    assert [row[:2] for row in report(tmp_path)["rows"]] == [[1.0, 2.0], [1.0, 4.0], [1.0, 6.0]]


def test_those_outside_on_two_ranks(tmp_path):
    """Rows of psi on two ranks make the same distance from the state of the limit as on one."""
    (tmp_path / "small.toml").write_text(RING, encoding="utf-8")
    arguments = ("check", "bogoliubov-limit", "small.toml", "--numbers", "12,24,48", "--set", "time.final=0.1")
    tables = []
    for ranks in (2, 1):
        result = hpcmix(*arguments, "--restart", "never", ranks=ranks, folder=tmp_path, timeout=300)
        assert result.returncode == 0, result.stderr
        tables.append(report(tmp_path))
    assert tables[0]["columns"][-1] == "|psi - Phi|" and tables[0]["holds"] is not False
    for row, other in zip(tables[0]["rows"], tables[1]["rows"], strict=True):
        assert row == pytest.approx(other, rel=1e-6)  # of the evolution's tolerance, 1e-7


@pytest.mark.parametrize(
    ("claim", "options", "sentence"),
    [
        ("bogoliubov-limit", ("--numbers", "12,13,48,192"), "13 particles cannot be divided in the ratio 2:1"),
        ("bogoliubov-limit", ("--set", 'many_body.picture="occupations"'), "many_body.excitations"),
        ("mean-field-limit", ("--numbers", "12,13,48,192"), "13 particles cannot be divided in the ratio 2:1"),
        ("mean-field-limit", ("--numbers", "12,48"), "at least 3 different numbers"),
        ("mean-field-limit", ("--numbers", "12,12,48,-3"), "12 more than once"),
        ("mean-field-limit", ("--bosons", "4,8,12"), "means nothing to the claim"),
        ("bose-fermi-limit", ("--bosons", "4,8,12"), "one species of fermions and one of bosons"),
    ],
)
def test_what_is_refused(file, tmp_path, claim, options, sentence):
    result = hpcmix("check", claim, file, *options, folder=tmp_path)
    assert result.returncode == 2 and sentence in result.stderr, result.stderr
    assert not (tmp_path / "runs" / "small" / "claim.json").exists()


def test_a_file_without_bodies_is_refused(tmp_path):
    result = hpcmix("check", "mean-field-limit", "immiscible-ring", folder=tmp_path)
    assert result.returncode == 2 and "it needs [many_body] with modes" in result.stderr
