"""Cards with mistakes in them (tests/system/mutations): a sentence or a run, never a traceback; nothing computes
long before its first step, takes memory without bounds, or writes outside of its directory."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning.preflight import preflight
from tests.system.commands import clean_environment
from tests.system.mutations.judging import judged
from tests.system.mutations.mutate import mutated
from tests.system.mutations.outcomes import outcomes
from tests.system.mutations.problems import JOBS, cards
from tests.system.mutations.toml_text import toml

SEED = os.environ.get("HPCMIX_MUTATION_SEED")
"""Of the long test; another one each time unless it is set. A fault names its seed and number, which make it again:
python -m tests.system.mutations --seed SEED --first NUMBER --count 1 --keep DIR"""


def faults_of(seed: int, count: int, folder) -> str:
    print(f"seed {seed}, {count} cases")
    found = list(outcomes(seed, count, 0, folder))
    assert len(found) == count
    # a file is worth little that is refused however it is changed, or that may say anything
    refused = sum(one.status == 2 for one in found)
    assert 0.3 * count < refused < 0.95 * count
    return "\n".join(f"seed {seed}, case {one.number}: {one.description}: {one.fault}" for one in found if one.fault)


def test_the_cards_themselves_are_right():
    for tables in cards().values():
        preflight(parse_problem(toml(tables)))


def test_a_case_is_made_from_its_seed_and_number():
    tables = cards()
    assert mutated(5, 17, tables) == mutated(5, 17, tables) != mutated(6, 17, tables)
    assert cards() == tables, "a mutation changes the card of the next case"


@pytest.mark.timeout(1200)  # 10 s of processor time, by which what takes long is judged too
def test_thirty_mutations(tmp_path):
    assert not (faults := faults_of(20260801, 30, tmp_path)), faults


@pytest.mark.slow
def test_a_case_of_bodies_ends_after_two_steps(tmp_path):
    tables = cards()["73_stirred-fermi-sea"]
    tables["time"] |= {"final": 200.0, "step": 0.05}
    tables["output"]["observables"] = {"every": 2}
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.toml").write_text(toml(tables))
    served = subprocess.run(
        [sys.executable, "-m", "tests.system.mutations", "--serve"],
        input=f"{tmp_path / 'case'}\n",
        capture_output=True,
        text=True,
        env=clean_environment(),
        cwd=JOBS.parent,
    )
    assert judged(tmp_path / "case", json.loads(served.stdout)) == ("", 75)
    assert "2 of 4000 steps" in (tmp_path / "case.run").read_text()


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_two_thousand_mutations(tmp_path):
    seed = int(SEED) if SEED else random.SystemRandom().randrange(10**6)
    assert not (faults := faults_of(seed, 2000, tmp_path)), faults
