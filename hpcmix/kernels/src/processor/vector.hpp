// Vector registers of the instruction set that this file is compiled for, in the compiler's vector extension: the same
// source becomes SSE2, AVX2, AVX-512 or NEON code, with as many lanes as a register holds.
//
// Internal linkage throughout, for the reason given in sincos.hpp.
#pragma once

#include <cstddef>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr std::size_t register_bytes = 64;
#elif defined(__AVX2__)
constexpr std::size_t register_bytes = 32;
#else
constexpr std::size_t register_bytes = 16;
#endif

template <class Real>
constexpr std::size_t lanes = register_bytes / sizeof(Real);

template <class Real>
struct VectorType {
    typedef Real type __attribute__((vector_size(register_bytes), may_alias));
};
template <class Real>
using Vector = typename VectorType<Real>::type;

template <class Real>
[[gnu::always_inline]] inline Vector<Real> load(const Real* source)
{
    Vector<Real> vector;
    __builtin_memcpy(&vector, source, sizeof vector);
    return vector;
}

template <class Real>
[[gnu::always_inline]] inline void store(Real* target, Vector<Real> vector)
{
    __builtin_memcpy(target, &vector, sizeof vector);
}

/// The same number in every lane (x - 0 is x, whatever its sign, so the compiler sees through it).
template <class Real>
[[gnu::always_inline]] inline Vector<Real> in_all_lanes(Real value)
{
    return value - Vector<Real>{};
}

// load_some and store_some: the first `valid` numbers of a register; the rest is zero, or left alone in memory. Masked
// instructions where there are any, for a call to copy a few bytes would cost more than the arithmetic of a short line.
#if defined(__AVX512F__)
[[gnu::always_inline]] inline Vector<double> load_some(const double* source, std::size_t valid)
{
    return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << valid) - 1U), source);
}
[[gnu::always_inline]] inline Vector<float> load_some(const float* source, std::size_t valid)
{
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << valid) - 1U), source);
}
[[gnu::always_inline]] inline void store_some(double* target, Vector<double> vector, std::size_t valid)
{
    _mm512_mask_storeu_pd(target, static_cast<__mmask8>((1U << valid) - 1U), vector);
}
[[gnu::always_inline]] inline void store_some(float* target, Vector<float> vector, std::size_t valid)
{
    _mm512_mask_storeu_ps(target, static_cast<__mmask16>((1U << valid) - 1U), vector);
}
#elif defined(__AVX2__)
[[gnu::always_inline]] inline __m256i first_doubles(std::size_t valid)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(valid)), _mm256_setr_epi64x(0, 1, 2, 3));
}
[[gnu::always_inline]] inline __m256i first_floats(std::size_t valid)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(valid)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
[[gnu::always_inline]] inline Vector<double> load_some(const double* source, std::size_t valid)
{
    return _mm256_maskload_pd(source, first_doubles(valid));
}
[[gnu::always_inline]] inline Vector<float> load_some(const float* source, std::size_t valid)
{
    return _mm256_maskload_ps(source, first_floats(valid));
}
[[gnu::always_inline]] inline void store_some(double* target, Vector<double> vector, std::size_t valid)
{
    _mm256_maskstore_pd(target, first_doubles(valid), vector);
}
[[gnu::always_inline]] inline void store_some(float* target, Vector<float> vector, std::size_t valid)
{
    _mm256_maskstore_ps(target, first_floats(valid), vector);
}
#else
template <class Real>
inline Vector<Real> load_some(const Real* source, std::size_t valid)
{
    alignas(register_bytes) Real buffer[lanes<Real>] = {};
    __builtin_memcpy(buffer, source, valid * sizeof(Real));
    return load(buffer);
}

