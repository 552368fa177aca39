// The numbers of a window along one axis in registers: w is even, so that registers of 8, 4 and 2 lanes hold it without
// a lane to spare, and neither masks nor numbers beyond the end of an array are needed.
//
// Internal linkage throughout, for the reason given in sincos.hpp.
#pragma once

#include "processor/vector.hpp"

#include <cstddef>
#include <cstdint>

namespace {

template <std::size_t count>
struct LanesType {
    typedef double type __attribute__((vector_size(8 * count), may_alias));
    typedef std::int64_t integers __attribute__((vector_size(8 * count), may_alias));
};
template <std::size_t count>
using Lanes = typename LanesType<count>::type;
template <std::size_t count>
using IntegerLanes = typename LanesType<count>::integers;

/// a * b + c with one rounding where the processor can.
template <std::size_t count>
[[gnu::always_inline]] inline Lanes<count> fused_lanes(Lanes<count> a, Lanes<count> b, Lanes<count> c)
{
    if constexpr (count == lanes<double>) {
        return fused_add(a, b, c);
    }
#if defined(__AVX2__) && defined(__FMA__)
    else if constexpr (count == 4) {
        return _mm256_fmadd_pd(a, b, c);
    } else if constexpr (count == 2) {
        return _mm_fmadd_pd(a, b, c);
    }
#endif
    else {
        return a * b + c;
    }
}

/// The nearest integers (ties to even) of numbers of at most 2^51.
template <std::size_t count>
[[gnu::always_inline]] inline IntegerLanes<count> nearest_integers(Lanes<count> x)
{
#if defined(__AVX512DQ__) && defined(__AVX512VL__)
    if constexpr (count == 8) {
        return reinterpret_cast<IntegerLanes<8>>(_mm512_cvtpd_epi64(x));
    } else if constexpr (count == 4) {
        return reinterpret_cast<IntegerLanes<4>>(_mm256_cvtpd_epi64(x));
    } else if constexpr (count == 2) {
        return reinterpret_cast<IntegerLanes<2>>(_mm_cvtpd_epi64(x));
    }
#endif
    // adding 1.5 * 2^52 leaves the integer in the lowest bits of the mantissa
    constexpr double rounding = 6755399441055744.0;
    constexpr std::int64_t rounding_bits = 0x4338000000000000;
    return reinterpret_cast<IntegerLanes<count>>(x + rounding) - rounding_bits;
}

/// As many registers as hold `width` numbers, the widest first.
template <std::size_t width>
struct Row {
    static constexpr std::size_t in_head = width >= 8 && lanes<double> >= 8 ? 8
                                           : width >= 4 && lanes<double> >= 4 ? 4
                                                                              : 2;
    Lanes<in_head> head;
    Row<width - in_head> tail;

    [[gnu::always_inline]] static Row load(const double* numbers)
    {
        Row row;
        __builtin_memcpy(&row.head, numbers, sizeof row.head);
        row.tail = Row<width - in_head>::load(numbers + in_head);
        return row;
    }
    [[gnu::always_inline]] static Row all(double number)
    {
        return {number - Lanes<in_head>{}, Row<width - in_head>::all(number)};
    }
    [[gnu::always_inline]] void store(double* numbers) const
    {
        __builtin_memcpy(numbers, &head, sizeof head);
        tail.store(numbers + in_head);
    }
    /// this * factor + added
    [[gnu::always_inline]] Row times_plus(Row factor, Row added) const
    {
        return {fused_lanes<in_head>(head, factor.head, added.head), tail.times_plus(factor.tail, added.tail)};
    }
    [[gnu::always_inline]] Row operator*(Row factor) const
    {
        return {head * factor.head, tail * factor.tail};
    }
    /// The sum of all numbers: halves of a register are added until two lanes are left.
    [[gnu::always_inline]] double sum() const
    {
        return sum_of<in_head>(head) + tail.sum();
    }
    /// cells += nearest integers
    [[gnu::always_inline]] void deposit(std::int64_t* cells) const
    {
        IntegerLanes<in_head> held;
        __builtin_memcpy(&held, cells, sizeof held);
        held += nearest_integers<in_head>(head);
        __builtin_memcpy(cells, &held, sizeof held);
        tail.deposit(cells + in_head);
    }
    /// cells += numbers
    [[gnu::always_inline]] void deposit(double* cells) const
    {
        Lanes<in_head> held;
        __builtin_memcpy(&held, cells, sizeof held);
        held += head;
        __builtin_memcpy(cells, &held, sizeof held);
        tail.deposit(cells + in_head);
    }

private:
    template <std::size_t count>
    [[gnu::always_inline]] static double sum_of(Lanes<count> x)
    {
        if constexpr (count == 2) {
            return x[0] + x[1];
        } else {
            Lanes<count / 2> halves[2];
            __builtin_memcpy(halves, &x, sizeof x);
            return sum_of<count / 2>(halves[0] + halves[1]);
        }
    }
};

template <>
struct Row<0> {
    [[gnu::always_inline]] static Row load(const double*)
    {
        return {};
    }
    [[gnu::always_inline]] static Row all(double)
    {
        return {};
    }
    [[gnu::always_inline]] void store(double*) const {}
    [[gnu::always_inline]] Row times_plus(Row, Row) const
    {
        return {};
    }
    [[gnu::always_inline]] Row operator*(Row) const
    {
        return {};
    }
    [[gnu::always_inline]] double sum() const
    {
        return 0.0;
    }
    template <class Cell>
    [[gnu::always_inline]] void deposit(Cell*) const
    {
    }
};

}  // namespace
