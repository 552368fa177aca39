"""Vlasov-Hartree in one dimension by direct sums over markers and points, without the program: a reference.

    x_i' = p_i / m,    p_i' = -d/dx (G_FB * rho_B)(x_i) - d/dx (G_FF * rho_F)(x_i) - m omega^2 x_i,
    i hbar d/dt phi = [-hbar^2 d^2/dx^2 / (2 m_B) + m_B omega_B^2 x^2 / 2 + (G_BF * rho_F) + (G_BB * rho_B)] phi

with Gaussian kernels s exp(-r^2 / (2 b^2)), whose sums over all markers and grid points are written out. Markers are
the nodes of a quadrature of phase space, whose error falls exponentially, and not a random sample. Strang steps of
several lengths are extrapolated in the square of the step, so that no table of coefficients is shared with the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Kernel:
    """strength exp(-r^2 / (2 width^2))."""

    strength: float
    width: float

    def value(self, r: np.ndarray) -> np.ndarray:
        """G(r)."""
        return self.strength * np.exp(-0.5 * (r / self.width) ** 2)

    def derivative(self, r: np.ndarray) -> np.ndarray:
        """G'(r)."""
        return -r / self.width**2 * self.value(r)


@dataclass
class Markers:
    """Positions, momenta and weights of a classical gas."""

    position: np.ndarray
    momentum: np.ndarray
    weight: np.ndarray


def ball(radius: float, particles: float, rings: int, angles: int) -> Markers:
    """A uniform disc x^2 + p^2 <= radius^2 of phase space: Gauss-Legendre in the squared radius, equidistant angles."""
    nodes, weights = np.polynomial.legendre.leggauss(rings)
    square, share = 0.5 * radius**2 * (nodes + 1.0), 0.5 * weights
    angle = 2 * np.pi * (np.arange(angles) + 0.5) / angles
    r = np.sqrt(square)[:, None]
    every = np.ones_like(angle)
    return Markers(
        (r * np.cos(angle)).ravel(),
        (r * np.sin(angle)).ravel(),
        particles * (share[:, None] * every / angles).ravel(),
    )


def gaussian_gas(
    width: float, momentum_width: float, particles: float, centre: float, momentum: float, nodes: int
) -> Markers:
    """Normally distributed positions and momenta of these rms widths: Gauss-Hermite in both."""
    z, share = np.polynomial.hermite_e.hermegauss(nodes)
    share = share / np.sum(share)
    x, p = np.meshgrid(centre + width * z, momentum + momentum_width * z, indexing="ij")
    return Markers(x.ravel(), p.ravel(), particles * np.outer(share, share).ravel())


