"""The files that a problem begins with, looked at before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator

from hpcmix.initial.written.closed_form import require_fit
from hpcmix.initial.written.stored import Place, lacks_a_kick
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
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
    places = list(files_of(problem))
    with together(mixture.communicators.world):
        for index, place in places if mixture.communicators.is_root else []:
            species = problem.species[index]
            where = f"species.{species.name}.initial"
            count = species.number_of_orbitals if species.is_set else None
            require_fit(place, where, count, mixture.grid, problem.scales.length_si)
            if isinstance(place, FileInitial) and lacks_a_kick(place.path):
                raise ProblemError.of(
                    where,
                    f"{place.path} is a checkpoint between two steps: its wave functions lack the phase of a kick; "
                    "take a snapshot that has wave functions",
                )
