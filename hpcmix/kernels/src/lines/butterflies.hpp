// Butterflies: Fourier transforms of a few elements in registers, in place, result in natural order.
#pragma once

#include "processor/vector.hpp"

namespace {

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

}  // namespace
