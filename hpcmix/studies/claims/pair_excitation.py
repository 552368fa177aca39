"""How large is the pair kernel along the flow? (Chong, Lee and Sun, Lemma 3.2.)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.pair_kernels.correlation import Correlation
from hpcmix.model.pair_kernels.kernel import largest_of, modulus
from hpcmix.model.pair_kernels.neumann import neumann_problem
from hpcmix.model.pair_kernels.radial.functions import radial_function
from hpcmix.model.terms.entry_kernels import coefficient_of_pair
from hpcmix.observe.look import Look
from hpcmix.observe.measures.derivatives import Place, largest_modulus
from hpcmix.observe.measures.motion import momentum_fields
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.kinds import Interaction
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN
from hpcmix.studies.measuring.claim import Claim, Curve, Display, Finding, Fit
from hpcmix.studies.measuring.setting import Setting, clock_label, first_loss, until
from hpcmix.studies.measuring.verdict import bounded, quickest, unresolved
from hpcmix.studies.tracks.family import Family, chosen_numbers, family_tracks, label, largest, load_family
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "pair-excitation",
    "||k_t||_HS <= C min(||phi~_t||_inf, 1) and ||grad_1 k_t||_HS <= C sqrt(N) min(||phi~_t||_inf, 1) with C "
    "independent of N, for k_ab(x, y) = -N w_ab(N(x - y)) phi~_a(x) phi~_b(y)",
    "Chong, Lee and Sun, Lemma 3.2, (3.27)",
)

NORM, SLOPE, LARGEST = "|k|_HS", "|grad_1 k|_HS", "|phi|_inf"
QUOTIENT, SLOPE_QUOTIENT = "|k|/min(|phi|_inf,1)", "|grad k|/(sqrt(N) min(|phi|_inf,1))"
CONSTANTS = (f"sup_t {QUOTIENT}", f"sup_t {SLOPE_QUOTIENT}")


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve the modified systems of all N and measure their pair kernels. Collective."""
    numbers = chosen_numbers(setting)
    family = load_family(setting, numbers)
    within_the_box(family)
    names = (NORM, SLOPE, LARGEST, QUOTIENT, SLOPE_QUOTIENT)
    records = setting.work.follow_all(family_tracks(family, names, PairKernel))
    return family.first, conclude(family, numbers, records)


def within_the_box(family: Family) -> None:
    """The kernel w(N.) reaches to l, and must not meet its own images. Raises ProblemError on every rank."""
    for of_all in family.problems.values():
        for problem in of_all.values():
            half = 0.5 * min(problem.grid.lengths)
            for index, entry in enumerate(problem.interaction):
                _, neumann_radius = _scattering(entry).neumann_problem
                if neumann_radius > half:
                    raise problem.complain(
                        f"interaction.{index}.neumann_radius",
                        f"{neumann_radius:.4g} is beyond half the box, {half:.4g} (of the smallest of the error "
                        "budget), and the pair kernel would act on its own images",
                    )


def _scattering(entry: Interaction) -> ScatteringInteraction:
    """An interaction of a family, which all are made from scattering problems."""
    if not isinstance(entry, ScatteringInteraction):
        raise TypeError(f"a family of modified systems has scattering interactions, not {entry.kind}")
    return entry


