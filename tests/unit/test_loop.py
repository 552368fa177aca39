"""The time loop, with systems that are no simulations: when it votes, settles, saves, looks and stops."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.running.marching.loop import Duties, march
from hpcmix.running.stops.guard import BlowUp


class Counter:
    """Takes steps by counting; attempts in `rejected` fail, and part 1 is lost from a step on."""

    def __init__(self, events, rejected=(), lost_from=99):
        self.step, self.attempts = 0, 0
        self.events, self.rejected, self.lost_from = events, rejected, lost_from

    def advance(self):
        self.attempts += 1
        if self.attempts not in self.rejected:
            self.step += 1

    def settle(self):
        self.events.append(f"settle {self.step}")

    def not_finite(self):
        return np.array([0.0, float(self.step >= self.lost_from)])

    def lost(self, parts):
        return BlowUp(f"parts {np.flatnonzero(parts).tolist()} in step {self.step}")


class Diary(Duties):
    """Notes what it is asked to do."""

    def __init__(self, system, events, steps, due=(), saves=(), stop_at=None):
        self.system, self.events, self.steps = system, events, steps
        self.looks, self.saves, self.stop_at, self.attempts = due, saves, stop_at, 0

    @property
    def over(self):
        return self.system.step >= self.steps

    def wants_checkpoint(self):
        return self.system.step in self.saves

    def wants_stop(self, seconds):
        assert seconds >= 0.0
        return 17 if self.system.step == self.stop_at else 0

    def attempted(self, seconds):
        self.attempts += 1

    @property
    def due(self):
        return self.system.step in self.looks

    def look_within(self):
        self.events.append(f"within {self.system.step}")

    def save(self):
        self.events.append(f"save {self.system.step}")

    def look(self):
        self.events.append(f"look {self.system.step}")

    def tell(self):
        self.events.append(f"tell {self.system.step}")


class Steps(Duties):
    """So many of them, and nothing else."""

    def __init__(self, system, steps):
        self.system, self.steps = system, steps

    @property
    def over(self):
        return self.system.step >= self.steps


def marched(systems, duties):
    timers = Timers()
    code = march(systems, duties, MPI.COMM_SELF, timers)
    return code, timers.calls.get("vote", 0)


def test_what_is_due_comes_in_order_and_nothing_is_settled_unseen():
    events = []
    system = Counter(events)
    assert marched([system], Diary(system, events, 3, due=(2,), saves=(2, 3))) == (0, 3)
    assert events == [
        "within 1", "tell 1",
        "within 2", "settle 2", "save 2", "look 2", "tell 2",
        "within 3", "settle 3", "save 3", "tell 3",
    ]  # fmt: skip


def test_a_stop_saves_and_does_not_look():
    events = []
    system = Counter(events)
    duties = Diary(system, events, 5, due=(1,), stop_at=1)
    assert marched([system], duties) == (17, 1)
    assert events == ["within 1", "settle 1", "save 1"]


def test_a_stop_at_the_end_comes_too_late():
    events = []
    system = Counter(events)
    assert marched([system], Diary(system, events, 1, due=(1,), stop_at=1)) == (0, 1)
    assert events == ["within 1", "settle 1", "look 1", "tell 1"]


def test_a_rejected_attempt_is_no_step():
    """Nobody votes or looks, also where something is due at the step that the state is still at."""
    events = []
    system = Counter(events, rejected=(2, 3))
    duties = Diary(system, events, 2, due=(1,))
    assert marched([system], duties) == (0, 2)
    assert duties.attempts == system.attempts == 4
    assert events == ["within 1", "settle 1", "look 1", "tell 1", "within 2", "tell 2"]


def test_several_march_together_and_who_is_lost_says_so():
    events = []
    systems = [Counter(events), Counter(events, lost_from=2)]
    duties = Diary(systems[0], events, 5, due=(1, 2), saves=(2,))
    with pytest.raises(BlowUp, match=r"parts \[1\] in step 2"):
        march(systems, duties, MPI.COMM_SELF, Timers())
    assert [system.step for system in systems] == [2, 2]
    assert events == ["within 1", "settle 1", "settle 1", "look 1", "tell 1"]


def test_steps_alone_need_no_more_than_their_end():
    system = Counter([])
    assert marched([system], Steps(system, 4)) == (0, 4)
    assert system.events == [] and marched([system], Steps(system, 4)) == (0, 0)
