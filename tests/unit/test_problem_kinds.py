"""Kinds answer for themselves: none that the file can name lacks an answer, and nobody takes one that does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import pytest
from pydantic import BaseModel

from hpcmix.grid import Grid as LocalGrid
from hpcmix.initial.closed_form import closed_form
from hpcmix.initial.orbitals.sets import _write
from hpcmix.initial.shells import filling_of
from hpcmix.model.kinetic.vector_potentials import make_vector_potential
from hpcmix.model.pair_kernels.radial_functions import radial_function
from hpcmix.model.potentials import make_term
from hpcmix.model.terms.build import functional_of
from hpcmix.model.terms.channels import shapes_of
from hpcmix.model.terms.entry_kernels import contact_couplings, coupling_at_a_point, kernel_of
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.checks.across import cross_checks
from hpcmix.problem.checks.expected.confinement import Confinement
from hpcmix.problem.checks.expected.warnings import expected_warnings
from hpcmix.problem.checks.frame import check_frame
from hpcmix.problem.checks.grid import check_on_grid
from hpcmix.problem.checks.kernel_costs import kernel_cost
from hpcmix.problem.checks.magnitudes import check_magnitudes
from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.checks.well_posedness import semirelativistic_condition
from hpcmix.problem.hints.annotations import models_of
from hpcmix.problem.load import parse_problem
from hpcmix.problem.reading.section import Section
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.coupling import asks_for_ground_state
from hpcmix.problem.sections.functionals import FunctionalSection
from hpcmix.problem.sections.initial import InitialSection
from hpcmix.problem.sections.interactions.section import InteractionSection, KernelInteraction, RadialInteraction
from hpcmix.problem.sections.potentials import PotentialSection
from hpcmix.problem.sections.radial import RadialSection
from hpcmix.problem.sections.scaling import RULES, BoseFermiRule, PopulationRule, Scaling, ScalingRule, prefactors
from hpcmix.problem.sections.vector_potentials import VectorPotentialSection
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.units import Units
from hpcmix.run.planning import phase_resolution
from hpcmix.run.planning.plan import make_plan, potential_fields
from hpcmix.run.planning.preflight import preflight
from hpcmix.studies.claims.conservation import round_axes
from hpcmix.studies.claims.well_posedness import attraction

BASES = (
    InteractionSection, KernelInteraction, RadialInteraction, PotentialSection, VectorPotentialSection, InitialSection,
    FunctionalSection, RadialSection, ScalingRule, PopulationRule, BoseFermiRule,
)  # fmt: skip
ANSWERS = [(base, answer) for base in BASES for answer in sorted(base.__abstractmethods__)]

TEXT = """
[grid]
points = [8, 8, 8]
lengths = [8.0, 8.0, 8.0]
frame = { kind = "expanding", rate = 1.0 }
[[species]]
name = "a"
potential = { kind = "harmonic", frequency = 1.0, until = 0.0 }
initial = { kind = "gaussian", width = 1.0 }
[time]
final = "infinity"
step = 0.01
"""
REFUSED = (TypeError, AttributeError)


class UnknownInteraction(Section):
    """What a file says of a pair, and no answer."""

    kind: Literal["unknown"] = "unknown"
    between: tuple[str, str] = ("a", "a")


class UnknownPotential(Switching):
    """Something that is switched, and no answer."""

    kind: Literal["unknown"] = "unknown"


class UnknownVectorPotential(Section):
    """No answer."""

    kind: Literal["unknown"] = "unknown"


class UnknownInitial(Section):
    """What every initial state has, and no answer."""

    kind: Literal["unknown"] = "unknown"
    momentum: tuple[float, ...] = (0.0, 0.0, 0.0)
    noise: None = None


def all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for one in models_of(field.annotation):
            if one not in found:
                found |= all_models(one)
    return found


def with_species(problem: Problem, **update: Any) -> Problem:
    return problem.model_copy(update={"species": (problem.species[0].model_copy(update=update),)})


def parts_of(problem: Problem) -> Parts:
    return Parts(
        {"species": [{"name": "a"}]},
        Units(),
        problem.grid,
        dict(enumerate(problem.species)),
        dict(enumerate(problem.interaction)),
        time=problem.time,
        output=problem.output,
        parallel=problem.parallel,
        ground_state=problem.ground_state,
    )


def frame_findings(problem: Problem) -> list:
    parts = parts_of(problem)
    return list(check_frame(parts.grid, parts.species, parts.interaction, (), None, parts.time, parts.output))


def local_grid() -> LocalGrid:
    block = Block((0, 0, 0), (8, 8, 8))
    return LocalGrid((8, 8, 8), (8.0, 8.0, 8.0), block, block)


# ---------------------------------------------------------------- every kind has all answers


def test_no_table_of_a_problem_file_is_abstract():
    models = all_models(Problem)
    assert sum(issubclass(model, BASES) for model in models) > 25
    assert not [model for model in models if inspect.isabstract(model)]


def test_every_word_of_a_scaling_has_its_rule():
    assert set(RULES) == set(get_args(Scaling.model_fields["kind"].annotation))
    with pytest.raises(KeyError):
        prefactors(Scaling.model_construct(kind="unknown"), parse_problem(TEXT).species, 3)


@pytest.mark.parametrize(("base", "answer"), ANSWERS, ids=[f"{base.__name__}-{answer}" for base, answer in ANSWERS])
def test_a_kind_that_lacks_an_answer_cannot_be_made(base, answer):
    given = {other: property(lambda self: None) for other in base.__abstractmethods__ if other != answer}
    unknown = type("Unknown", (base,), {"__module__": __name__, **given})
    with pytest.raises(TypeError, match=answer):
        unknown.model_construct() if issubclass(unknown, BaseModel) else unknown()


# ---------------------------------------------------------------- nobody takes a kind without answers


def refuses(consumer: Callable[[Problem], Any], problem: Problem) -> None:
    consumer(parse_problem(TEXT))  # what it takes of a kind that it knows
    with pytest.raises(REFUSED):
        consumer(problem)


@pytest.mark.parametrize(
    "consumer",
    [
        lambda problem: list(cross_checks(parts_of(problem))),
        lambda problem: list(check_magnitudes(parts_of(problem), problem.grid, 1.0)),
        frame_findings,
        lambda problem: semirelativistic_condition(with_species(problem, kinetic="semirelativistic")),
        attraction,
        lambda problem: round_axes(with_species(problem, potential=())),
        contact_couplings,
        lambda problem: shapes_of(problem, "free"),
        lambda problem: [kernel_cost(entry, problem.grid) for entry in problem.interaction],
        lambda problem: [kernel_of(entry, problem, 0, 1.0) for entry in problem.interaction],
        lambda problem: [coupling_at_a_point(entry, problem, 0) for entry in problem.interaction],
        lambda problem: make_plan(problem, 1),
        preflight,
        lambda problem: Confinement.of(problem, problem.species[0]),
    ],
)
def test_an_unknown_interaction_is_refused(consumer):
    refuses(consumer, parse_problem(TEXT).model_copy(update={"interaction": (UnknownInteraction(),)}))


@pytest.mark.parametrize(
    "consumer",
    [
        lambda problem: list(check_magnitudes(parts_of(problem), problem.grid, 1.0)),
        frame_findings,
        lambda problem: list(check_on_grid(problem.species[0], problem.grid, 1.0)),
        round_axes,
        potential_fields,
        lambda problem: Confinement.of(problem, problem.species[0]),
        lambda problem: make_term("", problem.species[0].potential[0], local_grid(), 1.0),
        preflight,
    ],
)
def test_an_unknown_potential_is_refused(consumer):
    refuses(consumer, with_species(parse_problem(TEXT), potential=(UnknownPotential(),)))


@pytest.mark.parametrize(
    "consumer",
    [
        lambda problem: list(check_magnitudes(parts_of(problem), problem.grid, 1.0)),
        lambda problem: list(check_on_grid(problem.species[0], problem.grid, 1.0)),
        phase_resolution.expected_warnings,
        lambda problem: make_vector_potential("", problem.species[0].vector_potential, local_grid()),
        lambda problem: make_plan(problem, 1),
        preflight,
    ],
)
def test_an_unknown_vector_potential_is_refused(consumer):
    refuses(consumer, with_species(parse_problem(TEXT), vector_potential=UnknownVectorPotential()))


@pytest.mark.parametrize(
    "consumer",
    [
        lambda problem: list(check_on_grid(problem.species[0], problem.grid, 1.0)),
        lambda problem: asks_for_ground_state(problem.species[0]),
        lambda problem: make_plan(problem, 1),
        lambda problem: closed_form(problem.species[0].initial, "", 1.0, 1.0, local_grid()),
        expected_warnings,
        preflight,
    ],
)
def test_an_unknown_initial_state_is_refused(consumer):
    refuses(consumer, with_species(parse_problem(TEXT), initial=UnknownInitial()))


def test_an_unknown_kind_has_no_orbitals_and_no_functional_and_no_radial_function():
    initial, orbitals = UnknownInitial(), np.zeros((1, 8, 8, 8))
    for consumer in (
        lambda: filling_of(initial, local_grid(), 4),
        lambda: _write(initial, None, None, 0, None, orbitals),
        lambda: functional_of(UnknownInteraction(), parse_problem(TEXT)),
        lambda: radial_function(UnknownInteraction()),
    ):
        with pytest.raises(REFUSED):
            consumer()


def test_a_species_of_an_unknown_kind_has_no_weight():
    problem = with_species(parse_problem(TEXT), kind="classical")
    with pytest.raises(TypeError, match="classical"):
        prefactors(None, problem.species, 3)
    with pytest.raises(KeyError):
        RULES["bose-fermi-macro"].wanted(problem.species[0], {"hbar": 1.0, "particles": 1.0})
