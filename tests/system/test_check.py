"""``hpcmix check``: the real command, alone and on several ranks, stopped and gone on with."""

from __future__ import annotations

import json

import pytest

from tests.physics.claims import TRAPPED, mixture, released
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
    assert again.returncode == 4 and "holds the outcome of another check already" in again.stderr
    same = hpcmix("check", "scattering-rates", file, "--numbers", "16,64,256", folder=tmp_path)
    assert same.returncode == 0 and "holds the outcome of this check" in same.stdout
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


def test_excitations_stay_bounded_and_a_check_of_them_goes_on(tmp_path):
    """Stopped in the middle of its first part, the check goes on on other ranks and finds that no exponent grows."""
    file, directory = tmp_path / "small.toml", tmp_path / "runs" / "small"
    file.write_text(released(6), encoding="utf-8")
    arguments = ("check", "excitations-bounded", file, "--numbers", "16,64,256")
    directory.mkdir(parents=True)
    (directory / "STOP").touch()
    result = hpcmix(*arguments, folder=tmp_path)
    assert result.returncode == 75 and not (directory / "claim.json").exists(), result.stderr
    assert list((directory / "tracks").glob("*/0/checkpoints/*.h5"))
    result = hpcmix(*arguments, ranks=2, folder=tmp_path)
    assert result.returncode == 0 and "verdict: consistent" in result.stdout, result.stderr
    found = report(tmp_path)
    assert found["holds"] is True and [row[0] for row in found["rows"]] == [16, 64, 256]
    (dressed,) = (fit for fit in found["fits"] if fit["quantity"] == "sup_t N_Xi")
    assert dressed["interval"][0] < 0.0 < dressed["interval"][1]
    assert (directory / "claim.png").stat().st_size > 10_000
    without = tmp_path / "vacuum.toml"
    without.write_text(released().replace('"correlated"', '"vacuum"'), encoding="utf-8")
    result = hpcmix("check", "excitations-bounded", without, folder=tmp_path)
    assert result.returncode == 2 and 'must be "correlated"' in result.stderr and "Traceback" not in result.stderr


def test_growth_of_fluctuations_is_the_same_for_every_number(tmp_path):
    """With the scaling of the mean field; without it the outcome is a negative verdict."""
    file = tmp_path / "small.toml"
    file.write_text(TRAPPED, encoding="utf-8")
    arguments = ("--numbers", "12,1200", "--set", "time.final=0.4")
    result = hpcmix("check", "fluctuation-growth", file, *arguments, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "verdict: consistent" in result.stdout and "sinh^2" in result.stdout
    first, second = report(tmp_path)["rows"]
    assert first[1:] == pytest.approx(second[1:], rel=1e-9)
    assert (tmp_path / "runs" / "small" / "claim.png").stat().st_size > 10_000
    file.write_text(TRAPPED.replace('[scaling]\nkind = "fractions"\n', ""), encoding="utf-8")
    arguments = ("--numbers", "1,2", "--set", "time.final=0.2", "--restart", "never")
    result = hpcmix("check", "fluctuation-growth", file, *arguments, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "NOT CONSISTENT" in result.stdout and "depends on N" in result.stdout
    assert report(tmp_path)["holds"] is False


COMMUTATORS = ("check", "semiclassical-bounds", "semiclassical-bounds", "--numbers", "4,10,20")
COMMUTATORS += ("--set", "grid.points=[14,14,14]", "--set", "time.step=0.05", "--set", "time.final=0.1")


def check_commutators(folder, name, *options, stop=False, ranks=1):
    """Measure commutators on a coarse grid in a directory, with a file STOP in it; the result and the rows."""
    directory = folder / name
    directory.mkdir(exist_ok=True)
    if stop:
        (directory / "STOP").touch()
    result = hpcmix(*COMMUTATORS, *options, "--set", f"output.directory={name}", ranks=ranks, folder=folder)
    claim = directory / "claim.json"
    return result, json.loads(claim.read_text(encoding="utf-8"))["rows"] if claim.exists() else None


def test_commutators_go_on_from_the_middle_of_their_evolution(tmp_path):
    """Stopped after the first step of a part, with a checkpoint of all orbitals; the numbers are those of a
    check that nobody stopped, to the bit on as many ranks."""
    whole, rows = check_commutators(tmp_path, "whole", "--max-wall", "1h")
    assert whole.returncode == 0 and len(rows) == 3 and len(rows[0]) == 8, whole.stderr
    stopped, nothing = check_commutators(tmp_path, "stopped", stop=True)
    assert stopped.returncode == 75 and nothing is None, stopped.stderr
    (checkpoint,) = (tmp_path / "stopped" / "tracks").glob("*/0/checkpoints/*.h5")
    assert checkpoint.name == "000001.h5"
    record = json.loads((checkpoint.parents[2] / "record.json").read_text(encoding="utf-8"))
    assert record["done"] is False and [row[0] for row in record["rows"]] == [0.0]
    result, found = check_commutators(tmp_path, "stopped", "--max-wall", "1h")
    assert result.returncode == 0 and found == rows, result.stderr
    assert not checkpoint.exists()
    # two parts at a time, both stopped in the middle; singular values of zero come out as roots of rounding, 1e-8
    stopped, _ = check_commutators(tmp_path, "other", stop=True, ranks=2)
    assert stopped.returncode == 75 and len(list((tmp_path / "other" / "tracks").iterdir())) == 2, stopped.stderr
    result, found = check_commutators(tmp_path, "other", ranks=3)
    assert result.returncode == 0, result.stderr
    for row, other in zip(found, rows, strict=True):
        assert row == pytest.approx(other, rel=1e-7)


def test_commutators_of_the_beginning_are_kept_part_by_part(tmp_path):
    """Without an evolution a check stops between two of its parts."""
    stopped, _ = check_commutators(tmp_path, "start", "--at-start", stop=True)
    assert stopped.returncode == 75 and "9 parts to compute" in stopped.stdout, stopped.stderr
    result, rows = check_commutators(tmp_path, "start", "--at-start", "--max-wall", "1h")
    assert result.returncode == 0 and "1 of 9 parts are stored from before" in result.stdout, result.stderr
    assert len(rows) == 3 and len(rows[0]) == 5


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
