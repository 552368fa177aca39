// Passes over real rows: to half spectra and back, from the densities of complex rows, and what a kick sees of them.
#pragma once

#include "lines/real_lines.hpp"
#include "lines/row_transform.hpp"
#include "processor/workspace.hpp"
#include "transforms/kick_tiles.hpp"
#include "transforms/passes.hpp"

namespace {

using hpcmix::Densities;
using hpcmix::HalfSpectra;
using hpcmix::RowPiece;

template <class Real>
void real_rows_forward(const Line<Real>& line, RowPiece<const Real> reals, RowPiece<Real> spectra, Real scale,
                       void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length + 1, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    transform_from_rows<false, true>(line, reals.first, {reals.stride, line.length, reals.count}, tile,
                                     workspace.spare);
    separate_halves(line, tile);
    store_rows(spectra.first, {spectra.stride, line.length + 1, spectra.count}, tile, false, scale);
}

template <class Real>
void real_rows_backward(const Line<Real>& line, RowPiece<const Real> spectra, RowPiece<Real> reals, Real scale,
                        void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length + 1, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    load_rows(spectra.first, {spectra.stride, line.length + 1, spectra.count}, tile, false);
    join_halves(line, tile);
    transform_to_rows<true, true>(line, tile, workspace.spare, reals.first, {reals.stride, line.length, reals.count},
                                  scale);
}

template <class Real>
void odd_real_rows_forward(const Line<Real>& line, RowPiece<const Real> reals, RowPiece<Real> spectra, Real scale,
                           void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    load_real_rows(reals.first, {reals.stride, line.length, reals.count}, tile);
    transform_tile(line, tile, workspace.spare);
    store_rows(spectra.first, {spectra.stride, line.length / 2 + 1, spectra.count}, tile, false, scale);
}

template <class Real>
void odd_real_rows_backward(const Line<Real>& line, RowPiece<const Real> spectra, RowPiece<Real> reals, Real scale,
                            void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    load_rows(spectra.first, {spectra.stride, line.length / 2 + 1, spectra.count}, tile, true);
    complete_spectrum(line, tile);
    transform_tile(line, tile, workspace.spare);
    store_real_rows(reals.first, {reals.stride, line.length, reals.count}, tile, scale);
}

/// Whether rows of `line.length` reals are transformed as half as many pairs.
template <class Real>
bool has_pairs(const Line<Real>& line, const HalfSpectra<Real>& spectra)
{
    return spectra.count > 0 && spectra.line->length != line.length;
}

/// Room in a tile for rows of complex numbers and for half spectra.
template <class Real>
std::size_t tile_length_with(const Line<Real>& line, const HalfSpectra<Real>& spectra)
{
    const std::size_t needed = spectra.count > 0 ? spectra.line->tile_length + 1 : 0;
    return needed > line.tile_length ? needed : line.tile_length;
}

/// The rows of a half spectrum.
template <class Real>
Rows rows_of_spectrum(const Line<Real>& line, std::size_t count)
{
    const std::size_t length = hpcmix::half_spectrum_length(line.length);
    return {2 * length, length, count};
}

/// `count` rows of half spectrum c back to reals, which are left in the tile: see load_reals_of_tile.
template <class Real>
void real_rows_from_spectra(const Line<Real>& line, const HalfSpectra<Real>& spectra, std::size_t c, std::size_t count,
                            Pack<Real>*& tile, Pack<Real>*& spare)
{
    const bool paired = has_pairs(line, spectra);
    load_rows(spectra.first_rows[c], rows_of_spectrum(line, count), tile, !paired);
    paired ? join_halves(*spectra.line, tile) : complete_spectrum(*spectra.line, tile);
    transform_tile(*spectra.line, tile, spare);
}

/// `count` reals of each row from number `start` on, an even one, lane by lane. The tile comes from an inverse transform,
/// real and imaginary parts swapped. Paired: pairs of reals are the parts of a number; otherwise reals have no imaginary
/// part.
template <class Real>
void load_reals_of_tile(const Pack<Real>* tile, bool paired, std::size_t start, std::size_t count, double* values)
{
    constexpr std::size_t width = lanes<Real>;
    const Real* const parts = reinterpret_cast<const Real*>(tile);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t vector = paired ? (start + i) ^ 1 : 2 * (start + i) + 1;
#pragma omp simd
        for (std::size_t lane = 0; lane < width; ++lane) {
            values[width * i + lane] = parts[width * vector + lane];
        }
    }
}

