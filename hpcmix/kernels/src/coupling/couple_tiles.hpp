// What coherent coupling does to tiles of several spectra: a matrix times the vector of the components' values, at every
// element. In double precision in either precision of the tiles, as factors are (multiply_tiles.hpp), and with real and
// imaginary part swapped at the end.
#pragma once

#include "coupling/coupling.hpp"
#include "processor/sincos.hpp"
#include "transforms/kick_tiles.hpp"
#include "transforms/multiply_tiles.hpp"
#include "transforms/tiles.hpp"

namespace {

constexpr std::size_t unknown_components = 0;

using hpcmix::CommonMatrix;
using hpcmix::Levels;
using hpcmix::Symbol;

/// Some lanes of a tile's numbers in double precision; written as one register of doubles.
[[gnu::always_inline]] inline Vector<double> load_doubles(const double* source)
{
    return load(source);
}

[[gnu::always_inline]] inline Vector<double> load_doubles(const float* source)
{
    typedef float Half __attribute__((vector_size(register_bytes / 2)));
    Half half;
    __builtin_memcpy(&half, source, sizeof half);
    return __builtin_convertvector(half, Vector<double>);
}

[[gnu::always_inline]] inline void store_doubles(double* target, Vector<double> values)
{
    store(target, values);
}

[[gnu::always_inline]] inline void store_doubles(float* target, Vector<double> values)
{
    typedef float Half __attribute__((vector_size(register_bytes / 2)));
    const Half half = __builtin_convertvector(values, Half);
    __builtin_memcpy(target, &half, sizeof half);
}

struct DoublePack {
    Vector<double> re;
    Vector<double> im;
};

/// (factor_re + i factor_im) value
[[gnu::always_inline]] inline DoublePack product(Vector<double> factor_re, Vector<double> factor_im, DoublePack value)
{
    return {fused_subtract(factor_im, value.im, factor_re * value.re), fused_add(factor_im, value.re, factor_re * value.im)};
}

/// sum + (factor_re + i factor_im) value
[[gnu::always_inline]] inline DoublePack add_product(DoublePack sum, Vector<double> factor_re, Vector<double> factor_im,
                                                     DoublePack value)
{
    return {fused_subtract(factor_im, value.im, fused_add(factor_re, value.re, sum.re)),
            fused_add(factor_im, value.re, fused_add(factor_re, value.im, sum.im))};
}

/// The values of all components at an element of their tiles, from lane `lane` on.
template <class Real>
[[gnu::always_inline]] inline DoublePack load_lanes(const Pack<Real>* tile, std::size_t k, std::size_t lane)
{
    const Real* const element = reinterpret_cast<const Real*>(tile + k);
    return {load_doubles(element + lane), load_doubles(element + lanes<Real> + lane)};
}

template <class Real>
[[gnu::always_inline]] inline void store_lanes_swapped(Pack<Real>* tile, std::size_t k, std::size_t lane, DoublePack value)
{
    Real* const element = reinterpret_cast<Real*>(tile + k);
    store_doubles(element + lane, value.im);
    store_doubles(element + lanes<Real> + lane, value.re);
}

/// The most components that are kept in registers or on the stack; more are refused where arrays are passed in.
constexpr std::size_t most_components = 16;

/// Where each column of a tile lies in its plane.
template <class Real>
struct ColumnPlaces {
    std::size_t row[lanes<Real>];
    std::size_t element[lanes<Real>];
    bool valid[lanes<Real>];

