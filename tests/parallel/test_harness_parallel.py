"""The fixtures that tests on several ranks stand on."""

import os

import numpy as np


def test_comm_spans_the_ranks_that_mpirun_started(comm):
    assert comm.size == int(os.environ.get("OMPI_COMM_WORLD_SIZE") or os.environ.get("PMI_SIZE") or 1)
    assert comm.allgather(comm.rank) == list(range(comm.size))


def test_comm_moves_arrays(comm):
    total = np.empty(3)
    comm.Allreduce(np.full(3, float(comm.rank)), total)
    np.testing.assert_array_equal(total, comm.size * (comm.size - 1) / 2)


def test_shared_tmp_path_is_one_empty_directory(comm, shared_tmp_path):
    assert len(set(comm.allgather(str(shared_tmp_path)))) == 1
    assert list(shared_tmp_path.iterdir()) == []
    comm.Barrier()
    (shared_tmp_path / f"{comm.rank}").write_text("here")
    comm.Barrier()
    assert sorted(path.name for path in shared_tmp_path.iterdir()) == sorted(str(rank) for rank in range(comm.size))


def test_tmp_path_belongs_to_one_rank(comm, tmp_path):
    assert len(set(comm.allgather(str(tmp_path)))) == comm.size
