"""N bodies of a study on several ranks: the same numbers as on one, and a track that is stopped goes on on others."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.observe.reduced.measurement import Columns
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem
from hpcmix.studies.tracks.following import follow
from hpcmix.studies.tracks.many_track import ManyBodyTrack
from hpcmix.studies.tracks.track import Conductor, Part
from tests.physics.bodies_on_a_ring import ring


class StopsOnce(Conductor):
    """After the first stretch."""

    def __init__(self) -> None:
        self.stretches = 0

    def stop(self, needed: float) -> int:
        """See :class:`Conductor`."""
        return int(self.stretches == 0)

    def progress(self, track: Part, step: int) -> None:
        """See :class:`Conductor`."""
        self.stretches += 1


def track_of(picture: str) -> ManyBodyTrack:
    problem = parse_problem(ring((6, 3), picture=picture))
    columns = Columns.of(problem, True)
    return ManyBodyTrack("a track", problem, (*columns.names, *columns.beside), limit=True)


@pytest.mark.parametrize("picture", [pytest.param("occupations", marks=pytest.mark.ranks(1, 2, 3)), "excitations"])
def test_a_track_on_several_ranks(comm, shared_tmp_path, picture):
    track = track_of(picture)
    alone = follow(track, MPI.COMM_SELF, None, Conductor())
    together = follow(track, comm, None, Conductor())
    assert alone.done and together.done and alone.names == together.names
    np.testing.assert_allclose(together.rows, alone.rows, rtol=1e-9, atol=1e-12)
    stopped = follow(track, comm, shared_tmp_path, StopsOnce())
    assert not stopped.done and list((shared_tmp_path / track.key / "state").glob("*.npz"))
    comm.Barrier()
    if comm.rank == 0:  # on other ranks
        rest = follow(track, MPI.COMM_SELF, shared_tmp_path, Conductor())
        assert rest.done and not (shared_tmp_path / track.key / "state").exists()
        np.testing.assert_allclose(rest.rows, alone.rows, rtol=1e-9, atol=1e-12)
    comm.Barrier()
