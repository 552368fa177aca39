"""Two particles at low energy: scattering length and the Neumann problem of a radial potential of compact support.

With r the distance of two particles of reduced mass m_red, in code units,

    ( -Laplacian + kappa V(r) ) f = lambda f,        kappa = 2 m_red / hbar^2,        m_red = m_a m_b / (m_a + m_b)

is written with 1/2 for kappa in docs/systems/interactions.md, which two particles of mass 1/2 have. u = r f obeys u'' =
(kappa V - lambda) u, u(0) = 0, and is found by Gauss collocation of order 32 on panels between the places where V is
not smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.quadrature import Panels, collocation

ACCURACY = 1e-12
"""Relative difference of two results, one with panels half as long, at which refining ends: 100 times below what is
promised, and above the rounding of some hundred panels."""

REFINEMENTS = 8
"""Halvings before it is given up."""


class NoScatteringSolution(ValueError):
    """A potential for which the wanted solution does not exist; the text is a sentence about why."""


@dataclass(frozen=True)
class Measured:
    """A number and the difference to the one found with panels twice as long."""

    value: float
    error: float


@dataclass(frozen=True)
class RadialSolution:
    """u = r f on panels, from u(0) = 0, positive u'(0), up to a factor.

    panels       where the nodes are.
    values       u at the nodes.
    end, slope   u and u' at the last edge.
    nodes        number of sign changes of u, r = 0 not counted.
    """

    panels: Panels
    values: np.ndarray
    end: float
    slope: float
    nodes: int


def relative_coefficient(mass: float, other: float, hbar: float = 1.0) -> float:
    """kappa = 2 m_red / hbar^2 of two particles."""
    return 2.0 * mass * other / ((mass + other) * hbar**2)


def integrate_radial(potential: np.ndarray, eigenvalue: float, panels: Panels) -> RadialSolution:
    """u'' = (kappa V - lambda) u from the origin outwards; `potential` is kappa V at the nodes.

    On a panel of length h that begins with u_0, p_0 the values at the nodes solve (1 - h^2 A^2 q) u = u_0 + h c p_0.
    The two systems of every panel are solved at once; then the panels are joined from left to right. A solution that
    grows beyond bounds is scaled down as it goes, which lets the inner part vanish.
    """
    nodes, weights, matrix = collocation()
    coefficient = potential - eigenvalue
    lengths = panels.lengths
    squares = matrix @ matrix
    systems = -((lengths**2)[:, np.newaxis, np.newaxis] * squares) * coefficient[:, np.newaxis, :]
    systems[:, np.arange(nodes.size), np.arange(nodes.size)] += 1.0
    starts = np.empty((lengths.size, nodes.size, 2))
    starts[:, :, 0] = 1.0
    starts[:, :, 1] = lengths[:, np.newaxis] * nodes
    responses = np.linalg.solve(systems, starts)
    forces = coefficient[:, :, np.newaxis] * responses
    ends = (lengths**2)[:, np.newaxis] * np.einsum("i,pik->pk", weights @ matrix, forces)
    slopes = lengths[:, np.newaxis] * np.einsum("i,pik->pk", weights, forces)
    begins, logarithms = np.empty((lengths.size, 2)), np.empty(lengths.size)
    value, slope, logarithm = 0.0, 1.0, 0.0
    # plain numbers: there may be ten thousands of panels, and this is what cannot be done for all of them at once
    panel_rows = zip(lengths.tolist(), panels.edges[1:].tolist(), ends.tolist(), slopes.tolist(), strict=True)
    for panel, (length, edge, (end_value, end_slope), (slope_value, slope_slope)) in enumerate(panel_rows):
        begins[panel, 0], begins[panel, 1], logarithms[panel] = value, slope, logarithm
        value, slope = (
            value + length * slope + end_value * value + end_slope * slope,
            slope + slope_value * value + slope_slope * slope,
        )
        scale = abs(value) + edge * abs(slope)
        value, slope, logarithm = value / scale, slope / scale, logarithm + math.log(scale)
    values = np.einsum("pik,pk->pi", responses, begins)  # each panel up to a positive factor
    signs = np.sign(np.concatenate([[1.0], values.ravel(), [value]]))
    signs = signs[signs != 0.0]
    changes = int(np.count_nonzero(signs[1:] != signs[:-1]))
    values *= np.exp(logarithms - logarithm)[:, np.newaxis]
    return RadialSolution(panels, values, value, slope, changes)


def _panels(function: RadialFunction, kappa: float, refinement: int, largest: float = 0.0) -> Panels:
    """Panels over the support: short against the decay length 1/sqrt(kappa |V|) and against 6 / `largest`, a wave
    number; `refinement` times halved."""
    limits = []
    for first, last in zip(function.edges, function.edges[1:], strict=False):
        samples = np.abs(kappa * function.evaluate(np.linspace(first, last, 9)))
        fastest = max(math.sqrt(float(np.max(samples))), largest / 3.0)
        limits.append((2.0 / fastest if fastest > 0.0 else math.inf) / 2**refinement)
        limits[-1] = min(limits[-1], (last - first) / 2**refinement)
    return Panels.between(function.edges, limits)


def _values(function: RadialFunction, panels: Panels) -> np.ndarray:
    """V at the nodes. Raises :class:`NoScatteringSolution` where it is zero at all of them, which says nothing about a
    potential between the nodes, and leaves nothing to solve."""
    values = function.evaluate(panels.radii)
    if not np.any(values):
        raise NoScatteringSolution(
            f"the potential is zero at all {values.size} points at which the solver begins to look, the first at "
            f"r = {panels.radii[0, 0]:.2g}: it acts nowhere, or on too small a part of its radius "
            f"{function.radius:.6g}; leave the interaction out, or give it a radius near its width"
        )
    return values


def scattering_length(function: RadialFunction, kappa: float) -> Measured:
    """The length a of u ~ r - a beyond the support at zero energy, by r u' - u = kappa integral_0^r V u r:

        a = kappa integral_0^R V u r dr / u'(R)

    which keeps its relative accuracy for weak potentials, where r - u/u' would not. Raises
    :class:`NoScatteringSolution` at a resonance, where a is infinite, and for a potential that is not seen.
    """

    def at(refinement: int) -> float:
        panels = _panels(function, kappa, refinement)
        potential = kappa * _values(function, panels)
        solution = integrate_radial(potential, 0.0, panels)
        moment = float(np.sum(panels.weights * potential * solution.values * panels.radii))
        if abs(solution.slope) * function.radius <= 1e-10 * abs(solution.end):
            raise NoScatteringSolution(
                "the potential has a bound state at zero energy: its scattering length is infinite"
            )
        return moment / solution.slope

    return _refined(at)


def bound_states(function: RadialFunction, kappa: float) -> int:
    """Number of bound states without angular momentum: nodes of the zero-energy solution, the one beyond R included."""
    panels = _panels(function, kappa, 1)
    solution = integrate_radial(kappa * function.evaluate(panels.radii), 0.0, panels)
    return solution.nodes + (1 if solution.end * solution.slope < 0.0 else 0)


@dataclass(frozen=True)
class NeumannSolution:
    """The ground state f_l of (-Laplacian + kappa V) f = lambda f on a ball of radius B with f'(B) = 0 and f(B) = 1.

    eigenvalue  lambda_l.
    panels      nodes in [0, B]; the first `inside` panels cover the support of V.
    values      f at the nodes.
    strength    integral of V f: the coupling that the kernel tends to at small wave numbers.
    error       relative difference of `strength` to the one found with panels twice as long.
    """

    eigenvalue: float
    panels: Panels
    inside: int
    values: np.ndarray
    product: np.ndarray
    strength: float
    error: float

    @property
    def support(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Radii, weights and V f at the nodes within the support of V, flat."""
        inside = slice(0, self.inside)
        return self.panels.radii[inside].ravel(), self.panels.weights[inside].ravel(), self.product[inside].ravel()


