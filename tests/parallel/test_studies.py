"""Tracks of studies on several ranks: shared out, the same numbers, and nothing lost when they are stopped."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.log import Log
from hpcmix.studies.tracks.following import follow
from hpcmix.studies.tracks.track import Conductor, Record, Track, stored
from hpcmix.studies.work import StudyStopped, Work, deal, number_of_groups

FILE = """
[grid]
points = [10, 8, 12]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "a"
particles = 2.0
initial = { kind = "gaussian", width = 1.0, centre = [0.4, 0.0, 0.0] }
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 1.0
[time]
final = 0.8
step = 0.1
[output]
observables = { every = 2 }
"""


def energy(simulations):
    mixture, state = simulations[0].mixture, simulations[0].state
    density = mixture.densities(state.clouds)[0]
    (moment,) = mixture.communicators.sum([np.sum(density * mixture.grid.coordinates[0])])
    return [float(moment), float(mixture.communicators.sum([np.sum(density**2)])[0])]


def track(label, strength=1.0, measure=energy):
    return Track(
        label, (parse_problem(FILE.replace("strength = 1.0", f"strength = {strength}")),), ("x", "square"), measure
    )


class StopAfter(Conductor):
    def __init__(self, steps):
        self.steps, self.taken = steps, 0

    def stop(self, needed):
        self.taken += 1
        return 1 if self.taken >= self.steps else 0


def test_a_stopped_track_goes_on_where_it_stopped(comm, shared_tmp_path):
    """To the bit at the same number of ranks; checkpoints are gone at the end and the record stays."""
    whole = follow(track("whole"), comm, None, Conductor())
    assert whole.done and [row[0] for row in whole.rows] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
    stopped = follow(track("t"), comm, shared_tmp_path, StopAfter(5))
    assert not stopped.done and len(stopped.rows) == 3
    folder = shared_tmp_path / track("t").key
    assert RunDirectory(folder / "0").stored_checkpoints()[-1][0] == 5
    calls = []

    def counted(simulations):
        calls.append(simulations[0].state.step)
        return energy(simulations)

    again = follow(track("t", measure=counted), comm, shared_tmp_path, Conductor())
    assert calls == [6, 8]  # and not from the beginning
    assert again.done and again.rows == whole.rows
    comm.Barrier()
    assert not (folder / "0").exists()
    assert stored(track("t"), shared_tmp_path).rows == whole.rows
    assert stored(track("t", 1.5), shared_tmp_path) is None  # another problem is another track


@pytest.mark.parametrize("stop", [3, 4, 5])
def test_a_track_goes_on_across_a_switching_time(comm, shared_tmp_path, stop):
    """Steps 0.0875 long up to 0.35 and 0.09 from there on: the same rows from before, at and after the fourth."""
    text = FILE.replace("frequency = 1.0", "frequency = 1.0, until = 0.35")
    switched = Track("s", (parse_problem(text),), ("x", "square"), energy)
    whole = follow(switched, comm, None, Conductor())
    assert switched.steps == 9
    assert [row[0] for row in whole.rows] == pytest.approx([0.0, 0.175, 0.35, 0.53, 0.71, 0.8])
    assert not follow(switched, comm, shared_tmp_path, StopAfter(stop)).done
    again = follow(switched, comm, shared_tmp_path, Conductor())
    assert again.done and again.rows == whole.rows
    assert switched.key != track("s").key


def test_a_record_that_was_made_before_the_stop_is_made_once(comm, shared_tmp_path):
    """Earlier versions measured before they wrote the checkpoint of the step."""
    whole = follow(track("whole"), comm, None, Conductor())
    assert len(follow(track("t"), comm, shared_tmp_path, StopAfter(4)).rows) == 2
    if comm.rank == 0:
        path = shared_tmp_path / track("t").key / "record.json"
        record = Record.read(path)
        record.rows.append(whole.rows[2])
        record.write(path)
    comm.Barrier()
    assert follow(track("t"), comm, shared_tmp_path, Conductor()).rows == whole.rows


def test_a_lost_solution_ends_the_record_with_the_species(comm, shared_tmp_path, monkeypatch):
    usual = Stepper.advance

    def poisoned(self, state):
        usual(self, state)
        if state.step == 4 and comm.rank == comm.size - 1:
            state.orbitals[0][...] = np.nan

    monkeypatch.setattr(Stepper, "advance", poisoned)
    record = follow(track("t"), comm, shared_tmp_path, Conductor())
    assert record.done and len(record.rows) == 2  # nothing is measured of what is lost
    assert 'species "a" in step 4, t = 0.4' in record.lost
    comm.Barrier()
    assert stored(track("t"), shared_tmp_path).lost == record.lost


def test_what_is_not_finite_is_never_checkpointed(comm, shared_tmp_path, monkeypatch):
    """Not even where the vote, which looks at one value, does not see it."""
    usual = Stepper.advance

    def poisoned(self, state):
        usual(self, state)
        if state.step == 3 and comm.rank == comm.size - 1:
            self.settle(state)
            state.orbitals[0][0, -1, -1, -1] = np.nan

    monkeypatch.setattr(Stepper, "advance", poisoned)
    record = follow(track("t"), comm, shared_tmp_path, StopAfter(3))
    assert record.done and "not finite" in record.lost


def test_a_track_of_orbitals_goes_on_without_seeking_them_again(comm, shared_tmp_path, monkeypatch):
    """A set of orbitals that were found as a ground state is read from the checkpoint, to the bit."""
    text = FILE.replace("particles = 2.0", 'kind = "fermions"\norbitals = 4')
    text = text.replace('initial = { kind = "gaussian", width = 1.0, centre = [0.4, 0.0, 0.0] }\n', "")
    orbitals = Track("o", (parse_problem(text + "[ground_state]\ntolerance = 1e-4\n"),), ("x", "square"), energy)
    whole = follow(orbitals, comm, None, Conductor())
    stopped = follow(orbitals, comm, shared_tmp_path, StopAfter(5))
    assert not stopped.done and len(stopped.rows) == 3

    def never(*arguments, **options):
        raise AssertionError("a ground state is sought")

    monkeypatch.setattr("hpcmix.initial.searching.search.OrbitalSearch.run", never)
    again = follow(orbitals, comm, shared_tmp_path, Conductor())
    assert again.done and again.rows == whole.rows


def test_a_track_without_an_evolution_is_its_beginning(comm, shared_tmp_path):
    beginning = parse_problem(FILE.partition("[time]")[0])
    alone = Track("b", (beginning,), ("x", "square"), energy)
    assert alone.steps == 0 and alone.work > 0.0
    record = follow(alone, comm, shared_tmp_path, StopAfter(0))
    assert record.done and record.rows == follow(track("b"), comm, None, StopAfter(1)).rows[:1]
    comm.Barrier()
    assert stored(alone, shared_tmp_path).rows == record.rows


def test_no_track_is_begun_that_there_is_no_time_for(comm, shared_tmp_path, monkeypatch):
    """What cannot be stopped in the middle is taken to last as long as the longest beginning so far."""
    beginning = parse_problem(FILE.partition("[time]")[0])
    asked = []

    def code(stops, needed=0.0):
        asked.append(needed)
        return 1003  # the end of the job

    monkeypatch.setattr("hpcmix.running.stops.requests.StopRequests.code", code)
    tracks = [Track(f"b{number}", (beginning,), ("x", "square"), energy) for number in range(2 * comm.size)]
    with pytest.raises(StudyStopped, match="end of the job"):
        Work(comm, Log(speaks=False), shared_tmp_path).follow_all(tracks)
    comm.Barrier()
    assert len(asked) == 1 and asked[0] > 0.0
    assert len(list(shared_tmp_path.glob("tracks/*/record.json"))) == comm.size  # one of every group


def test_a_damaged_checkpoint_begins_anew(comm, shared_tmp_path):
    follow(track("t"), comm, shared_tmp_path, StopAfter(3))
    if comm.rank == 0:
        (path,) = (path for _, path in RunDirectory(shared_tmp_path / track("t").key / "0").stored_checkpoints())
        path.write_bytes(b"no file of this kind")
    comm.Barrier()
    whole = follow(track("t"), comm, shared_tmp_path, Conductor())
    assert whole.done and len(whole.rows) == 5 and whole.rows[0][0] == 0.0


def test_tracks_are_shared_out_and_stored(comm, shared_tmp_path):
    tracks = [track(f"g = {strength}", strength) for strength in (0.5, 1.0, 1.5)]
    assert number_of_groups(tracks, comm) == min(3, comm.size)
    found = Work(comm, Log(speaks=False), shared_tmp_path).follow_all(tracks)
    assert sorted(found) == ["g = 0.5", "g = 1.0", "g = 1.5"]
    for one in tracks:
        alone = follow(one, comm, None, Conductor())
        np.testing.assert_allclose(found[one.label].rows, alone.rows, rtol=1e-12, atol=1e-13)

    def never(simulations):
        raise AssertionError("this is stored")

    again = Work(comm, Log(speaks=False), shared_tmp_path).follow_all(
        [track(f"g = {strength}", strength, never) for strength in (0.5, 1.0, 1.5)]
    )
    assert {label: record.rows for label, record in again.items()} == {
        label: record.rows for label, record in found.items()
    }


def test_a_file_stops_all_groups_and_the_next_call_goes_on(comm, shared_tmp_path):
    tracks = [track(f"g = {strength}", strength) for strength in (0.5, 1.0, 1.5)]
    if comm.rank == 0:
        (shared_tmp_path / "STOP").touch()
    comm.Barrier()
    with pytest.raises(StudyStopped, match="STOP"):
        Work(comm, Log(speaks=False), shared_tmp_path).follow_all(tracks)
    comm.Barrier()
    assert not (shared_tmp_path / "STOP").exists()
    found = Work(comm, Log(speaks=False), shared_tmp_path).follow_all(tracks)
    assert len(found) == 3 and all(record.done for record in found.values())


def test_an_error_in_one_group_is_everybodys(comm, shared_tmp_path):
    """A state that is nowhere on the grid: an error where it is the problem itself, an outcome in an error budget."""
    nowhere = FILE.replace('kind = "gaussian", width = 1.0', 'kind = "gaussian", width = 1e-3')
    nowhere = nowhere.replace("centre = [0.4, 0.0, 0.0]", "centre = [0.31, 0.31, 0.31]")
    bad = Track("bad", (parse_problem(nowhere),), ("x", "square"), energy)
    with pytest.raises(ProblemError, match="zero everywhere"):
        Work(comm, Log(speaks=False), shared_tmp_path).follow_all([track("good"), bad])
    comm.Barrier()
    optional = Track("bad", bad.problems, bad.names, energy, optional=True)
    found = Work(comm, Log(speaks=False), shared_tmp_path).follow_all([track("good"), optional])
    assert "zero everywhere" in found["bad"].lost and not found["good"].lost


def test_work_is_dealt_evenly():
    assert deal([1.0, 5.0, 2.0, 2.0], 2) == [[1], [2, 3, 0]]
    assert deal([1.0], 1) == [[0]]