template <class Real>
inline void store_some(Real* target, Vector<Real> vector, std::size_t valid)
{
    alignas(register_bytes) Real buffer[lanes<Real>];
    store(buffer, vector);
    __builtin_memcpy(target, buffer, valid * sizeof(Real));
}
#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
// The two halves of a register from and to different places: what a block of rows (row_blocks.hpp) is moved by.
[[gnu::always_inline]] inline Vector<double> load_halves(const double* low, const double* high)
{
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high), 1);
}
[[gnu::always_inline]] inline Vector<float> load_halves(const float* low, const float* high)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}
[[gnu::always_inline]] inline void store_halves(double* low, double* high, Vector<double> vector)
{
    _mm_storeu_pd(low, _mm256_castpd256_pd128(vector));
    _mm_storeu_pd(high, _mm256_extractf128_pd(vector, 1));
}
[[gnu::always_inline]] inline void store_halves(float* low, float* high, Vector<float> vector)
{
    _mm_storeu_ps(low, _mm256_castps256_ps128(vector));
    _mm_storeu_ps(high, _mm256_extractf128_ps(vector, 1));
}

/// The first `low_valid` and `high_valid` numbers of the halves; the rest is zero. Nothing is read where none is valid.
template <class Real>
[[gnu::always_inline]] inline Vector<Real> load_some_halves(const Real* low, std::size_t low_valid, const Real* high,
                                                            std::size_t high_valid)
{
    constexpr std::size_t half = lanes<Real> / 2;
    alignas(register_bytes) Real numbers[lanes<Real>] = {};
    store(numbers, load_some(low, low_valid));
    store_some(numbers + half, load_some(high, high_valid), half);
    return load(numbers);
}

template <class Real>
[[gnu::always_inline]] inline void store_some_halves(Real* low, std::size_t low_valid, Real* high,
                                                     std::size_t high_valid, Vector<Real> vector)
{
    constexpr std::size_t half = lanes<Real> / 2;
    alignas(register_bytes) Real numbers[lanes<Real> + half] = {};
    store(numbers, vector);
    store_some(low, vector, low_valid);
    store_some(high, load(numbers + half), high_valid);
}
#endif

