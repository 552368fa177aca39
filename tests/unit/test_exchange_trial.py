"""The trial of exchanges on machines whose timings are given: quiet ones, and ones that others work on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from hpcmix.parallel.transforms import trial
from hpcmix.parallel.transforms.trial import MOST_ROUNDS, ROUNDS, Trial, choice, measured

WAYS = ["shared-memory", "packed-messages", "sub-array-messages"]


def machine(seconds: dict[str, Sequence[float]]) -> tuple[Callable[[str], float], list[str]]:
    """Drifts that take the given times, over and over, and the list of the ways that were tried. The first one of a way
    is slow: it makes the exchange."""
    tried: list[str] = []

    def drift(way: str) -> float:
        tried.append(way)
        number = tried.count(way) - 2
        return 1.0 if number < 0 else seconds[way][number % len(seconds[way])]

    return drift, tried


def chosen(seconds: dict[str, Sequence[float]]) -> tuple[str, int]:
    """The way, and how many rounds it took."""
    drift, tried = machine(seconds)
    result = measured(list(seconds), drift)
    return choice(result), len(tried) // len(seconds) - 1


def test_on_a_quiet_machine_three_rounds_choose_the_quickest():
    quiet = {"shared-memory": [2.0e-3, 2.02e-3], "packed-messages": [3e-3], "sub-array-messages": [2.5e-3]}
    assert chosen(quiet) == ("shared-memory", ROUNDS)
    # messages that are really quicker are taken, although only by more than the times scatter
    quicker = quiet | {"packed-messages": [1.5e-3, 1.51e-3]}
    assert chosen(quicker) == ("packed-messages", ROUNDS)
    assert chosen({way: quicker[way] for way in WAYS[1:]}) == ("packed-messages", ROUNDS)


def test_on_a_busy_machine_it_is_repeated_until_the_quickest_shows():
    """Three rounds of shared memory were all disturbed; without a fourth, messages would cost most of the run."""
    busy = {
        "shared-memory": [9e-3, 12e-3, 8e-3, 1e-3, 11e-3],
        "packed-messages": [3e-3, 7e-3, 3.5e-3],
        "sub-array-messages": [4e-3],
    }
    way, rounds = chosen(busy)
    assert way == "shared-memory"
    assert ROUNDS < rounds <= MOST_ROUNDS


def test_shared_memory_is_preferred_within_the_spread():
    scattered = {
        "shared-memory": [2.2e-3, 3.3e-3, 3.5e-3],
        "packed-messages": [2e-3, 3e-3],
        "sub-array-messages": [9e-3],
    }
    assert chosen(scattered) == ("shared-memory", MOST_ROUNDS)
    beyond = scattered | {"shared-memory": [4.2e-3, 4.3e-3]}  # twice as slow where times vary by a quarter
    assert chosen(beyond)[0] == "packed-messages"


def test_it_ends_after_some_seconds_however_the_times_scatter(monkeypatch):
    monkeypatch.setattr(trial, "LONGEST_SECONDS", 1.0)
    slow = {"shared-memory": [0.1, 0.2, 0.2], "packed-messages": [0.1, 0.2, 0.1]}  # 0.9 s in three rounds
    assert chosen(slow)[1] == 4  # not before ROUNDS, and then at once


def test_the_log_says_what_was_measured_and_why_it_did_not_decide():
    clear = Trial("shared-memory", {"shared-memory": [1e-3] * 3, "packed-messages": [2e-3] * 3})
    assert clear.description == ["exchange chosen by a trial: shared memory 1 ms, packed messages 2 ms"]
    doubtful = Trial("shared-memory", {"shared-memory": [2e-3, 3e-3, 3e-3], "packed-messages": [1.9e-3] * 3})
    assert doubtful.description[0].endswith("; they vary by 50% here, and shared memory is preferred")
    assert Trial("packed-messages").description == []


@pytest.mark.parametrize("ways", [WAYS, WAYS[1:]])
def test_every_way_has_as_many_rounds(ways):
    drift, tried = machine({way: [1e-3, 5e-3, 9e-3] for way in ways})
    result = measured(ways, drift)
    assert {len(taken) for taken in result.values()} == {MOST_ROUNDS}
    assert tried[: 2 * len(ways)] == ways * 2  # in turns, so that a disturbance meets all of them
