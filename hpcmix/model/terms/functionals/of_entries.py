"""From the functionals of a problem file to their terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

from hpcmix.model.potentials.envelope import Envelope
from hpcmix.model.terms.functionals.changing import ChangingFunctional, Course
from hpcmix.model.terms.functionals.expression import ExpressionTerm
from hpcmix.model.terms.functionals.lee_huang_yang import lee_huang_yang_term
from hpcmix.model.terms.functionals.non_polynomial import NonPolynomialTerm
from hpcmix.model.terms.functionals.power import PowerTerm
from hpcmix.model.terms.functionals.viverit_giorgini import viverit_giorgini_term
from hpcmix.model.terms.term import Term
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.functionals.expression import ExpressionFunctional
from hpcmix.problem.sections.functionals.gas import PointGas, gas_of_species
from hpcmix.problem.sections.functionals.lee_huang_yang import LeeHuangYangFunctional
from hpcmix.problem.sections.functionals.non_polynomial import NonPolynomialFunctional
from hpcmix.problem.sections.functionals.power import PowerFunctional
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.sections.functionals.viverit_giorgini import ViveritGiorginiFunctional


@singledispatch
def functional_of(entry: object, problem: Problem) -> Term:
    """The term of the functional `entry` of the file."""
    raise TypeError(f"{type(entry).__name__} has no term")


@functional_of.register
def _(entry: PowerFunctional, problem: Problem) -> Term:
    return PowerTerm(problem.indices(entry.species), entry.strength, entry.exponent)


@functional_of.register
def _(entry: ExpressionFunctional, problem: Problem) -> Term:
    return ExpressionTerm(problem.indices(entry.species), entry.value)


@functional_of.register
def _(entry: NonPolynomialFunctional, problem: Problem) -> Term:
    trap = problem.grid.transverse
    if trap is None:
        raise TypeError("a non-polynomial functional has passed its checks without a trap across the grid")
    (species,) = problem.indices(entry.species)
    return NonPolynomialTerm(species, problem.hbar * trap.frequency, entry.scattering_length)


@functional_of.register
def _(entry: LeeHuangYangFunctional, problem: Problem) -> Term:
    place, gas = problem.indices(entry.species), _point_gas(entry, problem)
    whole = gas(())
    if not (whole.changing and entry.from_couplings):
        return lee_huang_yang_term(entry, whole, place)
    scale = [whole.couplings[a][a] for a in range(len(place))]
    return ChangingFunctional(_courses(problem), lambda factors: lee_huang_yang_term(entry, gas(factors), place, scale))


@functional_of.register
def _(entry: ViveritGiorginiFunctional, problem: Problem) -> Term:
    place, gas = problem.indices(entry.species), _point_gas(entry, problem)
    if not gas(()).changing:
        return viverit_giorgini_term(gas(()), place)
    return ChangingFunctional(_courses(problem), lambda factors: viverit_giorgini_term(gas(factors), place))


def _point_gas(entry: FunctionalSection, problem: Problem) -> Callable[[Sequence[float]], PointGas]:
    """The uniform gas of a functional's species for given factors of all interactions; for none, as the file has it."""
    named = [problem.species_named(name) for name in entry.species]
    masses, statistics = [each.mass for each in named], [each.statistics for each in named]
    scaled = problem.scaling is not None

    def gas(factors: Sequence[float]) -> PointGas:
        return gas_of_species(
            entry.species, masses, problem.interaction, problem, problem.grid, scaled, statistics, factors
        )

    return gas


def _courses(problem: Problem) -> list[Course]:
    return [
        Course(Envelope.of(interaction), f"interaction.{number}.factor")
        for number, interaction in enumerate(problem.interaction)
    ]
