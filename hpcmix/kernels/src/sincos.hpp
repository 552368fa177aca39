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

namespace {

// quadrant * (first part of pi/2) is exact while the quadrant has at most 20 bits: 1e6 * 2/pi < 2^20.
constexpr double reduction_limit = 1e6;

constexpr double two_over_pi = 6.36619772367581382433e-01;
// pi/2 as a sum: 33 bits, the next 33 bits, the rest.
constexpr double half_pi_high = 1.57079632673412561417e+00;
constexpr double half_pi_middle = 6.07710050630396597660e-11;
constexpr double half_pi_low = 2.02226624879595063154e-21;
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
    double remainder = multiply_add(-count, half_pi_high, x);
    remainder = multiply_add(-count, half_pi_middle, remainder);
    remainder = multiply_add(-count, half_pi_low, remainder);
    return {remainder, __builtin_bit_cast(std::int64_t, shifted)};
}

// Polynomials on [-pi/4, pi/4]. Double precision: the coefficients of Sun's fdlibm (k_sin.c, k_cos.c).
[[gnu::always_inline]] inline double sine_polynomial(double r)
{
    const double z = r * r;
    double p = 1.58969099521155010221e-10;
    p = multiply_add(p, z, -2.50507602534068634195e-08);
    p = multiply_add(p, z, 2.75573137070700676789e-06);
    p = multiply_add(p, z, -1.98412698298579493134e-04);
    p = multiply_add(p, z, 8.33333333332248946124e-03);
    p = multiply_add(p, z, -1.66666666666666324348e-01);
    return multiply_add(p * z, r, r);
}

[[gnu::always_inline]] inline double cosine_polynomial(double r)
{
    const double z = r * r;
    double p = -1.13596475577881948265e-11;
    p = multiply_add(p, z, 2.08757232129817482790e-09);
    p = multiply_add(p, z, -2.75573143513906633035e-07);
    p = multiply_add(p, z, 2.48015872894767294178e-05);
    p = multiply_add(p, z, -1.38888888888741095749e-03);
    p = multiply_add(p, z, 4.16666666666666019037e-02);
    return multiply_add(p * z, z, multiply_add(-0.5, z, 1.0));
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
    constexpr int sign_position = 8 * sizeof(Integer) - 1;
    const Integer s = __builtin_bit_cast(Integer, sine_polynomial(remainder));
    const Integer c = __builtin_bit_cast(Integer, cosine_polynomial(remainder));
    const Integer swap = (s ^ c) & -(quadrant & 1);
    const Integer sine_sign = (quadrant >> 1 & 1) << sign_position;
    const Integer cosine_sign = ((quadrant + 1) >> 1 & 1) << sign_position;
    sine = __builtin_bit_cast(Real, (s ^ swap) ^ sine_sign);
    cosine = __builtin_bit_cast(Real, (c ^ swap) ^ cosine_sign);
}

/// Corrects the entries whose argument is too large for the reduction, or is not a number.
template <class Real>
inline void correct_large_arguments(const double* x, Real* sine, Real* cosine, std::size_t count)
{
    std::int64_t large = 0;
#pragma omp simd reduction(+ : large)
    for (std::size_t i = 0; i < count; ++i) {
        large += std::fabs(x[i]) <= reduction_limit ? 0 : 1;  // this way round it is true of a NaN too
    }
    if (large == 0) {
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (!(std::fabs(x[i]) <= reduction_limit)) {
            sine[i] = static_cast<Real>(std::sin(x[i]));
            cosine[i] = static_cast<Real>(std::cos(x[i]));
        }
    }
}

/// sine[i], cosine[i] of x[i] for i < count, right for every x; NaN for infinities and NaN.
inline void sincos_many(const double* __restrict x, double* __restrict sine, double* __restrict cosine,
                        std::size_t count)
{
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const Reduced reduced = reduce(x[i]);
        sincos_reduced(reduced.remainder, reduced.quadrant, sine[i], cosine[i]);
    }
    correct_large_arguments(x, sine, cosine, count);
}

/// The same with results in single precision. The reduction stays in double precision: an argument of 1000 rounded to a
/// float would already be wrong by 3e-5.
inline void sincos_many(const double* __restrict x, float* __restrict sine, float* __restrict cosine, std::size_t count)
{
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const Reduced reduced = reduce(x[i]);
        const auto quadrant = static_cast<std::int32_t>(reduced.quadrant);
        sincos_reduced(static_cast<float>(reduced.remainder), quadrant, sine[i], cosine[i]);
    }
    correct_large_arguments(x, sine, cosine, count);
}

}  // namespace
