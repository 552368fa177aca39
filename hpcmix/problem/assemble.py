"""From the tables of a problem file to the Problem: validate every section, check them against each other, fill in
what depends on others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from hpcmix.problem.checks.across import cross_checks
from hpcmix.problem.checks.discretisation.step_limits import largest_fixed_step
from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.mistakes.errors import Complaint, ProblemError, closest
from hpcmix.problem.mistakes.hints.keys import place_of
from hpcmix.problem.reading.availability import unavailable_key
from hpcmix.problem.reading.section import Context
from hpcmix.problem.reading.source import Source
from hpcmix.problem.reading.values import described, is_writable, quantity_in
from hpcmix.problem.schema import CodeUnits, Problem
from hpcmix.problem.sections.calculation.many_body import ManyBody
from hpcmix.problem.sections.calculation.output import OutputOptions
from hpcmix.problem.sections.calculation.parallel import ParallelOptions
from hpcmix.problem.sections.components.coupling import RabiCoupling
from hpcmix.problem.sections.components.losses import Loss
from hpcmix.problem.sections.components.spinor import Spinor
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.sections.frames.rotating import Rotation
from hpcmix.problem.sections.functionals.kinds import Functional
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.kinds import Interaction
from hpcmix.problem.sections.parameters import Parameters, constants_of
from hpcmix.problem.sections.scaling import Scaling
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.times.evolution import GroundStateOptions, TimeOptions
from hpcmix.problem.units.dimensions import LENGTH, MASS
from hpcmix.problem.units.units import Constant, UnitError, Units, scale_from_text
from hpcmix.problem.words.sentences import validated

_MORE_STEPS_THAN_ANY = 1_000_000_000
"""Output every so many steps is output at the end only."""
_TOLERANCES = {"double": 1e-10, "single": 1e-4}
"""Default residual of ground states: some orders above what the rounding of each precision allows."""

_ITERATIONS, _ITERATIONS_WITH_VORTICES = 500, 5000
"""Default limits of the search for a ground state: measured, 20 to 100 without and 300 to 2000 with vortices."""


def assemble(source: Source, folder: Path, name: str, complaints: list[Complaint]) -> Problem:
    """The problem that the source's tables describe. Raises ProblemError with all complaints, the given ones
    included."""
    return _Assembly(source, folder, name, list(complaints)).problem()


class _Assembly:
    def __init__(self, source: Source, folder: Path, name: str, complaints: list[Complaint]) -> None:
        self.source, self.folder, self.name = source, folder, name
        self.tables = source.tables
        self.complaints = complaints
        self.context = Context()

    def problem(self) -> Problem:
        self.check_sections()
        code_units = self.section("units", CodeUnits) if "units" in self.tables else None
        units = self.units(code_units)
        table = self.tables.get("grid")
        given = table if isinstance(table, dict) else {}
        points = given.get("points")
        dimensions = len(points) if isinstance(points, list) and 1 <= len(points) <= 3 else None
        self.context = Context(
            units, dimensions, self.folder, transverse="transverse" in given, parameters=self.parameters(units)
        )
        grid = self.section("grid", Grid)
        if grid is not None:
            self.context = replace(self.context, frame=grid.frame.map)
        scaling = self.section("scaling", Scaling) if "scaling" in self.tables else None
        parts = Parts(
            self.tables,
            units,
            grid=grid,
            species=self.species(scaling),
            interaction=self.sections("interaction", Interaction),
            functional=self.sections("functional", Functional),
            loss=self.sections("loss", Loss),
            rotation=self.section("rotation", Rotation) if "rotation" in self.tables else None,
            coupling=self.sections("coupling", RabiCoupling),
            spinor=self.sections("spinor", Spinor),
            time=self.section("time", TimeOptions) if "time" in self.tables else None,
            output=self.section("output", OutputOptions),
            scaling=scaling,
            parallel=self.section("parallel", ParallelOptions),
            ground_state=self.section("ground_state", GroundStateOptions),
            many_body=self.section("many_body", ManyBody) if "many_body" in self.tables else None,
            fluctuations=self.section("fluctuations", FluctuationsSection) if "fluctuations" in self.tables else None,
            excitations=self.section("excitations", ExcitationsSection) if "excitations" in self.tables else None,
            sweep=self.section("sweep", Sweep) if "sweep" in self.tables else None,
        )
        if parts.time is not None:
            parts.time = parts.time.ending_steps_at(parts.switching_times)
        title = self.title()
        for path, message, suggestion in cross_checks(parts):
            self.complain(path, message, suggestion)
        output, parallel, ground_state = parts.output, parts.parallel, parts.ground_state
        if self.complaints or grid is None or output is None or parallel is None or ground_state is None:
            # a section that is missing has its complaint; in the order of the file; what has no line comes last
            self.complaints.sort(key=lambda complaint: (complaint.line is None, complaint.line))
            raise ProblemError(list(dict.fromkeys(self.complaints)))
        parts, hbar = parts.as_scaled(grid)
        time = _complete_time(parts, grid, hbar)
        problem = Problem(
            title=title,
            units=code_units,
            parameters=Parameters(self.tables["parameters"]) if "parameters" in self.tables else None,
            grid=grid,
            species=tuple(parts.species.values()),
            interaction=tuple(parts.interaction.values()),
            functional=tuple(parts.functional.values()),
            loss=tuple(parts.loss.values()),
            rotation=parts.rotation,
            coupling=tuple(parts.coupling.values()),
            spinor=tuple(parts.spinor.values()),
            scaling=parts.scaling,
            ground_state=_complete_ground_state(ground_state, parallel, parts),
            time=time,
            output=_complete_output(output, time, self.name),
            parallel=parallel,
            many_body=None if parts.many_body is None else parts.many_body.with_orders(len(parts.species)),
            fluctuations=None if parts.fluctuations is None else parts.fluctuations.on_grid(grid.points),
            excitations=parts.excitations,
            sweep=None if parts.sweep is None else parts.sweep.completed(evolves=time is not None),
        )
        problem._source = self.source
        return problem

    def complain(self, path: tuple[str | int, ...], message: str, suggestion: str | None = None) -> None:
        self.complaints.append(self.source.complaint(path, message, suggestion))

    def check_sections(self) -> None:
        known = list(Problem.model_fields)
        for key in self.tables:
            if key not in known:
                elsewhere = place_of(key, Problem, {})
                suggestion = None if unavailable_key(key) or elsewhere else closest(key, known)
                listing = "" if suggestion else f" (sections: {', '.join(known)})"
                message = f"unknown section{listing}{'; ' if elsewhere else ''}{elsewhere}"
                self.complain((key,), unavailable_key(key) or message, suggestion)
        for key in ("grid", "species"):
            if key not in self.tables:
                self.complain((key,), f"the section {'[grid]' if key == 'grid' else '[[species]]'} is required")

    def title(self) -> str:
        title = self.tables.get("title", self.name)
        if not isinstance(title, str):
            self.complain(("title",), f"must be text in quotes, not {described(title)}")
        elif not is_writable(title):
            self.complain(("title",), "has a character that no file can hold: one of code zero, or half of a pair")
        return title

    def units(self, code_units: CodeUnits | None) -> Units | None:
        """The code units; None if [units] is there and wrong."""
        if "units" not in self.tables:
            return Units()
        if code_units is None:
            return None
        scales = {}
        for key, dimension in (("length", LENGTH), ("mass", MASS)):
            try:
                scales[key] = scale_from_text(getattr(code_units, key), dimension)
            except UnitError as error:
                self.complain(("units", key), str(error))
        return Units(**scales) if len(scales) == 2 else None

    def parameters(self, units: Units | None) -> Mapping[str, Constant]:
        """What the file gives names to, in code units."""
        table = self.tables.get("parameters", {})
        if not isinstance(table, dict):
            self.complain(("parameters",), f"must be a section [parameters], not {described(table)}")
            return {}
        if units is None:
            return {name: Constant(1.0) for name in table}  # the file is refused; nothing sees these numbers
        constants, errors = constants_of(table, units)
        for error in errors:
            self.complain(("parameters", error.name), str(error))
        return constants

    def species(self, scaling: Scaling | None) -> dict[int, Any]:
        """The species, in whose expressions ``mass`` is their own, where it is the file that says it."""
        tables, context = self.tables.get("species"), self.context
        sets_mass = scaling is not None and scaling.sets_bose_fermi
        if not isinstance(tables, list) or sets_mass:
            return self.sections("species", Species)
        return self.sections("species", Species, [replace(context, mass=_mass(table, context)) for table in tables])

    def section(self, key: str, model: type) -> Any:
        """A single section, or None with complaints. A section that is absent takes its defaults; a required one has
        been missed already."""
        table = self.tables.get(key, {})
        if key not in self.tables and key == "grid":
            return None
        if not isinstance(table, dict):
            self.complain((key,), f"must be a section [{key}], not {described(table)}")
            return None
        return self.validated(model, table, (key,))

    def sections(self, key: str, model: Any, contexts: Sequence[Context] = ()) -> dict[int, Any]:
        """The valid entries of an array of tables, by index. `contexts`: of each one, where they differ."""
        tables = self.tables.get(key, [])
        if isinstance(tables, dict) or not isinstance(tables, list):
            self.complain((key,), f"each {key} must be a section with two brackets, [[{key}]]")
            return {}
        if not tables and key == "species" and key in self.tables:
            self.complain((key,), "at least one [[species]] is required")
        entries = {
            index: self.validated(model, table, (key, index), contexts[index] if contexts else None)
            for index, table in enumerate(tables)
        }
        return {index: entry for index, entry in entries.items() if entry is not None}

    def validated(self, model: Any, table: Any, path: tuple[str | int, ...], context: Context | None = None) -> Any:
        value, complaints = validated(model, table, path, context or self.context, self.source)
        self.complaints.extend(complaints)
        return value


def _mass(table: Any, context: Context) -> float | None:
    """The mass of a species in code units; None where it is wrong, which is said where it is validated."""
    try:
        return quantity_in(table.get("mass", 1.0), context, MASS, above=0)
    except (AttributeError, PydanticCustomError):
        return None


def _complete_time(parts: Parts, grid: Grid, hbar: float) -> TimeOptions | None:
    """The time section; of adaptive steps the largest filled in where the grid sets it. Of scaled parts."""
    time = parts.time
    if time is None or time.adaptive is None or time.adaptive.largest is not None:
        return time
    limit = largest_fixed_step(parts, time, grid, hbar)
    if limit is None:
        return time
    return time.model_copy(update={"step": time.adaptive.model_copy(update={"largest": 2.0 * limit})})


def _complete_ground_state(options: GroundStateOptions, parallel: ParallelOptions, parts: Parts) -> GroundStateOptions:
    """The ground_state section with the tolerance of the precision and the iterations that the state may need."""
    update: dict[str, float] = {}
    if options.tolerance is None:
        update["tolerance"] = _TOLERANCES[parallel.precision]
    if options.max_iterations is None:
        turns = parts.rotation is not None or any(species.vector_potential for species in parts.species.values())
        update["max_iterations"] = _ITERATIONS_WITH_VORTICES if turns else _ITERATIONS
    return options.model_copy(update=update)


def _complete_output(output: OutputOptions, time: TimeOptions | None, name: str) -> OutputOptions:
    """The output section with its directory and, when there is a [time], its schedules."""
    update: dict[str, Any] = {} if output.directory else {"directory": f"runs/{name}"}
    schedule: dict[str, float]
    if time is not None:
        if output.observables.every is None and output.observables.interval is None:
            if time.adaptive is None:
                schedule = {"every": max(1, time.steps // 100)}
            else:  # of a clock that runs to infinity no part of the time is a hundredth
                schedule = {"every": 10} if time.frame.expanding else {"interval": time.final / 100}
            update["observables"] = output.observables.model_copy(update=schedule)
        steps = time.steps if time.adaptive is None else _MORE_STEPS_THAN_ANY
        schedule = {"interval": time.final} if math.isfinite(time.final) else {"every": steps}
        for name in ("snapshots", "markers"):
            section = getattr(output, name)
            if section is not None and section.every is None and section.interval is None:
                update[name] = section.model_copy(update=schedule)
    return output.model_copy(update=update)