def neumann_problem(function: RadialFunction, kappa: float, radius: float, largest: float = 0.0) -> NeumannSolution:
    """The ground state on the ball of `radius` (N l in the paper, (1.12)); nodes fine enough to integrate V f against
    waves up to the wave number `largest`.

    Since (r u' - u)' = r u'', the Neumann condition reads  kappa integral V u r = lambda integral u r,  both over the
    ball; its lowest root is the only one below the first zero of u(B). Raises :class:`NoScatteringSolution` when the
    ball does not hold the potential, the potential binds or is not seen.
    """
    if radius <= function.radius:
        raise NoScatteringSolution(
            f"the ball of the Neumann problem has the radius {radius:.6g} and must be larger than the potential's "
            f"support {function.radius:.6g}"
        )
    states = bound_states(function, kappa)
    if states:
        raise NoScatteringSolution(
            f"the potential binds two particles ({states} bound state{'s' if states > 1 else ''} without angular "
            "momentum): the Neumann problem's ground state is then no scattering state; make it less attractive, or "
            "use limit = true"
        )
    solutions: dict[int, NeumannSolution] = {}

    def at(refinement: int) -> float:
        solutions[refinement] = _neumann(function, kappa, radius, largest, refinement)
        return solutions[refinement].strength

    measured = _refined(at)
    best = solutions[max(solutions)]
    return NeumannSolution(
        best.eigenvalue, best.panels, best.inside, best.values, best.product, best.strength, measured.error
    )


