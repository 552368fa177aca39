"""What a problem asks of the ranks that work on it. Imports no MPI."""

from __future__ import annotations

from hpcmix.parallel.precision import Precision
from hpcmix.parallel.sharing.division import DivisionRequest
from hpcmix.problem.schema import Problem


def division_request(problem: Problem) -> DivisionRequest:
    """The division of ranks that a problem asks for: what its file says may give way, what a ``--set`` option says may
    not."""
    pencil_grid = problem.parallel.pencil_grid
    return DivisionRequest(
        points=problem.grid.points,
        orbitals=problem.orbitals,
        precision=precision_of(problem),
        groups=problem.orbital_groups,
        pencil_grid=None if pencil_grid == "auto" else pencil_grid,
        groups_give_way=not problem.is_option("parallel", "orbital_groups"),
        pencil_grid_gives_way=not problem.is_option("parallel", "pencil_grid"),
        pairs=problem.pairs,
        markers=problem.markers,
    )


def precision_of(problem: Problem) -> Precision:
    """The precision of its fields."""
    return Precision(problem.parallel.precision)
