"""The Bogoliubov map along a flow as dense matrices, by an integrator that shares nothing with the program's: for grids
of some hundred points in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

Transform = Callable[[np.ndarray], np.ndarray]
"""G^ as a function of the wave number."""


@dataclass
class Map:
    """psi (species, points), U, V as matrices of the points of all species, with values <x|U|y> dV: U(0) = 1, and M
    (species, points), the correction to the condensates of coherent states."""

    psi: np.ndarray
    U: np.ndarray
    V: np.ndarray
    M: np.ndarray


class Line:
    """Condensates on a ring of n points, in units with hbar = 1.

    kernels     G_ab^ for a <= b.
    potentials  U_a at the points, constant in time; none where they are left out.
    coupling    R_ab, the same everywhere, of two species that turn into each other; none where it is left out.
    """

    def __init__(
        self,
        points: int,
        length: float,
        masses: Sequence[float],
        kernels: dict[tuple[int, int], Transform],
        potentials: Sequence[np.ndarray] | None = None,
        coupling: np.ndarray | None = None,
    ) -> None:
        self.points, self.count = points, len(masses)
        self.spacing = length / points
        self.k = 2.0 * np.pi / length * np.fft.fftfreq(points, 1.0 / points)
        wave = np.fft.fft(np.eye(points), axis=0)
        self.kinetic = [np.fft.ifft((self.k**2 / (2.0 * mass))[:, np.newaxis] * wave, axis=0) for mass in masses]
        self.potentials = [np.zeros(points)] * self.count if potentials is None else list(potentials)
        self.coupling = np.zeros((self.count, self.count)) if coupling is None else coupling
        self.kernels = {
            pair: np.fft.ifft(transform(self.k)[:, np.newaxis] * wave, axis=0).real
            for pair, transform in kernels.items()
        }

    def kernel(self, a: int, b: int) -> np.ndarray:
        """G_ab(x - y) dV."""
        return self.kernels.get((min(a, b), max(a, b)), np.zeros((self.points, self.points)))

    def hamiltonian(self, psi: np.ndarray, a: int) -> np.ndarray:
        """h_a."""
        felt = sum(self.kernel(a, b) @ np.abs(psi[b]) ** 2 for b in range(self.count))
        return self.kinetic[a] + np.diag(self.potentials[a] + felt)

    def blocks(self, psi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """h + K1 and K2, all species together."""
        size = self.points
        first = np.zeros((self.count * size,) * 2, complex)
        second = np.zeros_like(first)
        for a in range(self.count):
            rows = slice(a * size, (a + 1) * size)
            first[rows, rows] += self.hamiltonian(psi, a)
            for b in range(self.count):
                columns = slice(b * size, (b + 1) * size)
                first[rows, columns] += psi[a][:, np.newaxis] * self.kernel(a, b) * psi[b].conj()
                first[rows, columns] += self.coupling[a, b] * np.eye(size)
                second[rows, columns] += psi[a][:, np.newaxis] * self.kernel(a, b) * psi[b]
        return first, second

    def source(self, psi: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """S_a(x) = sum_b integral G_ab(x - y) [ gamma_b(y, y) psi_a(x) + gamma_ab(x, y) psi_b(y) + alpha_ab(x, y)
        conj(psi_b(y)) ] dy with gamma = V V^+, alpha = U V^T."""
        gamma, alpha = v @ v.conj().T / self.spacing, u @ v.T / self.spacing
        total = np.zeros_like(psi)
        for a in range(self.count):
            rows = slice(a * self.points, (a + 1) * self.points)
            for b in range(self.count):
                columns = slice(b * self.points, (b + 1) * self.points)
                kernel = self.kernel(a, b)
                total[a] += psi[a] * (kernel @ np.diag(gamma[columns, columns]))
                total[a] += (kernel * gamma[rows, columns]) @ psi[b] + (kernel * alpha[rows, columns]) @ psi[b].conj()
        return total

    def corrections(self, map: Map) -> list[np.ndarray]:
        """D_a(x, y) dV = gamma_aa + M_a psi_a^+ + psi_a M_a^+."""
        parts = []
        for a in range(self.count):
            rows = slice(a * self.points, (a + 1) * self.points)
            crossed = self.spacing * np.outer(map.M[a], map.psi[a].conj())
            parts.append(map.V[rows] @ map.V[rows].conj().T + crossed + crossed.conj().T)
        return parts

    def evolved(self, psi: np.ndarray, time: float, tolerance: float = 1e-12) -> Map:
        """From the vacuum of psi, U = 1 and V = 0, to a time: i U' = (h + K1) U + K2 conj(V), i V' = (h + K1) V + K2
        conj(U)."""
        size = self.count * self.points

        def slope(_: float, values: np.ndarray) -> np.ndarray:
            own, correction = values[: 2 * size].reshape(2, self.count, self.points)
            u, v = values[2 * size :].reshape(2, size, size)
            first, second = self.blocks(own)
            moved = np.concatenate([self.hamiltonian(own, a) @ own[a] for a in range(self.count)])
            moved += (self.coupling @ own).ravel()
            changed = first @ correction.ravel() + second @ correction.ravel().conj()
            changed += self.source(own, u, v).ravel()
            pairs = [first @ u + second @ v.conj(), first @ v + second @ u.conj()]
            return -1j * np.concatenate([moved, changed, *(pair.ravel() for pair in pairs)])

        start = np.concatenate([psi.ravel(), np.zeros(size), np.eye(size).ravel(), np.zeros(size * size)])
        start = start.astype(complex)
        solution = solve_ivp(slope, (0.0, time), start, method="DOP853", rtol=tolerance, atol=tolerance)
        values = solution.y[:, -1]
        own, correction = values[: 2 * size].reshape(2, self.count, self.points)
        return Map(own, *values[2 * size :].reshape(2, size, size), correction)

    def numbers(self, map: Map) -> np.ndarray:
        """<N_a> = ||V_a||^2."""
        return np.array([np.sum(np.abs(rows) ** 2) for rows in np.split(map.V, self.count)])

    def transverse(self, start: np.ndarray, map: Map) -> np.ndarray:
        """<N_perp,a> of Q_t V conj(Q_0)."""
        before, now = self._projector(start), self._projector(map.psi)
        across = now @ map.V @ before.conj()
        return np.array([np.sum(np.abs(rows) ** 2) for rows in np.split(across, self.count)])

    def _projector(self, psi: np.ndarray) -> np.ndarray:
        """Of every conserved number of particles its condensate: of each species, or of all that are coupled."""
        projector = np.eye(self.count * self.points, dtype=complex)
        spheres = [range(self.count)] if np.any(self.coupling) else [[a] for a in range(self.count)]
        for sphere in spheres:
            unit = np.zeros_like(psi)
            unit[list(sphere)] = psi[list(sphere)]
            flat = unit.ravel() / np.linalg.norm(unit)
            projector -= np.outer(flat, flat.conj())
        return projector