/// The reverse: sum_b weight_b density_b for `count` elements from `start` on, as reals of a tile that is to be
/// transformed. `densities` holds chunks.
template <class Real>
void store_reals_of_tile(const double* __restrict densities, const double* __restrict weights, std::size_t components,
                         Pack<Real>* tile, bool paired, std::size_t start, std::size_t count)
{
    constexpr std::size_t width = lanes<Real>, points = chunk_points<Real>;
    alignas(64) double sum[points];
#pragma omp simd
    for (std::size_t i = 0; i < width * count; ++i) {
        sum[i] = weights[0] * densities[i];
    }
    for (std::size_t b = 1; b < components; ++b) {
#pragma omp simd
        for (std::size_t i = 0; i < width * count; ++i) {
            sum[i] = multiply_add(weights[b], densities[b * points + i], sum[i]);
        }
    }
    if (paired) {
        Real* const __restrict reals = reinterpret_cast<Real*>(tile) + width * start;
#pragma omp simd
        for (std::size_t i = 0; i < width * count; ++i) {
            reals[i] = static_cast<Real>(sum[i]);
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        Real* const __restrict element = reinterpret_cast<Real*>(tile + start + i);
#pragma omp simd
        for (std::size_t lane = 0; lane < width; ++lane) {
            element[lane] = static_cast<Real>(sum[width * i + lane]);
            element[width + lane] = Real(0);
        }
    }
}

template <bool Swapped, class Real>
void add_up_densities(Pack<Real>* const* tiles, const Line<Real>& line, const Densities<Real>& densities, double* values)
{
    constexpr std::size_t points = chunk_points<Real>;
    const bool paired = has_pairs(line, densities.spectra);
    for (std::size_t start = 0; start < line.length; start += chunk_length) {
        const std::size_t count = at_most(line.length - start, chunk_length);
        for (std::size_t b = 0; b < densities.components; ++b) {
            take_density<Swapped>(tiles[b] + start, values + b * points, count);
        }
        for (std::size_t c = 0; c < densities.spectra.count; ++c) {
            store_reals_of_tile(values, densities.weights + c * densities.components, densities.components,
                                tiles[densities.components + c], paired, start, count);
        }
    }
}

template <class Real>
void density_spectrum_rows(const Line<Real>& line, const Densities<Real>& densities, std::size_t count, void* memory)
{
    const HalfSpectra<Real>& spectra = densities.spectra;
    const std::size_t components = densities.components;
    Workspace<Real> workspace(memory, tile_length_with(line, spectra), components + spectra.count);
    const Rows rows{2 * line.length, line.length, count};
    for (std::size_t a = 0; a < components; ++a) {
        Real* const first = densities.fields[a] + 2 * densities.offset;
        if (densities.inverse_before) {
            transform_from_rows<true, false>(line, first, rows, workspace.tiles[a], workspace.spare);
            store_rows(first, rows, workspace.tiles[a], true, Real(1));
        } else {
            load_rows<true>(first, rows, workspace.tiles[a], false);
        }
    }
    densities.inverse_before ? add_up_densities<true>(workspace.tiles, line, densities, workspace.sources)
                             : add_up_densities<false>(workspace.tiles, line, densities, workspace.sources);
    const bool paired = has_pairs(line, spectra);
    for (std::size_t c = 0; c < spectra.count; ++c) {
        Pack<Real>*& tile = workspace.tiles[components + c];
        transform_tile(*spectra.line, tile, workspace.spare);
        if (paired) {
            separate_halves(*spectra.line, tile);
        }
        store_rows(spectra.first_rows[c], rows_of_spectrum(line, count), tile, false, Real(1));
    }
}

}  // namespace