    ColumnPlaces(std::size_t first_column, std::size_t columns, std::size_t row_length)
    {
        for (std::size_t lane = 0; lane < lanes<Real>; ++lane) {
            const std::size_t column = column_of_lane<Real>(lane), place = first_column + column;
            valid[lane] = column < columns;
            row[lane] = place / row_length;
            element[lane] = place % row_length;
        }
    }
};

/// One matrix and separable factors; known_components is their number, or unknown_components.
template <std::size_t known_components, class Real>
void multiply_by_common_matrix(Pack<Real>* const* tiles, std::size_t length, std::size_t components,
                               const CommonMatrix& common, std::size_t first_column, std::size_t columns)
{
    constexpr std::size_t width = lanes<Real>, step = lanes<double>;
    constexpr std::size_t room = known_components == unknown_components ? most_components : known_components;
    const std::size_t count = known_components == unknown_components ? components : known_components;
    const hpcmix::Multiplier& factors = common.factors;
    const ColumnPlaces<Real> places(factors.first_column + first_column, columns, factors.row_length);
    alignas(64) double lane_re[width] = {}, lane_im[width] = {};
    for (std::size_t lane = 0; lane < width; ++lane) {
        if (places.valid[lane]) {
            const double* row = factors.rows + 2 * places.row[lane];
            const double* element = factors.length + 2 * places.element[lane];
            lane_re[lane] = multiply_add(row[0], element[0], -(row[1] * element[1]));
            lane_im[lane] = multiply_add(row[0], element[1], row[1] * element[0]);
        }
    }
    for (std::size_t lane = 0; lane < width; lane += step) {
        const DoublePack lane_factor = {load(lane_re + lane), load(lane_im + lane)};
        for (std::size_t k = 0; k < length; ++k) {
            const DoublePack factor = product(in_all_lanes(factors.along[2 * k]),
                                              in_all_lanes(factors.along[2 * k + 1]), lane_factor);
            DoublePack values[room];
            for (std::size_t b = 0; b < count; ++b) {
                values[b] = load_lanes(tiles[b], k, lane);
            }
            for (std::size_t a = 0; a < count; ++a) {
                const double* const row = common.matrix + 2 * a * count;
                DoublePack sum = product(in_all_lanes(row[0]), in_all_lanes(row[1]), values[0]);
                for (std::size_t b = 1; b < count; ++b) {
                    sum = add_product(sum, in_all_lanes(row[2 * b]), in_all_lanes(row[2 * b + 1]), values[b]);
                }
                store_lanes_swapped(tiles[a], k, lane, product(factor.re, factor.im, sum));
            }
        }
    }
}

/// The energies T_a of one component on a tile's columns.
template <class Real>
class TileSymbol {
public:
    TileSymbol() = default;

