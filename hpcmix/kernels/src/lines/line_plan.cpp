#include "lines/line_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <map>
#include <mutex>
#include <numbers>

namespace hpcmix {

namespace {

using Exact = std::complex<long double>;  // 64 bits of mantissa on x86: rounding to double is all that is lost

/// exp(-2 pi i numerator / denominator). The angle is brought into the first octant in integers, where sine and cosine
/// lose nothing.
Exact unit_root(std::size_t numerator, std::size_t denominator)
{
    const std::size_t eighths = 8 * (numerator % denominator);
    const std::size_t octant = eighths / denominator;
    std::size_t rest = eighths - octant * denominator;  // in eighths of a turn, over the denominator
    const bool mirrored = octant % 2 == 1;
    if (mirrored) {
        rest = denominator - rest;
    }
    const long double angle =
        std::numbers::pi_v<long double> / 4 * static_cast<long double>(rest) / static_cast<long double>(denominator);
    long double cosine = std::cos(angle), sine = std::sin(angle);
    if (mirrored) {
        std::swap(cosine, sine);
    }
    switch (octant / 2) {
    case 0:
        return {cosine, -sine};
    case 1:
        return {-sine, -cosine};
    case 2:
        return {-cosine, sine};
    default:
        return {sine, cosine};
    }
}

template <class Real>
void append(std::vector<Real>& table, Exact value)
{
    table.push_back(static_cast<Real>(value.real()));
    table.push_back(static_cast<Real>(value.imag()));
}

/// Factors of the length in the order of the passes: odd ones first, then the remaining power of two. Fours and eights
/// save multiplications and sweeps; a single two is avoided where 2 * 8 can become 4 * 4.
std::vector<std::size_t> choose_radices(std::size_t length)
{
    std::vector<std::size_t> radices;
    std::size_t twos = 0;
    for (; length % 2 == 0; length /= 2) {
        ++twos;
    }
    for (std::size_t factor = 3; length > 1; factor += 2) {
        for (; length % factor == 0; length /= factor) {
            radices.push_back(factor);
        }
    }
    if (twos % 3 == 1 && twos >= 4) {
        radices.insert(radices.end(), {4, 4});
        twos -= 4;
    } else if (twos % 3 != 0) {
        radices.push_back(twos % 3 == 1 ? 2 : 4);
        twos -= twos % 3;
    }
    radices.insert(radices.end(), twos / 3, 8);
    return radices;
}

/// Arithmetic of one pass per element, roughly (measured: generic odd radices cost their radix).
double cost_of_radix(std::size_t radix)
{
    switch (radix) {
    case 2:
        return 2.0;
    case 3:
        return 3.0;
    case 4:
        return 2.6;
    case 5:
        return 4.0;
    case 7:
        return 5.0;
    case 8:
        return 4.0;
    default:
        return 1.2 * static_cast<double>(radix);
    }
}

double cost_of_line(std::size_t length)
{
    double cost = 0.0;
    for (const std::size_t radix : choose_radices(length)) {
        cost += cost_of_radix(radix);
    }
    return cost * static_cast<double>(length);
}

bool has_only_factors_up_to(std::size_t length, std::size_t largest)
{
    for (std::size_t factor = 2; factor <= largest; ++factor) {
        for (; length % factor == 0; length /= factor) {
        }
    }
    return length == 1;
}

/// The length >= minimum whose transform costs least.
std::size_t choose_convolution_length(std::size_t minimum)
{
    std::size_t best = 0;
    double best_cost = 0.0;
    for (std::size_t length = minimum; best == 0 || length < minimum + minimum / 4; ++length) {
        if (!has_only_factors_up_to(length, 7)) {
            continue;
        }
        const double cost = cost_of_line(length);
        if (best == 0 || cost < best_cost) {
            best = length;
            best_cost = cost;
        }
    }
    return best;
}

/// Transform of a short table in extended precision, by the textbook recursion over prime factors.
std::vector<Exact> exact_transform(const std::vector<Exact>& values)
{
    const std::size_t length = values.size();
    std::size_t radix = 2;
    while (radix < length && length % radix != 0) {
        ++radix;
    }
    if (length == 1) {
        return values;
    }
    const std::size_t rest = length / radix;
    std::vector<std::vector<Exact>> parts;
    for (std::size_t first = 0; first < radix; ++first) {
        std::vector<Exact> part(rest);
        for (std::size_t i = 0; i < rest; ++i) {
            part[i] = values[first + radix * i];
        }
        parts.push_back(exact_transform(part));
    }
    std::vector<Exact> roots(length);
    for (std::size_t k = 0; k < length; ++k) {
        roots[k] = unit_root(k, length);
    }
    std::vector<Exact> result(length);
    for (std::size_t k = 0; k < length; ++k) {
        for (std::size_t first = 0; first < radix; ++first) {
            result[k] += roots[first * k % length] * parts[first][k % rest];
        }
    }
    return result;
}

}  // namespace

template <class Real>
LinePlan<Real>::LinePlan(std::size_t length)
{
    line_.length = length;
    line_.tile_length = length;
    if (length > 1) {  // one element is its own transform: no passes
        const std::vector<std::size_t> radices = choose_radices(length);
        if (*std::max_element(radices.begin(), radices.end()) <= largest_radix) {
            plan_stages(radices);
        } else {
            plan_bluestein();
        }
    }
    std::vector<Real> half_roots;
    for (std::size_t k = 0; k <= length; ++k) {
        append(half_roots, unit_root(k, 2 * length));
    }
    tables_.push_back(std::move(half_roots));
    line_.half_roots = tables_.back().data();
}

template <class Real>
void LinePlan<Real>::plan_stages(const std::vector<std::size_t>& radices)
{
    std::size_t stride = 1;
    std::size_t remaining = line_.length;
    for (const std::size_t radix : radices) {
        const std::size_t groups = remaining / radix;
        std::vector<Real> twiddles, roots;
        for (std::size_t group = 0; group < groups; ++group) {
            for (std::size_t k = 1; k < radix; ++k) {
                append(twiddles, unit_root(group * k, remaining));
            }
        }
        for (std::size_t k = 0; k < radix; ++k) {
            append(roots, std::conj(unit_root(k, radix)));
        }
        tables_.push_back(std::move(twiddles));
        tables_.push_back(std::move(roots));
        stages_.push_back({radix, groups, stride, tables_[tables_.size() - 2].data(), tables_.back().data()});
        stride *= radix;
        remaining = groups;
    }
    line_.stages = stages_.data();
    line_.stage_count = stages_.size();
}

/// Bluestein, IEEE Trans. Audio Electroacoustics 18 (1970) 451: j k = (j^2 + k^2 - (k - j)^2) / 2 turns the transform into
/// a convolution with a chirp, which is done with transforms of any sufficient length.
template <class Real>
void LinePlan<Real>::plan_bluestein()
{
    const std::size_t length = line_.length;
    const std::size_t padded = choose_convolution_length(2 * length - 1);
    convolution_ = std::make_unique<LinePlan>(padded);
    std::vector<Real> chirp, spectrum;
    std::vector<Exact> filter(padded);
    for (std::size_t k = 0; k < length; ++k) {
        const Exact value = unit_root(k * k % (2 * length), 2 * length);
        append(chirp, value);
        filter[k] = std::conj(value);
        filter[(padded - k) % padded] = filter[k];
    }
    for (const Exact& value : exact_transform(filter)) {
        append(spectrum, value / static_cast<long double>(padded));
    }
    tables_.push_back(std::move(chirp));
    tables_.push_back(std::move(spectrum));
    line_.chirp = tables_[tables_.size() - 2].data();
    line_.chirp_spectrum = tables_.back().data();
    line_.convolution = &convolution_->line();
    line_.tile_length = padded;
}

template <class Real>
const Line<Real>& line_of_length(std::size_t length)
{
    static std::mutex mutex;
    static std::map<std::size_t, LinePlan<Real>> plans;
    const std::lock_guard<std::mutex> lock(mutex);
    return plans.try_emplace(length, length).first->second.line();
}

template class LinePlan<float>;
template class LinePlan<double>;
template const Line<float>& line_of_length(std::size_t);
template const Line<double>& line_of_length(std::size_t);

}  // namespace hpcmix
