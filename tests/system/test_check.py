"""``hpcmix check``: the real command, alone and on several ranks, stopped and gone on with."""

from __future__ import annotations

import json

import pytest

from tests.physics.claims import mixture
from tests.system.commands import hpcmix

SMALL = mixture(points=10, step=0.1, every=3)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def report(folder):
    return json.loads((folder / "runs" / "small" / "claim.json").read_text(encoding="utf-8"))


def test_a_claim_without_dynamics(file, tmp_path):
    result = hpcmix("check", "scattering-rates", file, "--numbers", "16,64,256", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "verdict: consistent" in result.stdout
    found = report(tmp_path)
    assert found["holds"] is True and len(found["rows"]) == 3 and found["numerical_errors"]
    assert {"claim.png", "claim.txt", "check.log"} <= {path.name for path in (tmp_path / "runs" / "small").iterdir()}
    again = hpcmix("check", "scattering-rates", file, folder=tmp_path)
    assert again.returncode == 4 and "holds the outcome of a check already" in again.stderr
    run = hpcmix("run", file, folder=tmp_path)
    assert run.returncode == 4 and "holds a check of a claim" in run.stderr
    assert "--restart never moves it aside" in again.stderr
    notes, whole = tmp_path / "runs" / "small" / "notes.txt", (tmp_path / "runs" / "small" / "claim.json").read_bytes()
    notes.write_text("the user's own")
    fresh = hpcmix("check", "scattering-rates", file, "--numbers", "16,64,256", "--restart", "never", folder=tmp_path)
    assert fresh.returncode == 0, fresh.stderr
    aside = tmp_path / "runs" / "small.previous-1"
    assert f"is now in {aside}" in fresh.stdout and not notes.exists()
    assert (aside / "notes.txt").read_text() == "the user's own" and (aside / "claim.json").read_bytes() == whole


def test_a_check_is_stopped_and_goes_on_on_other_ranks(file, tmp_path):
    """Two ranks that find the file STOP end with 75; one rank goes on with what is left and comes to the same."""
    directory = tmp_path / "runs" / "small"
    directory.mkdir(parents=True)
    (directory / "STOP").touch()
    arguments = ("check", "gross-pitaevskii-limit", file, "--numbers", "16,64,256")
    result = hpcmix(*arguments, ranks=2, folder=tmp_path, timeout=300)
    assert result.returncode == 75, result.stderr
    assert "the same command goes on" in result.stdout and not (directory / "STOP").exists()
    assert not (directory / "claim.json").exists() and list((directory / "tracks").iterdir())
    result = hpcmix(*arguments, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    interrupted = report(tmp_path)
    assert interrupted["holds"] is True
    result = hpcmix(*arguments, "--restart", "never", ranks=3, folder=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr
    aside = tmp_path / "runs" / "small.previous-1"
    assert list((aside / "tracks").iterdir()) and json.loads((aside / "claim.json").read_text()) == interrupted
    whole = report(tmp_path)
    assert whole["ranks"] == 3
    for row, other in zip(whole["rows"], interrupted["rows"], strict=True):
        assert row[:2] == pytest.approx(other[:2], rel=1e-9)


@pytest.mark.parametrize(
    ("claim", "change", "complaint"),
    [
        ("gross-pitaevskii-limit", ('kind = "scattering"', 'kind = "contact"\nstrength = 1.0\n#'), "scattering"),
        ("scattering-rates", ("height = 10.0", "height = -0.1"), "V >= 0"),
        ("dispersion", ("step = 0.1", "step = { tolerance = 1e-6 }"), "must be a number"),
    ],
)
def test_files_that_a_claim_is_not_about(tmp_path, claim, change, complaint):
    file = tmp_path / "small.toml"
    text = SMALL.replace(*change)
    if claim == "gross-pitaevskii-limit":
        lines = [line for line in text.splitlines() if not line.startswith(("potential = { kind", "particles = 100"))]
        text = "\n".join(line for line in lines if not line.startswith("neumann_radius"))
    file.write_text(text, encoding="utf-8")
    result = hpcmix("check", claim, file, folder=tmp_path)
    assert result.returncode == 2, result.stderr
    assert complaint in result.stderr and "Traceback" not in result.stderr


def test_too_few_numbers_and_unknown_claims(file, tmp_path):
    result = hpcmix("check", "pair-excitation", file, "--numbers", "16,64", folder=tmp_path)
    assert result.returncode == 2 and "three different" in result.stderr
    result = hpcmix("check", "nonsense", file, folder=tmp_path)
    assert result.returncode == 2 and "scattering-rates" in result.stderr
