"""What a run would refuse before its first step although nothing in the file is wrong by itself: values of expressions
and files on the grid, states that vanish, scattering problems without a solution.

For the commands that compute nothing - plan, show, job -, a few planes of the grid at a time, by the functions that the
run itself calls on its part of the grid: the sentences are the same. Imports no MPI.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.closed_form import ZERO, closed_form, read_set, require_oscillator_set
from hpcmix.initial.repulsion import NoThomasFermiDensity, require_repulsion
from hpcmix.model.potentials import ExternalPotential, make_term
from hpcmix.model.terms.entry_kernels import contact_couplings, kernel_of
from hpcmix.model.vector_potentials import make_vector_potential
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.problem.species import Species

BLOCK_POINTS = 2**20
"""Points that are looked at at a time: eight megabytes of each array."""


def load_checked(file: str, overrides: Sequence[str] = ()) -> Problem:
    """The problem of a file, refused where a run would refuse it. Raises ProblemError."""
    problem = load_problem(file, overrides)
    try:
        preflight(problem)
    except ProblemError as error:
        raise problem.locate(error) from error
    return problem


def preflight(problem: Problem) -> None:
    """Raise the :class:`ProblemError` that a run of the problem would end with before it begins."""
    largest = math.hypot(*(math.pi / spacing for spacing in problem.grid.spacings))
    couplings = contact_couplings(problem)
    for index, entry in enumerate(problem.interaction):
        if entry.kind == "scattering" and not entry.limit:
            kernel_of(entry, problem, index, largest)
    names = [one.name for one in problem.species]
    for one in problem.species:
        where = f"species.{one.name}.initial"
        if one.particles == 0.0:
            continue
        if one.initial.kind == "thomas-fermi":
            try:
                require_repulsion(names, couplings)
            except NoThomasFermiDensity as error:
                raise ProblemError.of(where, str(error)) from error
        if one.number_of_orbitals > 1 and one.initial.kind == "oscillator":
            whole = _grid(problem, 0, problem.grid.points[0])
            require_oscillator_set(one.initial, where, one.orbitals, one.mass, problem.hbar, whole)
    for one in problem.species:
        _require_fields(problem, one)


def _require_fields(problem: Problem, one: Species) -> None:
    """Potentials, vector potential and initial state of a species, a block of planes after the other."""
    where, norm = f"species.{one.name}", 0.0
    initial = one.initial
    written = one.particles > 0.0 and initial.kind not in ("ground-state", "thomas-fermi")
    for grid in _blocks(problem):
        terms = [
            make_term(f"{where}.potential.{place}", entry, grid, one.mass) for place, entry in enumerate(one.potential)
        ]
        ExternalPotential(terms, grid, np.dtype(float)).require_start()
        make_vector_potential(f"{where}.vector_potential", one.vector_potential, grid)
        if not written:
            continue
        if one.number_of_orbitals > 1:
            for number in range(one.orbitals) if initial.kind == "file" else ():
                read_set(initial, f"{where}.initial", one.orbitals, range(number, number + 1), grid)
        elif norm == 0.0 or initial.kind in ("expression", "file"):  # the others are finite wherever they are
            norm += float(np.sum(np.abs(closed_form(initial, f"{where}.initial", one.mass, problem.hbar, grid)) ** 2))
    if written and one.number_of_orbitals == 1 and norm == 0.0:
        raise ProblemError.of(f"{where}.initial", ZERO)


def _blocks(problem: Problem) -> Iterator[Grid]:
    """The grid in blocks of whole planes along the first axis."""
    points = problem.grid.points
    planes = max(1, BLOCK_POINTS // math.prod(points[1:]))
    for first in range(0, points[0], planes):
        yield _grid(problem, first, min(planes, points[0] - first))


def _grid(problem: Problem, first: int, count: int) -> Grid:
    points = problem.grid.points
    block = Block((first, *(0 for _ in points[1:])), (count, *points[1:]))
    return Grid(points, problem.grid.lengths, block, Block((0,) * len(points), points), problem.grid.frame.map)
