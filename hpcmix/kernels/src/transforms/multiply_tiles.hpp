// What a drift does to a tile of spectra: a product of one factor for each axis, or a phase from a symbol.
#pragma once

#include "transforms/kick_tiles.hpp"
#include "transforms/passes.hpp"
#include "transforms/tiles.hpp"

namespace {

using hpcmix::Multiplier;
using hpcmix::Turn;

/// tile *= along[k] rows[r] length[l] (see Multiplier), in double precision in either precision of the tile: a factor
/// rounded to single precision would change a mode's norm by the same 1e-7 in every step. Leaves real and imaginary part
/// swapped.
template <class Real>
void multiply_by_factors(Pack<Real>* tile, std::size_t length, const Multiplier& multiplier,
                         std::size_t first_column, std::size_t columns)
{
    constexpr std::size_t width = lanes<Real>;
    alignas(64) double lane_re[width] = {}, lane_im[width] = {};
    for (std::size_t lane = 0; lane < width; ++lane) {
        const std::size_t column = column_of_lane<Real>(lane);
        if (column < columns) {
            const std::size_t position = multiplier.first_column + first_column + column;
            const double* row = multiplier.rows + 2 * (position / multiplier.row_length);
            const double* element = multiplier.length + 2 * (position % multiplier.row_length);
            lane_re[lane] = multiply_add(row[0], element[0], -(row[1] * element[1]));
            lane_im[lane] = multiply_add(row[0], element[1], row[1] * element[0]);
        }
    }
    Real* const __restrict values = reinterpret_cast<Real*>(tile);
    for (std::size_t k = 0; k < length; ++k) {
        const double along_re = multiplier.along[2 * k], along_im = multiplier.along[2 * k + 1];
        Real* const __restrict element = values + 2 * width * k;
#pragma omp simd
        for (std::size_t lane = 0; lane < width; ++lane) {
            const double factor_re = multiply_add(along_re, lane_re[lane], -(along_im * lane_im[lane]));
            const double factor_im = multiply_add(along_re, lane_im[lane], along_im * lane_re[lane]);
            const double re = element[lane], im = element[width + lane];
            element[lane] = static_cast<Real>(multiply_add(re, factor_im, im * factor_re));
            element[width + lane] = static_cast<Real>(multiply_add(re, factor_re, -(im * factor_im)));
        }
    }
}

/// tile[k] *= exp(-i angle symbol[k]), one symbol for each column. Leaves real and imaginary part swapped.
template <class Real>
void turn_tile(Pack<Real>* tile, std::size_t length, const Turn<Real>& turn, std::size_t first_column,
               std::size_t columns)
{
    constexpr std::size_t width = lanes<Real>, points = chunk_points<Real>;
    alignas(64) double phase[points];
    alignas(64) Real sine[points] = {}, cosine[points] = {};
    for (std::size_t start = 0; start < length; start += chunk_length) {
        const std::size_t count = at_most(length - start, chunk_length);
        for (std::size_t i = 0; i < count; ++i) {
            const Vector<Real> row = load_reals(turn.symbol + (start + i) * turn.stride + first_column, columns);
            const Real* const values = reinterpret_cast<const Real*>(&row);
#pragma omp simd
            for (std::size_t lane = 0; lane < width; ++lane) {
                phase[width * i + lane] = turn.angle * values[lane];
            }
        }
        sincos_many(phase, sine, cosine, width * count);
        rotate_chunk<false>(tile + start, sine, cosine, count);
        for (std::size_t i = start; i < start + count; ++i) {
            tile[i] = swapped(tile[i]);
        }
    }
}

}  // namespace
