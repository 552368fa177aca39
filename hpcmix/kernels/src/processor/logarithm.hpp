// The logarithm of many arguments at once, without branches, so that the compiler turns the loops into vector code.
//
// Method: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), then Sun's fdlibm polynomial (e_log.c); less than one
// ulp. For positive normal numbers only. Internal linkage for the reason given in sincos.hpp.
#pragma once

#include "processor/sincos.hpp"

namespace {

/// -log(x)
[[gnu::always_inline]] inline double negative_logarithm(double x)
{
    constexpr double log_two_high = 6.93147180369123816490e-01, log_two_low = 1.90821492927058770002e-10;
    constexpr std::int64_t root_of_half = 0x3FE6A09E667F3BCD;  // the bits of sqrt(1/2)
    constexpr std::int64_t exponent_bits = 0x7FF0000000000000;
    constexpr std::int64_t integer_bits = 0x4338000000000000;  // those of round_to_integer: k is added to its mantissa
    const std::int64_t bits = __builtin_bit_cast(std::int64_t, x);
    const std::int64_t above = bits - root_of_half;
    const double k = __builtin_bit_cast(double, (above >> 52) + integer_bits) - round_to_integer;
    const double f = __builtin_bit_cast(double, bits - (above & (exponent_bits | std::int64_t(1) << 63))) - 1.0;
    const double s = f / (2.0 + f), z = s * s, w = z * z;
    const double even = w * multiply_add(w, multiply_add(w, 1.531383769920937332e-01, 2.222219843214978396e-01),
                                         3.999999999940941908e-01);
    const double odd = z * multiply_add(w, multiply_add(w, multiply_add(w, 1.479819860510658591e-01,
                                                                        1.818357216161805012e-01),
                                                        2.857142874366239149e-01),
                                        6.666666666666735130e-01);
    const double half_square = 0.5 * f * f;
    return ((half_square - multiply_add(s, half_square + (even + odd), k * log_two_low)) - f) - k * log_two_high;
}

}  // namespace
