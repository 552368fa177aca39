"""How quickly a checkpoint is written, compared with a plain parallel write of the same bytes with fsync to its disk.

    mpirun -n 2 python scripts/benchmark/checkpoint.py [--points 192] [--species 2] [--repetitions 5] [--directory DIR]

The two alternate, so that other load meets both. Prints JSON: bytes, seconds of both and the ratio of their bandwidths
(medians), and the seconds of reading back, which are not counted. The target is a ratio of at least 0.7.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from hpcmix.io.checkpoints.checkpoint import write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.parallel.communicators import Communicators, world
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import abort_on_uncaught_errors
from hpcmix.state.orbital_cloud import orbital_clouds
from hpcmix.state.progress import Progress
from hpcmix.state.state import State


def plain_write(comm: MPI.Comm, path: Path, arrays: list[np.ndarray]) -> float:
    """Seconds to write every rank's arrays one after the other into a new file and to sync it."""
    sizes = comm.allgather(sum(array.nbytes for array in arrays))
    if comm.rank == 0:
        path.unlink(missing_ok=True)
        path.touch()
    comm.barrier()
    begin = time.perf_counter()
    descriptor = os.open(path, os.O_WRONLY)
    offset = sum(sizes[: comm.rank])
    for array in arrays:
        content = array.reshape(-1).view(np.uint8).data
        while content:
            written = os.pwrite(descriptor, content[: 1 << 30], offset)
            content, offset = content[written:], offset + written
    os.fsync(descriptor)
    os.close(descriptor)
    comm.barrier()
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=192)
    parser.add_argument("--species", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--writer", choices=["auto", "h5py", "mpi-io"], default="auto")
    parser.add_argument(
        "--directory", type=Path, help="on the disk to be measured, made if missing; default: a temporary one"
    )
    options = parser.parse_args()

    comm = world()
    abort_on_uncaught_errors(comm)
    if options.directory is not None:
        options.directory.mkdir(parents=True, exist_ok=True)
    place = Path(comm.bcast(tempfile.mkdtemp(dir=options.directory) if comm.rank == 0 else None))
    communicators = Communicators.create(comm, (options.points,) * 3)
    shape = communicators.decomposition.position_block(communicators.group.rank).shape
    random = np.random.default_rng(comm.rank)
    orbitals = [
        (random.normal(size=(1, *shape)) + 1j * random.normal(size=(1, *shape))) for _ in range(options.species)
    ]
    names = [f"species{number}" for number in range(options.species)]
    plain, checkpoint, reading = [], [], []
    for repetition in range(options.repetitions):
        plain.append(plain_write(comm, place / "plain", orbitals))
        timers, state = Timers(), State(orbital_clouds(orbitals), Progress(1, 0.1))
        directory = RunDirectory(place / str(repetition))
        comm.barrier()
        begin = time.perf_counter()
        written = write_checkpoint(
            directory, state, names, communicators, Bookmark(), Metadata(), options.writer, timers
        )
        comm.barrier()
        read_back = comm.allreduce(timers.seconds["read back"], max)
        checkpoint.append(time.perf_counter() - begin - read_back)
        reading.append(read_back)
        if comm.rank == 0:
            shutil.rmtree(directory.path)
    if comm.rank == 0:
        shutil.rmtree(place)
        medians = [statistics.median(seconds) for seconds in (plain, checkpoint, reading)]
        result = {
            "ranks": comm.size,
            "bytes": written.seal.size,
            "plain_seconds": medians[0],
            "checkpoint_seconds": medians[1],
            "read_back_seconds": medians[2],
            "bandwidth": written.seal.size / medians[1],
            "ratio": medians[0] / medians[1],
        }
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
