// What convolutions do to tiles of spectra: products with a matrix of real multipliers.
#pragma once

#include "transforms/passes.hpp"
#include "transforms/tiles.hpp"

namespace {

using hpcmix::Mixing;

/// Whether every spectrum is multiplied alone.
template <class Real>
bool is_diagonal(const Mixing<Real>& mixing)
{
    for (std::size_t i = 0; i < mixing.components * mixing.components; ++i) {
        const bool alone = i % (mixing.components + 1) == 0;
        if (alone != (mixing.multipliers[i] != nullptr)) {
            return false;
        }
    }
    return true;
}

/// The multipliers of element k of a tile's columns. Asks for those of the tile after the next, as ColumnReader does.
template <class Real>
[[gnu::always_inline]] inline Vector<Real> load_multipliers(const Real* row, std::size_t columns)
{
    prefetch<second_level>(row + 2 * lanes<Real>, sizeof(Vector<Real>));
    return load_reals(row, columns);
}

/// spectrum_a <- sum_b multiplier_ab spectrum_b on one tile of each, which stand `apart` in `tiles`, for the columns of the
/// piece from `first` on. Leaves real and imaginary part swapped. `mixed` has room for a number of each spectrum.
template <class Real>
void mix_tiles(Pack<Real>* const* tiles, std::size_t apart, std::size_t length, const Mixing<Real>& mixing,
               std::size_t first, std::size_t columns, Pack<Real>* mixed)
{
    const std::size_t components = mixing.components;
    if (is_diagonal(mixing)) {
        for (std::size_t a = 0; a < components; ++a) {
            Pack<Real>* const tile = tiles[a * apart];
            const Real* row = mixing.multipliers[a * (components + 1)] + mixing.first_column + first;
            for (std::size_t k = 0; k < length; ++k, row += mixing.multiplier_stride) {
                const Vector<Real> factor = load_multipliers(row, columns);
                tile[k] = {tile[k].im * factor, tile[k].re * factor};
            }
        }
        return;
    }
    for (std::size_t k = 0; k < length; ++k) {
        const std::size_t row = mixing.first_column + k * mixing.multiplier_stride + first;
        for (std::size_t a = 0; a < components; ++a) {
            Pack<Real> sum = {};
            for (std::size_t b = 0; b < components; ++b) {
                if (const Real* values = mixing.multipliers[a * components + b]) {
                    const Vector<Real> factor = load_multipliers(values + row, columns);
                    const Pack<Real> spectrum = tiles[b * apart][k];
                    sum = {fused_add(spectrum.re, factor, sum.re), fused_add(spectrum.im, factor, sum.im)};
                }
            }
            mixed[a] = sum;
        }
        for (std::size_t a = 0; a < components; ++a) {
            tiles[a * apart][k] = swapped(mixed[a]);
        }
    }
}

}  // namespace
