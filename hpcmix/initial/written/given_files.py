"""The files that a problem begins with, looked at before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hpcmix.grid import Grid
from hpcmix.initial.written.closed_form import require_fit
from hpcmix.initial.written.stored import Place, lacks_a_kick
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import FileInitial, FileStart, GroundStateInitial


def files_of(problem: Problem) -> Iterator[tuple[int, Place]]:
    """The files of wave functions that a problem names, each with the number of its species."""
    for index, species in enumerate(problem.species):
        initial = species.initial
        if isinstance(initial, FileInitial):
            yield index, initial
        elif isinstance(initial, GroundStateInitial) and isinstance(initial.start, FileStart):
            yield index, initial.start


def require_files_fit(problem: Problem, mixture: Mixture) -> None:
    """Raise :class:`ProblemError` where the cloud of a file does not fit into the grid, or lacks a phase that matters:
    the first guess of a search may lack it. The root looks. Collective."""
    with together(mixture.communicators.world):
        if mixture.communicators.is_root:
            require_fits(problem, files_of(problem), mixture.grid)
            for index, place in files_of(problem):
                if isinstance(place, FileInitial) and lacks_a_kick(place.path):
                    raise ProblemError.of(
                        f"species.{problem.species[index].name}.initial",
                        f"{place.path} is a checkpoint between two steps: its wave functions lack the phase of a kick; "
                        "take a snapshot that has wave functions",
                    )


def require_fits(problem: Problem, places: Iterable[tuple[int, Place]], grid: Grid) -> None:
    """Raise :class:`ProblemError` with all that is wrong with the files of these species. Local."""
    complaints: list[Complaint] = []
    for index, place in places:
        species = problem.species[index]
        count = species.number_of_orbitals if species.is_set else None
        try:
            require_fit(place, f"species.{species.name}.initial", count, grid, problem.scales.length_si)
        except ProblemError as error:
            complaints += error.complaints
    if complaints:
        raise ProblemError(complaints)
