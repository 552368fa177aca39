"""The interaction Morawetz action of Chong, Lee and Sun, Appendix B, in the laboratory whatever the frame of the grid.

    V = double integral rho(x) |x - y| rho(y),      M = dV/dt = 2 double integral (x - y)/|x - y| . J(x) rho(y)

with rho and J = (hbar/m) Im(phi* grad phi) of all components together. By parts M = -2 integral (div J) (|.| * rho):
one convolution with |x| in free space, whose kernel is cut beyond the box's diagonal as any other's
(model/pair_kernels/padded_multiplier.py). In a frame x = b y, with j = (hbar/m) Im(chi* grad chi) of the frame,

    V = b V_y,      M = M_y[j] / b + b' V_y
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.pair_kernels.kernel import RadialKernel
from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.scaled_multipliers import PaddedMultiplier
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.kernel_term import KernelShape
from hpcmix.observe.look import Look
from hpcmix.observe.measures.currents import momentum_density_along
from hpcmix.observe.measures.derivatives import Place


class Distance:
    """The convolution of a density with |x| on the grid of a mixture, without images. Made collectively."""

    def __init__(self, mixture: Mixture) -> None:
        padded = mixture.engine.padded_transform()
        spacings = padded.on_three_axes(mixture.grid.spacings, 1.0)
        diagonal = math.sqrt(sum(length**2 for length in mixture.grid.lengths))
        kernel = RadialKernel(RadialFunction((0.0, diagonal), lambda r: r), mixture.grid.dimensions)
        place = (padded.points, spacings, padded.padded, padded.first, padded.count)
        shape = KernelShape(np.ones((1, 1)), PaddedMultiplier(kernel, place, mixture.real_dtype))
        self._convolution = FreeSpaceTerm([shape], mixture.engine)

    def __call__(self, density: np.ndarray) -> np.ndarray:
        """|x| * rho; overwritten by the next call. Collective."""
        (field,) = self._convolution.potentials([density])
        if field is None:
            raise TypeError("a kernel of strength one acts on its species")
        return field


@dataclass(frozen=True)
class Morawetz:
    """What Appendix B speaks of, at one time.

    action   M, finite at t = infinity too.
    density  the integral of rho^2 times b^2, so that its integral over the frame's clock is that of rho^2 over x and t.
    """

    action: float
    density: float


def morawetz(look: Look, distance: Distance) -> Morawetz:
    """Of all components together, which must have one mass. Collective."""
    mixture, place = look.mixture, Place.of(look)
    density = np.sum(look.densities, axis=0)
    field = distance(density)
    total = 0.0
    for a, species in enumerate(mixture.species):
        for orbital in look.orbitals(a):
            total += species.weight * _inward(mixture, orbital, a, field)
    local = [-2.0 * total, mixture.grid.integrate(density, field), mixture.grid.integrate(density, density)]
    action, spread, square = mixture.communicators.sum(local)
    return Morawetz(float(place.contraction * action + place.speed * spread), float(place.contraction * square))


def _inward(mixture: Mixture, orbital: np.ndarray, species: int, field: np.ndarray) -> float:
    """This rank's part of the integral of (div j) f, of one orbital; the gradient at rest in the frame, b = 1."""
    mass = mixture.species[species].mass
    axes = range(mixture.grid.dimensions)
    currents = [momentum_density_along(mixture, orbital, species, axis) / mass for axis in axes]
    return mixture.grid.cell_volume * float(np.sum(_divergence(mixture, currents) * field, dtype=np.float64))


def _divergence(mixture: Mixture, vector: Sequence[np.ndarray]) -> np.ndarray:
    """The divergence of a real vector field that vanishes at the edge of the box. Collective over the group."""
    total = np.zeros_like(vector[0])
    for axis, component in enumerate(vector):
        momentum = component.astype(mixture.transform.wave_dtype)
        mixture.apply_momentum(momentum, axis)
        total -= momentum.imag / mixture.hbar  # -i hbar d/dx of a real field
    return total
