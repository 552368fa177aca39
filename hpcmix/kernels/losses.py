"""Particles that meet and leave, exactly at every point: what one flow of losses does to densities and fields.

With e_r the particles of the first species that reaction r takes at a point, and densities rho_a,

    d e_r / dt = rate_r profile_r(x) product of rho_b over those that meet
    d rho_a / dt = - sum_r share_ra d e_r / dt

Densities at a point depend on those at that point only. Where there is one reaction, or all are of single particles,
the solution is written down; otherwise it is a Taylor series in time of degree `DEGREE`, over pieces so short that the
rest is below the rounding (kernels/twins/losses.py derives it): particles that leave together leave together to
rounding, and no density becomes negative.

Densities are contiguous real arrays, fields complex ones of the same shape and precision; what is computed from them is
in double precision. Results do not depend on how many points are given together, to the bit, but for the sums. The
choice between compiled kernels and numpy twins is that of `hpcmix.kernels.dispatch`. Wrong arguments raise TypeError or
ValueError with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.twins import loops
from hpcmix.kernels.twins import losses as reference

MOST_COMPONENTS, MOST_REACTIONS = 8, 24
"""More than these are done by the numpy twin."""


@dataclass(frozen=True)
class Reaction:
    """Particles that meet and leave together.

    rate     times the product of the densities of `meeting`, the components by their numbers, a number repeatedly where
             as many of it meet: 1 to 3.
    shares   of every component what it loses, in units of e_r.
    profile  what the rate is multiplied by, a real array of the densities' shape, or None.
    """

    rate: float
    meeting: tuple[int, ...]
    shares: tuple[float, ...]
    profile: NDArray | None = None


def react(
    densities: Sequence[NDArray], fields: Sequence[Sequence[NDArray]], reactions: Sequence[Reaction], duration: float
) -> NDArray[np.float64]:
    """field <- sqrt(rho_a(duration) / rho_a(0)) field for the fields of every component, in place; the sum over all
    points of e_r(duration) of every reaction. Densities are read only.

    Args:
        densities: rho_a(0) of all components, not negative.
        fields: of every component any number.
        reactions: at least one.
    """
    shape, dtype = densities[0].shape, densities[0].dtype
    beside = np.empty(shape, np.complex64 if dtype == np.float32 else np.complex128)
    for index, density in enumerate(densities):
        arguments.check_real(f"densities[{index}]", density, beside, written=False)
    for index, array in enumerate(fields):
        for number, field in enumerate(array):
            arguments.check_same(f"fields[{index}][{number}]", field, beside, written=True)
    for index, reaction in enumerate(reactions):
        if not 1 <= len(reaction.meeting) <= 3 or not all(0 <= a < len(densities) for a in reaction.meeting):
            raise ValueError(f"reactions[{index}] must be of one to three of the components, not {reaction.meeting}")
        if len(reaction.shares) != len(densities):
            raise ValueError(f"reactions[{index}] must have a share for each of the {len(densities)} components")
        if reaction.profile is not None:
            arguments.check_real(f"reactions[{index}].profile", reaction.profile, beside, written=False)
    kernels = dispatch.implementation()
    if kernels is loops or len(densities) > MOST_COMPONENTS or len(reactions) > MOST_REACTIONS:
        return reference.react(densities, fields, reactions, float(duration))
    sums = kernels.react(
        list(densities),
        [list(array) for array in fields],
        [float(reaction.rate) for reaction in reactions],
        [list(reaction.meeting) for reaction in reactions],
        [list(map(float, reaction.shares)) for reaction in reactions],
        [[] if reaction.profile is None else [reaction.profile] for reaction in reactions],
        float(duration),
    )
    return np.array(sums)
