"""What the kinetic energy of a wave function consists of, and at which wave numbers.

With psi = sqrt(rho) exp(i theta) and the velocity v = (hbar grad theta + A) / m in the laboratory,

    (-i hbar grad + A) psi = exp(i theta) (m w - i hbar grad sqrt(rho)),        w = sqrt(rho) v

at every point, so that the kinetic energy is that of w and that of the density's gradient, the quantum pressure:

    E = integral m |w|^2 / 2 + hbar^2 |grad sqrt(rho)|^2 / (2 m) dx

In wave numbers w^ = k (k.w^) / k^2 + the rest: a compressible part, which has no curl, and an incompressible one, which
has no divergence. The mean of w over the box, which has neither, is counted with the compressible part. (Nore, Abid and
Brachet, Phys. Rev. Lett. 78 (1997) 3896.)

On the grid the two fields are made by the derivative of psi, which is smooth where the phase is not, and the identity
holds to rounding at every point; by Parseval's theorem so does the sum over the wave numbers. What the Nyquist modes of
even axes have of the kinetic energy belongs to no direction, and is added to the quantum pressure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.measures.spectra.shells import Shells


@dataclass(frozen=True)
class FlowSpectra:
    """Energies in each shell of wave numbers, code units; the three together, summed over the shells, are the kinetic
    energy in the laboratory."""

    incompressible: np.ndarray
    compressible: np.ndarray
    quantum_pressure: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The three in this order, shape (3, shells)."""
        return np.array([self.incompressible, self.compressible, self.quantum_pressure])


def flow_spectra(mixture: Mixture, orbital: np.ndarray, species: int, shells: Shells) -> FlowSpectra:
    """This rank's part of the spectra of a complete orbital, the weight included; of a species whose kinetic energy is
    that of p^2/2m, in a frame that does not expand. Collective over the group; needs room for d + 3 complex fields."""
    grid, transform, model = mixture.grid, mixture.transform, mixture.species[species]
    wave_numbers = grid.broadcast_wave_numbers(grid.wave_block, odd=True)
    turned_back = _conjugate_phase(orbital)
    flow: list[np.ndarray] = []
    pressure = np.zeros(grid.wave_block.shape)
    for axis in range(grid.dimensions):
        momentum = turned_back * _momentum_along(mixture, orbital, species, axis)
        flow.append(transform.forward(momentum.real.astype(orbital.dtype), transform.empty_wave()))
        pressure += _squares(transform.forward(momentum.imag.astype(orbital.dtype), transform.work))
    if model.kinetic_momentum is None:
        spectrum = _squares(transform.forward(orbital, transform.work))
        whole = grid.broadcast_wave_numbers(grid.wave_block)
        beyond = sum(every**2 - odd**2 for every, odd in zip(whole, wave_numbers, strict=True))
        pressure += mixture.hbar**2 * beyond * spectrum
    total = sum((_squares(component) for component in flow), np.zeros(grid.wave_block.shape))
    squared = sum((k**2 for k in wave_numbers), np.zeros(grid.wave_block.shape))
    along = sum((k * component for k, component in zip(wave_numbers, flow, strict=True)), np.zeros_like(flow[0]))
    # where all odd wave numbers are zero there is no direction: the mean
    compressible = np.where(squared > 0.0, _squares(along) / np.where(squared > 0.0, squared, 1.0), total)
    factor = model.weight * grid.cell_volume * transform.inverse_points / (2.0 * model.mass)
    parts = (np.maximum(total - compressible, 0.0), compressible, pressure)
    return FlowSpectra(*(factor * shells.local_sums(part) for part in parts))


def _momentum_along(mixture: Mixture, orbital: np.ndarray, species: int, axis: int) -> np.ndarray:
    """(-i hbar d/dx + A) psi along one axis, A without what a rotating frame adds. Collective over the group."""
    momentum = mixture.species[species].kinetic_momentum
    if momentum is None:
        moved = orbital.copy()
        mixture.apply_momentum(moved, axis)
        return moved
    moved = momentum.along(orbital, axis) / momentum.scale
    frame = momentum.frame[axis]
    return moved if frame is None else moved - frame * orbital


def _conjugate_phase(orbital: np.ndarray) -> np.ndarray:
    """exp(-i theta); one where the wave function vanishes, and the split of the derivative's square is arbitrary."""
    modulus = np.abs(orbital)
    return np.divide(orbital.conj(), modulus, out=np.ones_like(orbital), where=modulus > 0.0)


def _squares(field: np.ndarray) -> np.ndarray:
    """|f|^2 in double precision."""
    return field.real.astype(np.float64) ** 2 + field.imag.astype(np.float64) ** 2
