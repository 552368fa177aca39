"""All kernels for arrays of the processor under one name: what an engine computes with. Another device brings a module
of its own with the same functions."""

from hpcmix.kernels.coupled_transforms import multiply_lines_by_matrix, turn_coupled_lines
from hpcmix.kernels.dispatch import (
    accumulate_density,
    implementation,
    inner_product,
    multiply_separable,
    rotate_phase,
    squared_norm,
    turn_spins,
    weighted_norm,
)
from hpcmix.kernels.losses import react
from hpcmix.kernels.markers import gather, gather_kick_drift, sort_by_tiles, spread_fixed
from hpcmix.kernels.tangent import kick_pairs, pair_densities, pair_density_spectra
from hpcmix.kernels.transforms import (
    empty,
    kick,
    mix_lines,
    multiply_along,
    multiply_lines,
    multiply_points,
    take_density,
    transform_densities,
    transform_lines,
    transform_planes,
    transform_real,
    transform_real_inverse,
    turn_lines,
)
from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins.fourier.library import library as fourier

__all__ = [
    "accumulate_density",
    "description",
    "empty",
    "fourier",
    "gather",
    "gather_kick_drift",
    "inner_product",
    "kick",
    "kick_pairs",
    "mix_lines",
    "multiply_along",
    "multiply_lines",
    "multiply_lines_by_matrix",
    "multiply_points",
    "multiply_separable",
    "pair_densities",
    "pair_density_spectra",
    "react",
    "rotate_phase",
    "sort_by_tiles",
    "spread_fixed",
    "squared_norm",
    "take_density",
    "transform_densities",
    "transform_lines",
    "transform_planes",
    "transform_real",
    "transform_real_inverse",
    "turn_coupled_lines",
    "turn_lines",
    "turn_spins",
    "weighted_norm",
]


def description() -> str:
    """What transforms lines, for the log."""
    return f"lines by {fourier().NAME}" if implementation() is reference else "compiled lines"
