#!/usr/bin/env python
"""A product and t = 1 of two species of bosons on a ring of plane waves, beside QuSpin and scipy's CSR.

All candidates take turns, round after round, on one thread; the ratios are those of each one's quickest rounds and of
medians. QuSpin runs in an environment of its own (scripts/benchmark/install-peers) and answers through a pipe; without
it only scipy is measured. That all have the same Hamiltonian is checked by two moments of a state.

    python scripts/benchmark/many_body.py [--numbers 8,8] [--largest 2] [--rounds 9] [--evolutions 3]
    python scripts/benchmark/many_body.py --alone --numbers 16,16         # the product only, nanoseconds an amplitude
    mpirun -n 2 python scripts/benchmark/many_body.py --alone --numbers 16,16
    python scripts/benchmark/many_body.py --one-species 40                # any real W in five modes
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import math
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from hpcmix.evolve.many_body.chebyshev import Chebyshev
from hpcmix.initial.many_body.configurations import place, vacuum
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.channels import pair_operator
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction, Statistics
from hpcmix.model.many_body.make_product import make_product
from hpcmix.model.many_body.product import rows_for
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import abort_on_uncaught_errors

ROOT = Path(__file__).resolve().parents[2]
QUSPIN = ROOT / "build" / "peers" / "quspin" / "bin" / "python"


def plane_waves(largest: int, numbers: list[int]) -> ManyBodyModel:
    """Prefactors of fractions, V_q = 1/2 / (1 + q^2) / 2 pi."""
    waves = np.arange(-largest, largest + 1)
    kinetic = np.diag(0.5 * waves.astype(float) ** 2)
    transfers = range(-2 * largest, 2 * largest + 1)
    shifts = np.array([(waves[:, None] - waves[None, :] == q).astype(float) for q in transfers])
    pair = Channels(np.array([0.5 / (1.0 + q * q) / (2.0 * math.pi) for q in transfers]), shifts, shifts[::-1])
    bosons = Statistics.BOSONS
    species = tuple(ModeSpecies(f"s{i}", bosons, n, (1.0 + 0.3 * i) * kinetic) for i, n in enumerate(numbers))
    own = [PairInteraction(a, a, 1.0 / n, 1.0, 1.0, pair) for a, n in enumerate(numbers)]
    return ManyBodyModel(1.0, species, (*own, PairInteraction(0, 1, 1.0 / sum(numbers), 0.5, 0.5, pair)))


def any_interaction(particles: int, modes: int = 5) -> ManyBodyModel:
    """One species with a random real W without a structure."""
    random = np.random.default_rng(0)
    matrices = random.normal(size=(6, modes, modes))
    matrices = matrices + matrices.transpose(0, 2, 1)
    pair = Channels(random.normal(size=5) / particles, matrices[:5], matrices[:5])
    species = ModeSpecies("s", Statistics.BOSONS, particles, matrices[5])
    return ManyBodyModel(1.0, (species,), (PairInteraction(0, 0, 1.0, 1.0, 1.0, pair),))


class Here:
    """hpcmix."""

    def __init__(self, model: ManyBodyModel) -> None:
        start = time.perf_counter()
        self.spaces = [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
        self.rows = rows_for(world(), self.spaces)
        self.product = make_product(model, self.spaces, self.rows)
        self.construction = time.perf_counter() - start
        self.source, self.target = self.rows.vector(), self.rows.vector()
        self.rows.fill_random(self.source, 1)

    @property
    def size(self) -> int:
        return self.rows.rows * self.rows.columns

    def multiply(self) -> None:
        self.product.apply(self.source, self.target)

    def middle(self, psi: np.ndarray | None = None) -> np.ndarray:
        """All particles in the middle modes."""
        states = []
        for space, mode in zip(self.spaces, (space.modes // 2 - i for i, space in enumerate(self.spaces)), strict=True):
            occupations = np.zeros((1, space.modes), np.int64)
            occupations[0, mode] = space.particles
            state = np.zeros_like(vacuum(space))
            state[space.rank(occupations)] = 1.0
            states.append(state)
        return place(self.rows, states, psi)

    def evolve(self) -> None:
        """t = 1, the search for the spectrum's ends among it."""
        psi = self.middle(self.source)
        Chebyshev(self.product.apply, self.rows, 1.0, 1e-12).advance(psi, 1.0)

    def matrix(self) -> sparse.csr_matrix:
        """The whole as scipy's complex matrix."""
        operators = [self.product._on_rows, self.product._on_columns[0], self.product._left, self.product._right[0]]
        rows, columns, left, right = (list(_matrices(each)) for each in operators)
        total = sparse.kron(rows[0], sparse.identity(self.rows.columns)) + sparse.kron(
            sparse.identity(self.rows.rows), columns[0]
        )
        for x, y in zip(left, right, strict=True):
            total = total + sparse.kron(x, y)
        return sparse.csr_matrix(total, dtype=np.complex128)


