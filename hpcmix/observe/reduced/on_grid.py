"""One-particle density matrices back on the grid, and between frames of modes.

rho_a(x) = N_a sum_pq phi_p(x) gamma_pq conj(phi_q(x))
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def density_on_grid(gamma: NDArray[np.complex128], modes: NDArray[np.complex128], particles: float) -> NDArray:
    """rho_a on this rank's block, real; its integral is the number of particles.

    gamma  gamma^(1) of the species, trace 1.
    modes  (m, *this rank's block).
    """
    flat = modes.reshape(len(modes), -1)
    density = np.einsum("px,pq,qx->x", flat, gamma, flat.conj(), optimize=True).real
    return particles * density.reshape(modes.shape[1:])


def in_fixed_modes(gamma: NDArray[np.complex128], unitary: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """gamma^(1) of moving modes V (evolve/many_body/excitation_frame.py) in the modes at rest: V gamma V+."""
    return unitary @ gamma @ unitary.conj().T
