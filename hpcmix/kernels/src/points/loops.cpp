// The innermost loops. CMake compiles this file once for each instruction set, with HPCMIX_INSTRUCTION_SET naming it;
// instruction_set.cpp picks one of the resulting tables at run time.
//
// Nothing here may have external linkage but the table (see sincos.hpp), so no templates of the standard library.
#include "points/loops.hpp"
#include "processor/logarithm.hpp"
#include "processor/sincos.hpp"

namespace {

// A tile's temporaries (phases, sines, cosines, densities) stay in the first-level cache.
constexpr std::size_t tile_size = 256;
// Independent partial sums: enough for every vector width, so that all of them add in the same order.
constexpr std::size_t lane_count = 16;

inline std::size_t tile_length(std::size_t start, std::size_t count)
{
    return count - start < tile_size ? count - start : tile_size;
}

/// |field[i]|^2 in double precision.
template <class Real>
[[gnu::always_inline]] inline double absolute_square(const Real* field, std::size_t i)
{
    const double re = field[2 * i];
    const double im = field[2 * i + 1];
    return multiply_add(re, re, im * im);
}

/// field *= exp(-i phase) for a tile.
template <class Real>
inline void rotate_tile(Real* __restrict field, const double* __restrict phase, std::size_t count)
{
    alignas(64) Real sine[tile_size];
    alignas(64) Real cosine[tile_size];
    sincos_many(phase, sine, cosine, count);
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const Real re = field[2 * i];
        const Real im = field[2 * i + 1];
        field[2 * i] = multiply_add(re, cosine[i], im * sine[i]);
        field[2 * i + 1] = multiply_add(im, cosine[i], -(re * sine[i]));
    }
}

template <class Real>
void rotate_phase(Real* field, const Real* potential, double angle, std::size_t count)
{
    alignas(64) double phase[tile_size];
    for (std::size_t start = 0; start < count; start += tile_size) {
        const std::size_t length = tile_length(start, count);
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            phase[i] = angle * static_cast<double>(potential[start + i]);
        }
        rotate_tile(field + 2 * start, phase, length);
    }
}

template <class Real>
void accumulate_density(const Real* __restrict field, double weight, Real* __restrict density, std::size_t count)
{
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const double before = density[i];
        density[i] = static_cast<Real>(multiply_add(weight, absolute_square(field, i), before));
    }
}

/// With the unit vector u = F/|F| and theta = angle |F| the flow is 1 - i sin(theta) u.f + (cos(theta) - 1) (u.f)^2. In
/// double precision whatever the fields': the norms that it keeps are sums of squares of three of them.
template <class Real>
void turn_spins(Real* __restrict plus, Real* __restrict zero, Real* __restrict minus, double angle, std::size_t count)
{
    constexpr double smallest = 1e-290;  // no spin: the direction is of no account then
    alignas(64) double phase[tile_size], along[tile_size], across_re[tile_size], across_im[tile_size];
    alignas(64) double sine[tile_size], cosine[tile_size];
    for (std::size_t start = 0; start < count; start += tile_size) {
        const std::size_t length = tile_length(start, count);
        Real* const __restrict a = plus + 2 * start;
        Real* const __restrict b = zero + 2 * start;
        Real* const __restrict c = minus + 2 * start;
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            const double a_re = a[2 * i], a_im = a[2 * i + 1];
            const double b_re = b[2 * i], b_im = b[2 * i + 1];
            const double c_re = c[2 * i], c_im = c[2 * i + 1];
            const double spin_z = (a_re * a_re + a_im * a_im) - (c_re * c_re + c_im * c_im);
            // (F_x + i F_y) / sqrt 2 = conj(a) b + conj(b) c
            const double re = (a_re * b_re + a_im * b_im) + (b_re * c_re + b_im * c_im);
            const double im = (a_re * b_im - a_im * b_re) + (b_re * c_im - b_im * c_re);
            const double size = std::sqrt(spin_z * spin_z + 2.0 * (re * re + im * im));
            const double inverse = 1.0 / (size > smallest ? size : smallest);
            phase[i] = angle * size;
            along[i] = spin_z * inverse;
            across_re[i] = re * inverse;
            across_im[i] = im * inverse;
        }
        sincos_many(phase, sine, cosine, length);
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            const double z = along[i], re = across_re[i], im = across_im[i], s = sine[i], t = cosine[i] - 1.0;
            const double a_re = a[2 * i], a_im = a[2 * i + 1];
            const double b_re = b[2 * i], b_im = b[2 * i + 1];
            const double c_re = c[2 * i], c_im = c[2 * i + 1];
            // first = u.f psi: (z a + conj(w) b, w a + conj(w) c, w b - z c), w = re + i im
            const double fa_re = z * a_re + (re * b_re + im * b_im), fa_im = z * a_im + (re * b_im - im * b_re);
            const double fb_re = (re * a_re - im * a_im) + (re * c_re + im * c_im);
            const double fb_im = (re * a_im + im * a_re) + (re * c_im - im * c_re);
            const double fc_re = (re * b_re - im * b_im) - z * c_re, fc_im = (re * b_im + im * b_re) - z * c_im;
            // second = u.f first
            const double ga_re = z * fa_re + (re * fb_re + im * fb_im), ga_im = z * fa_im + (re * fb_im - im * fb_re);
            const double gb_re = (re * fa_re - im * fa_im) + (re * fc_re + im * fc_im);
            const double gb_im = (re * fa_im + im * fa_re) + (re * fc_im - im * fc_re);
            const double gc_re = (re * fb_re - im * fb_im) - z * fc_re, gc_im = (re * fb_im + im * fb_re) - z * fc_im;
            a[2 * i] = static_cast<Real>(a_re + (s * fa_im + t * ga_re));
            a[2 * i + 1] = static_cast<Real>(a_im + (t * ga_im - s * fa_re));
            b[2 * i] = static_cast<Real>(b_re + (s * fb_im + t * gb_re));
            b[2 * i + 1] = static_cast<Real>(b_im + (t * gb_im - s * fb_re));
            c[2 * i] = static_cast<Real>(c_re + (s * fc_im + t * gc_re));
            c[2 * i + 1] = static_cast<Real>(c_im + (t * gc_im - s * fc_re));
        }
    }
}