def _neumann(function: RadialFunction, kappa: float, radius: float, largest: float, refinement: int) -> NeumannSolution:
    core = _panels(function, kappa, refinement, largest)
    # beyond the support u bends on the scale of the ball
    outside = Panels.between((function.radius, radius), (radius - function.radius) / 2 ** (refinement + 1))
    panels = Panels(
        np.append(core.edges, outside.edges[1:]),
        np.vstack([core.radii, outside.radii]),
        np.vstack([core.weights, outside.weights]),
    )
    inside = core.lengths.size
    values = np.zeros_like(panels.radii)
    values[:inside] = _values(function, core)
    potential = kappa * values
    moments = panels.weights * panels.radii

    def condition(eigenvalue: float) -> float:
        """Positive below the root; u that has passed a node is beyond it."""
        solution = integrate_radial(potential, eigenvalue, panels)
        if solution.nodes:
            return -1.0
        attraction = float(np.sum(moments * (potential - eigenvalue) * solution.values))
        return attraction / solution.end

    from scipy.optimize import brentq  # only who uses it waits for it

    lowest, highest = _bracket(condition, 3.0 * float(np.sum(panels.weights * potential * panels.radii**2)) / radius**3)
    eigenvalue = brentq(condition, lowest, highest, xtol=1e-300, rtol=1e-15, maxiter=500)
    solution = integrate_radial(potential, eigenvalue, panels)
    f = solution.values / panels.radii * (radius / solution.end)
    strength = 4.0 * math.pi * float(np.sum(panels.weights * values * f * panels.radii**2))
    return NeumannSolution(eigenvalue, panels, inside, f, values * f, strength, math.inf)


def _bracket(condition: Callable[[float], float], bound: float) -> tuple[float, float]:
    """Two eigenvalues with the lowest root between them; `bound` is the energy of f = 1, which is never below it."""
    if condition(0.0) > 0.0:
        return 0.0, 1.000001 * bound
    lowest = -abs(bound)
    while condition(lowest) <= 0.0:
        lowest *= 2.0
    return lowest, 0.0


def _refined(at: Callable[[int], float]) -> Measured:
    """The number at(0), at(1), ... with panels halved until two agree to ACCURACY."""
    previous = at(0)
    for refinement in range(1, REFINEMENTS + 1):
        value = at(refinement)
        error = abs(value - previous)
        if error <= ACCURACY * abs(value):
            break
        previous = value
    return Measured(value, error / abs(value) if value else error)
