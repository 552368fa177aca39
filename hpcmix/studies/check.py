"""``hpcmix check CLAIM FILE``: a claim measured on a family of problems, with table, fit, figure and JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hpcmix.initial.ground_state import NotConverged
from hpcmix.io.atomic import OutputError, write_text
from hpcmix.io.directory import DirectoryInUse, RunDirectory
from hpcmix.io.plain_json import page_of
from hpcmix.parallel.communicators import world
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.together import abort_on_uncaught_errors, together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_dict
from hpcmix.run.log import Log
from hpcmix.studies import semiclassical_bounds
from hpcmix.studies.claim import Finding
from hpcmix.studies.figure import draw_finding

DONE, FAILED, BAD_INPUT, IN_USE = 0, 1, 2, 4


def check_semiclassical_bounds(
    file: str, overrides: Sequence[str], numbers: Sequence[int], evolving: bool, comm: MPI.Comm, log: Log
) -> tuple[Problem, Finding]:
    """The family of a file over numbers of fermions, in the macroscopic scaling."""
    wanted = tuple(numbers) or semiclassical_bounds.NUMBERS
    problems: list[Problem] = []
    with together(comm):
        if comm.rank == 0:
            first = load_problem(file, overrides)
            sets = [one.name for one in first.species if one.kind == "fermions"]
            if first.scaling is None or first.scaling.kind != "bose-fermi-macro":
                raise first.complain(
                    "scaling", 'this claim is about [scaling] kind = "bose-fermi-macro", where hbar = M^(-1/d)'
                )
            if len(sets) != 1:
                raise first.complain("species", f"this claim varies one species of fermions; here are {len(sets)}")
            if len(set(wanted)) < 3 or min(wanted) < 2:
                raise first.complain("", "a fit needs at least three different numbers of fermions, each 2 or more")
            problems = [
                load_problem(file, [*overrides, f"species.{sets[0]}.orbitals={number}"]) for number in sorted(wanted)
            ]
    problems = comm.bcast(problems)
    return problems[0], semiclassical_bounds.measure(problems, evolving, comm, log)


CLAIMS: dict[str, Callable] = {"semiclassical-bounds": check_semiclassical_bounds}
"""What ``hpcmix check`` knows, by the word on the command line."""


def check(name: str, file: str, overrides: Sequence[str], numbers: Sequence[int], evolving: bool, fresh: bool) -> int:
    """Measure a claim on all ranks and write ``claim.json``, ``claim.txt`` and ``claim.png`` into the problem's
    directory. The exit status: 0 also where the claim is not confirmed, for that is a result. Collective."""
    comm = world()
    abort_on_uncaught_errors(comm)
    log = Log(speaks=comm.rank == 0)
    try:
        directory = _claim_directory(comm, file, overrides, fresh)
        problem, finding = CLAIMS[name](file, overrides, numbers, evolving, comm, log)
        with together(comm):
            if comm.rank == 0:
                report = finding.as_dict() | {"ranks": comm.size, "problem": resolved_dict(problem)}
                write_text(directory / "claim.json", page_of(report))
                write_text(directory / "claim.txt", "\n".join(finding.lines()) + "\n")
                draw_finding(finding, directory / "claim.png")
        log.line()
        for line in finding.lines():
            log.line(line)
        log.line(f"written: {directory}/claim.json, claim.txt, claim.png")
        return DONE
    except ProblemError as error:
        return _leave(log, str(error), BAD_INPUT)
    except DirectoryInUse as error:
        return _leave(log, f"hpcmix: {error}", IN_USE)
    except (OutputError, NotConverged) as error:
        return _leave(log, f"hpcmix: {error}", FAILED)
    finally:
        log.close()


def _claim_directory(comm: MPI.Comm, file: str, overrides: Sequence[str], fresh: bool) -> Path:
    """The directory of the results, checked before anything is computed: ``output.directory`` if the file names one,
    else ``runs/<name of the file>``."""
    directory = Path()
    with together(comm):
        if comm.rank == 0:
            problem = load_problem(file, overrides)
            directory = Path(problem.output.directory)
            if directory.exists() and not fresh and (directory / "claim.json").exists():
                raise DirectoryInUse(
                    f"{directory} holds the outcome of a check already and is left as it is; "
                    "--restart never replaces it, or choose another with --set output.directory=..."
                )
            if RunDirectory(directory).holds_run():
                raise DirectoryInUse(
                    f"{directory} holds a run; choose another directory with --set output.directory=..."
                )
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"{directory} cannot be made: {error.strerror}") from error
    return comm.bcast(directory)


def _leave(log: Log, message: str, status: int) -> int:
    if log.speaks:
        print(message, file=sys.stderr, flush=True)
    return status
