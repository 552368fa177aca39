"""Points of a sweep side by side on parts of the ranks: each is the single run on as many ranks, to the bit; what stops
or ends one part ends all."""

from __future__ import annotations

import json

import pytest

from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.company import crowding, in_parts, wait_for_all
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.launch import Request as SingleRequest
from hpcmix.running.launch import launch
from hpcmix.studies.sweeps import sweeping
from hpcmix.studies.sweeps.command import Request, sweep
from hpcmix.studies.sweeps.side_by_side import parts_for
from hpcmix.studies.sweeps.tally import OTHERS, Tally

SWEPT = """
title = "Gases of two strengths"
[grid]
points = [16, 12]
lengths = [12.0, 10.0]
[[species]]
name = "a"
particles = 10.0
initial = { kind = "ground-state" }
potential = [{ kind = "harmonic", frequency = [1.0, 1.2] }]
[[interaction]]
between = ["a", "a"]
kind = "gaussian"
width = 0.8
strength = 0.1
[time]
final = 0.1
step = 0.05
[output]
resolution = "ignore"
directory = "DIRECTORY"
[sweep]
[sweep.keys]
interaction.0.strength = [0.1, 0.2, 0.3, 0.4]
"""


@pytest.fixture
def place(comm, shared_tmp_path, monkeypatch):
    """With the file there; figures, which take a second, are left out."""
    monkeypatch.setattr("hpcmix.studies.sweeps.figure.draw_sweep", lambda found, path, what: path.touch())
    if comm.rank == 0:
        (shared_tmp_path / "swept.toml").write_text(SWEPT.replace("DIRECTORY", str(shared_tmp_path / "out")))
    comm.Barrier()
    return shared_tmp_path


def digest(run):
    return json.loads((run / "summary.json").read_text())["digest"]


def test_points_at_once_are_the_single_runs_to_the_bit(comm, place):
    """On half of the ranks each, where there are two halves."""
    at_once = 2 if comm.size % 2 == 0 else 1
    file = str(place / "swept.toml")
    assert sweep(Request(file, at_once=at_once)) == ExitStatus.DONE
    with in_parts(comm, at_once) as part:
        number = comm.rank * at_once // comm.size
        single, strength = place / f"single-{number}", (0.2, 0.3)[number]
        options = [f"interaction.0.strength={strength}", f'output.directory="{single}"']
        assert launch(SingleRequest(file, options, restart="never")) == ExitStatus.DONE
        swept = place / f"out/points/interaction.0.strength={strength}"
        assert part.size == comm.size // at_once == json.loads((swept / "summary.json").read_text())["ranks"]
        assert digest(swept) == digest(single)
        wait_for_all(comm)
    if comm.rank == 0:
        lines = (place / "out/sweep.log").read_text().splitlines()
        assert sorted(line.split(" of ")[0] for line in lines if " of 4: " in line) == ["1", "2", "3", "4"]
        assert "4 of 4 points computed" in lines
    comm.Barrier()


def test_the_world_is_the_part_inside(comm):
    with in_parts(comm, comm.size) as part:
        assert world() is part and part.size == 1 and crowding() == comm.size  # all on the node of the test
    assert world().size == comm.size and crowding() == 1.0


def test_the_error_of_one_part_is_everybodys_and_the_others_stop(comm, place, monkeypatch):
    """A disk without room: it is not the problem's fault, so that nothing is NaN for it."""
    if comm.size % 2:
        pytest.skip("two parts need an even number of ranks")
    if comm.rank < comm.size // 2:
        monkeypatch.setattr(sweeping.Sweeping, "_keep", lambda *arguments: full())
    with monkeypatch.context() as patch:
        patch.setattr("hpcmix.studies.sweeps.command.leave", lambda log, error: type(error).__name__)
        assert sweep(Request(str(place / "swept.toml"), at_once=2)) == "OutputError"
    records = list((place / "out/points").glob("*.json"))
    assert len(records) <= 3 and not (place / "out/STOP").exists()
    comm.Barrier()


def full():
    raise OutputError("no space left on the device")


def test_a_file_stops_all_parts(comm, place):
    (place / "out").mkdir(exist_ok=True)
    comm.Barrier()
    (place / "out/STOP").touch()
    comm.Barrier()
    at_once = 2 if comm.size % 2 == 0 else 1
    assert sweep(Request(str(place / "swept.toml"), at_once=at_once)) == ExitStatus.STOPPED
    assert not (place / "out/STOP").exists()
    comm.Barrier()


@pytest.mark.parametrize(
    ("asked", "ranks", "chains", "parts"), [(2, 4, 9, 2), (4, 4, 3, 2), (8, 8, 5, 4), (3, 1, 2, 2), (1, 6, 4, 1)]
)
def test_how_many_points_are_computed_at_a_time(asked, ranks, chains, parts):
    assert parts_for(asked, ranks, chains) == parts


def test_ranks_that_cannot_be_shared_are_refused():
    with pytest.raises(ProblemError, match=r"6 ranks cannot be shared by 4 points at a time.*1, 2, 3 or 6 can"):
        parts_for(4, 6, 10)


def test_what_parts_have_done_is_counted_once():
    """Two jobs of the same may tell of a point, and one that another part left troubled may have failed since."""
    one = Tally(there=3, done={"a", "b"}, failed={"C": "no"}, ended={"a", "b", "c"}, stopped=OTHERS)
    other = Tally(there=1, done={"b", "d"}, troubled={"C": "busy", "E": "lost"}, ended={"b", "d"}, stopped="SIGTERM")
    both = Tally.together([one, other], recorded=6, points=9)
    assert (both.there, both.done, both.busy) == (2, {"a", "b", "d"}, 2)
    assert both.failed == {"C": "no"} and both.troubled == {"E": "lost"} and both.stopped == "SIGTERM"
    assert Tally.from_dict(json.loads(json.dumps(both.as_dict()))) == both
