"""``[scaling]``: the papers' prefactors (docs/systems/fermions.md), from one word to particle numbers, masses, hbar,
weights and the factors of the kernels."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import integer
from hpcmix.problem.sections.species.species import Species


class Scaling(Section):
    """Which prefactors densities and kernels get.

    fractions           densities integrate to the fractions c_a = N_a / sum N; kernels of a species with itself are
                        divided by c_a (Michelangeli and Olgiati (2.8)-(2.10), de Oliveira and Michelangeli (1.3)).
    geometric-mean      nu_a = N_a / N with N the geometric mean of the particle numbers, kernels times
                        N / sqrt(N_a N_b); two species: nu_1 = R, nu_2 = 1/R, R^2 = N_1/N_2 (Anapolitanos, Hott and
                        Hundertmark (7)).
    bose-fermi-micro    N = M bosons, masses 1/2, hbar = 1, all kernels times lambda = 1/N (Cardenas, Miller and
                        Pavlovic (2.18); their (2.19) needs the mass 1/2 where they print 2). With `bosons` another N.
    bose-fermi-macro    hbar = M^(-1/d), boson mass hbar, fermion mass 1, N = M^(1 + 1/d) bosons, all kernels times
                        lambda = 1/N (the same, (2.20)). A classical species with M particles stands for its fermions:
                        trajectories and wave functions are those of (2.22) whatever M is, energies M times them.
    """

    kind: Literal["fractions", "geometric-mean", "bose-fermi-micro", "bose-fermi-macro"]
    bosons: Annotated[int, integer(at_least=1)] | None = None
    """Of bose-fermi-micro: N where it is not the number of fermions.
    Example: ``1000``."""

    @model_validator(mode="after")
    def _bosons_have_a_use(self) -> Self:
        if self.bosons is not None and self.kind != "bose-fermi-micro":
            raise wrong(f'is for kind = "bose-fermi-micro"; it is "{self.kind}" here', key="bosons")
        return self

    @property
    def rule(self) -> ScalingRule:
        """What the word means."""
        return RULES[self.kind] if self.bosons is None else BoseFermiMicro(self.bosons)

    @property
    def sets_bose_fermi(self) -> bool:
        """Whether it sets particle numbers, masses and hbar from the number of fermions."""
        return self.bose_fermi_rule is not None

    @property
    def bose_fermi_rule(self) -> BoseFermiRule | None:
        """The rule by which it sets them, None where it sets weights only."""
        return self.rule if isinstance(self.rule, BoseFermiRule) else None


@dataclass(frozen=True)
class Prefactors:
    """What a scaling comes to.

    hbar           the reduced Planck constant in code units.
    weights        nu per species: particles per orbital as the density counts them.
    coupling       lambda, the factor that every kernel has; kernels of a pair may have a further one.
    rule           that of the scaling, None without one.
    """

    hbar: float
    weights: tuple[float, ...]
    coupling: float
    rule: ScalingRule | None = None

    def kernel_factor(self, first: int, second: int) -> float:
        """What the kernels between two species, given by index, are multiplied by."""
        return self.coupling if self.rule is None else self.rule.kernel_factor(self, first, second)


# ---------------------------------------------------------------- what the words mean


class ScalingRule(ABC):
    """What a scaling makes of the species."""

    @abstractmethod
    def prefactors(self, species: Sequence[Species], dimensions: int) -> Prefactors:
        """The prefactors of checked species."""

    @property
    def limit_in_words(self) -> list[str]:
        """What a classical species beside a condensate is in this scaling."""
        return []

    @abstractmethod
    def kernel_factor(self, factors: Prefactors, first: int, second: int) -> float:
        """What the kernels between two species, given by index, are multiplied by."""


class PopulationRule(ScalingRule):
    """nu_a = N_a over a number that all species have in common."""

    @abstractmethod
    def reference(self, particles: Sequence[float]) -> float:
        """That number."""

    def prefactors(self, species: Sequence[Species], dimensions: int) -> Prefactors:
        own = [each.weight for each in species]
        reference = self.reference(own)
        return Prefactors(1.0, tuple(number / reference for number in own), 1.0, self)


class Fractions(PopulationRule):
    """nu_a = N_a / sum N, kernels of a species with itself divided by it."""

    def reference(self, particles: Sequence[float]) -> float:
        return math.fsum(particles)

    def kernel_factor(self, factors: Prefactors, first: int, second: int) -> float:
        return 1.0 / factors.weights[first] if first == second else 1.0


class GeometricMean(PopulationRule):
    """nu_a = N_a / N, N the geometric mean; kernels times N / sqrt(N_a N_b)."""

    def reference(self, particles: Sequence[float]) -> float:
        return math.exp(math.fsum(map(math.log, particles)) / len(particles))

    def kernel_factor(self, factors: Prefactors, first: int, second: int) -> float:
        """See :class:`ScalingRule`; with nu_a = N_a / N, written so that a species' own factor is exactly 1/nu_a."""
        weights = factors.weights
        return 1.0 / (weights[first] if first == second else math.sqrt(weights[first] * weights[second]))


@dataclass(frozen=True)
class BoseFermiNumbers:
    """What a Bose-Fermi scaling sets: hbar, the number of bosons, and the masses."""

    hbar: float
    bosons: float
    boson_mass: float
    fermion_mass: float


