"""What observables.h5 costs while a run goes on: bytes written, on a clock that is given."""

from __future__ import annotations

import pytest

from hpcmix.running.schedules.datasets import GROWTH, SHARE, DatasetSchedule

RECORD = 1000


class Run:
    """Snapshots with a record each, some seconds apart; a file of so many bytes takes `seconds_per_byte` each."""

    def __init__(self, seconds_between: float, seconds_per_byte: float) -> None:
        self.now, self.bytes, self.lengths = 0.0, 0, []
        self._between, self._per_byte = seconds_between, seconds_per_byte
        self._schedule = DatasetSchedule(lambda: self.now)

    def snapshots(self, number: int) -> Run:
        for place in range(1, number + 1):
            self.now += self._between
            length = place * RECORD
            if self._schedule.due(length):
                self._schedule.write(length, lambda length=length: self._write(length))
        return self

    def _write(self, length: int) -> None:
        self.bytes += length
        self.now += length * self._per_byte
        self.lengths.append(length)


@pytest.mark.parametrize("number", [1, 2, 50, 200, 400, 5000])
def test_the_bytes_written_are_linear_in_those_of_the_series(number):
    run = Run(seconds_between=0.0, seconds_per_byte=1e-6).snapshots(number)
    assert run.lengths[0] == RECORD  # there is a file from the first snapshot on
    assert run.bytes <= GROWTH / (GROWTH - 1.0) * number * RECORD
    assert number * RECORD < GROWTH * run.lengths[-1] + RECORD  # and it holds half of the records at least


def test_a_long_run_is_written_at_every_snapshot_for_a_small_share_of_its_time():
    quick = Run(seconds_between=60.0, seconds_per_byte=1e-6).snapshots(300)  # the longest takes 0.3 s
    assert quick.lengths == [RECORD * place for place in range(1, 301)]
    slow = Run(seconds_between=60.0, seconds_per_byte=1e-4).snapshots(300)  # the longest takes 30 s
    assert 9 < len(slow.lengths) < 300
    doublings = 2.0 * 300 * RECORD * 1e-4  # which come whatever they cost
    assert slow.bytes * 1e-4 <= SHARE * slow.now + doublings


def test_nothing_is_written_of_a_series_that_has_not_grown():
    schedule = DatasetSchedule()
    assert not schedule.due(0)
    schedule.write(RECORD, lambda: None)
    assert not schedule.due(RECORD) and schedule.due(2 * RECORD)
