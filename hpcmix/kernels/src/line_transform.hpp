// The forward Fourier transform of a tile: as many lines as a vector register has lanes, element by element, so that the
// algorithm runs on whole registers without moving numbers between lanes. A lane never meets another.
//
// Algorithm: Stockham's autosort in the decimation-in-frequency form (van Loan, Computational Frameworks for the Fast
// Fourier Transform, 1992, section 1.7; mixed radices as in Temperton, J. Comput. Phys. 52 (1983) 1), from one buffer to
// another and back, no bit reversal. The inverse transform is the forward one of swapped real and imaginary parts: the
// swap is left to whoever fills and empties the tile (tiles.hpp).
#pragma once

#include "line_plan.hpp"
#include "tiles.hpp"

namespace {

using hpcmix::Line;
using hpcmix::Stage;

// Butterflies: transforms of a few elements in registers, in place, result in natural order.

template <class Real>
[[gnu::always_inline]] inline void butterfly_2(Pack<Real>& a, Pack<Real>& b)
{
    const Pack<Real> difference = a - b;
    a = a + b;
    b = difference;
}

template <class Real>
[[gnu::always_inline]] inline void butterfly_4(Pack<Real>& a, Pack<Real>& b, Pack<Real>& c, Pack<Real>& d)
{
    const Pack<Real> sum_ac = a + c, difference_ac = a - c;
    const Pack<Real> sum_bd = b + d, difference_bd = times_minus_i(b - d);
    a = sum_ac + sum_bd;
    b = difference_ac + difference_bd;
    c = sum_ac - sum_bd;
    d = difference_ac - difference_bd;
}

template <class Real>
[[gnu::always_inline]] inline void butterfly_8(Pack<Real>* v)
{
    const Vector<Real> half_root = in_all_lanes(static_cast<Real>(0.70710678118654752440L));
    for (std::size_t k = 0; k < 4; ++k) {
        butterfly_2(v[k], v[k + 4]);
    }
    // The odd half is turned by the eighth roots of unity 1, (1 - i)/sqrt 2, -i, -(1 + i)/sqrt 2.
    v[5] = {(v[5].re + v[5].im) * half_root, (v[5].im - v[5].re) * half_root};
    v[6] = times_minus_i(v[6]);
    v[7] = {(v[7].im - v[7].re) * half_root, -(v[7].re + v[7].im) * half_root};
    butterfly_4(v[0], v[1], v[2], v[3]);
    butterfly_4(v[4], v[5], v[6], v[7]);
    const Pack<Real> even[4] = {v[0], v[1], v[2], v[3]};
    const Pack<Real> odd[4] = {v[4], v[5], v[6], v[7]};
    for (std::size_t k = 0; k < 4; ++k) {
        v[2 * k] = even[k];
        v[2 * k + 1] = odd[k];
    }
}

/// Odd radices: elements k and radix - k share a cosine and, up to the sign, a sine. `roots` holds (cos, sin) pairs.
template <std::size_t radix, class Real>
[[gnu::always_inline]] inline void butterfly_odd(Pack<Real>* v, const Real* roots)
{
    constexpr std::size_t half = radix / 2;
    Pack<Real> sum[half], difference[half];
    const Pack<Real> first = v[0];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < half; ++k) {
        sum[k] = v[k + 1] + v[radix - 1 - k];
        difference[k] = v[k + 1] - v[radix - 1 - k];
        v[0] = v[0] + sum[k];
    }
#pragma GCC unroll 16
    for (std::size_t j = 1; j <= half; ++j) {
        Pack<Real> even = first, odd = {};
#pragma GCC unroll 16
        for (std::size_t k = 0; k < half; ++k) {
            const Vector<Real> cosine = in_all_lanes(roots[2 * (j * (k + 1) % radix)]);
            const Vector<Real> sine = in_all_lanes(roots[2 * (j * (k + 1) % radix) + 1]);
            even = {fused_add(sum[k].re, cosine, even.re), fused_add(sum[k].im, cosine, even.im)};
            if (k == 0) {
                odd = {difference[k].re * sine, difference[k].im * sine};
            } else {
                odd = {fused_add(difference[k].re, sine, odd.re), fused_add(difference[k].im, sine, odd.im)};
            }
        }
        v[j] = even + times_minus_i(odd);
        v[radix - j] = even - times_minus_i(odd);
    }
}

template <std::size_t radix, class Real>
[[gnu::always_inline]] inline void butterfly(Pack<Real>* v, const Real* roots)
{
    if constexpr (radix == 2) {
        butterfly_2(v[0], v[1]);
    } else if constexpr (radix == 4) {
        butterfly_4(v[0], v[1], v[2], v[3]);
    } else if constexpr (radix == 8) {
        butterfly_8(v);
    } else {
        butterfly_odd<radix>(v, roots);
    }
}

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

