// Sine and cosine of many arguments at once, without branches, so that the compiler turns the loops into vector code.
//
// Method: Cody and Waite's reduction x = quadrant * pi/2 + remainder with pi/2 split into three parts, then two minimax
// polynomials on |remainder| <= pi/4, then a swap and two signs chosen by the quadrant's two lowest bits.
// Accuracy for |x| <= reduction_limit: an absolute error below 2.2e-16, about 2 ulp at worst. Beyond the limit the C
// library is asked, element by element.
//
// Everything here has internal linkage: this header is compiled once for each instruction set, and the linker must not
// merge a function compiled for one with its namesake compiled for another (hence no std::bit_cast either).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace {

// quadrant * (first part of pi/2) is exact while the quadrant has at most 20 bits: 1e6 * 2/pi < 2^20.
constexpr double reduction_limit = 1e6;

constexpr double two_over_pi = 6.36619772367581382433e-01;
// Adding 1.5 * 2^52 rounds to the nearest integer and leaves that integer in the lowest bits of the mantissa.
constexpr double round_to_integer = 6755399441055744.0;

/// a * b + c: one rounding where the processor has the instruction (the library's emulation is far too slow), else two.
template <class Real>
[[gnu::always_inline]] inline Real multiply_add(Real a, Real b, Real c)
{
#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
    if constexpr (sizeof(Real) == sizeof(float)) {
        return __builtin_fmaf(a, b, c);
    } else {
        return __builtin_fma(a, b, c);
    }
#else
    return a * b + c;
#endif
}

/// An argument as quadrant * pi/2 + remainder; only the quadrant's two lowest bits have a meaning.
struct Reduced {
    double remainder;
    std::int64_t quadrant;
};

[[gnu::always_inline]] inline Reduced reduce(double x)
{
    const double shifted = multiply_add(x, two_over_pi, round_to_integer);
    const double count = shifted - round_to_integer;
#if defined(__FMA__) || defined(__FP_FAST_FMA) || defined(__ARM_FEATURE_FMA)
    // pi/2 as a sum of two doubles. The first step is exact: product and argument are multiples of the same power of two,
    // and what remains of them has fewer than 53 bits.
    constexpr double half_pi = 1.57079632679489655800e+00, rest = 6.12323399573676603587e-17;
    const double remainder = multiply_add(-count, rest, multiply_add(-count, half_pi, x));
#else
    // pi/2 as a sum: 33 bits, the next 33 bits, the rest, so that products with the count are exact.
    constexpr double half_pi = 1.57079632673412561417e+00, middle = 6.07710050630396597660e-11;
    constexpr double rest = 2.02226624879595063154e-21;
    const double remainder = ((x - count * half_pi) - count * middle) - count * rest;
#endif
    return {remainder, __builtin_bit_cast(std::int64_t, shifted)};
}

// Polynomials on [-pi/4, pi/4], summed in pairs (Estrin) for shorter chains of operations that wait for one another.
// Double precision: the coefficients of Sun's fdlibm (k_sin.c, k_cos.c).

/// a[0] + a[1] z + ... + a[5] z^5
[[gnu::always_inline]] inline double fifth_degree(const double (&a)[6], double z)
{
    const double z2 = z * z;
    const double low = multiply_add(a[1], z, a[0]), middle = multiply_add(a[3], z, a[2]), high = multiply_add(a[5], z, a[4]);
    return multiply_add(multiply_add(high, z2, middle), z2, low);
}

[[gnu::always_inline]] inline double sine_polynomial(double r)
{
    constexpr double coefficients[6] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                                        -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                                        -2.50507602534068634195e-08, 1.58969099521155010221e-10};
    const double z = r * r;
    return multiply_add(fifth_degree(coefficients, z) * z, r, r);
}

[[gnu::always_inline]] inline double cosine_polynomial(double r)
{
    constexpr double coefficients[6] = {4.16666666666666019037e-02,  -1.38888888888741095749e-03,
                                        2.48015872894767294178e-05,  -2.75573143513906633035e-07,
                                        2.08757232129817482790e-09,  -1.13596475577881948265e-11};
    const double z = r * r;
    return multiply_add(fifth_degree(coefficients, z) * z, z, multiply_add(-0.5, z, 1.0));
}

