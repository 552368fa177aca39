"""The head of a state in files and in digests."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from hpcmix.io.checkpoints.header import state_digest
from hpcmix.io.checkpoints.progress_entries import attributes_of, progress_of, texts_of
from hpcmix.problem.times.fixed_steps import Mark
from hpcmix.state.progress import Adaptation, Lost, Progress

FIXED = Progress(40, 0.1, -0.1 / 3)
MARKED = replace(FIXED, mark=Mark(7, 0.31, 0.08))
ADAPTIVE = Progress(3, 0.25, 0.05, Adaptation(0.7, 0.5, error=0.4, rejected=2, smallest=0.1, estimate=1e-7))

OTHER = {
    "step": 41,
    "step_size": 0.2,
    "pending_kick": 0.3,
    "adaptation": Adaptation(),
    "mark": Mark(1, 0.5, 0.5),
    "lost": Lost(((0.1, 1.0 / 3.0), (0.0, 7e-12))),
}
"""Another value of every entry."""


@pytest.mark.parametrize("progress", [Progress(), FIXED, MARKED, ADAPTIVE])
def test_what_is_written_comes_back(progress):
    assert progress_of(attributes_of(progress)) == progress


@pytest.mark.parametrize("name", [entry.name for entry in fields(Progress)])
def test_every_entry_is_stored_and_counts_for_the_digest(name):
    changed = replace(FIXED, **{name: OTHER[name]})
    assert progress_of(attributes_of(changed)) == changed != FIXED
    assert texts_of(changed) != texts_of(FIXED)


@pytest.mark.parametrize(
    ("progress", "attributes"),
    [
        (FIXED, {"step": 40, "step_size": 0.1, "pending_kick": -0.1 / 3}),
        (
            MARKED,
            {
                "step": 40,
                "step_size": 0.1,
                "pending_kick": -0.1 / 3,
                "mark": '{"step": 7, "time": 0.31, "before": 0.08}',
            },
        ),
        (
            ADAPTIVE,
            {
                "step": 3,
                "step_size": 0.25,
                "pending_kick": 0.05,
                "adaptation": '{"time": 0.7, "previous": 0.5, "error": 0.4, "retrying": false, "rejected": 2, '
                '"smallest": 0.1, "largest": null, "estimate": 1e-07}',
            },
        ),
    ],
    ids=["fixed", "marked", "adaptive"],
)
def test_attributes_are_those_of_files_written_before(progress, attributes):
    assert attributes_of(progress) == attributes and progress_of(attributes) == progress


DIGESTS_BEFORE = {
    "fixed": "20d1d4cbf64ab8aaa7ac10b2f7110cde",
    "marked": "d75e039098c73e8385beba6c3ad35098",
    "adaptive": "944dea5f9f4083d8ff9e96ab1c2dadd7",
}


@pytest.mark.parametrize("name", DIGESTS_BEFORE)
def test_digests_are_those_of_states_written_before(name):
    progress = {"fixed": FIXED, "marked": MARKED, "adaptive": ADAPTIVE}[name]
    assert state_digest({"a/orbitals": "0" * 32}, progress) == DIGESTS_BEFORE[name]


def test_an_entry_that_a_file_must_have():
    with pytest.raises(KeyError, match="pending_kick"):
        progress_of({"step": 1, "step_size": 0.1, "mark": "{}"})


def test_numbers_of_files_become_plain_ones():
    read = progress_of({"step": np.int64(3), "step_size": np.float64(0.1), "pending_kick": np.float64(0.0)})
    assert (type(read.step), type(read.step_size)) == (int, float)


def test_time_goes_on_where_adaptive_steps_follow_fixed_ones():
    follows = MARKED.adaptive()
    assert follows.time == MARKED.time and follows.last_step == pytest.approx(MARKED.last_step)
    assert follows.pending_kick == MARKED.pending_kick and follows.adaptive() is follows
