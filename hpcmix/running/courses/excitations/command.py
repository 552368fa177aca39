"""``excitations``: from a stationary state to the spectrum of its small oscillations."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpcmix.initial.descent.interruption import SearchInterrupted
from hpcmix.initial.dressed import Dressing
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.modes import Search
from hpcmix.initial.excitations.spectrum import OutOfIterations, Spectrum
from hpcmix.initial.searching.starts import Unfinished
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import page_of
from hpcmix.io.fields.mode_file import write_modes
from hpcmix.model.concentration import shares_at_faces
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.ranks import division_request
from hpcmix.observe.measures.modes import measure_modes
from hpcmix.observe.measures.unwrapping import SMALL
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.running.courses.course import Course
from hpcmix.running.courses.excitations.document import document, table_lines
from hpcmix.running.courses.excitations.kept_modes import KeptModes
from hpcmix.running.courses.excitations.methods import METHODS, STATIONARY
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.output.report import Result, finish
from hpcmix.running.resuming.kept_search import KeptSearch
from hpcmix.running.resuming.occupied import Attendants
from hpcmix.running.resuming.restart import Origin, holds_ground_state
from hpcmix.running.simulation import Simulation, build_simulation
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop

GROUND_STATE = 1e-10
"""The residual that a ground state is sought to, at most: the error of a frequency is of the first order in it, with a
factor of up to ten, and frequencies are wanted to 1e-8."""
BEFORE = math.nextafter(0.0, -1.0)
"""A time from which on what is switched at time zero is still to come."""
WANTED = 1e-8
"""Residual of a state beyond which the log warns."""


@dataclass(frozen=True)
class ExcitationsTask:
    """``excitations``: the spectrum of small oscillations (:class:`~hpcmix.running.courses.course.Task`)."""

    sections: tuple[str, ...] = ("excitations",)
    evolves: bool = False

    def taken(self, problem: Problem) -> Problem:
        """The state on all ranks together, and its search as far as frequencies need it."""
        tolerance = min(problem.ground_state.limits[0], GROUND_STATE)
        return (
            problem.without_fluctuations()
            .without_losses()
            .without_sweep()
            .model_copy(
                update={
                    "ground_state": problem.ground_state.model_copy(update={"tolerance": tolerance}),
                    "parallel": problem.parallel.model_copy(update={"orbital_groups": 1}),
                }
            )
        )

    def course(self, problem: Problem) -> Course:
        """That of a spectrum."""
        return ExcitationsCourse()

    def nothing_left(self, directory: RunDirectory, problem: Problem) -> str:
        """The spectrum, if it is there."""
        if directory.excitations.exists() and directory.modes.exists() and holds_ground_state(directory, problem):
            return "these excitations (--restart never seeks them again)"
        return ""


@dataclass(frozen=True)
class ExcitationsCourse:
    """Of a spectrum (:class:`~hpcmix.running.courses.course.Course`)."""

    def require_ranks(self, problem: Problem, comm: MPI.Comm) -> None:
        """See :class:`~hpcmix.running.courses.course.Course`."""
        Communicators.of(division_request(problem), comm).free()

    def follow(
        self, problem: Problem, origin: Origin | None, attendants: Attendants, begin: float
    ) -> Stop | BlowUp | None:
        """See :class:`~hpcmix.running.courses.course.Course`; it stops within its searches, by
        :class:`~hpcmix.running.stops.requests.Stopped`."""
        comm, last_words = attendants.comm, attendants.last_words
        directory = RunDirectory(Path(problem.output.directory))
        simulation = build_simulation(
            problem, comm, attendants.log, None, attendants.watchdog, attendants.stops, directory
        )
        last_words.simulation = simulation
        section = problem.excitations or ExcitationsSection()
        with simulation.timers.phase("excitations"):
            method = METHODS[section.method]
            operator = stationary(simulation, required=not method.of_any_state)
            search = method.search(simulation, operator, section)
            spectrum = _Seeking(simulation, operator, search, directory, attendants).found(section)
        attendants.stops.found()
        last_words.outputs = outputs = Outputs(simulation)
        early_end: BlowUp | None = None
        try:
            outputs.write_ground_state()
        except BlowUp as error:
            early_end = error
        found = _write(simulation, operator, spectrum, directory)
        for line in ["", *table_lines(problem, found)]:
            attendants.log.line(line)
        last_words.complete()
        finish(simulation, outputs, None, begin, early_end, Result(counted(len(spectrum), "mode"), _summary(found)))
        with together(comm):
            if comm.rank == 0:
                directory.modes_search.unlink(missing_ok=True)
        simulation.free()
        return early_end


def stationary(simulation: Simulation, required: bool = True) -> BogoliubovOperator:
    """The operator of the state of a simulation. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where it
    is required to be stationary, and is not. Collective."""
    mixture, log = simulation.mixture, simulation.log
    if not mixture.rabi.groups:  # among coupled species a rest mass is a detuning
        mixture = mixture.counted_from_rest()
    orbitals = [cloud.orbitals[0] for cloud in simulation.state.clouds]
    operator = BogoliubovOperator(mixture, orbitals, Instant.before_start())
    residual = operator.residual
    if not residual <= STATIONARY and not required:
        log.line(f"excitations: of a state that moves, |H phi - mu phi| / |mu phi| is {residual:.1e}")
        return operator
    if not residual <= STATIONARY:
        raise ProblemError.of(
            "excitations",
            f"the state is not stationary: |H phi - mu phi| / |mu phi| is {residual:.1e}, at most {STATIONARY:g} is "
            'allowed; ask for the ground state (initial = "ground-state") without momentum, noise, modes, vortices '
            "that no rotation keeps, and ground_state.kernel_factors, in the potentials and couplings of time 0-",
        )
    log.line(f"excitations: of a state with residual {residual:.1e}")
    if residual > WANTED:
        log.line(f"warning: frequencies have relative errors of about {10.0 * residual:.0e}, by the state's residual")
    if required and not mixture.conserves_energy_after(BEFORE):
        log.line("note: potentials and couplings are those of time 0-; what they do afterwards does not count")
    return operator


class _Seeking:
    """A search for modes that can be stopped, and is kept."""

    def __init__(
        self,
        simulation: Simulation,
        operator: BogoliubovOperator,
        search: Search,
        directory: RunDirectory,
        attendants: Attendants,
    ) -> None:
        self._simulation, self._search, self._attendants = simulation, search, attendants
        attributes = Metadata.of(simulation.problem, simulation.provenance.attributes()).attributes()
        problem, log = simulation.problem, simulation.log
        self._kept = KeptModes(directory, problem, operator, attributes, search.method, log)
        self._state = KeptSearch(directory, problem, simulation.mixture, attributes, log)
        self._residual = math.inf

    def found(self, section: ExcitationsSection) -> Spectrum:
        """The modes. Raises :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound` and
        :class:`~hpcmix.running.stops.requests.Stopped`, with what there is kept. Collective."""
        self._keep_state()
        self._search.begin(*(self._kept.load() or ()))
        digits = -math.log10(section.tolerance)
        with self._simulation.log.progress("excitations, digits", digits) as meter:

            def report(iteration: int, converged: int, residual: float) -> None:
                self._residual = residual
                done = min(digits, max(0.0, -math.log10(residual))) if residual > 0.0 else digits
                note = f"iteration {iteration}, {converged} of {section.modes} modes, residual {residual:.1e}"
                meter.update(round(done, 2), note)

            patience = self._attendants.watchdog.patient() if METHODS[section.method].patient else nullcontext()
            try:
                with patience:
                    return self._search.run(section.max_iterations, report, self._alive)
            except SearchInterrupted as interruption:
                interruption.sought = "excitations were"
                interruption.kept = self._kept.save(self._search.rows, self._residual)
                raise
            except OutOfIterations as error:
                place = self._kept.save(self._search.rows, self._residual)
                if place is None:
                    raise
                raise error.keeping(place) from error

    def _alive(self) -> None:
        """Between two iterations: meet those who may stop it, and keep it now and then."""
        self._attendants.watchdog.beat()
        self._attendants.stops.meet(self._simulation.communicators.world)
        if self._kept.due():
            self._kept.save(self._search.rows, self._residual)

    def _keep_state(self) -> None:
        """The ground state is not to be sought again by a command that goes on."""
        simulation = self._simulation
        found = simulation.ground_state
        if found is None:
            return
        fields = [cloud.orbitals.copy() for cloud in simulation.state.clouds]
        dressing = Dressing.of(simulation.problem, simulation.mixture)
        for index in dressing.members:  # the search for a dressed state is without its phases
            fields[index] *= np.exp(-1j * dressing.phases[index])
        self._state.save(fields, Unfinished(tuple(found.get("starts", ())), float(found["residual"]), math.nan))


def _write(
    simulation: Simulation, operator: BogoliubovOperator, spectrum: Spectrum, directory: RunDirectory
) -> dict[str, Any]:
    """excitations.json, excitations.h5 and its description; the content of the first. Collective."""
    problem, mixture = simulation.problem, simulation.mixture
    measures = measure_modes(operator, spectrum)
    at_faces = max(max(shares_at_faces(mixture, density)) for density in operator.densities)
    found = document(problem, operator, spectrum, measures, placed=at_faces <= SMALL)
    found["ground_state"] = simulation.ground_state
    if problem.excitations is not None:
        found["tolerance"] = problem.excitations.tolerance
    names = [species.name for species in problem.species]
    waves = operator.waves
    changes = {
        name: 2.0 * (waves[a].conj() * spectrum.u[:, a] + waves[a] * spectrum.v[:, a]).real
        for a, name in enumerate(names)
    }
    metadata = Metadata.of(problem, simulation.provenance.attributes())
    with simulation.timers.phase("output"):
        write_modes(
            directory.modes,
            mixture.grid,
            simulation.communicators,
            metadata,
            spectrum.frequencies,
            {name: np.ascontiguousarray(spectrum.u[:, a]) for a, name in enumerate(names)},
            {name: np.ascontiguousarray(spectrum.v[:, a]) for a, name in enumerate(names)},
            changes,
        )
        with together(simulation.communicators.world):
            if simulation.is_root:
                write_text(directory.excitations, page_of({"title": problem.title, **metadata.factors(), **found}))
    return found


def _summary(found: dict[str, Any]) -> dict[str, Any]:
    """What summary.json says of the modes."""
    return {
        "excitations": {
            "frequencies": [mode["frequency"] for mode in found["modes"]],
            "largest_residual": max(mode["residual"] for mode in found["modes"]),
            **{key: found[key] for key in ("method", "iterations", "transforms", "symmetries")},
        }
    }