    TileSymbol(const Symbol<Real>& symbol, const Levels<Real>& levels, const ColumnPlaces<Real>& places,
               std::size_t first_column, std::size_t columns)
        : symbol_(symbol), stride_(levels.table_stride), first_column_(levels.first_column + first_column),
          columns_(columns)
    {
        for (std::size_t lane = 0; symbol.along != nullptr && lane < lanes<Real>; ++lane) {
            lane_terms_[lane] = places.valid[lane] ? symbol.rows[places.row[lane]] + symbol.length[places.element[lane]]
                                                   : 0.0;
        }
    }
    /// Of all lanes at element k.
    [[gnu::always_inline]] void take(std::size_t k, double* __restrict energies) const
    {
        constexpr std::size_t width = lanes<Real>;
        if (symbol_.along != nullptr) {
            const double along = symbol_.along[k];
#pragma omp simd
            for (std::size_t lane = 0; lane < width; ++lane) {
                energies[lane] = along + lane_terms_[lane];
            }
            return;
        }
        const Vector<Real> row = load_reals(symbol_.table + k * stride_ + first_column_, columns_);
        for (std::size_t lane = 0; lane < width; ++lane) {
            energies[lane] = row[lane];
        }
    }

private:
    alignas(64) double lane_terms_[lanes<Real>] = {};
    Symbol<Real> symbol_{};
    std::size_t stride_ = 0;
    std::size_t first_column_ = 0;
    std::size_t columns_ = 0;
};

/// Two components in closed form, with d = (H_00 - H_11)/2, w = H_01 and s^2 = d^2 + |w|^2:
/// exp(-i t H) = exp(-i t (H_00 + H_11)/2) [cos(t s) - i sin(t s)/s (d, w; conj(w), -d)].
template <class Real>
void turn_two_levels(Pack<Real>* const* tiles, std::size_t length, const Levels<Real>& levels, std::size_t first_column,
                     std::size_t columns)
{
    constexpr std::size_t width = lanes<Real>, points = chunk_points<Real>;
    const ColumnPlaces<Real> places(levels.first_column + first_column, columns, levels.row_length);
    const TileSymbol<Real> first_symbol(levels.symbols[0], levels, places, first_column, columns);
    const TileSymbol<Real> second_symbol(levels.symbols[1], levels, places, first_column, columns);
    const double own_first = levels.constant[0], own_second = levels.constant[6];
    const double constant_re = levels.constant[2], constant_im = levels.constant[3];
    const double slope_re = levels.slope[2], slope_im = levels.slope[3];
    const double angle = levels.angle, scale = levels.scale;
    alignas(64) double first[points], second[points], half[points], across_re[points], across_im[points];
    alignas(64) double size[points], turn[points], mean[points];
    alignas(64) double mean_sine[points], mean_cosine[points], sine[points], cosine[points];
    for (std::size_t start = 0; start < length; start += chunk_length) {
        const std::size_t elements = at_most(length - start, chunk_length), count = width * elements;
        for (std::size_t i = 0; i < elements; ++i) {
            first_symbol.take(start + i, first + width * i);
            second_symbol.take(start + i, second + width * i);
        }
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) {
            const double difference = first[i] - second[i];
            const double upper = first[i] + own_first, lower = second[i] + own_second;
            half[i] = 0.5 * (upper - lower);
            across_re[i] = multiply_add(difference, slope_re, constant_re);
            across_im[i] = multiply_add(difference, slope_im, constant_im);
            size[i] = std::sqrt(
                multiply_add(half[i], half[i], multiply_add(across_re[i], across_re[i], across_im[i] * across_im[i])));
            turn[i] = angle * size[i];
            mean[i] = angle * 0.5 * (upper + lower);
        }
        sincos_many(mean, mean_sine, mean_cosine, count);
        sincos_many(turn, sine, cosine, count);
        for (std::size_t i = 0; i < elements; ++i) {
            Real* const __restrict one = reinterpret_cast<Real*>(tiles[0] + start + i);
            Real* const __restrict other = reinterpret_cast<Real*>(tiles[1] + start + i);
#pragma omp simd
            for (std::size_t lane = 0; lane < width; ++lane) {
                const std::size_t j = width * i + lane;
                const double part = size[j] > 0.0 ? sine[j] / size[j] : angle;
                const double own = part * half[j], w_re = part * across_re[j], w_im = part * across_im[j];
                const double a_re = one[lane], a_im = one[width + lane], b_re = other[lane], b_im = other[width + lane];
                // (cos - i own) a - i w b and (cos + i own) b - i conj(w) a
                const double u_re = multiply_add(
                    cosine[j], a_re, multiply_add(own, a_im, multiply_add(w_im, b_re, w_re * b_im)));
                const double u_im = multiply_add(
                    cosine[j], a_im, -multiply_add(own, a_re, multiply_add(-w_im, b_im, w_re * b_re)));
                const double v_re = multiply_add(
                    cosine[j], b_re, -multiply_add(own, b_im, multiply_add(w_im, a_re, -(w_re * a_im))));
                const double v_im = multiply_add(
                    cosine[j], b_im, multiply_add(own, b_re, -multiply_add(w_im, a_im, w_re * a_re)));
                const double c = scale * mean_cosine[j], s = scale * mean_sine[j];
                one[lane] = static_cast<Real>(multiply_add(c, u_im, -(s * u_re)));
                one[width + lane] = static_cast<Real>(multiply_add(c, u_re, s * u_im));
                other[lane] = static_cast<Real>(multiply_add(c, v_im, -(s * v_re)));
                other[width + lane] = static_cast<Real>(multiply_add(c, v_re, s * v_im));
            }
        }
    }
}

/// H - mean T at the lanes of one register, times 2 / radius, as its diagonal and what the rest is made from.
template <std::size_t room>
struct ScaledLevels {
    Vector<double> diagonal[room];
    Vector<double> energies[room];
    const double* constant;
    const double* slope;
    double factor;  // 2 / radius
    bool has_slope;

    /// sum_b H_ab value_b
    [[gnu::always_inline]] DoublePack row(std::size_t a, std::size_t count, const DoublePack* values) const
    {
        DoublePack sum = {diagonal[a] * values[a].re, diagonal[a] * values[a].im};
        for (std::size_t b = 0; b < count; ++b) {
            if (b != a) {
                const double* const entry = constant + 2 * (a * count + b);
                Vector<double> re = in_all_lanes(factor * entry[0]), im = in_all_lanes(factor * entry[1]);
                if (has_slope) {
                    const double* const change = slope + 2 * (a * count + b);
                    const Vector<double> difference = energies[a] - energies[b];
                    re = fused_add(difference, in_all_lanes(factor * change[0]), re);
                    im = fused_add(difference, in_all_lanes(factor * change[1]), im);
                }
                sum = add_product(sum, re, im, values[b]);
            }
        }
        return sum;
    }
};

