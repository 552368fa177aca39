"""Kinds answer for themselves: none that the file can name lacks an answer, and nobody takes one that does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import pytest
from pydantic import BaseModel

from hpcmix.grid import Grid as LocalGrid
from hpcmix.initial.orbitals.sets import _write
from hpcmix.initial.trial.shells import filling_of
from hpcmix.initial.written.closed_form import closed_form
from hpcmix.model.kinetic.vector_potentials import make_vector_potential
from hpcmix.model.pair_kernels.radial.functions import radial_function
from hpcmix.model.potentials.external import make_term
from hpcmix.model.terms.channels import shapes_of
from hpcmix.model.terms.entry_kernels import contact_couplings, coupling_at_a_point, kernel_of
from hpcmix.model.terms.functionals.of_entries import functional_of
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.checks.across import cross_checks
from hpcmix.problem.checks.components.coupling import check_couplings
from hpcmix.problem.checks.discretisation.grid import check_on_grid
from hpcmix.problem.checks.discretisation.kernel_costs import kernel_cost
from hpcmix.problem.checks.expected.confinement import Confinement
from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.checks.expected.warnings import expected_warnings
from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
from hpcmix.problem.checks.frames.expanding import check_frame
from hpcmix.problem.checks.magnitudes import check_magnitudes
from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.mistakes.hints.annotations import models_of
from hpcmix.problem.reading.section import Section
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.modes import ModesSection
from hpcmix.problem.sections.components.coupling import RabiCoupling, asks_for_ground_state
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.sections.interactions.section import InteractionSection, KernelInteraction, RadialInteraction
from hpcmix.problem.sections.scaling import (
    RULES,
    BoseFermiRule,
    PopulationRule,
    Scaling,
    ScalingRule,
    prefactors,
    scaled_species,
    scaling_checks,
)
from hpcmix.problem.sections.species.initial import InitialSection, PlaneWavesInitial
from hpcmix.problem.sections.species.potentials import PotentialSection
from hpcmix.problem.sections.species.radial import RadialSection
from hpcmix.problem.sections.species.species import Fermions, SpeciesSection
from hpcmix.problem.sections.species.vector_potentials import VectorPotentialSection
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.units import Units
from hpcmix.running.planning.costs.fields import potential_fields
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.preflight import preflight
from hpcmix.running.planning.resolution import phase as phase_resolution
from hpcmix.studies.claims.conservation import round_axes
from hpcmix.studies.claims.well_posedness import attraction
from hpcmix.studies.tracks.family import only_scattering

BASES = (
    SpeciesSection, InteractionSection, KernelInteraction, RadialInteraction, PotentialSection,
    VectorPotentialSection, InitialSection, FunctionalSection, RadialSection, ModesSection,
    ScalingRule, PopulationRule, BoseFermiRule,
)  # fmt: skip


def open_answers(base: type) -> set[str]:
    """Class attributes that a base demands of its kinds."""
    return {name for name in getattr(base, "__class_vars__", ()) if not hasattr(base, name)}


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
SEA = [Fermions(name="sea", kind="fermions", orbitals=4, initial=PlaneWavesInitial(kind="plane-waves"))]
"""What a Bose-Fermi scaling counts."""


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


class UnknownSpecies(Section):
    """What every species says of itself, and no answer."""

    kind: Literal["unknown"] = "unknown"
    name: str
    mass: float = 1.0
    particles: float = 1.0
    kinetic: str = "nonrelativistic"
    rest_mass: None = None
    potential: tuple[Any, ...] = ()
    vector_potential: None = None
    initial: Any = None


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
    assert sum(issubclass(model, BASES) for model in models) > 27
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


OPEN = [(base, answer) for base in BASES for answer in sorted(open_answers(base))]


@pytest.mark.parametrize(("base", "answer"), OPEN, ids=[f"{base.__name__}-{answer}" for base, answer in OPEN])
def test_a_kind_that_leaves_an_answer_open_cannot_be_defined(base, answer):
    given = {name: False for name in open_answers(base) if name != answer}
    fields = {"__annotations__": {"kind": Literal["unknown"]}}
    with pytest.raises(TypeError, match=f"does not say {answer}$"):
        type("Unknown", (base,), {"__module__": __name__, **fields, **given})


def test_bases_demand_answers():
    assert {answer for _, answer in OPEN} == {
        "at_points_only", "every_point", "full_fields", "of_condensates", "of_the_box", "periodic",
        "proportional_to_mass", "shapes_clouds", "written_down",
    }  # fmt: skip


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


@pytest.mark.parametrize(
    "consumer",
    [
        lambda problem: prefactors(None, problem.species, 3),
        lambda problem: prefactors(Scaling.model_construct(kind="geometric-mean"), problem.species, 3),
        lambda problem: scaled_species(Scaling.model_construct(kind="bose-fermi-macro"), [*SEA, *problem.species], 3),
        lambda problem: list(
            scaling_checks(
                Scaling.model_construct(kind="fractions"), dict(enumerate(problem.species)), [{}], 3, units=False
            )
        ),
        lambda problem: list(cross_checks(parts_of(problem))),
        lambda problem: list(check_magnitudes(parts_of(problem), problem.grid, 1.0)),
        lambda problem: expected_lengths(problem, 0),
        expected_warnings,
        lambda problem: problem.orbitals,
        lambda problem: problem.species[0].quickest_initial(problem.grid.lengths),
        lambda problem: make_plan(problem, 1),
        preflight,
    ],
)
def test_an_unknown_species_is_refused(consumer):
    """Those who ask for its answers; checks that are for one kind refuse every other."""
    problem = parse_problem(TEXT)
    entries = {name: getattr(problem.species[0], name) for name in SpeciesSection.model_fields if name != "kind"}
    refuses(consumer, problem.model_copy(update={"species": (UnknownSpecies(**entries),)}))


def test_a_claim_about_condensates_and_a_coupling_refuse_other_kinds():
    barrier = "{ kind = 'square-barrier', height = 1.0, radius = 1.0 }"
    entries = f"between = ['a', 'a'], kind = 'scattering', limit = true, neumann_radius = 3.0, potential = {barrier}"
    still = TEXT.replace('frame = { kind = "expanding", rate = 1.0 }', "").replace('"infinity"', "1.0")
    problem = parse_problem(f"interaction = [{{ {entries} }}]\n{still}")
    only_scattering(problem)
    with pytest.raises(ProblemError, match="about condensates"):
        only_scattering(problem.model_copy(update={"species": (SEA[0].model_copy(update={"name": "a"}),)}))
    other = problem.model_copy(update={"species": (UnknownSpecies(name="a"),)})
    coupling = RabiCoupling.model_construct(between=("a", "a"), frequency=1.0)
    parts = replace(parts_of(other), coupling={0: coupling})
    assert "coherent coupling is for condensates" in next(check_couplings(parts))[1]


def test_kinds_of_species_are_words_of_a_file():
    with pytest.raises(ProblemError, match="available: condensate, fermions, classical"):
        parse_problem(TEXT.replace('name = "a"', 'name = "a"\nkind = "bosonic"'))
