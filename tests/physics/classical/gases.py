"""Words of problem files with classical species, and their markers as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from physics.systems import System


def classical(name: str, particles: float, markers: Any, initial: dict, **entries: Any) -> dict:
    """A classical species; ``markers`` a number or a table."""
    return {
        "name": name,
        "kind": "classical",
        "particles": particles,
        "markers": markers,
        "initial": initial,
        **entries,
    }


def oscillator(frequency: float | list[float], **entries: Any) -> dict:
    """The filled ball of a trap's phase space."""
    return {"kind": "oscillator", "frequency": frequency, **entries}


def phase_space(value: str, extent: float, **entries: Any) -> dict:
    """f by an expression."""
    return {"kind": "expression", "value": value, "momentum_extent": extent, **entries}


def markers_of(system: System, species: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions (n, d), completed momenta (n, d) and weights (n) in the order of the markers' indices."""
    look = system.look()
    cloud = look.cloud(species)
    order = np.argsort(cloud.index)
    return cloud.position[order].copy(), look.momenta(species)[order].copy(), cloud.weight[order].copy()


def transform_of(system: System, xi: np.ndarray, eta: np.ndarray, species: int = 0) -> complex:
    """f^(xi, eta) = sum_i w_i exp(-i (xi.x_i + eta.p_i)) / particles."""
    position, momentum, weight = markers_of(system, species)
    return complex(weight @ np.exp(-1j * (position @ xi + momentum @ eta)) / np.sum(weight))


def mode_of(system: System, number: int, species: int = 0) -> complex:
    """int rho exp(-i k x) dx of the mode with k = 2 pi number / L along x, by the markers themselves."""
    position, _, weight = markers_of(system, species)
    return complex(weight @ np.exp(-2j * np.pi * number / system.grid.lengths[0] * position[:, 0]))