// a * b + c and c - a * b with one rounding where the processor can. The vector extension has no name for these, and
// contraction by the compiler is off (CMakeLists.txt), so the instructions are asked for.
#if defined(__AVX512F__)
[[gnu::always_inline]] inline Vector<double> fused_add(Vector<double> a, Vector<double> b, Vector<double> c)
{
    return _mm512_fmadd_pd(a, b, c);
}
[[gnu::always_inline]] inline Vector<double> fused_subtract(Vector<double> a, Vector<double> b, Vector<double> c)
{
    return _mm512_fnmadd_pd(a, b, c);
}
[[gnu::always_inline]] inline Vector<float> fused_add(Vector<float> a, Vector<float> b, Vector<float> c)
{
    return _mm512_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Vector<float> fused_subtract(Vector<float> a, Vector<float> b, Vector<float> c)
{
    return _mm512_fnmadd_ps(a, b, c);
}
#elif defined(__AVX2__) && defined(__FMA__)
[[gnu::always_inline]] inline Vector<double> fused_add(Vector<double> a, Vector<double> b, Vector<double> c)
{
    return _mm256_fmadd_pd(a, b, c);
}
[[gnu::always_inline]] inline Vector<double> fused_subtract(Vector<double> a, Vector<double> b, Vector<double> c)
{
    return _mm256_fnmadd_pd(a, b, c);
}
[[gnu::always_inline]] inline Vector<float> fused_add(Vector<float> a, Vector<float> b, Vector<float> c)
{
    return _mm256_fmadd_ps(a, b, c);
}
[[gnu::always_inline]] inline Vector<float> fused_subtract(Vector<float> a, Vector<float> b, Vector<float> c)
{
    return _mm256_fnmadd_ps(a, b, c);
}
#else
template <class VectorOfReals>
[[gnu::always_inline]] inline VectorOfReals fused_add(VectorOfReals a, VectorOfReals b, VectorOfReals c)
{
    return a * b + c;
}
template <class VectorOfReals>
[[gnu::always_inline]] inline VectorOfReals fused_subtract(VectorOfReals a, VectorOfReals b, VectorOfReals c)
{
    return c - a * b;
}
#endif

/// Swaps the lanes of `low` whose index has the bit `distance` with the lanes of `high` that lack it: one step of a
/// transposition. With distance 1 it turns (re im re im ..., re im re im ...) into real and imaginary parts.
template <std::size_t distance, class Real, std::size_t... lane>
[[gnu::always_inline]] inline void exchange_lanes(Vector<Real>& low, Vector<Real>& high, std::index_sequence<lane...>)
{
    constexpr std::size_t width = lanes<Real>;
    const Vector<Real> first =
        __builtin_shufflevector(low, high, ((lane & distance) == 0 ? lane : width + lane - distance)...);
    high = __builtin_shufflevector(low, high, ((lane & distance) == 0 ? lane + distance : width + lane)...);
    low = first;
}

template <std::size_t distance, class Real>
[[gnu::always_inline]] inline void exchange_lanes(Vector<Real>& low, Vector<Real>& high)
{
    exchange_lanes<distance, Real>(low, high, std::make_index_sequence<lanes<Real>>{});
}

/// Transposes the squares of width x width numbers that lie side by side in `width` registers, in place, in log2(width)
/// rounds of exchanges.
template <class Real, std::size_t width, std::size_t distance = 1>
[[gnu::always_inline]] inline void transpose_squares(Vector<Real>* rows)
{
    if constexpr (distance < width) {
#pragma GCC unroll 16
        for (std::size_t row = 0; row < width; ++row) {
            if ((row & distance) == 0) {
                exchange_lanes<distance, Real>(rows[row], rows[row + distance]);
            }
        }
        transpose_squares<Real, width, 2 * distance>(rows);
    }
}

/// Which column of `lanes` neighbouring ones sits in a lane after exchange_lanes<1> separated real and imaginary parts.
template <class Real>
constexpr std::size_t column_of_lane(std::size_t lane)
{
    return lane % 2 * (lanes<Real> / 2) + lane / 2;
}

/// Real numbers of neighbouring columns moved to the lanes where a tile keeps those columns.
template <class Real, std::size_t... lane>
[[gnu::always_inline]] inline Vector<Real> to_column_lanes(Vector<Real> values, std::index_sequence<lane...>)
{
    return __builtin_shufflevector(values, values, column_of_lane<Real>(lane)...);
}

template <class Real>
[[gnu::always_inline]] inline Vector<Real> to_column_lanes(Vector<Real> values)
{
    return to_column_lanes<Real>(values, std::make_index_sequence<lanes<Real>>{});
}

/// Complex numbers, one in each lane, real and imaginary parts in separate registers.
template <class Real>
struct Pack {
    Vector<Real> re;
    Vector<Real> im;
};

template <class Real>
[[gnu::always_inline]] inline Pack<Real> operator+(Pack<Real> a, Pack<Real> b)
{
    return {a.re + b.re, a.im + b.im};
}

template <class Real>
[[gnu::always_inline]] inline Pack<Real> operator-(Pack<Real> a, Pack<Real> b)
{
    return {a.re - b.re, a.im - b.im};
}

/// -i a
template <class Real>
[[gnu::always_inline]] inline Pack<Real> times_minus_i(Pack<Real> a)
{
    return {a.im, -a.re};
}

/// a times the complex number at `factor`
template <class Real>
[[gnu::always_inline]] inline Pack<Real> times(Pack<Real> a, const Real* factor)
{
    const Vector<Real> re = in_all_lanes(factor[0]);
    const Vector<Real> im = in_all_lanes(factor[1]);
    return {fused_subtract(a.im, im, a.re * re), fused_add(a.im, re, a.re * im)};
}

/// Real and imaginary part swapped.
template <class Real>
[[gnu::always_inline]] inline Pack<Real> swapped(Pack<Real> a)
{
    return {a.im, a.re};
}

}  // namespace
