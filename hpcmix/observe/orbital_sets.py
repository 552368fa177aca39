"""What is measured of a set of orbitals: orthonormality, widths along the cloud's own axes in position and momentum,
the distribution of momenta, and how much of an earlier determinant is left."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hpcmix.evolve.completion import pending_potential
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.observe.moments import axis_lines, unwrapped
from hpcmix.state import State


def orthonormality_defect(mixture: Mixture, orbitals: np.ndarray, species: int) -> float:
    """max_ij |<phi_i|phi_j> - delta_ij|. It bounds ||omega^2 - omega|| in operator norm by M times itself. Collective
    over the world."""
    gram = mixture.algebra(species).gram(orbitals)
    return float(np.max(np.abs(gram - np.eye(len(gram)))))


def highest_level(
    mixture: Mixture, state: State, species: int, mean_field: np.ndarray, instant: Instant
) -> float | None:
    """The largest eigenvalue of <phi_i|T + U + W|phi_j>: of a ground state the highest filled level. Where grid and
    laboratory agree; None where T acts by a Krylov space that may fail. Collective over the world.

    One transform of every orbital forwards and back, and as much algebra as their Gram matrix.
    """
    one, orbitals = mixture.species[species], state.orbitals[species]
    if one.kinetic.may_fail:
        return None
    external = one.external.value(instant)
    potential = mean_field if external is None else mean_field + external
    angle = state.pending_kick / mixture.hbar
    pending = pending_potential(mixture, state, species, mean_field) if angle else None
    work = np.empty(orbitals.shape[1:], orbitals.dtype)

    def hamiltonian(piece: np.ndarray) -> np.ndarray:
        result = np.array(piece, order="C")
        for orbital in result:
            if pending is not None:
                kernels.rotate_phase(orbital, pending, angle)
            np.copyto(work, orbital)
            mixture.apply_kinetic(work, species)
            orbital *= potential
            orbital += work
            if pending is not None:  # the orbitals beside it lack the kick too
                kernels.rotate_phase(orbital, pending, -angle)
        return result

    matrix = mixture.algebra(species).overlaps(orbitals, orbitals, hamiltonian)
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T))[-1])


def determinant_overlap(mixture: Mixture, now: np.ndarray, before: np.ndarray, species: int) -> float:
    """|<Psi_before|Psi_now>|^2 = |det <phi_i(before)|phi_j(now)>|^2 of two Slater determinants of one species.
    Collective over the world."""
    sign, logarithm = np.linalg.slogdet(mixture.algebra(species).overlaps(before, now))
    return float(np.exp(2.0 * logarithm)) if sign != 0 else 0.0


def natural_widths(mixture: Mixture, density: np.ndarray) -> list[float]:
    """Root mean square widths along the cloud's principal axes, ascending: roots of the eigenvalues of the covariance
    matrix <(x_a - <x_a>)(x_b - <x_b>)> over the density, with the positions that its centre is taken with. Collective
    over the group."""
    grid = mixture.grid
    lines = axis_lines(mixture, density)
    here = [unwrapped(grid, a, line)[grid.position_block.slices[a]] for a, line in enumerate(lines)]
    return _principal_widths(mixture, density, here)[0]


def momentum_density(mixture: Mixture, orbitals: Iterable[np.ndarray], weight: float) -> np.ndarray:
    """nu sum_j |phi_j^(k)|^2 dV / n_points on this rank's block of wave numbers, over all groups: particles per mode of
    the box.

    orbitals  those that this rank's group holds. Collective over the world.
    """
    grid, transform = mixture.grid, mixture.transform
    spectral = np.zeros(grid.wave_block.shape, mixture.real_dtype)
    for orbital in orbitals:
        spectrum = transform.forward(orbital, transform.work)
        kernels.accumulate_density(spectrum, weight * grid.cell_volume * transform.inverse_points, spectral)
    mixture.communicators.sum_over_groups(spectral)
    return spectral


def momentum_moments(mixture: Mixture, spectral: np.ndarray, particles: float) -> dict[str, list[float]]:
    """``momentum`` = sum of the particles' momenta per axis, ``natural_momentum_width`` = root mean square widths along
    the momentum distribution's principal axes, ascending. The Nyquist mode of an even axis counts as k = 0.

    spectral  as :func:`momentum_density` gives it. Collective over the group.
    """
    grid = mixture.grid
    momenta = [mixture.hbar * grid.local_wave_numbers(axis, odd=True) for axis in range(grid.dimensions)]
    widths, means = _principal_widths(mixture, spectral, momenta)
    return {"momentum": [particles * mean for mean in means], "natural_momentum_width": widths}


def momentum_distribution(mixture: Mixture, spectral: np.ndarray) -> dict[str, list[float]]:
    """Per axis the number of particles in each mode of the box along it, summed over the other axes: modes
    m = -floor(n/2) .. ceil(n/2)-1 in ascending order, momentum 2 pi hbar m / L. Collective over the group.

    spectral  as :func:`momentum_density` gives it.
    """
    grid = mixture.grid
    found = {}
    for axis, name in zip(range(grid.dimensions), "xyz", strict=False):
        line = np.zeros(grid.points[axis])
        others = tuple(other for other in range(grid.dimensions) if other != axis)
        line[grid.wave_block.slices[axis]] = np.sum(spectral, axis=others, dtype=np.float64)
        found[name] = np.fft.fftshift(mixture.communicators.sum(line)).tolist()
    return found


def kinetic_energy(mixture: Mixture, species: int, spectral: np.ndarray) -> float:
    """nu sum_j <phi_j|T|phi_j> from :func:`momentum_density`. Collective over the group."""
    local = mixture.species[species].kinetic.mean(mixture.grid, spectral)
    return float(mixture.communicators.sum([local])[0])


def _principal_widths(mixture: Mixture, density: np.ndarray, axes: list[np.ndarray]) -> tuple[list[float], list[float]]:
    """Roots of the covariance matrix's eigenvalues and the means, of a density over this rank's points whose places
    along the axes are given."""
    dimensions = len(axes)
    lines = [
        np.sum(density, axis=tuple(b for b in range(dimensions) if b != a), dtype=np.float64) for a in range(dimensions)
    ]
    total, *firsts = mixture.communicators.sum(
        [np.sum(lines[0]), *(np.dot(x, line) for x, line in zip(axes, lines, strict=True))]
    )
    means = np.array(firsts) / total
    local = np.zeros((dimensions, dimensions))
    for a in range(dimensions):
        local[a, a] = np.dot((axes[a] - means[a]) ** 2, lines[a])
        for b in range(a + 1, dimensions):
            others = tuple(c for c in range(dimensions) if c not in (a, b))
            plane = np.sum(density, axis=others, dtype=np.float64)
            local[a, b] = local[b, a] = (axes[a] - means[a]) @ plane @ (axes[b] - means[b])
    covariance = mixture.communicators.sum(local) / total
    return np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0)).tolist(), means.tolist()
