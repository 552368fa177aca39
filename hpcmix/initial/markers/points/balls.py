"""Maps from the unit cube to distributions in phase space that are written down: each coordinate of a point in (0, 1)
makes one number, whatever the others are, so that even points stay even."""

from __future__ import annotations

import math

import numpy as np


def phase_space_ball(uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Uniform in the unit ball of dimension 2 d, as d pairs (q_i, p_i), each of shape (number, d).

    The squares s_i = q_i^2 + p_i^2 are uniform in the simplex sum s_i <= 1, the angles of the pairs uniform: with r_i =
    1 - s_1 - ... - s_(i-1)

        s_i = r_i (1 - (1 - u_i)^(1 / (d + 1 - i))),     q_i + i p_i = sqrt(s_i) exp(2 pi i v_i).

    uniform  (number, 2 d): u_1, v_1, u_2, v_2, ...
    """
    pairs = uniform.shape[1] // 2
    remaining = np.ones(len(uniform))
    positions, momenta = np.empty((len(uniform), pairs)), np.empty((len(uniform), pairs))
    for axis in range(pairs):
        # what is left, so that 1 - ... loses no digits where it is small
        left = remaining * (1.0 - uniform[:, 2 * axis]) ** (1.0 / (pairs - axis))
        radius = np.sqrt(np.maximum(remaining - left, 0.0))
        angle = 2.0 * math.pi * uniform[:, 2 * axis + 1]
        positions[:, axis], momenta[:, axis] = radius * np.cos(angle), radius * np.sin(angle)
        remaining = left
    return positions, momenta


def unit_ball(uniform: np.ndarray) -> np.ndarray:
    """Uniform in the unit ball of one to three dimensions: radius u^(1/d) along :func:`directions`."""
    dimensions = uniform.shape[1]
    if dimensions == 1:
        return 2.0 * uniform - 1.0
    return uniform[:, :1] ** (1.0 / dimensions) * directions(uniform[:, 1:])


def directions(uniform: np.ndarray) -> np.ndarray:
    """Uniform on the unit sphere of dimensions 2 and 3, from one and two coordinates: an angle; the z component and an
    angle."""
    angle = 2.0 * math.pi * uniform[:, -1]
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    if uniform.shape[1] == 1:
        return circle
    height = 2.0 * uniform[:, :1] - 1.0
    return np.concatenate([np.sqrt(1.0 - height**2) * circle, height], axis=1)


def isotropic(uniform: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Vectors of given lengths in uniform directions, by what `uniform` (number, d) has after its first coordinate,
    which the length was made of; in one dimension, where the sign needs a place, by that: see :func:`radial_part`."""
    if uniform.shape[1] == 1:
        return np.where(uniform[:, 0] < 0.5, -radius, radius)[:, np.newaxis]
    return radius[:, np.newaxis] * directions(uniform[:, 1:])


def radial_part(uniform: np.ndarray) -> np.ndarray:
    """The uniform number that the length of :func:`isotropic` vectors is made of: the first coordinate; in one
    dimension |2 u - 1|, which leaves the sign."""
    return np.abs(2.0 * uniform[:, 0] - 1.0) if uniform.shape[1] == 1 else uniform[:, 0]


def ball_volume(dimensions: int) -> float:
    """Of the unit ball."""
    return math.pi ** (dimensions / 2) / math.gamma(dimensions / 2 + 1)


def normal(uniform: np.ndarray) -> np.ndarray:
    """Standard normal numbers."""
    from scipy.special import ndtri  # only who uses it waits for scipy

    return ndtri(uniform)


def normal_within(uniform: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """Standard normal numbers between two bounds: the distribution cut there."""
    from scipy.special import ndtr, ndtri

    below, above = ndtr(lower), ndtr(upper)
    if below > 0.5:  # far on the right: on the left there are more digits
        return -normal_within(1.0 - uniform, -upper, -lower)
    return np.clip(ndtri(below + (above - below) * uniform), lower, upper)
