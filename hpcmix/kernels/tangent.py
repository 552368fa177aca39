"""What a kick does to pairs of fluctuations beside the condensates, with the transforms before and after it.

With psi_a = amplitude_a orbital_a, in position space and after the kick of the condensates, and factor_a =
exp(-i theta_a) that kick's phase, a kick changes every pair of fields u_a, w_a (evolve/fluctuations/tangent.py) to

    u_a <- factor_a u_a - i angle psi_a g_a,      w_a <- factor_a w_a - i angle psi_a conj(g_a)

with what the density of the pair makes,

    d_b = conj(psi_b) factor_b u_b + psi_b conj(factor_b w_b),      g_a = sum_b response_ab d_b

Where the response is a number or a function of the point, one sweep does all of it; where it is a convolution,
:func:`pair_density_spectra` or :func:`pair_densities` go first and do the products with the factors too.

Fields are complex128 arrays of one to three dimensions, contiguous in C order; those of a pair are u_0, u_1, ..., w_0,
w_1, .... Planes, rows and bits are as in `hpcmix.kernels.transforms`; the choice between compiled kernels and numpy
twins is that of `hpcmix.kernels.dispatch`. Wrong arguments raise TypeError or ValueError with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.transforms import as_planes, check_axes, check_half_shape
from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins import tangent as reference_tangent

Pair = Sequence[NDArray]
"""The 2 p fields of a pair: u of every component, then w of every component."""


@dataclass(frozen=True)
class Condensates:
    """What pairs are seen beside.

    orbitals    of every component, in position space.
    amplitudes  real numbers, psi_a = amplitude_a orbital_a.
    factors     complex arrays that u_a and w_a are multiplied by first; none where that has been done.
    """

    orbitals: Sequence[NDArray]
    amplitudes: NDArray
    factors: Sequence[NDArray] = ()


def kick_pairs(
    pairs: Sequence[Pair],
    condensates: Condensates,
    couplings: NDArray,
    angle: float,
    *,
    responses: Sequence[Sequence[NDArray | None]] = (),
    sources: Sequence[Sequence[NDArray | None]] = (),
    spectra: Sequence[Sequence[NDArray]] = (),
    weights: NDArray | None = None,
    axes: int = 0,
    inverse_before: bool = False,
    forward_after: bool = False,
) -> None:
    """The kick of every pair, in place, in one pass with transforms along the last axes before and after it:

        g_a = sum_b (couplings[a, b] + responses[a][b]) d_b + sources[a] + sum_c weights[a, c] (s_c + i s_(count + c))

    Args:
        pairs: any number of them, whose fields share no memory.
        couplings: real matrix (p, p).
        angle: duration of the kick over hbar.
        responses: p rows of p real arrays, None for zero; or nothing.
        sources: for each pair p complex arrays, None for zero; or nothing.
        spectra: for each pair the half spectra of the real fields s_c as :func:`pair_density_spectra` orders them,
            first the real parts of all channels and then the imaginary parts, transformed along `axes`, at least one;
            they are brought back without a factor and overwritten. Or nothing.
        weights: real matrix (p, number of channels).
        axes: how many of the last axes are transformed: 0, 1 (rows) or 2 (planes).
        inverse_before: bring these axes of the fields back to position space first, without a factor.
        forward_after: transform them afterwards.
    """
    p, fields, axes = _check(pairs, condensates, axes)
    matrix = arguments.check_matrix("couplings", couplings, (p, p))
    channels = 0 if weights is None else np.shape(weights)[-1]
    seen = arguments.check_matrix("weights", np.zeros((p, 0)) if weights is None else weights, (p, channels))
    local = _check_responses(responses, condensates, p)
    felt = _check_sources(sources, pairs, condensates, p)
    halves = _check_spectra(spectra, pairs, condensates, channels, axes)
    _implementation().kick_pairs(
        fields,
        *_planes(condensates),
        matrix,
        local,
        felt,
        halves,
        seen,
        float(angle),
        bool(inverse_before and axes > 0),
        bool(forward_after and axes > 0),
        axes == 2,
    )


def pair_density_spectra(
    pairs: Sequence[Pair],
    condensates: Condensates,
    weights: NDArray,
    spectra: Sequence[Sequence[NDArray]],
    *,
    axes: int,
    inverse_before: bool = False,
) -> None:
    """u_a, w_a <- factor_a u_a, factor_a w_a, in place, and the half spectra of every pair's density, in one pass:

        spectra[c], spectra[count + c] = F[ Re n_c ], F[ Im n_c ],      n_c = sum_b weights[c, b] d_b

    Args:
        weights: real matrix (channels, p).
        spectra: for each pair 2 channels arrays of the fields' shape, but for a last axis of n // 2 + 1 numbers.
        axes: how many of the last axes are transformed, 1 or 2.
        inverse_before: bring these axes of the fields back to position space first, in place, without a factor.
    """
    p, fields, axes = _check(pairs, condensates, axes)
    matrix = arguments.check_matrix("weights", weights, (np.shape(weights)[0], p))
    halves = _check_spectra(spectra, pairs, condensates, len(matrix), axes)
    _implementation().pair_density_spectra(
        fields, *_planes(condensates), matrix, halves, bool(inverse_before), axes == 2
    )


def pair_densities(
    pairs: Sequence[Pair],
    condensates: Condensates,
    densities: Sequence[Sequence[NDArray]],
    *,
    axes: int = 0,
    inverse_before: bool = False,
) -> None:
    """u_a, w_a <- factor_a u_a, factor_a w_a, in place, and the densities d_a of every pair, in one pass.

    Args:
        densities: for each pair p complex arrays of the fields' shape.
        axes, inverse_before: as in :func:`pair_density_spectra`; 0 axes where nothing is to be brought back.
    """
    p, fields, axes = _check(pairs, condensates, axes)
    targets = _for_each_pair("densities", densities, pairs, p)
    for number, target in enumerate(targets):
        arguments.check_same(f"densities[{number // p}][{number % p}]", target, condensates.orbitals[0], written=True)
    _require_apart("densities", [*targets, *(field for pair in pairs for field in pair), *condensates.orbitals])
    _implementation().pair_densities(
        fields,
        *_planes(condensates),
        [as_planes(target) for target in targets],
        bool(inverse_before and axes > 0),
        axes == 2,
    )


def _implementation() -> ModuleType:
    kernels = dispatch.implementation()
    return reference_tangent if kernels is reference else kernels


def _planes(condensates: Condensates) -> tuple[list[NDArray], NDArray[np.float64], list[NDArray]]:
    return (
        [as_planes(orbital) for orbital in condensates.orbitals],
        np.ascontiguousarray(condensates.amplitudes, np.float64),
        [as_planes(factor) for factor in condensates.factors],
    )


def _check(pairs: Sequence[Pair], condensates: Condensates, axes: int) -> tuple[int, list[NDArray], int]:
    """The number of components, the fields of all pairs with three dimensions, and the axes, after a look at them."""
    orbitals, p = condensates.orbitals, len(condensates.orbitals)
    if p == 0:
        raise ValueError("there must be at least one component")
    arguments.check_field("orbitals[0]", orbitals[0], written=False)
    if orbitals[0].dtype != np.complex128:
        raise TypeError(f"pairs and orbitals must be complex128, not {orbitals[0].dtype}")
    if np.shape(condensates.amplitudes) != (p,):
        raise ValueError(f"there must be {p} amplitudes, not an array of shape {np.shape(condensates.amplitudes)}")
    if len(condensates.factors) not in (0, p):
        raise ValueError(f"there must be {p} factors or none, not {len(condensates.factors)}")
    for name, arrays in (("orbitals", orbitals), ("factors", condensates.factors)):
        for index, array in enumerate(arrays):
            arguments.check_same(f"{name}[{index}]", array, orbitals[0], written=False)
    fields = _for_each_pair("pairs", pairs, pairs, 2 * p)
    for number, field in enumerate(fields):
        arguments.check_same(f"pairs[{number // (2 * p)}][{number % (2 * p)}]", field, orbitals[0], written=True)
    _require_apart("pairs", [*fields, *orbitals, *condensates.factors])
    return p, [as_planes(field) for field in fields], check_axes(orbitals[0], axes)


def _for_each_pair(name: str, given: Sequence[Sequence[NDArray]], pairs: Sequence[Pair], count: int) -> list[NDArray]:
    """What is given for each pair in one row, after a look at the numbers."""
    if len(given) != len(pairs):
        raise ValueError(f"{name} must have an entry for each of the {len(pairs)} pairs, not {len(given)}")
    for index, arrays in enumerate(given):
        if len(arrays) != count:
            raise ValueError(f"{name}[{index}] must hold {count} arrays, not {len(arrays)}")
    return [array for arrays in given for array in arrays]


def _require_apart(name: str, arrays: Sequence[NDArray]) -> None:
    """No two contiguous arrays share memory; in a time that grows like their number, for there may be many pairs."""
    filled = [array for array in arrays if array.size > 0]
    begins = [array.__array_interface__["data"][0] for array in filled]
    bounds = sorted((begin, begin + array.nbytes) for begin, array in zip(begins, filled, strict=True))
    if any(end > begin for (_, end), (begin, _) in pairwise(bounds)):
        raise ValueError(f"{name}: two arrays share memory; every field needs its own")


def _check_responses(
    responses: Sequence[Sequence[NDArray | None]], condensates: Condensates, p: int
) -> list[NDArray | None]:
    if len(responses) == 0:
        return []
    if len(responses) != p or any(len(row) != p for row in responses):
        raise ValueError(f"responses must be {p} rows of {p} arrays")
    for a, row in enumerate(responses):
        for b, response in enumerate(row):
            if response is not None:
                arguments.check_real(f"responses[{a}][{b}]", response, condensates.orbitals[0], written=False)
    return [None if response is None else as_planes(response) for row in responses for response in row]


def _check_sources(
    sources: Sequence[Sequence[NDArray | None]], pairs: Sequence[Pair], condensates: Condensates, p: int
) -> list[NDArray | None]:
    if len(sources) == 0:
        return []
    if len(sources) != len(pairs) or any(len(row) != p for row in sources):
        raise ValueError(f"sources must be {p} arrays for each of the {len(pairs)} pairs")
    for number, row in enumerate(sources):
        for a, source in enumerate(row):
            if source is not None:
                arguments.check_same(f"sources[{number}][{a}]", source, condensates.orbitals[0], written=False)
    return [None if source is None else as_planes(source) for row in sources for source in row]


def _check_spectra(
    spectra: Sequence[Sequence[NDArray]], pairs: Sequence[Pair], condensates: Condensates, channels: int, axes: int
) -> list[NDArray]:
    if channels == 0 and len(spectra) == 0:
        return []
    if axes == 0:
        raise ValueError("axes must be 1 or 2 where there are spectra")
    halves = _for_each_pair("spectra", spectra, pairs, 2 * channels)
    for number, spectrum in enumerate(halves):
        name = f"spectra[{number // (2 * channels)}][{number % (2 * channels)}]"
        check_half_shape(name, spectrum, condensates.orbitals[0])
    _require_apart("spectra", [*halves, *(field for pair in pairs for field in pair), *condensates.orbitals])
    return [as_planes(spectrum) for spectrum in halves]
