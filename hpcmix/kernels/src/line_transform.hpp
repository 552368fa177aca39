// The forward Fourier transform of a tile: as many lines as a vector register has lanes, element by element, so that the
// algorithm runs on whole registers without moving numbers between lanes. A lane never meets another.
//
// Algorithm: Stockham's autosort in the decimation-in-frequency form (van Loan, Computational Frameworks for the Fast
// Fourier Transform, 1992, section 1.7; mixed radices as in Temperton, J. Comput. Phys. 52 (1983) 1), from one buffer to
// another and back, no bit reversal. The inverse transform is the forward one of swapped real and imaginary parts: the
// swap is left to whoever fills and empties the tile (tiles.hpp).
#pragma once

#include "line_plan.hpp"
#include "vector.hpp"

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

/// One group of a pass; the first group's twiddle factors are all one.
template <std::size_t radix, bool twiddled, class Real>
[[gnu::always_inline]] inline void run_group(const Stage<Real>& stage, std::size_t group, const Pack<Real>* __restrict from,
                                             Pack<Real>* __restrict to)
{
    const std::size_t stride = stage.stride;
    const std::size_t distance = stride * stage.groups;
    const Real* twiddles = stage.twiddles + 2 * (radix - 1) * group;
    const Pack<Real>* __restrict source = from + group * stride;
    Pack<Real>* __restrict target = to + group * stride * radix;
    for (std::size_t q = 0; q < stride; ++q) {
        Pack<Real> v[radix];
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            v[k] = source[q + k * distance];
        }
        butterfly<radix>(v, stage.roots);
        target[q] = v[0];
#pragma GCC unroll 16
        for (std::size_t k = 1; k < radix; ++k) {
            target[q + k * stride] = twiddled ? times(v[k], twiddles + 2 * (k - 1)) : v[k];
        }
    }
}

template <std::size_t radix, class Real>
[[gnu::noinline]] void run_stage(const Stage<Real>& stage, const Pack<Real>* __restrict from, Pack<Real>* __restrict to)
{
    run_group<radix, false>(stage, 0, from, to);
    for (std::size_t group = 1; group < stage.groups; ++group) {
        run_group<radix, true>(stage, group, from, to);
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
void run_stages(const Line<Real>& line, Pack<Real>*& tile, Pack<Real>*& spare)
{
    for (std::size_t i = 0; i < line.stage_count; ++i) {
        const Stage<Real>& stage = line.stages[i];
        switch (stage.radix) {
        case 2:
            run_stage<2>(stage, tile, spare);
            break;
        case 3:
            run_stage<3>(stage, tile, spare);
            break;
        case 4:
            run_stage<4>(stage, tile, spare);
            break;
        case 5:
            run_stage<5>(stage, tile, spare);
            break;
        case 7:
            run_stage<7>(stage, tile, spare);
            break;
        case 8:
            run_stage<8>(stage, tile, spare);
            break;
        case 11:
            run_stage<11>(stage, tile, spare);
            break;
        case 13:
            run_stage<13>(stage, tile, spare);
            break;
        default:
            run_stage_of_any_radix(stage, tile, spare);
        }
        Pack<Real>* result = spare;
        spare = tile;
        tile = result;
    }
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
    run_stages(convolution, tile, spare);
    for (std::size_t k = 0; k < convolution.length; ++k) {
        tile[k] = swapped(times(tile[k], line.chirp_spectrum + 2 * k));
    }
    run_stages(convolution, tile, spare);
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
        run_stages(line, tile, spare);
    }
}

}  // namespace