// Single precision: the coefficients of Moshier's Cephes (sinf.c). The argument was reduced in double precision before.
[[gnu::always_inline]] inline float sine_polynomial(float r)
{
    const float z = r * r;
    float p = -1.9515295891e-4F;
    p = multiply_add(p, z, 8.3321608736e-3F);
    p = multiply_add(p, z, -1.6666654611e-1F);
    return multiply_add(p * z, r, r);
}

[[gnu::always_inline]] inline float cosine_polynomial(float r)
{
    const float z = r * r;
    float p = 2.443315711809948e-5F;
    p = multiply_add(p, z, -1.388731625493765e-3F);
    p = multiply_add(p, z, 4.166664568298827e-2F);
    return multiply_add(p * z, z, multiply_add(-0.5F, z, 1.0F));
}

/// Sine and cosine of quadrant * pi/2 + remainder: odd quadrants swap the two, the second bit sets the signs.
template <class Real, class Integer>
[[gnu::always_inline]] inline void sincos_reduced(Real remainder, Integer quadrant, Real& sine, Real& cosine)
{
    // the quadrant's second lowest bit becomes the sign: of the sine as it is, of the cosine after adding one
    constexpr int to_sign = 8 * sizeof(Integer) - 2;
    constexpr Integer sign_bit = std::numeric_limits<Integer>::min();
    const Integer s = __builtin_bit_cast(Integer, sine_polynomial(remainder));
    const Integer c = __builtin_bit_cast(Integer, cosine_polynomial(remainder));
    const Integer swap = (s ^ c) & -(quadrant & 1);
    const Integer sine_sign = (quadrant << to_sign) & sign_bit;
    const Integer cosine_sign = ((quadrant + 1) << to_sign) & sign_bit;
    sine = __builtin_bit_cast(Real, (s ^ swap) ^ sine_sign);
    cosine = __builtin_bit_cast(Real, (c ^ swap) ^ cosine_sign);
}

/// Corrects the entries whose argument is too large for the reduction, or is not a number.
template <class Real>
inline void correct_large_arguments(const double* x, Real* sine, Real* cosine, std::size_t count)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t i = 0; i < count; ++i) {
        sum += std::fabs(x[i]);
    }
    if (sum <= reduction_limit) {  // the usual case; false of a NaN too
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (!(std::fabs(x[i]) <= reduction_limit)) {
            sine[i] = static_cast<Real>(std::sin(x[i]));
            cosine[i] = static_cast<Real>(std::cos(x[i]));
        }
    }
}

/// Whether every argument is its own remainder, in quadrant zero. True of a NaN, which the polynomials pass on.
inline bool need_no_reduction(const double* x, std::size_t count)
{
    constexpr double limit = 0.785;  // below pi/4 by more than rounding
    std::int64_t larger = 0;
#pragma omp simd reduction(+ : larger)
    for (std::size_t i = 0; i < count; ++i) {
        larger += std::fabs(x[i]) > limit ? 1 : 0;
    }
    return larger == 0;
}

/// sine[i], cosine[i] of x[i] for i < count, right for every x; NaN for infinities and NaN. Results are in the precision of
/// Real. The reduction stays in double precision: an argument of 1000 rounded to a float would already be wrong by 3e-5.
template <class Real>
inline void sincos_of_reduced(const double* __restrict x, Real* __restrict sine, Real* __restrict cosine,
                              std::size_t count)
{
    using Integer = std::conditional_t<sizeof(Real) == sizeof(double), std::int64_t, std::int32_t>;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const Reduced reduced = reduce(x[i]);
        sincos_reduced(static_cast<Real>(reduced.remainder), static_cast<Integer>(reduced.quadrant), sine[i], cosine[i]);
    }
    correct_large_arguments(x, sine, cosine, count);
}

/// The same, with the same bits, and quicker where no argument needs the reduction.
template <class Real>
inline void sincos_many(const double* __restrict x, Real* __restrict sine, Real* __restrict cosine, std::size_t count)
{
    if (need_no_reduction(x, count)) {  // the usual case in a split step, whose phases are small; the same bits
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) {
            const Real argument = static_cast<Real>(x[i]);
            sine[i] = sine_polynomial(argument);
            cosine[i] = cosine_polynomial(argument);
        }
        return;
    }
    sincos_of_reduced(x, sine, cosine, count);
}

}  // namespace