class BoseFermiRule(ScalingRule):
    """hbar, the number of bosons N and the masses from the number of fermions; kernels times 1/N."""

    @abstractmethod
    def numbers(self, fermions: float, dimensions: int) -> BoseFermiNumbers:
        """The numbers for so many fermions."""

    def numbers_of(self, species: Sequence[Species], dimensions: int) -> BoseFermiNumbers:
        """The same for the fermions there are, all spin states together, and for those that a classical species is
        the limit of."""
        return self.numbers(float(sum(each.particles for each in species if each.statistics != "bosons")), dimensions)

    def prefactors(self, species: Sequence[Species], dimensions: int) -> Prefactors:
        numbers = self.numbers_of(species, dimensions)
        return Prefactors(numbers.hbar, tuple(each.weight for each in species), 1.0 / numbers.bosons, self)

    def kernel_factor(self, factors: Prefactors, first: int, second: int) -> float:
        return factors.coupling

    def wanted(self, species: Species, numbers: BoseFermiNumbers) -> dict[str, float]:
        """What it sets of a species."""
        return {
            "bosons": {"mass": numbers.boson_mass, "particles": numbers.bosons},
            "fermions": {"mass": numbers.fermion_mass},
            "classical": {"mass": numbers.fermion_mass},
        }[species.statistics]


@dataclass(frozen=True)
class BoseFermiMicro(BoseFermiRule):
    """(2.18); with another number of bosons where one is given."""

    bosons: int | None = None

    def numbers(self, fermions: float, dimensions: int) -> BoseFermiNumbers:
        """As many bosons as fermions, or as many as are given."""
        bosons = fermions if self.bosons is None else float(self.bosons)
        return BoseFermiNumbers(hbar=1.0, bosons=bosons, boson_mass=0.5, fermion_mass=0.5)


class BoseFermiMacro(BoseFermiRule):
    """(2.20)."""

    @property
    def limit_in_words(self) -> list[str]:
        """(2.22), the limit of (2.20)."""
        return [
            "with a classical species this is the Vlasov-Hartree system, the limit of many fermions: with f and phi of",
            "norm one d/dt f + p.grad_x f - grad(V * |phi|^2).grad_p f = 0, i d/dt phi = (-Laplacian/2 + V * rho) phi,",
            "whatever the number of fermions is; energies are those of all of them",
        ]

    def numbers(self, fermions: float, dimensions: int) -> BoseFermiNumbers:
        """hbar from the number of fermions."""
        hbar = fermions ** (-1.0 / dimensions)
        return BoseFermiNumbers(hbar=hbar, bosons=fermions / hbar, boson_mass=hbar, fermion_mass=1.0)


RULES: dict[str, ScalingRule] = {
    "fractions": Fractions(),
    "geometric-mean": GeometricMean(),
    "bose-fermi-micro": BoseFermiMicro(),
    "bose-fermi-macro": BoseFermiMacro(),
}
"""By the word in the file."""


# ---------------------------------------------------------------- a problem's prefactors


def prefactors(scaling: Scaling | None, species: Sequence[Species], dimensions: int) -> Prefactors:
    """Prefactors of a checked problem; without a scaling hbar = 1, particle numbers as weights, kernels as they are."""
    if scaling is None:
        return Prefactors(1.0, tuple(each.weight for each in species), 1.0)
    return scaling.rule.prefactors(species, dimensions)


def scaling_checks(
    scaling: Scaling, species: dict[int, Species], tables: Sequence[dict[str, Any]], dimensions: int, units: bool
) -> Iterator[Misfit]:
    """Path and sentence for everything in the species that the scaling contradicts. `tables`: the species as read."""
    rule = scaling.bose_fermi_rule
    if rule is None:
        empty = [index for index, each in species.items() if each.particles == 0.0]
        for index in empty:
            yield ("species", index, "particles"), f'must be positive: the scaling "{scaling.kind}" compares species'
        if empty:
            return
        weights = prefactors(scaling, list(species.values()), dimensions).weights
        for (index, entry), weight in zip(species.items(), weights, strict=True):
            if not 0.0 < weight < math.inf:
                yield ("species", index, "particles"), "is beyond what the scaling can compare with the other species"
            if not entry.has_orbitals:
                sentence = f'"{scaling.kind}" weighs condensates, and a classical species has its weight in its markers'
                yield ("species", index, "kind"), f"the scaling {sentence}; use bose-fermi-macro or none"
            if entry.statistics == "fermions":
                sentence = f'"{scaling.kind}" weighs condensates, and a fermion orbital holds one particle'
                yield ("species", index, "kind"), f"the scaling {sentence}; use a bose-fermi scaling or none"
        return
    if units:
        yield (
            ("scaling", "kind"),
            f'"{scaling.kind}" sets hbar and the masses in dimensionless numbers; leave [units] out',
        )
        return
    statistics = [each.statistics for each in species.values()]
    if not {"fermions", "classical"} & set(statistics):
        yield ("scaling", "kind"), f'"{scaling.kind}" counts fermions and there are none; add a species of that kind'
        return
    condensates = statistics.count("bosons")
    if condensates > 1:
        yield ("scaling", "kind"), f'"{scaling.kind}" is for one condensate; here are {condensates}'
        return
    numbers = rule.numbers_of(list(species.values()), dimensions)
    for index, entry in species.items():
        for key, value in rule.wanted(entry, numbers).items():
            if key in tables[index] and getattr(entry, key) != value:
                yield ("species", index, key), f'is {value!r} in the scaling "{scaling.kind}"; leave it out'


def scaled_species(scaling: Scaling | None, species: Sequence[Species], dimensions: int) -> tuple[Species, ...]:
    """The species with the masses and the number of bosons that the scaling sets."""
    rule = None if scaling is None else scaling.bose_fermi_rule
    if rule is None:
        return tuple(species)
    numbers = rule.numbers_of(species, dimensions)
    return tuple(each.model_copy(update=rule.wanted(each, numbers)) for each in species)
