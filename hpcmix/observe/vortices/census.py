"""All vortices of a condensate: where they are, what charge they have, what fills them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.vortices.interpolant import Punctures, values_at, zeros_near
from hpcmix.observe.vortices.plaquettes import PLANES, Plaquettes, dense_region, pierced_plaquettes

SAME = 1e-3
"""Distance in spacings within which two zeros are one: a vortex of charge two is a double zero, that two plaquettes may
share and that Newton's method finds to the root of rounding."""


@dataclass(frozen=True)
class Found:
    """Zeros of the trigonometric interpolant of a wave function, one for each pierced plaquette.

    normals, corners
             of the plaquettes: number of the axis across, first corner on the whole grid, shape (n, axes).
    charges  circulation about the normal, in quanta.
    places   of the zeros, shape (n, axes), in units of the spacings from the first point of the grid.
    filling  density of all other species there, in the grid's frame.
    sure     whether there is a zero: else the place is that of the plaquette's corners.
    """

    normals: np.ndarray
    corners: np.ndarray
    charges: np.ndarray
    places: np.ndarray
    filling: np.ndarray
    sure: np.ndarray


def find_vortices(look: Look, species: int, cut: float) -> Found | None:
    """The vortices of a condensate where its smoothed density is at least `cut` of its largest; None where this rank's
    group does not hold its wave function. Collective over the group."""
    mixture, densities = look.mixture, look.densities
    held = list(look.orbitals(species))
    if not held:
        return None
    field, others = held[0], np.zeros_like(densities[species])
    for other in range(len(densities)):
        if other != species:
            others += densities[other]
    parts = []
    for plaquettes in pierced_plaquettes(mixture, field, dense_region(mixture, densities[species], cut)):
        parts.append(_refined(mixture, field, others, plaquettes))
    return Found(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("normals", "corners", "charges", "places", "filling", "sure")
        )
    )


def _refined(mixture: Mixture, field: np.ndarray, others: np.ndarray, plaquettes: Plaquettes) -> Found:
    """The zeros of the plaquettes of one normal.

    Where there is none next to a plaquette, the phase turns from corner to corner and the interpolant between them does
    not: in a plane that is no vortex. In space the plaquette stays, since a line that bends may pass a plane of the
    grid twice or not at all. Collective over the group.
    """
    normal, axes = plaquettes.normal, mixture.grid.dimensions
    first, second = PLANES[normal]
    near, right, up, far = plaquettes.values.T
    middle = (near + right + up + far) / 4.0
    step_first, step_second = _zero_of_plane(middle, (right + far - near - up) / 2.0, (up + far - near - right) / 2.0)
    planes = plaquettes.corners[:, normal] if axes == 3 else np.zeros(len(plaquettes.corners), np.int64)
    start = Punctures(
        normal,
        planes,
        plaquettes.corners[:, first] + 0.5 + step_first,
        plaquettes.corners[:, second] + 0.5 + step_second,
    )
    zeros, there = zeros_near(mixture, field, start)
    kept, charges = np.arange(len(there)), plaquettes.winding
    if axes == 2:
        kept, charges = _merged(zeros, plaquettes.winding, there, mixture.grid.points)
    zeros = Punctures(
        normal,
        zeros.planes[kept],
        np.where(there, zeros.first, start.first)[kept],
        np.where(there, zeros.second, start.second)[kept],
    )
    places = plaquettes.corners[kept].astype(float)
    places[:, first], places[:, second] = zeros.first, zeros.second
    filling = values_at(mixture, others, zeros).real if len(mixture.species) > 1 else np.zeros(len(places))
    sure = there[kept]
    return Found(np.full(len(places), normal), plaquettes.corners[kept], charges[kept], places, filling, sure)


def _zero_of_plane(value: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where value + s first + t second vanishes, at most half a spacing from the middle along each axis."""
    determinant = first.real * second.imag - first.imag * second.real
    safe = np.where(determinant == 0.0, np.inf, determinant)
    s = (second.real * value.imag - second.imag * value.real) / safe
    t = (first.imag * value.real - first.real * value.imag) / safe
    return np.clip(s, -0.5, 0.5), np.clip(t, -0.5, 0.5)


def _merged(
    zeros: Punctures, winding: np.ndarray, there: np.ndarray, points: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Which zeros stay, by their numbers, and the charges of all: of those at one place the first stays, with the
    charges of all, where they do not cancel."""
    first, second = PLANES[zeros.normal]
    charges = winding.copy()
    stays = there.copy()
    places = np.stack([zeros.first, zeros.second], axis=-1)
    lengths = np.array([points[first], points[second]])
    for number in np.flatnonzero(there):
        if not stays[number]:
            continue
        apart = places[number + 1 :] - places[number]
        apart -= lengths * np.rint(apart / lengths)
        same = stays[number + 1 :] & (zeros.planes[number + 1 :] == zeros.planes[number])
        same &= np.sum(apart**2, axis=-1) < SAME**2
        twins = number + 1 + np.flatnonzero(same)
        charges[number] += np.sum(charges[twins])
        stays[twins] = False
        stays[number] = charges[number] != 0
    return np.flatnonzero(stays), charges
