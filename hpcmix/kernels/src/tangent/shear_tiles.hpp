// A pair of fluctuations at the points of tiles in position space, a chunk of the lines at a time: its density, and the shear
// that the density makes.
#pragma once

#include "lines/row_blocks.hpp"
#include "tangent/tangent_passes.hpp"
#include "transforms/kick_tiles.hpp"

namespace {

using hpcmix::PairRows;
using hpcmix::PairShear;

/// What is known of a pair in a chunk: chunk_length elements for each component.
struct PairChunk {
    Pack<double>* orbitals;   // psi_a
    Pack<double>* densities;  // d_a
    double* seen;             // real fields, chunk_points each

    static std::size_t bytes(std::size_t components, std::size_t fields)
    {
        return 2 * components * chunk_length * sizeof(Pack<double>) + fields * chunk_points<double> * sizeof(double);
    }

    PairChunk(void* memory, std::size_t components)
        : orbitals(static_cast<Pack<double>*>(memory)), densities(orbitals + components * chunk_length),
          seen(reinterpret_cast<double*>(densities + components * chunk_length))
    {
    }
};

/// a b
[[gnu::always_inline]] inline Pack<double> product(Pack<double> a, Pack<double> b)
{
    return {fused_subtract(a.im, b.im, a.re * b.re), fused_add(a.re, b.im, a.im * b.re)};
}

/// sum + factor value
[[gnu::always_inline]] inline Pack<double> add_times(Pack<double> sum, Vector<double> factor, Pack<double> value)
{
    return {fused_add(factor, value.re, sum.re), fused_add(factor, value.im, sum.im)};
}

/// `count` elements of every row from `start` on, times scale; `values` has room for a whole chunk.
inline void load_chunk(const double* first, const Rows& rows, std::size_t start, std::size_t count, double scale,
                       Pack<double>* values)
{
    constexpr std::size_t together = block_elements<double>;
    for (std::size_t i = 0; i < count; i += together) {
        if (rows.count == lanes<double>) {
            prefetch_next_block(first + 2 * (start + i), rows.stride);
        }
        Pack<double> elements[together];
        load_elements<false>(first, rows, start + i, elements);
        for (std::size_t j = 0; j < together; ++j) {
            values[i + j] = {elements[j].re * scale, elements[j].im * scale};
        }
    }
}

/// Multiplies u_a and w_a by their factors, where there are any, and leaves real and imaginary parts in order: they come
/// swapped. Fills in psi_a and d_a = conj(psi_a) u_a + psi_a conj(w_a).
inline void turn_and_take_densities(const PairRows& pair, const Rows& rows, Pack<double>* const* tiles,
                                    std::size_t start, std::size_t count, const PairChunk& chunk)
{
    Pack<double> factors[chunk_length];
    for (std::size_t a = 0; a < pair.components; ++a) {
        Pack<double>* const __restrict psi = chunk.orbitals + a * chunk_length;
        Pack<double>* const __restrict density = chunk.densities + a * chunk_length;
        Pack<double>* const __restrict first = tiles[a] + start;
        Pack<double>* const __restrict second = tiles[pair.components + a] + start;
        load_chunk(pair.orbitals[a] + 2 * pair.offset, rows, start, count, pair.amplitudes[a], psi);
        if (pair.factors != nullptr) {
            load_chunk(pair.factors[a] + 2 * pair.offset, rows, start, count, 1.0, factors);
        }
        for (std::size_t i = 0; i < count; ++i) {
            Pack<double> u = swapped(first[i]), w = swapped(second[i]);
            if (pair.factors != nullptr) {
                u = product(factors[i], u);
                w = product(factors[i], w);
            }
            first[i] = u;
            second[i] = w;
            density[i] = {fused_add(psi[i].re, u.re + w.re, psi[i].im * (u.im + w.im)),
                          fused_add(psi[i].re, u.im - w.im, psi[i].im * (w.re - u.re))};
        }
    }
}

/// g_a in a chunk; false where nothing acts on the component.
inline bool take_response(const PairShear& shear, std::size_t a, const Rows& rows, std::size_t start, std::size_t count,
                          const PairChunk& chunk, Pack<double>* __restrict response)
{
    const std::size_t components = shear.pair.components, channels = shear.seen.count / 2;
    constexpr std::size_t width = lanes<double>, points = chunk_points<double>;
    bool acts = false;
    for (std::size_t i = 0; i < count; ++i) {
        response[i] = Pack<double>{};
    }
    for (std::size_t b = 0; b < components; ++b) {
        const Pack<double>* const __restrict density = chunk.densities + b * chunk_length;
        if (const double coupling = shear.couplings[a * components + b]; coupling != 0.0) {
            acts = true;
            for (std::size_t i = 0; i < count; ++i) {
                response[i] = add_times(response[i], in_all_lanes(coupling), density[i]);
            }
        }
        if (shear.responses != nullptr && shear.responses[a * components + b] != nullptr) {
            acts = true;
            alignas(64) double factors[points];
            const Rows reals{rows.length, rows.length, rows.count};
            load_reals_of_rows<false>(shear.responses[a * components + b] + shear.pair.offset, reals, start, count,
                                      factors);
            for (std::size_t i = 0; i < count; ++i) {
                response[i] = add_times(response[i], load(factors + width * i), density[i]);
            }
        }
    }
    for (std::size_t c = 0; c < channels; ++c) {
        const double weight = shear.weights[a * channels + c];
        if (weight == 0.0) {
            continue;
        }
        acts = true;
        const double* const re = chunk.seen + c * points;
        const double* const im = chunk.seen + (channels + c) * points;
        for (std::size_t i = 0; i < count; ++i) {
            response[i] = add_times(response[i], in_all_lanes(weight), {load(re + width * i), load(im + width * i)});
        }
    }
    if (shear.sources != nullptr && shear.sources[a] != nullptr) {
        acts = true;
        Pack<double> source[chunk_length];
        load_chunk(shear.sources[a] + 2 * shear.pair.offset, rows, start, count, 1.0, source);
        for (std::size_t i = 0; i < count; ++i) {
            response[i] = response[i] + source[i];
        }
    }
    return acts;
}

/// u -= i angle psi g, w -= i angle psi conj(g)
inline void shear_chunk(Pack<double>* __restrict u, Pack<double>* __restrict w, const Pack<double>* __restrict psi,
                        const Pack<double>* __restrict g, double angle, std::size_t count)
{
    const Vector<double> duration = in_all_lanes(angle);
    for (std::size_t i = 0; i < count; ++i) {
        const Vector<double> re = duration * psi[i].re, im = duration * psi[i].im;
        u[i] = {fused_add(re, g[i].im, fused_add(im, g[i].re, u[i].re)),
                fused_subtract(re, g[i].re, fused_add(im, g[i].im, u[i].im))};
        w[i] = {fused_subtract(re, g[i].im, fused_add(im, g[i].re, w[i].re)),
                fused_subtract(re, g[i].re, fused_subtract(im, g[i].im, w[i].im))};
    }
}

}  // namespace
