"""``hpcmix check vlasov-limit``: the real command, alone and on two ranks, stopped and gone on with, and refused."""

from __future__ import annotations

import json

import pytest

from tests.physics.test_vlasov_limit import FILE
from tests.system.commands import hpcmix

NUMBERS = ("--numbers", "5,8,14", "--markers", "8192")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(FILE.format(points=256), encoding="utf-8")
    return path


def report(folder):
    return json.loads((folder / "runs" / "small" / "claim.json").read_text(encoding="utf-8"))


def test_a_check_is_stopped_and_goes_on_on_other_ranks(file, tmp_path):
    """Two ranks that find the file STOP end with 75; one rank goes on and comes to what three find that nobody
    stopped."""
    directory = tmp_path / "runs" / "small"
    directory.mkdir(parents=True)
    (directory / "STOP").touch()
    arguments = ("check", "vlasov-limit", file, *NUMBERS)
    result = hpcmix(*arguments, ranks=2, folder=tmp_path, timeout=300)
    assert result.returncode == 75, result.stderr
    assert "the same command goes on" in result.stdout and not (directory / "STOP").exists()
    assert list((directory / "tracks").iterdir())
    result = hpcmix(*arguments, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    interrupted = report(tmp_path)
    assert interrupted["holds"] is True, interrupted["verdict"]
    assert {"claim.png", "claim.txt", "check.log"} <= {path.name for path in directory.iterdir()}
    assert interrupted["asked"]["markers"] == 8192
    assert [fit["quantity"] for fit in interrupted["fits"]] == ["D", "phi", "Q", "Q of phi"]
    same = hpcmix(*arguments, folder=tmp_path)
    assert same.returncode == 0 and "holds the outcome of this check" in same.stdout
    result = hpcmix(*arguments, "--restart", "never", ranks=3, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    whole = report(tmp_path)
    assert whole["ranks"] == 3
    for row, other in zip(whole["rows"], interrupted["rows"], strict=True):
        # distances are differences of numbers of the order of one, which agree to rounding; places of a supremum that
        # is flat to its roots
        assert row == pytest.approx(other, rel=1e-4, abs=1e-13)


def test_what_it_is_not_about(file, tmp_path):
    """Exit status 2, a sentence with the line, and nothing computed."""
    contact = file.read_text().replace(
        'kind = "gaussian"\nstrength = 1.0\nwidth = 0.7', 'kind = "contact"\nstrength = 1'
    )
    file.write_text(contact)
    line = next(number for number, text in enumerate(contact.splitlines(), 1) if "contact" in text)
    result = hpcmix("check", "vlasov-limit", file, *NUMBERS, folder=tmp_path)
    assert result.returncode == 2 and f"small.toml:{line}: interaction.0.kind" in result.stderr
    assert "smooth kernel" in result.stderr
    few = hpcmix("check", "vlasov-limit", file, "--numbers", "5,8", folder=tmp_path)
    assert few.returncode == 2 and "smooth kernel" in few.stderr
    elsewhere = hpcmix("check", "conservation", file, "--markers", "4096", folder=tmp_path)
    assert elsewhere.returncode == 2 and "means nothing to the claim conservation" in elsewhere.stderr
