"""A track of the claim vlasov-limit, a classical twin beside quantum systems, on several ranks: the numbers of one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hpcmix.parallel.process.mpi import MPI
from hpcmix.studies.claims.vlasov_limit import measuring
from hpcmix.studies.claims.vlasov_limit.family import planned
from hpcmix.studies.claims.vlasov_limit.measuring import tracks_of
from hpcmix.studies.measuring.budget import AS_GIVEN
from hpcmix.studies.tracks.following import follow
from hpcmix.studies.tracks.track import Conductor
from tests.physics.claims import setting
from tests.physics.test_vlasov_limit import FILE

PLANE = (
    FILE.replace("[{points}]", "[{points}, 25]").replace("[16.0]", "[13.0, 12.0]").replace("0.6 }}", "[0.6, 0.0] }}")
)


@pytest.mark.parametrize(
    ("text", "points", "numbers"),
    [
        pytest.param(FILE, 97, (2, 3, 4), marks=pytest.mark.ranks(1, 2, 4), id="line"),
        pytest.param(PLANE, 26, (2, 3, 4), marks=pytest.mark.ranks(1, 2, 3), id="plane"),
    ],
)
def test_a_track(comm, tmp_path_factory, monkeypatch, text, points, numbers):
    monkeypatch.setattr(measuring, "RANGE", 4.0)  # a quarter of the time, and every way that numbers take
    if comm.size > 20:
        pytest.skip("more ranks than planes")
    folder = tmp_path_factory.mktemp(f"rank{comm.rank}")
    wanted = setting(text.format(points=points), folder, numbers, ["time.final=0.1"])
    plan = planned(wanted._load, wanted.numbers, 2**12)
    (track,) = (track for track in tracks_of(plan) if track.label == AS_GIVEN)
    serial = follow(track, MPI.COMM_SELF, None, Conductor())
    shared = follow(track, comm, None, Conductor())
    assert serial.done and shared.done and serial.names == shared.names and len(serial.rows) == 2
    for name in serial.names:
        expected, found = serial.column(name), shared.column(name)
        # a supremum is found to 1e-9 of itself, its place to the root of that, and its neighbours on the lattice in
        # single precision
        error = {"outermost": 1e-3, "|zeta|": 1e-3}.get(name.partition(",")[0], 1e-7)
        assert np.allclose(found, expected, rtol=error, atol=1e-12, equal_nan=True), name
    assert dataclasses.replace(serial, rows=comm.bcast(serial.rows)) == serial