template <std::size_t radix, class Real, class Reader, class Writer>
[[gnu::noinline]] void run_stage(const Stage<Real>& stage, Reader from, Writer to)
{
    Real roots[2 * radix];
    __builtin_memcpy(roots, stage.roots, sizeof roots);
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

/// The first pass (stride one) on rows of a field: some neighbouring groups at a time, as many as a transposed square has
/// elements of a row.
template <std::size_t radix, bool Swap, class Real>
[[gnu::noinline]] void run_first_stage_on_rows(const Stage<Real>& stage, const Real* first, const Rows& rows,
                                               Pack<Real>* __restrict tile)
{
    constexpr std::size_t half = lanes<Real> / 2;
    for (std::size_t group = 0; group < stage.groups; group += half) {
        Pack<Real> elements[radix][half];
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            load_elements<Swap>(first, rows, group + k * stage.groups, elements[k]);
        }
        for (std::size_t j = 0; j < half; ++j) {
            Pack<Real> v[radix];
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                v[k] = elements[k][j];
            }
            butterfly<radix>(v, stage.roots);
            Pack<Real>* const target = tile + (group + j) * radix;
            const Real* const twiddles = stage.twiddles + 2 * (radix - 1) * (group + j);
            target[0] = v[0];
#pragma GCC unroll 16
            for (std::size_t k = 1; k < radix; ++k) {
                target[k] = group + j == 0 ? v[k] : times(v[k], twiddles + 2 * (k - 1));
            }
        }
    }
}

/// The last pass (one group, no twiddle factors) from a tile to rows of a field.
template <std::size_t radix, bool Swap, class Real>
[[gnu::noinline]] void run_last_stage_on_rows(const Stage<Real>& stage, const Pack<Real>* __restrict tile, Real* first,
                                              const Rows& rows, Real scale)
{
    constexpr std::size_t half = lanes<Real> / 2;
    for (std::size_t q = 0; q < stage.stride; q += half) {
        Pack<Real> elements[radix][half];
        for (std::size_t j = 0; j < half; ++j) {
            Pack<Real> v[radix];
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                v[k] = tile[q + j + k * stage.stride];
            }
            butterfly<radix>(v, stage.roots);
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                elements[k][j] = v[k];
            }
        }
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            store_elements<Swap>(first, rows, q + k * stage.stride, elements[k], scale);
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

/// The first pass of a line for which has_open_ends, from where a reader takes its elements into a tile.
template <class Real, class Reader>
void run_first_stage(const Line<Real>& line, Reader from, Pack<Real>* tile)
{
    const Stage<Real>& stage = line.stages[0];
    const TileWriter<Real> to{tile};
    switch (stage.radix) {
    case 2:
        return run_stage<2>(stage, from, to);
    case 3:
        return run_stage<3>(stage, from, to);
    case 4:
        return run_stage<4>(stage, from, to);
    case 5:
        return run_stage<5>(stage, from, to);
    default:
        return run_stage<8>(stage, from, to);
    }
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

/// Whether the first and the last pass can also work on rows: squares of whole elements in each.
template <class Real>
bool has_open_row_ends(const Line<Real>& line)
{
    return has_open_ends(line) && line.stages[0].groups % (lanes<Real> / 2) == 0 &&
           line.stages[line.stage_count - 1].stride % (lanes<Real> / 2) == 0;
}

template <bool Swap, class Real>
void run_first_stage_on_rows(const Stage<Real>& stage, const Real* first, const Rows& rows, Pack<Real>* tile)
{
    switch (stage.radix) {
    case 2:
        return run_first_stage_on_rows<2, Swap>(stage, first, rows, tile);
    case 3:
        return run_first_stage_on_rows<3, Swap>(stage, first, rows, tile);
    case 4:
        return run_first_stage_on_rows<4, Swap>(stage, first, rows, tile);
    case 5:
        return run_first_stage_on_rows<5, Swap>(stage, first, rows, tile);
    default:
        return run_first_stage_on_rows<8, Swap>(stage, first, rows, tile);
    }
}

template <bool Swap, class Real>
void run_last_stage_on_rows(const Stage<Real>& stage, const Pack<Real>* tile, Real* first, const Rows& rows, Real scale)
{
    stage.radix == 4 ? run_last_stage_on_rows<4, Swap>(stage, tile, first, rows, scale)
                     : run_last_stage_on_rows<8, Swap>(stage, tile, first, rows, scale);
}

/// Transforms rows of a field into a tile.
template <bool Swap, class Real>
void transform_from_rows(const Line<Real>& line, const Real* first, const Rows& rows, Pack<Real>*& tile,
                         Pack<Real>*& spare)
{
    if (has_open_row_ends(line)) {
        run_first_stage_on_rows<Swap>(line.stages[0], first, rows, tile);
        run_stages(line, 1, line.stage_count, tile, spare);
    } else {
        load_rows(first, rows, tile, Swap);
        transform_tile(line, tile, spare);
    }
}

/// Transforms a tile into rows of a field, times scale.
template <bool Swap, class Real>
void transform_to_rows(const Line<Real>& line, Pack<Real>*& tile, Pack<Real>*& spare, Real* first, const Rows& rows,
                       Real scale)
{
    if (has_open_row_ends(line)) {
        run_stages(line, 0, line.stage_count - 1, tile, spare);
        run_last_stage_on_rows<Swap>(line.stages[line.stage_count - 1], tile, first, rows, scale);
    } else {
        transform_tile(line, tile, spare);
        store_rows(first, rows, tile, Swap, scale);
    }
}

/// Transforms rows of a field in place, times scale; both tiles are buffers.
template <bool Swap, class Real>
void transform_rows_in_place(const Line<Real>& line, Real* first, const Rows& rows, Real scale, Pack<Real>*& tile,
                             Pack<Real>*& spare)
{
    if (has_open_row_ends(line)) {
        run_first_stage_on_rows<Swap>(line.stages[0], first, rows, tile);
        run_stages(line, 1, line.stage_count - 1, tile, spare);
        run_last_stage_on_rows<Swap>(line.stages[line.stage_count - 1], tile, first, rows, scale);
    } else {
        transform_from_rows<Swap>(line, first, rows, tile, spare);
        store_rows(first, rows, tile, Swap, scale);
    }
}

}  // namespace