class PairKernel:
    """Measures the Hilbert-Schmidt norms of k and grad_1 k of a problem with scattering interactions.

    With K = N^2 w(N.)^2 and L = N^4 |grad w|^2(N.), whose transforms are (w^2)^(k/N)/N and N (|grad w|^2)^(k/N),

        ||k||^2        = sum_ab integral rho_a (K_ab * rho_b)
        ||grad_1 k||^2 = sum_ab integral [ rho_a (L_ab * rho_b) + |grad phi_a|^2 (K_ab * rho_b)
                                           + 1/2 grad rho_a . grad (K_ab * rho_b) ]

    since 2 N^3 w grad w (N.) = grad K. All are sums over wave numbers of products of spectra; neither the range 1/N
    nor the product of two grids is ever resolved. In a frame x = b y a kernel's transform is b^-3 of that at k/b.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._number, _ = _scattering(problem.interaction[0]).neumann_problem
        self._made: dict[tuple[int, int], tuple[Callable, Callable]] | None = None

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """The numbers of a record. Collective."""
        simulation = simulations[0]
        look = Look(simulation.mixture, simulation.state)
        place = Place.of(look)
        square, slope, highest = self._norms(look, place)
        largest_value = highest * place.contraction**1.5
        # at t = infinity both sides of the claim vanish; their quotient by b^(3/2) stays
        norm, gradient = np.sqrt(square * place.contraction**3), np.sqrt(slope * place.contraction**3)
        if largest_value < 1.0:
            quotient, slope_quotient = np.sqrt(square) / highest, np.sqrt(slope) / highest
        else:
            quotient, slope_quotient = norm, gradient
        return [norm, gradient, largest_value, quotient, slope_quotient / np.sqrt(self._number)]

    def _norms(self, look: Look, place: Place) -> tuple[float, float, float]:
        """||k||^2 and ||grad_1 k||^2, both times b^3, and the largest modulus of phi times b^(3/2)."""
        mixture, grid = look.mixture, look.mixture.grid
        wave_numbers = grid.broadcast_wave_numbers(grid.wave_block)
        k = place.contraction * modulus(wave_numbers)
        densities, slopes, largest_square = [], [], 0.0
        for a, species in enumerate(mixture.species):
            density, slope, highest = self._of_species(look, a, place)
            densities.append(self._spectrum(mixture, density))
            slopes.append(self._spectrum(mixture, slope))
            largest_square += species.weight * highest**2
        local = np.zeros(2)
        for (a, b), (square, gradient) in self._transforms(largest_of(wave_numbers)).items():
            kernel, steep = square(k / self._number) / self._number, self._number * gradient(k / self._number)
            for first, second in {(a, b), (b, a)}:
                product = _real_product(densities[first], densities[second])
                local[0] += np.sum(kernel * product)
                local[1] += np.sum((steep + 0.5 * k**2 * kernel) * product)
                local[1] += np.sum(kernel * _real_product(slopes[first], densities[second]))
        sums = mixture.communicators.sum(local) * (grid.cell_volume * mixture.transform.inverse_points)
        return float(sums[0]), float(sums[1]), float(np.sqrt(largest_square))

    @staticmethod
    def _of_species(look: Look, a: int, place: Place) -> tuple[np.ndarray, np.ndarray, float]:
        """|chi|^2 and |D chi / hbar|^2, times nu, and the largest |chi|."""
        mixture = look.mixture
        weight = mixture.species[a].weight
        (orbital,) = look.orbital_set(a)
        momenta = momentum_fields(mixture, orbital, mixture.species[a].mass, place.clock)
        squares = reduce(np.add, (momentum.real**2 + momentum.imag**2 for momentum in momenta))
        slope = squares * (weight / mixture.hbar**2)
        return weight * (orbital.real**2 + orbital.imag**2), slope, largest_modulus(mixture, orbital)

    @staticmethod
    def _spectrum(mixture: Mixture, density: np.ndarray) -> np.ndarray:
        transform = mixture.transform
        return transform.forward(density.astype(transform.wave_dtype), transform.empty_wave())

    def _transforms(self, largest_wave: float) -> dict[tuple[int, int], tuple[Callable, Callable]]:
        """The transforms of w^2 and |grad w|^2 of every pair."""
        if self._made is None:
            self._made = {}
            for entry in self._problem.interaction:
                scattering = _scattering(entry)
                kappa = coefficient_of_pair(self._problem, entry.between)
                ball = self._number * scattering.neumann_problem[1]
                largest_scaled = largest_wave / self._number
                solution = neumann_problem(radial_function(scattering.potential), kappa, ball, largest_scaled)
                self._made[self._problem.pair(entry.between)] = Correlation(solution).squares(largest_scaled)
        return self._made


def _real_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left.real * right.real + left.imag * right.imag


def conclude(family: Family, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict: neither constant grows with N."""
    # the norms too must be resolved: a quotient may forget the grid that both its parts depend on
    measured = (QUOTIENT, SLOPE_QUOTIENT, NORM, SLOPE)
    budgets = tuple(family.budget(f"sup_t {column}", numbers, largest(records, column)) for column in measured)
    of_all = [records[label(AS_GIVEN, number)] for number in numbers]
    columns = ("N", *(budget.quantity for budget in budgets))
    rows = tuple(zip(map(float, numbers), *(budget.values for budget in budgets), strict=True))
    curves = tuple(
        Curve(f"{column}, N = {number}", record.column("clock"), record.column(column))
        for column in (QUOTIENT, SLOPE_QUOTIENT)
        for number, record in zip(numbers, of_all, strict=True)
    )
    shown = Display(
        budgets=budgets,
        curves=curves,
        abscissa=clock_label(family.first),
        curve_ordinate="quotients",
        ordinate="largest quotients over time",
        measured="Hilbert-Schmidt norms of the matrix of all pairs' kernels along the flow, by their bounds",
    )
    trouble = first_loss(records) or unresolved(budgets)
    if first_loss(records):
        return Finding(CLAIM, columns, rows, CONSTANTS, (), None, trouble, **shown)
    fits = tuple(
        Fit.of(budget.quantity, "N", numbers, budget.values, budget.errors if not trouble else ())
        for budget in budgets[: len(CONSTANTS)]
    )
    worst, holds = quickest(fits), None if trouble else bounded(fits)
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} and {until(family.first)} the quotients are at most "
        f"{max(budgets[0].values):.3g} and {max(budgets[1].values):.3g}; the quicker one goes like "
        f"N^{worst.exponent:+.3f} (at most {worst.interval[1]:+.3f})"
    )
    return Finding(CLAIM, columns, rows, CONSTANTS, fits, holds, trouble or reason, **shown)
