"""Every example card runs, and gives the numbers that stand in its expected.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.system.commands import hpcmix, summary

JOBS = Path(__file__).resolve().parents[2] / "jobs"
CARDS = sorted(path.parent for path in JOBS.glob("*/problem.toml"))


def test_there_are_cards_and_each_is_complete():
    assert len(CARDS) >= 4
    for card in CARDS:
        assert {"problem.toml", "expected.toml", "job.sbatch"} <= {path.name for path in card.iterdir()}, card


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_card_gives_its_numbers(card, tmp_path):
    expected = tomllib.loads((card / "expected.toml").read_text(encoding="utf-8"))
    settings = [part for entry in (*expected["set"], "output.directory=out") for part in ("--set", entry)]
    name = card.name.split("_", 1)[1]
    command = expected.get("command", "run")
    result = hpcmix(command, name, *settings, ranks=expected["ranks"], folder=tmp_path, timeout=280)
    assert result.returncode == 0, result.stderr
    assert expected["values"], "a card without numbers tests nothing"
    for key, wanted in expected["values"].items():
        value = summary(tmp_path / "out" / wanted.get("of", ""))  # of a sweep: of one of its points
        for part in key.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        if "at_most" in wanted:
            assert value <= wanted["at_most"], key
        else:
            assert value == pytest.approx(
                wanted["value"], rel=wanted.get("relative", 0.0), abs=wanted.get("absolute", 0.0)
            ), key


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_job_script_runs_its_own_card(card):
    script = (card / "job.sbatch").read_text(encoding="utf-8")
    assert script.startswith("#!/bin/bash\n# Made by: hpcmix job ") and "\n#SBATCH " in script
    expected = tomllib.loads((card / "expected.toml").read_text(encoding="utf-8"))
    assert f"hpcmix {expected.get('command', 'run')} {card.name.split('_', 1)[1]} " in script
