// The forward Fourier transform of a tile: as many lines as a vector register has lanes, element by element, so that the
// algorithm runs on whole registers without moving numbers between lanes. A lane never meets another.
//
// Algorithm: Stockham's autosort in the decimation-in-frequency form (van Loan, Computational Frameworks for the Fast
// Fourier Transform, 1992, section 1.7; mixed radices as in Temperton, J. Comput. Phys. 52 (1983) 1), from one buffer to
// another and back, no bit reversal. The inverse transform is the forward one of swapped real and imaginary parts: the
// swap is left to whoever fills and empties the tile (tiles.hpp).
#pragma once

#include "lines/butterflies.hpp"
#include "lines/line_plan.hpp"

namespace {

using hpcmix::Line;
using hpcmix::Stage;

/// The elements of a tile as a pass takes them and leaves them; tiles.hpp has the same for columns of a field, so that the
/// first pass of a transform can read from there and the last one write there.
template <class Real>
struct TileReader {
    const Pack<Real>* __restrict tile;

    [[gnu::always_inline]] Pack<Real> operator()(std::size_t i) const
    {
        return tile[i];
    }
};

template <class Real>
struct TileWriter {
    Pack<Real>* __restrict tile;

    [[gnu::always_inline]] void operator()(std::size_t i, Pack<Real> value) const
    {
        tile[i] = value;
    }
};

/// One group of a pass; the first group's twiddle factors are all one. `roots` are those of the stage, where no writer can
/// change them.
template <std::size_t radix, bool twiddled, class Real, class Reader, class Writer>
[[gnu::always_inline]] inline void run_group(const Stage<Real>& stage, const Real* roots, std::size_t group, Reader from,
                                             Writer to)
{
    const std::size_t stride = stage.stride;
    const std::size_t distance = stride * stage.groups;
    const std::size_t source = group * stride, target = group * stride * radix;
    Real twiddles[2 * radix];
    for (std::size_t k = 2; k < 2 * radix; ++k) {
        twiddles[k] = twiddled ? stage.twiddles[2 * (radix - 1) * group + k - 2] : Real(0);
    }
    for (std::size_t q = 0; q < stride; ++q) {
        Pack<Real> v[radix];
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            v[k] = from(source + q + k * distance);
        }
        butterfly<radix>(v, roots);
        to(target + q, v[0]);
#pragma GCC unroll 16
        for (std::size_t k = 1; k < radix; ++k) {
            to(target + q + k * stride, twiddled ? times(v[k], twiddles + 2 * k) : v[k]);
        }
    }
}

/// The first of several passes: groups of one element, each with twiddle factors of its own, which are read where they are
/// used: copied before, as in run_group, each would be moved twice for a single butterfly.
template <std::size_t radix, class Real, class Reader, class Writer>
[[gnu::always_inline]] inline void run_first_groups(const Stage<Real>& stage, const Real* roots, Reader from, Writer to)
{
    const Real* __restrict twiddles = stage.twiddles;
    for (std::size_t group = 0; group < stage.groups; ++group) {
        Pack<Real> v[radix];
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            v[k] = from(group + k * stage.groups);
        }
        butterfly<radix>(v, roots);
        to(group * radix, v[0]);
#pragma GCC unroll 16
        for (std::size_t k = 1; k < radix; ++k) {
            to(group * radix + k, times(v[k], twiddles + 2 * ((radix - 1) * group + k - 1)));
        }
    }
}

template <std::size_t radix, class Real, class Reader, class Writer>
[[gnu::noinline]] void run_stage(const Stage<Real>& stage, Reader from, Writer to)
{
    Real roots[2 * radix];
    __builtin_memcpy(roots, stage.roots, sizeof roots);
    if (stage.stride == 1 && stage.groups > 1) {
        return run_first_groups<radix>(stage, roots, from, to);
    }
    run_group<radix, false>(stage, roots, 0, from, to);
    for (std::size_t group = 1; group < stage.groups; ++group) {
        run_group<radix, true>(stage, roots, group, from, to);
    }
}

/// Any odd radix up to largest_radix: butterfly_odd with loops in place of registers.
template <class Real>
[[gnu::noinline]] void run_stage_of_any_radix(const Stage<Real>& stage, const Pack<Real>* __restrict from,
                                              Pack<Real>* __restrict to)
{
    constexpr std::size_t room = hpcmix::largest_radix / 2;
    const std::size_t radix = stage.radix, half = radix / 2;
    const std::size_t stride = stage.stride, distance = stride * stage.groups;
    Pack<Real> sum[room], difference[room];
    for (std::size_t group = 0; group < stage.groups; ++group) {
        const Real* twiddles = stage.twiddles + 2 * (radix - 1) * group;
        for (std::size_t q = 0; q < stride; ++q) {
            const Pack<Real>* source = from + group * stride + q;
            Pack<Real>* target = to + group * stride * radix + q;
            const Pack<Real> first = source[0];
            Pack<Real> total = first;
            for (std::size_t k = 0; k < half; ++k) {
                const Pack<Real> left = source[(k + 1) * distance], right = source[(radix - 1 - k) * distance];
                sum[k] = left + right;
                difference[k] = left - right;
                total = total + sum[k];
            }
            target[0] = total;
            for (std::size_t j = 1; j <= half; ++j) {
                Pack<Real> even = first, odd = {};
                std::size_t index = 0;
                for (std::size_t k = 0; k < half; ++k) {
                    index += j;
                    index -= index >= radix ? radix : 0;
                    const Vector<Real> cosine = in_all_lanes(stage.roots[2 * index]);
                    const Vector<Real> sine = in_all_lanes(stage.roots[2 * index + 1]);
                    even = {fused_add(sum[k].re, cosine, even.re), fused_add(sum[k].im, cosine, even.im)};
                    odd = {fused_add(difference[k].re, sine, odd.re), fused_add(difference[k].im, sine, odd.im)};
                }
                target[j * stride] = times(even + times_minus_i(odd), twiddles + 2 * (j - 1));
                target[(radix - j) * stride] = times(even - times_minus_i(odd), twiddles + 2 * (radix - j - 1));
            }
        }
    }
}

