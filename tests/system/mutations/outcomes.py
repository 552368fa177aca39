"""Many cases, shared out to processes that fork one for each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tests.system.commands import clean_environment
from tests.system.mutations.judging import judged
from tests.system.mutations.mutate import mutated
from tests.system.mutations.problems import JOBS, cards


@dataclass(frozen=True)
class Outcome:
    """What became of a case: how its run ended, and what is wrong with that, empty where nothing is."""

    number: int
    description: str
    status: int | str | None
    fault: str


def outcomes(seed: int, count: int, first: int, folder: Path, workers: int = 2) -> Iterator[Outcome]:
    """Make the cases and see what becomes of each; those with a fault stay in the folder."""
    tables = cards()
    numbers = list(range(first, first + count))

    def work(mine: list[int]) -> Iterator[Outcome]:
        command = [sys.executable, "-m", "tests.system.mutations", "--serve"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(), cwd=JOBS.parent
        ) as server:
            for number in mine:
                description, text = mutated(seed, number, tables)
                place = folder / f"{number:06d}"
                place.mkdir()
                (place / "case.toml").write_text(text, encoding="utf-8")
                server.stdin.write(f"{place}\n")
                server.stdin.flush()
                fault, status = judged(place, json.loads(server.stdout.readline()))
                yield Outcome(number, description, status, fault)
                if not fault:
                    for path in folder.glob(f"{number:06d}*"):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
            server.stdin.close()

    def put(mine: list[int]) -> None:
        try:
            for outcome in work(mine):
                queue.put(outcome)
        finally:
            queue.put(None)

    queue: Queue[Outcome | None] = Queue()
    with ThreadPoolExecutor(workers) as pool:
        working = [pool.submit(put, numbers[place::workers]) for place in range(workers)]
        for _ in working:
            while (outcome := queue.get()) is not None:
                yield outcome
        for one in working:
            one.result()
