// The product of a many-body Hamiltonian with a wave function psi[configuration of species 1, configuration of species 2].
#pragma once

#include "configurations/configuration_passes.hpp"
#include "configurations/pair_passes.hpp"

namespace hpcmix {

/// target <- keep target + scale (A source + source B^T + sum_c X_c source Y_c^T) + shift source, see ConfigurationProduct.
/// Rows of the target are independent of each other: they may be any part of all rows, with any number of threads.
/// Source and target do not overlap.
void apply_configurations(const ConfigurationProduct& product);

/// target += factor source, complex numbers; the same bits however an array is cut, with any number of threads.
void add_multiple(const double* source, double factor_real, double factor_imaginary, double* target, std::size_t count);

/// The product of PairProduct. A row gets the same bits whatever rows are asked for, with any number of threads.
void apply_pairs(const PairProduct& product);

}  // namespace hpcmix
