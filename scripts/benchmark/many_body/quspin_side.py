"""QuSpin's side of scripts/benchmark/many_body.py, in QuSpin's own environment: builds the Hamiltonian, then answers
every line of standard input with one of JSON: "product" (seconds of H.dot), "evolution" (seconds of t = 1), "end"."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from quspin.basis import boson_basis_1d, tensor_basis
from quspin.operators import hamiltonian
from quspin.tools.evolution import ExpmMultiplyParallel


def main() -> None:
    numbers, h, operators = json.loads(sys.stdin.readline())
    modes = len(h[0])
    start = time.perf_counter()
    basis = tensor_basis(boson_basis_1d(modes, Nb=numbers[0]), boson_basis_1d(modes, Nb=numbers[1]))
    static: list = []
    for species in (0, 1):
        bar = (lambda text: text + "|") if species == 0 else (lambda text: "|" + text)
        one = [[h[species][p][q], p, q] for p in range(modes) for q in range(modes) if h[species][p][q] != 0.0]
        static.append([bar("+-"), one])
        static.append([bar("++--"), [[c, p, q, s, r] for c, p, r, q, s in operators[species]]])
    static.append(["+-|+-", [[c, p, r, q, s] for c, p, r, q, s in operators[2]]])
    checks = {"check_symm": False, "check_herm": False, "check_pcon": False}
    operator = hamiltonian(static, [], basis=basis, dtype=np.complex128, **checks)
    matrix = operator.tocsr()
    construction = time.perf_counter() - start
    # the state with all particles in the middle modes
    occupied = np.zeros((2, modes), int)
    occupied[0, modes // 2], occupied[1, modes // 2 - 1] = numbers
    left, right = (str_of(row) for row in occupied)
    psi = np.zeros(basis.Ns, np.complex128)
    psi[basis.index(left, right)] = 1.0
    image = operator.dot(psi)
    say(
        size=int(basis.Ns),
        construction=construction,
        megabytes=(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes) / 1e6,
        moments=[float(np.vdot(psi, image).real), float(np.vdot(image, image).real)],
    )
    random = np.random.default_rng(0)
    vector = random.normal(size=basis.Ns) + 1j * random.normal(size=basis.Ns)
    exponential = ExpmMultiplyParallel(matrix, a=-1j)
    for line in sys.stdin:
        if line.strip() == "end":
            return
        start = time.perf_counter()
        if line.strip() == "product":
            operator.dot(vector)
        else:
            exponential.dot(psi)
        say(seconds=time.perf_counter() - start)


def str_of(row: np.ndarray) -> str:
    """A configuration as QuSpin names it: numbers in base N + 1, blanks between where they have two digits."""
    return " ".join(map(str, row)) if row.max() > 9 else "".join(map(str, row))


def say(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