@dataclass(frozen=True)
class VlasovHartree:
    """A condensate on a periodic grid and a classical gas, coupled by Gaussian kernels in free space.

    ``psi`` is normalised to the condensate's particles. ``frequencies`` are those of harmonic traps of the condensate
    and of the gas.
    """

    points: int
    length: float
    mixed: Kernel
    bosons: Kernel | None = None
    gas: Kernel | None = None
    masses: tuple[float, float] = (1.0, 1.0)
    hbar: float = 1.0
    frequencies: tuple[float, float] = (0.0, 0.0)

    @property
    def x(self) -> np.ndarray:
        """Positions of the grid's points."""
        return -0.5 * self.length + self.length / self.points * np.arange(self.points)

    @property
    def spacing(self) -> float:
        """Distance of two points."""
        return self.length / self.points

    @property
    def wave_numbers(self) -> np.ndarray:
        """In the order of the transform."""
        return 2 * np.pi * np.fft.fftfreq(self.points, self.spacing)

    def gaussian(self, width: float, centre: float, momentum: float = 0.0, particles: float = 1.0) -> np.ndarray:
        """psi with density ~ exp(-(x - centre)^2 / width^2)."""
        psi = np.exp(-0.5 * ((self.x - centre) / width) ** 2 + 1j * momentum * self.x / self.hbar)
        return psi * np.sqrt(particles / (np.sum(np.abs(psi) ** 2) * self.spacing))

    def _fields(self, psi: np.ndarray, markers: Markers) -> tuple[np.ndarray, np.ndarray]:
        """Potential of the condensate at the points, gradient of the potential at the markers."""
        rho = np.abs(psi) ** 2 * self.spacing
        r = self.x[:, None] - markers.position
        potential = 0.5 * self.masses[0] * self.frequencies[0] ** 2 * self.x**2 + self.mixed.value(r) @ markers.weight
        if self.bosons:
            potential = potential + self.bosons.value(self.x[:, None] - self.x) @ rho
        gradient = self.masses[1] * self.frequencies[1] ** 2 * markers.position - rho @ self.mixed.derivative(r)
        if self.gas:
            between = markers.position[:, None] - markers.position
            gradient = gradient + self.gas.derivative(between) @ markers.weight
        return potential, gradient

    def strang(self, psi: np.ndarray, markers: Markers, time: float, steps: int) -> tuple[np.ndarray, Markers]:
        """Kick, drift, kick, so many times."""
        step = time / steps
        drift = np.exp(-0.5j * self.hbar * step / self.masses[0] * self.wave_numbers**2)
        now = replace(markers, position=markers.position.copy(), momentum=markers.momentum.copy())
        potential, gradient = self._fields(psi, now)
        for _ in range(steps):
            psi = psi * np.exp(-0.5j * step / self.hbar * potential)
            now.momentum = now.momentum - 0.5 * step * gradient
            psi = np.fft.ifft(drift * np.fft.fft(psi))
            now.position = now.position + step * now.momentum / self.masses[1]
            potential, gradient = self._fields(psi, now)
            psi = psi * np.exp(-0.5j * step / self.hbar * potential)
            now.momentum = now.momentum - 0.5 * step * gradient
        return psi, now

    def record(self, psi: np.ndarray, markers: Markers) -> dict[str, float]:
        """Energies, centres, widths and momenta of both."""
        rho, w = np.abs(psi) ** 2 * self.spacing, markers.weight
        spectrum = np.abs(np.fft.fft(psi)) ** 2
        particles = np.sum(rho), np.sum(w)
        share = particles[0] * spectrum / np.sum(spectrum)
        p = self.hbar * self.wave_numbers
        interaction = rho @ self.mixed.value(self.x[:, None] - markers.position) @ w
        if self.bosons:
            interaction += 0.5 * rho @ self.bosons.value(self.x[:, None] - self.x) @ rho
        if self.gas:
            interaction += 0.5 * w @ self.gas.value(markers.position[:, None] - markers.position) @ w
        kinetic = np.sum(share * p**2) / (2 * self.masses[0]), np.sum(w * markers.momentum**2) / (2 * self.masses[1])
        trap = [
            0.5 * m * omega**2 * np.sum(weight * place**2)
            for m, omega, weight, place in zip(
                self.masses, self.frequencies, (rho, w), (self.x, markers.position), strict=True
            )
        ]
        centre = np.sum(rho * self.x) / particles[0], np.sum(w * markers.position) / particles[1]
        momentum = np.sum(share * p), np.sum(w * markers.momentum)
        return {
            "bosons kinetic": kinetic[0],
            "gas kinetic": kinetic[1],
            "interaction": float(interaction),
            "total": float(sum(kinetic) + interaction + sum(trap)),
            "bosons centre": centre[0],
            "bosons width": np.sqrt(np.sum(rho * (self.x - centre[0]) ** 2) / particles[0]),
            "bosons momentum": momentum[0],
            "gas centre": centre[1],
            "gas width": np.sqrt(np.sum(w * (markers.position - centre[1]) ** 2) / particles[1]),
            "gas momentum": momentum[1],
            "gas momentum width": np.sqrt(
                np.sum(w * (markers.momentum - momentum[1] / particles[1]) ** 2) / particles[1]
            ),
        }

    def extrapolated(
        self, psi: np.ndarray, markers: Markers, time: float, steps: Sequence[int] = (20, 40, 80, 160)
    ) -> tuple[dict[str, float], dict[str, float]]:
        """The record at a time, Strang's numbers extrapolated to steps of length zero, and what the last extrapolation
        changed: the steps' error is below it."""
        records = [self.record(*self.strang(psi, markers, time, n)) for n in steps]
        squares = [1.0 / n**2 for n in steps]
        finest = {key: to_zero(squares, [record[key] for record in records]) for key in records[0]}
        coarser = {key: to_zero(squares[:-1], [record[key] for record in records[:-1]]) for key in records[0]}
        return finest, {key: abs(finest[key] - coarser[key]) for key in finest}


def to_zero(arguments: Sequence[float], values: Sequence[float]) -> float:
    """Value at zero of the polynomial through the points, by Neville's scheme."""
    row = list(values)
    for order in range(1, len(row)):
        row = [
            (arguments[i] * row[i + 1] - arguments[i + order] * row[i]) / (arguments[i] - arguments[i + order])
            for i in range(len(row) - 1)
        ]
    return row[0]