/// More than two components: with x = (H - mean T) / radius the polynomials w_n = (-i)^n T_n(x) spectrum follow from
/// w_n+1 = -2 i x w_n + w_n-1, and exp(-i angle H) spectrum = exp(-i angle mean T) sum_n coefficients[n] w_n.
template <std::size_t known_components, class Real>
void turn_levels(Pack<Real>* const* tiles, std::size_t length, std::size_t components, const Levels<Real>& levels,
                 std::size_t first_column, std::size_t columns)
{
    constexpr std::size_t width = lanes<Real>, step = lanes<double>;
    constexpr std::size_t room = known_components == unknown_components ? most_components : known_components;
    const std::size_t count = known_components == unknown_components ? components : known_components;
    const ColumnPlaces<Real> places(levels.first_column + first_column, columns, levels.row_length);
    TileSymbol<Real> symbols[room];
    ScaledLevels<room> scaled{};
    scaled.constant = levels.constant;
    scaled.slope = levels.slope;
    scaled.factor = 2.0 / levels.radius;
    scaled.has_slope = false;
    for (std::size_t i = 0; i < 2 * count * count; ++i) {
        scaled.has_slope = scaled.has_slope || levels.slope[i] != 0.0;
    }
    for (std::size_t a = 0; a < count; ++a) {
        symbols[a] = TileSymbol<Real>(levels.symbols[a], levels, places, first_column, columns);
    }
    alignas(64) double energies[room][width], mean[width], phase[width], sine[width], cosine[width];
    for (std::size_t k = 0; k < length; ++k) {
        for (std::size_t a = 0; a < count; ++a) {
            symbols[a].take(k, energies[a]);
        }
        for (std::size_t lane = 0; lane < width; ++lane) {
            double sum = 0.0;
            for (std::size_t a = 0; a < count; ++a) {
                sum += energies[a][lane];
            }
            mean[lane] = sum / static_cast<double>(count);
            phase[lane] = levels.angle * mean[lane];
        }
        sincos_many(phase, sine, cosine, width);
        for (std::size_t lane = 0; lane < width; lane += step) {
            for (std::size_t a = 0; a < count; ++a) {
                scaled.energies[a] = load(energies[a] + lane);
                scaled.diagonal[a] = (scaled.energies[a] - load(mean + lane) +
                                      in_all_lanes(levels.constant[2 * (a * count + a)])) *
                                     in_all_lanes(scaled.factor);
            }
            DoublePack before[room], now[room], sum[room];
            const Vector<double> first = in_all_lanes(levels.coefficients[0]);
            for (std::size_t a = 0; a < count; ++a) {
                before[a] = load_lanes(tiles[a], k, lane);
                sum[a] = {first * before[a].re, first * before[a].im};
            }
            const Vector<double> one_half = in_all_lanes(0.5), second = in_all_lanes(levels.coefficients[1]);
            for (std::size_t a = 0; a < count; ++a) {
                const DoublePack product = scaled.row(a, count, before);
                now[a] = {one_half * product.im, -one_half * product.re};  // -i x w_0
                sum[a] = {fused_add(second, now[a].re, sum[a].re), fused_add(second, now[a].im, sum[a].im)};
            }
            for (std::size_t n = 2; n < levels.terms; ++n) {
                const Vector<double> coefficient = in_all_lanes(levels.coefficients[n]);
                for (std::size_t a = 0; a < count; ++a) {
                    const DoublePack product = scaled.row(a, count, now);
                    before[a] = {before[a].re + product.im, before[a].im - product.re};
                }
                for (std::size_t a = 0; a < count; ++a) {
                    const DoublePack next = before[a];
                    before[a] = now[a];
                    now[a] = next;
                    sum[a] = {fused_add(coefficient, next.re, sum[a].re), fused_add(coefficient, next.im, sum[a].im)};
                }
            }
            const Vector<double> scale = in_all_lanes(levels.scale);
            const Vector<double> c = scale * load(cosine + lane), s = scale * load(sine + lane);
            for (std::size_t a = 0; a < count; ++a) {
                store_lanes_swapped(tiles[a], k, lane, product(c, -s, sum[a]));
            }
        }
    }
}

}  // namespace
