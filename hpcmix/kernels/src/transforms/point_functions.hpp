// Functions of the densities at a point that a kick computes as it goes, for a chunk of points in the first-level cache.
#pragma once

#include "processor/sincos.hpp"

#include <cstddef>

namespace {

// Coefficients of a piece of a table, of rising powers.
constexpr std::size_t table_coefficients = 6;

/// tau = sum_b measure_b density_b
inline void measure_chunk(double* __restrict tau, const double* measures, const double* __restrict densities,
                          std::size_t components, std::size_t points)
{
#pragma omp simd
    for (std::size_t i = 0; i < points; ++i) {
        tau[i] = measures[0] * densities[i];
    }
    for (std::size_t b = 1; b < components; ++b) {
        if (measures[b] != 0.0) {
#pragma omp simd
            for (std::size_t i = 0; i < points; ++i) {
                tau[i] = multiply_add(measures[b], densities[b * points + i], tau[i]);
            }
        }
    }
}

/// values = x^power for a power of at least one; `x` is left alone.
inline void whole_power(double* __restrict values, const double* __restrict x, int power, std::size_t points)
{
#pragma omp simd
    for (std::size_t i = 0; i < points; ++i) {
        values[i] = x[i];
    }
    for (int n = 1; n < power; ++n) {
#pragma omp simd
        for (std::size_t i = 0; i < points; ++i) {
            values[i] *= x[i];
        }
    }
}

/// tau^(power/2), in place; tau is not negative.
inline void half_power(double* __restrict tau, int power, std::size_t points)
{
    alignas(64) double base[64];
    for (std::size_t first = 0; first < points; first += 64) {
        const std::size_t count = points - first < 64 ? points - first : 64;
        double* const __restrict here = tau + first;
        if (power % 2 == 0) {
#pragma omp simd
            for (std::size_t i = 0; i < count; ++i) {
                base[i] = here[i];
            }
            whole_power(here, base, power / 2, count);
            continue;
        }
        if (power == 3) {
#pragma omp simd
            for (std::size_t i = 0; i < count; ++i) {
                here[i] *= __builtin_sqrt(here[i]);
            }
            continue;
        }
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) {
            base[i] = __builtin_sqrt(here[i]);
        }
        whole_power(here, base, power, count);
    }
}

/// first = (a + b)^power V_1(s), second = (a + b)^power V_2(s) with a = sqrt(first), b = sqrt(second), s = b/(a + b): of
/// each V a polynomial on each of `pieces` equal parts of 0 <= s <= 1. In place.
inline void look_up(double* __restrict first, double* __restrict second, const double* table, std::size_t pieces,
                    int power, std::size_t points)
{
    const double scale = static_cast<double>(pieces), last = scale - 1.0;
    const double* const other = table + pieces * table_coefficients;
#pragma omp simd
    for (std::size_t i = 0; i < points; ++i) {
        const double a = __builtin_sqrt(first[i]), b = __builtin_sqrt(second[i]);
        const double sum = a + b;
        const double place = sum > 0.0 ? scale * b / sum : 0.0;
        double piece = static_cast<double>(static_cast<int>(place));
        piece = piece > last ? last : piece;
        const double t = place - piece;
        const int entry = static_cast<int>(piece) * static_cast<int>(table_coefficients);
        double one = table[entry + 5], two = other[entry + 5];
#pragma GCC unroll 5
        for (int n = 4; n >= 0; --n) {
            one = multiply_add(one, t, table[entry + n]);
            two = multiply_add(two, t, other[entry + n]);
        }
        double factor = sum;
        for (int n = 1; n < power; ++n) {
            factor *= sum;
        }
        first[i] = factor * one;
        second[i] = factor * two;
    }
}

}  // namespace
