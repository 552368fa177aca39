#!/usr/bin/env python
"""Cost and memory of a convolution in free space (hpcmix/parallel/transforms/padded.py), in bare Fourier pairs.

A pair is a forward and an inverse transform of a complex n^3 field in place by ducc0 on one process; the convolution
runs on all ranks, with the Coulomb kernel. Both take turns, so that a busy machine slows both. Memory is what the
convolution keeps, all ranks together, in complex n^3 fields; pairs are per field and times the number of ranks.

    mpirun -n RANKS python scripts/benchmark/free_space.py [SIZE ...] [--single] [--fields N] [--repeats N]
"""

from __future__ import annotations

import argparse
import time

import ducc0
import numpy as np

from hpcmix.model.pair_kernels.coulomb import YukawaKernel
from hpcmix.model.pair_kernels.scaled_multipliers import PaddedMultiplier
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.kernel_term import KernelShape
from hpcmix.parallel.communicators import Communicators, world
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import abort_on_uncaught_errors
from hpcmix.parallel.transforms.trial import choose_exchange


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[48, 64, 96, 128])
    parser.add_argument("--single", action="store_true", help="single precision")
    parser.add_argument("--fields", type=int, default=1, help="species that all act on each other")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    abort_on_uncaught_errors(world())
    precision = Precision.SINGLE if options.single else Precision.DOUBLE
    if world().rank == 0:
        print(f"{precision.complex_type}, {world().size} rank(s), {options.fields} field(s); best of {options.repeats}")
        print(f"{'n':>6}{'pair ms':>10}{'convolution ms':>16}{'pairs/field':>13}{'set-up s':>10}{'memory':>8}")
    for n in options.sizes:
        report(n, precision, options.fields, options.repeats)


def report(n: int, precision: Precision, fields: int, repeats: int) -> None:
    comm = world()
    communicators = Communicators.create(comm, (n, n, n))
    begin = time.perf_counter()
    exchange = choose_exchange(communicators, precision, fields).way
    engine = Engine(communicators, precision, Timers(), exchange)
    transform = engine.padded_transform(fields)
    place = (transform.points, (1.0, 1.0, 1.0), transform.padded, transform.first, transform.count)
    multiplier = PaddedMultiplier(YukawaKernel(1.0, 0.0, 3), place, engine.real_dtype)
    couplings = np.ones((fields, fields)) + np.eye(fields)  # as many channels as species
    interaction = FreeSpaceTerm([KernelShape(couplings, multiplier)], engine)
    set_up = time.perf_counter() - begin
    shape = communicators.decomposition.position_block(comm.rank).shape
    densities = [np.random.default_rng(1).random(shape).astype(engine.real_dtype) for _ in range(fields)]
    whole = np.random.default_rng(1).random((n, n, n)).astype(engine.complex_dtype)
    bare, padded = [], []
    for _ in range(repeats + 1):
        comm.Barrier()
        if comm.rank == 0:
            begin = time.perf_counter()
            ducc0.fft.c2c(whole, axes=(2, 1, 0), out=whole)
            ducc0.fft.c2c(whole, axes=(2, 1, 0), out=whole, forward=False, inorm=2)
            bare.append(time.perf_counter() - begin)
        comm.Barrier()
        begin = time.perf_counter()
        interaction.potentials(densities)
        comm.Barrier()
        padded.append(time.perf_counter() - begin)
    kept = comm.allreduce(transform.bytes_kept + interaction.multiplier_bytes)
    if comm.rank == 0:
        pair, convolution = min(bare[1:]), min(padded[1:])
        print(
            f"{n:6d}{1e3 * pair:10.2f}{1e3 * convolution:16.2f}{convolution * comm.size / fields / pair:13.2f}"
            f"{set_up:10.2f}{kept / (n**3 * engine.complex_dtype.itemsize):8.2f}"
        )
    engine.free()
    communicators.free()


if __name__ == "__main__":
    main()