template <class Real>
void multiply_row(Real* __restrict row, const double* __restrict factors, double scale_real, double scale_imaginary,
                  std::size_t count)
{
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) {
        const double factor_re = multiply_add(scale_real, factors[2 * i], -(scale_imaginary * factors[2 * i + 1]));
        const double factor_im = multiply_add(scale_real, factors[2 * i + 1], scale_imaginary * factors[2 * i]);
        const double re = row[2 * i];
        const double im = row[2 * i + 1];
        row[2 * i] = static_cast<Real>(multiply_add(re, factor_re, -(im * factor_im)));
        row[2 * i + 1] = static_cast<Real>(multiply_add(re, factor_im, im * factor_re));
    }
}

/// Sum of term(i) for i < count: lane i mod lane_count collects it, then the lanes are added pairwise.
template <class Term>
[[gnu::always_inline]] inline double sum_in_lanes(std::size_t count, const Term& term)
{
    alignas(64) double lanes[lane_count] = {};
    const std::size_t whole = count - count % lane_count;
    for (std::size_t start = 0; start < whole; start += lane_count) {
#pragma omp simd
        for (std::size_t lane = 0; lane < lane_count; ++lane) {
            lanes[lane] += term(start + lane);
        }
    }
    for (std::size_t i = whole; i < count; ++i) {
        lanes[i - whole] += term(i);
    }
    for (std::size_t half = lane_count / 2; half > 0; half /= 2) {
        for (std::size_t lane = 0; lane < half; ++lane) {
            lanes[lane] += lanes[lane + half];
        }
    }
    return lanes[0];
}

template <class Real>
double squared_norm(const Real* row, std::size_t count)
{
    return sum_in_lanes(count, [row](std::size_t i) { return absolute_square(row, i); });
}

template <class Real>
double weighted_norm(const Real* row, const double* weights, double offset, std::size_t count)
{
    return sum_in_lanes(count, [=](std::size_t i) { return (offset + weights[i]) * absolute_square(row, i); });
}

template <class Real>
void inner_product(const Real* left, const Real* right, double* result, std::size_t count)
{
    result[0] = sum_in_lanes(count, [=](std::size_t i) {
        return multiply_add<double>(left[2 * i], right[2 * i], double(left[2 * i + 1]) * double(right[2 * i + 1]));
    });
    result[1] = sum_in_lanes(count, [=](std::size_t i) {
        return multiply_add<double>(left[2 * i], right[2 * i + 1], -(double(left[2 * i + 1]) * double(right[2 * i])));
    });
}

template <class Real>
void complex_normals(const double* distances, const double* turns, Real* field, std::size_t count)
{
    constexpr double two_pi = 6.28318530717958623200e+00;
    alignas(64) double phase[tile_size], sine[tile_size], cosine[tile_size];
    for (std::size_t start = 0; start < count; start += tile_size) {
        const std::size_t length = tile_length(start, count);
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            phase[i] = two_pi * turns[start + i];
        }
        sincos_of_reduced(phase, sine, cosine, length);
        Real* const __restrict values = field + 2 * start;
#pragma omp simd
        for (std::size_t i = 0; i < length; ++i) {
            const double radius = std::sqrt(negative_logarithm(distances[start + i]));
            values[2 * i] = static_cast<Real>(radius * cosine[i]);
            values[2 * i + 1] = static_cast<Real>(radius * sine[i]);
        }
    }
}

template <class Real>
constexpr hpcmix::LoopTable<Real> table()
{
    return {rotate_phase<Real>,  accumulate_density<Real>, turn_spins<Real>,      multiply_row<Real>,
            squared_norm<Real>,  weighted_norm<Real>,      inner_product<Real>,   complex_normals<Real>};
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)
#define HPCMIX_QUOTE_EXPANDED(text) #text
#define HPCMIX_QUOTE(text) HPCMIX_QUOTE_EXPANDED(text)

namespace hpcmix {

extern const Loops HPCMIX_JOIN(loops_, HPCMIX_INSTRUCTION_SET);
const Loops HPCMIX_JOIN(loops_, HPCMIX_INSTRUCTION_SET) = {HPCMIX_QUOTE(HPCMIX_INSTRUCTION_SET), table<float>(),
                                                          table<double>()};

}  // namespace hpcmix