def _matrices(each):
    for start in each.start:
        entries = slice(start[0], start[-1])
        size = len(start) - 1
        yield sparse.csr_matrix((each.values[entries], each.columns[entries], start - start[0]), shape=(size, size))


class QuSpin:
    """The other environment's program."""

    def __init__(self, model: ManyBodyModel) -> None:
        program = Path(__file__).parent / "many_body" / "quspin_side.py"
        self._process = subprocess.Popen([QUSPIN, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        operators = []
        for each in sorted(model.interactions, key=lambda one: (one.first != one.second, one.first)):
            factor = 0.5 * each.factor if each.first == each.second else each.factor
            w = factor * pair_operator(each.channels)
            operators.append([[float(w[tuple(i)]), *map(int, i)] for i in np.argwhere(w != 0.0)])
        h = [species.one_body.tolist() for species in model.species]
        self.built = self.ask(json.dumps([[s.particles for s in model.species], h, operators]))

    def ask(self, line: str) -> dict:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.stdin.write("end\n")
        self._process.stdin.close()
        self._process.wait()


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(options: argparse.Namespace) -> None:
    model = plane_waves(options.largest, options.numbers)
    here = Here(model)
    matrix = here.matrix()
    quspin = QuSpin(model) if QUSPIN.exists() else None
    psi = here.middle().reshape(-1)
    image = matrix @ psi
    moments = [float(np.vdot(psi, image).real), float(np.vdot(image, image).real)]
    vector = here.source.reshape(-1).copy()
    generator = -1j * matrix
    products: dict[str, Callable[[], float]] = {
        "hpcmix": lambda: timed(here.multiply),
        "scipy CSR": lambda: timed(lambda: matrix @ vector),
    }
    evolutions: dict[str, Callable[[], float]] = {
        "hpcmix": lambda: timed(here.evolve),
        "scipy CSR": lambda: timed(lambda: expm_multiply(generator, psi, traceA=complex(generator.trace()))),
    }
    if quspin is not None:
        np.testing.assert_allclose(quspin.built["moments"], moments, rtol=1e-12)
        products["QuSpin"] = lambda: quspin.ask("product")["seconds"]
        evolutions["QuSpin"] = lambda: quspin.ask("evolution")["seconds"]
    print(f"{here.size} amplitudes")
    table("product", products, options.rounds, here.size)
    table("t = 1", evolutions, options.evolutions, here.size)
    bytes_matrix = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    print(f"tables {here.construction:.3f} s, {here.product.nbytes / 1e6:.2f} MB; CSR {bytes_matrix / 1e6:.1f} MB")
    if quspin is not None:
        built = quspin.built
        print(f"QuSpin's construction {built['construction']:.2f} s, its matrix {built['megabytes']:.1f} MB")
        print(f"ratio of constructions {here.construction / built['construction']:.4f}")
        quspin.end()


def table(title: str, candidates: dict[str, Callable[[], float]], rounds: int, size: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, candidate in candidates.items():
            times[name].append(candidate())
    own = times["hpcmix"]
    print(f"{title:<12}{'quickest':>12}{'median':>12}{'ns/amplitude':>14}{'hpcmix is':>22}")
    for name, each in times.items():
        ratio = f"{min(own) / min(each):.3f} ({statistics.median(own) / statistics.median(each):.3f})"
        quickest, median = min(each) * 1e3, statistics.median(each) * 1e3
        print(f"{name:<12}{quickest:>9.2f} ms{median:>9.2f} ms{min(each) / size * 1e9:>14.1f}{ratio:>22}")


def alone(model: ManyBodyModel, rounds: int) -> None:
    here = Here(model)
    times = [timed(here.multiply) for _ in range(rounds)]
    if world().rank == 0:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / (16.0 * here.size / world().size)
        print(
            f"{here.size} amplitudes, {world().size} ranks: tables {here.construction:.2f} s, "
            f"{here.product.nbytes / 1e6:.1f} MB; product {min(times) * 1e3:.2f} ms (median "
            f"{statistics.median(times) * 1e3:.2f}), {min(times) / here.size * 1e9:.1f} ns an amplitude; "
            f"peak of this rank {peak:.2f} parts of a vector"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--numbers", type=lambda text: [int(part) for part in text.split(",")], default=[8, 8])
    parser.add_argument("--largest", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--evolutions", type=int, default=3)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--one-species", type=int, metavar="N")
    options = parser.parse_args()
    abort_on_uncaught_errors(world())
    if options.one_species:
        alone(any_interaction(options.one_species), options.rounds)
    elif options.alone:
        alone(plane_waves(options.largest, options.numbers), options.rounds)
    else:
        compare(options)


if __name__ == "__main__":
    main()
