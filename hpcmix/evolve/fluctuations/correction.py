"""What fluctuations do to the condensates of coherent states: the kick of the first correction M_a.

Of N particles in a coherent state the one-particle density matrix is |phi_a><phi_a| + D_a / N_a + ..., and

    D_a = gamma_aa + |chi_a><phi_a| + |phi_a><chi_a|,      chi_a = sqrt(nu_a) M_a
    i hbar M_a' = ((h + K1) M + K2 conj(M))_a + S_a,      M(0) = 0
    S_a(x) = sum_b integral G_ab(x - y) [ gamma_b(y, y) psi_a(x) + gamma_ab(x, y) psi_b(y) + alpha_ab(x, y)
             conj(psi_b(y)) ] dy

with gamma = V V^+ and alpha = U V^T. Of a complete set of pairs alpha is symmetric, and with g_a = sum_b G_ab * d_b of
each pair, d_b = conj(psi_b) u_b + psi_b conj(w_b),

    S_a = psi_a sum_b G_ab * n_b + sum_f w_a g_a,      n_b = sum_f |w_b|^2

A drift moves M as it does psi. A kick of duration tau leaves d and g alone, and n + 2 Re(conj(psi) M) as well, which is
the change of the density; so it is, up to the phase that psi gets,

    M_a <- M_a - i tau (psi_a R_a + A_a) - tau^2/2 psi_a B_a        (tau over hbar)
    R_a = sum_b G_ab * (n_b + 2 Re(conj(psi_b) M_b)),      A_a = sum_f w_a g_a,      B_a = sum_f |g_a|^2

exactly, kicks done as one included. Each step conserves the number of particles to this order too: the trace of D_a,
integral n_a + 2 Re <psi_a, M_a>, stays zero to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import BEFORE_START, Instant

Fields = Sequence[np.ndarray]
"""A complex array of this rank's block for every species."""


def kick_correction(
    mixture: Mixture,
    psi: Fields,
    factors: Fields,
    pairs: Fields,
    correction: Fields,
    duration: float,
    instant: Instant = BEFORE_START,
) -> None:
    """Kick M_a, in place, where all interactions are pair potentials.

    psi          sqrt(nu_a) phi_a in position space before the kick.
    factors      exp(-i theta_a), the phases of the kick.
    pairs        those that this replica holds, of every species an array (pairs, 2, *local grid) of u and w, before the
                 kick; of all replicas together a complete set.
    duration     of the kick.
    instant      of the kick.
    Collective over the world.
    """
    count, time = len(psi), duration / mixture.hbar
    shape = mixture.grid.position_shape
    created, slopes = np.zeros((2, count, *shape))
    crossed = np.zeros((count, *shape), np.complex128)
    together = mixture.transform.fields_together
    for first in range(0, len(pairs[0]), together):
        some = [array[first : first + together] for array in pairs]
        changes = [root.conj() * u + root * w.conj() for root, (u, w) in zip(psi, map(_parts, some), strict=True)]
        for a, (response, array) in enumerate(zip(_responses(mixture, psi, changes, instant), some, strict=True)):
            _, w = _parts(array)
            created[a] += np.sum(w.real**2 + w.imag**2, axis=0)
            slopes[a] += np.sum(response.real**2 + response.imag**2, axis=0)
            crossed[a] += np.sum(w * response, axis=0)
    for total in (created, slopes, crossed):
        mixture.communicators.sum_over_replicas(total)
    density = [
        own + 2.0 * (root.real * moved.real + root.imag * moved.imag)
        for own, root, moved in zip(created, psi, correction, strict=True)
    ]
    felt = mixture.interactions.responses(density, density, instant)
    for a, (root, factor, moved) in enumerate(zip(psi, factors, correction, strict=True)):
        moved -= 1j * time * (root * felt[a] + crossed[a]) + 0.5 * time**2 * root * slopes[a]
        moved *= factor


def _parts(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """u and w of many pairs."""
    return pairs[:, 0], pairs[:, 1]


def _responses(mixture: Mixture, psi: Fields, changes: Fields, instant: Instant) -> list[np.ndarray]:
    """sum_b G_ab * d_b of many complex d, as two real convolutions each; responses of pair potentials depend on no
    density. Collective over the group."""
    densities = [root.real for root in psi]
    real, imaginary = (
        mixture.interactions.responses_together(densities, parts, instant)
        for parts in ([change.real for change in changes], [change.imag for change in changes])
    )
    return [one + 1j * other for one, other in zip(real, imaginary, strict=True)]