template <class Real>
void run_stage_on_tiles(const Stage<Real>& stage, const Pack<Real>* tile, Pack<Real>* spare)
{
    const TileReader<Real> from{tile};
    const TileWriter<Real> to{spare};
    switch (stage.radix) {
    case 2:
        return run_stage<2>(stage, from, to);
    case 3:
        return run_stage<3>(stage, from, to);
    case 4:
        return run_stage<4>(stage, from, to);
    case 5:
        return run_stage<5>(stage, from, to);
    case 7:
        return run_stage<7>(stage, from, to);
    case 8:
        return run_stage<8>(stage, from, to);
    case 11:
        return run_stage<11>(stage, from, to);
    case 13:
        return run_stage<13>(stage, from, to);
    default:
        return run_stage_of_any_radix(stage, tile, spare);
    }
}

/// The passes first ... last - 1, from one buffer to the other and back; `tile` points to the result.
template <class Real>
void run_stages(const Line<Real>& line, std::size_t first, std::size_t last, Pack<Real>*& tile, Pack<Real>*& spare)
{
    for (std::size_t i = first; i < last; ++i) {
        run_stage_on_tiles(line.stages[i], tile, spare);
        Pack<Real>* result = spare;
        spare = tile;
        tile = result;
    }
}

/// Whether a transform has a first and a last pass that can read and write elsewhere than in a tile.
template <class Real>
bool has_open_ends(const Line<Real>& line)
{
    if (line.stage_count < 2) {
        return false;
    }
    const std::size_t first = line.stages[0].radix, last = line.stages[line.stage_count - 1].radix;
    return (first <= 5 || first == 8) && (last == 4 || last == 8);
}

/// Calls function.operator()<radix>() for a radix that has_open_ends lets be the first one.
template <class Function>
void with_open_radix(std::size_t radix, const Function& function)
{
    switch (radix) {
    case 2:
        return function.template operator()<2>();
    case 3:
        return function.template operator()<3>();
    case 4:
        return function.template operator()<4>();
    case 5:
        return function.template operator()<5>();
    default:
        return function.template operator()<8>();
    }
}

/// The first pass of a line for which has_open_ends, from where a reader takes its elements into a tile.
template <class Real, class Reader>
void run_first_stage(const Line<Real>& line, Reader from, Pack<Real>* tile)
{
    const Stage<Real>& stage = line.stages[0];
    with_open_radix(stage.radix, [&]<std::size_t radix>() { run_stage<radix>(stage, from, TileWriter<Real>{tile}); });
}

/// The last pass of such a line, from a tile to where a writer puts its elements.
template <class Real, class Writer>
void run_last_stage(const Line<Real>& line, const Pack<Real>* tile, Writer to)
{
    const Stage<Real>& stage = line.stages[line.stage_count - 1];
    const TileReader<Real> from{tile};
    stage.radix == 4 ? run_stage<4>(stage, from, to) : run_stage<8>(stage, from, to);
}

/// A convolution with the chirp (see LinePlan::plan_bluestein).
template <class Real>
void run_bluestein(const Line<Real>& line, Pack<Real>*& tile, Pack<Real>*& spare)
{
    const Line<Real>& convolution = *line.convolution;
    for (std::size_t k = 0; k < line.length; ++k) {
        tile[k] = times(tile[k], line.chirp + 2 * k);
    }
    for (std::size_t k = line.length; k < convolution.length; ++k) {
        tile[k] = Pack<Real>{};
    }
    run_stages(convolution, 0, convolution.stage_count, tile, spare);
    for (std::size_t k = 0; k < convolution.length; ++k) {
        tile[k] = swapped(times(tile[k], line.chirp_spectrum + 2 * k));
    }
    run_stages(convolution, 0, convolution.stage_count, tile, spare);
    for (std::size_t k = 0; k < line.length; ++k) {
        tile[k] = times(swapped(tile[k]), line.chirp + 2 * k);
    }
}

/// Transforms the lines of a tile. Both buffers have room for line.tile_length elements; afterwards `tile` points to the
/// one with the result.
template <class Real>
void transform_tile(const Line<Real>& line, Pack<Real>*& tile, Pack<Real>*& spare)
{
    if (line.convolution != nullptr) {
        run_bluestein(line, tile, spare);
    } else {
        run_stages(line, 0, line.stage_count, tile, spare);
    }
}

}  // namespace
