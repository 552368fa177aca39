"""What a run would refuse before its first step although nothing in the file is wrong by itself: values of expressions
and files on the grid, states that vanish, scattering problems without a solution.

For the commands that compute nothing - plan, show, job -, a few planes of the grid at a time, by the functions that the
run itself calls on its part of the grid: the sentences are the same. Imports no MPI.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.markers.samplers import classical_species, sampler_of
from hpcmix.initial.trial.repulsion import NoThomasFermiDensity, require_repulsion
from hpcmix.initial.written.closed_form import ZERO, closed_form, read_set, require_fit, require_oscillator_set
from hpcmix.model.kinetic.vector_potentials import make_vector_potential
from hpcmix.model.potentials.external import ExternalPotential, make_term
from hpcmix.model.terms.entry_kernels import contact_couplings, kernel_of
from hpcmix.model.terms.marked_pairs import require_grid_for_markers
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.distributions import FileDistribution
from hpcmix.problem.sections.species.initial import FileInitial, OscillatorInitial, ThomasFermiInitial
from hpcmix.problem.sections.species.species import Species

BLOCK_POINTS = 2**20
"""Points that are looked at at a time: eight megabytes of each array."""

MOST_POINTS = 2**27
"""Of a larger grid only the lines through the centre are looked at, where expressions most often have their poles: the
run on its many ranks looks at all of it."""


MARKERS_AT_A_TIME = 2**16
MOST_MARKERS = 2**22
"""Of a file with more only so many are looked at."""


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
        if entry.kernel_boundary is not None:
            kernel_of(entry, problem, index, largest)
    names = [species.name for species in problem.species]
    for each in problem.species:
        where = f"species.{each.name}.initial"
        if each.particles == 0.0:
            continue
        if isinstance(each.initial, ThomasFermiInitial):
            try:
                require_repulsion(names, couplings)
            except NoThomasFermiDensity as error:
                raise ProblemError.of(where, str(error)) from error
        if each.is_set and isinstance(each.initial, OscillatorInitial):
            grid = _grid(problem, (0,) * problem.grid.dimensions, problem.grid.points)
            require_oscillator_set(each.initial, where, each.number_of_orbitals, each.mass, problem.hbar, grid)
    complaints: list[Complaint] = []
    for each in problem.species:
        try:
            _require_fields(problem, each)
        except ProblemError as error:
            complaints += error.complaints
    if complaints:
        raise ProblemError(complaints)
    _require_markers(problem)


def _require_markers(problem: Problem) -> None:
    """Whether the grid carries the markers, and whether what they are sampled from is a density in phase space: all
    that is found, at once. Where f depends on potentials it is known when these are."""
    complaints: list[Complaint] = []
    try:
        require_grid_for_markers(problem)
    except ProblemError as error:
        complaints += error.complaints
    for index in problem.classical:
        species = classical_species(problem, index)
        if species.initial.made_in_the_potential:
            continue
        try:
            sample_of = sampler_of(problem, index)
            for first in range(0, min(species.markers.number, MOST_MARKERS), MARKERS_AT_A_TIME):
                sample_of(np.arange(first, min(first + MARKERS_AT_A_TIME, species.markers.number)))
                if not isinstance(species.initial, FileDistribution):
                    break  # the first points tell as much of a formula as all
        except ProblemError as error:
            complaints += error.complaints
    if complaints:
        raise ProblemError(complaints)


def _require_fields(problem: Problem, species: Species) -> None:
    """Potentials, vector potential and initial state of a species, a block of planes after the other."""
    where, norm = f"species.{species.name}", 0.0
    initial = species.initial
    written = species.particles > 0.0 and species.has_orbitals and species.wave_functions.written_down
    length_si = problem.scales.length_si
    if isinstance(initial, FileInitial):
        count = species.number_of_orbitals if species.is_set else None
        # of another grid the whole file has been looked at then, and every block would read it again
        written = written and not require_fit(initial, f"{where}.initial", count, next(_blocks(problem)), length_si)
    for grid in _blocks(problem):
        terms = [
            make_term(f"{where}.potential.{place}", entry, grid, species.mass)
            for place, entry in enumerate(species.potential)
        ]
        ExternalPotential(terms, grid, np.dtype(float)).require_start()
        make_vector_potential(f"{where}.vector_potential", species.vector_potential, grid)
        if not written:
            continue
        if species.is_set:
            count = species.number_of_orbitals
            if isinstance(initial, FileInitial):
                for number in range(count):
                    read_set(initial, f"{where}.initial", count, range(number, number + 1), grid, length_si)
        elif norm == 0.0 or not initial.finite_everywhere:
            field = closed_form(initial, f"{where}.initial", species.mass, problem.hbar, grid, length_si)
            norm += float(np.sum(np.abs(field) ** 2))
    whole = math.prod(problem.grid.points) <= MOST_POINTS
    if written and not species.is_set and norm == 0.0 and whole:
        raise ProblemError.of(f"{where}.initial", ZERO)


def _blocks(problem: Problem) -> Iterator[Grid]:
    """The grid in blocks of at most BLOCK_POINTS points, in the order of its points; or the lines through its
    centre."""
    points = problem.grid.points
    if math.prod(points) > MOST_POINTS:
        for axis, count in enumerate(points):
            for first in range(0, min(count, MOST_POINTS), BLOCK_POINTS):
                begin, extent = [number // 2 for number in points], [1] * len(points)
                begin[axis], extent[axis] = first, min(BLOCK_POINTS, count - first)
                yield _grid(problem, tuple(begin), tuple(extent))
        return
    sizes = []
    for axis in range(len(points)):
        sizes.append(max(1, min(points[axis], BLOCK_POINTS // math.prod(points[axis + 1 :]))))
    for start in itertools.product(*(range(0, count, size) for count, size in zip(points, sizes, strict=True))):
        shape = tuple(min(size, count - first) for first, size, count in zip(start, sizes, points, strict=True))
        yield _grid(problem, start, shape)


def _grid(problem: Problem, start: tuple[int, ...], shape: tuple[int, ...]) -> Grid:
    """The problem's grid as a rank has it that holds one block."""
    points = problem.grid.points
    whole = Block((0,) * len(points), points)
    return Grid(points, problem.grid.lengths, Block(start, shape), whole, problem.grid.frame.map)
