// Functions of the densities at a point that a kick computes as it goes, for a chunk of points in the first-level cache.
#pragma once

#include "processor/sincos.hpp"
#include "processor/vector.hpp"

#include <cstddef>

namespace {

// Coefficients of a piece of a table of several pieces, of rising powers.
constexpr std::size_t table_coefficients = 6;
// The smallest sum of two roots of normal numbers is 3e-154: added to it, this changes nothing.
constexpr double no_division_by_zero = 1e-300;

/// tau = sum_b measure_b density_b
inline void measure_chunk(double* __restrict tau, const double* measures, const double* __restrict densities,
                          std::size_t components, std::size_t points)
{
    std::size_t first = 0;
    while (first + 1 < components && measures[first] == 0.0) {
        ++first;
    }
#pragma omp simd
    for (std::size_t i = 0; i < points; ++i) {
        tau[i] = measures[first] * densities[first * points + i];
    }
    for (std::size_t b = first + 1; b < components; ++b) {
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

/// x^power for a power of at least one.
template <class Number>
[[gnu::always_inline]] inline Number whole_power(Number x, int power)
{
    Number value = x;
    for (int n = 1; n < power; ++n) {
        value *= x;
    }
    return value;
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
        const double t = place - piece - 0.5;
        const int entry = static_cast<int>(piece) * static_cast<int>(table_coefficients);
        double one = table[entry + 5], two = other[entry + 5];
#pragma GCC unroll 5
        for (int n = 4; n >= 0; --n) {
            one = multiply_add(one, t, table[entry + n]);
            two = multiply_add(two, t, other[entry + n]);
        }
        const double factor = whole_power(sum, power);
        first[i] = factor * one;
        second[i] = factor * two;
    }
}

// Registers of points that go together through the polynomials: a coefficient is loaded once for all of them.
constexpr std::size_t registers_together = 2, points_together = registers_together * lanes<double>;

/// sum = a + b and t = s - 1/2 = (b - a)/(2 sum) of as many points.
[[gnu::always_inline]] inline void take_ratio(const double* first, const double* second, double* __restrict sum,
                                              double* __restrict t)
{
#pragma omp simd
    for (std::size_t i = 0; i < points_together; ++i) {
        const double a = __builtin_sqrt(first[i]), b = __builtin_sqrt(second[i]);
        sum[i] = a + b;
        t[i] = 0.5 * (b - a) / (sum[i] + no_division_by_zero);
    }
}

/// The same of one piece: nothing is gathered. Roots and division of the next points stand before the polynomials of
/// these, so that the processor works on both at once. `points` is a multiple of those that go together.
inline void evaluate(double* __restrict first, double* __restrict second, const double* table,
                     std::size_t coefficients, int power, std::size_t points)
{
    const double* const other = table + coefficients;
    alignas(64) double sum[2][points_together], t[2][points_together];
    take_ratio(first, second, sum[0], t[0]);
    for (std::size_t start = 0, turn = 0; start < points; start += points_together, turn = 1 - turn) {
        if (const std::size_t next = start + points_together; next < points) {
            take_ratio(first + next, second + next, sum[1 - turn], t[1 - turn]);
        }
        Vector<double> x[registers_together], one[registers_together], two[registers_together];
        for (std::size_t j = 0; j < registers_together; ++j) {
            x[j] = load(t[turn] + j * lanes<double>);
            one[j] = in_all_lanes(table[coefficients - 1]);
            two[j] = in_all_lanes(other[coefficients - 1]);
        }
        for (std::size_t n = coefficients - 1; n-- > 0;) {
            const Vector<double> c = in_all_lanes(table[n]), d = in_all_lanes(other[n]);
            for (std::size_t j = 0; j < registers_together; ++j) {
                one[j] = fused_add(one[j], x[j], c);
                two[j] = fused_add(two[j], x[j], d);
            }
        }
        for (std::size_t j = 0; j < registers_together; ++j) {
            const Vector<double> factor = whole_power(load(sum[turn] + j * lanes<double>), power);
            store(first + start + j * lanes<double>, factor * one[j]);
            store(second + start + j * lanes<double>, factor * two[j]);
        }
    }
}

}  // namespace
