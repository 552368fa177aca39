// The kick of several components on tiles in position space: densities, phases and rotation for a chunk of the lines at a
// time, so that nothing but the tiles leaves the first-level cache.
#pragma once

#include "processor/sincos.hpp"
#include "processor/vector.hpp"
#include "transforms/passes.hpp"
#include "transforms/point_functions.hpp"

namespace {

// Elements of a line in a chunk: a multiple of every lane count, long enough to hide the latency of the polynomials.
constexpr std::size_t chunk_length = 16;
// The numbers of sources for which the sum over them is unrolled; more take the general loop.
constexpr std::size_t unknown_sources = 0;

template <class Real>
constexpr std::size_t chunk_points = chunk_length * lanes<Real>;

/// Room for the values of that many sources in a chunk.
template <class Real>
constexpr std::size_t source_bytes(std::size_t sources)
{
    return sources * chunk_points<Real> * sizeof(double);
}

/// What the phases of some components are made of at every point, beside their potentials: of the components' densities at
/// the same point, of real fields that all of them see, and of functions of the densities.
struct Sources {
    std::size_t components;
    std::size_t densities;    // as many as components, or none
    std::size_t fields;
    const double* couplings;  // components x count(): the densities first, the functions' values last
    hpcmix::PointFunctions functions;
    double angle;

    std::size_t count() const
    {
        return densities + fields + functions.outputs;
    }
};

/// The values of all functions at the points of a chunk.
inline void apply_functions(const Sources& sources, const double* densities, double* values, std::size_t points)
{
    for (std::size_t n = 0; n < sources.functions.count; ++n) {
        const hpcmix::PointFunction& function = sources.functions.functions[n];
        measure_chunk(values, function.measures, densities, sources.components, points);
        if (function.table == nullptr) {
            half_power(values, function.power, points);
            values += points;
            continue;
        }
        measure_chunk(values + points, function.measures + sources.components, densities, sources.components, points);
        if (function.pieces == 1) {
            evaluate(values, values + points, function.table, function.coefficients, function.power, points);
        } else {
            look_up(values, values + points, function.table, function.pieces, function.power, points);
        }
        values += 2 * points;
    }
}

/// density = |field|^2 in double precision for the elements at `chunk`. Swapped: real and imaginary part are; the squares
/// are added in the same order, for the bits of a kick must not depend on whether a transform came before it.
template <bool Swapped, class Real>
inline void take_density(const Pack<Real>* chunk, double* __restrict density, std::size_t count)
{
    constexpr std::size_t width = lanes<Real>;
    const Real* const real_parts = reinterpret_cast<const Real*>(chunk) + (Swapped ? width : 0);
    const Real* const imaginary_parts = reinterpret_cast<const Real*>(chunk) + (Swapped ? 0 : width);
    for (std::size_t i = 0; i < count; ++i) {
#pragma omp simd
        for (std::size_t lane = 0; lane < width; ++lane) {
            const double re = real_parts[2 * width * i + lane], im = imaginary_parts[2 * width * i + lane];
            density[width * i + lane] = multiply_add(re, re, im * im);
        }
    }
}

/// phase = angle (potential + sum_s coupling[s] source_s)
template <std::size_t known_sources, class Real>
inline void sum_phase(double* __restrict phase, const Real* __restrict potential, const double* __restrict coupling,
                      const double* __restrict source, std::size_t sources, double angle)
{
    constexpr std::size_t points = chunk_points<Real>;
    if constexpr (known_sources != unknown_sources) {
#pragma omp simd
        for (std::size_t i = 0; i < points; ++i) {
            double sum = potential[i];
#pragma GCC unroll 4
            for (std::size_t s = 0; s < known_sources; ++s) {
                sum = multiply_add(coupling[s], source[s * points + i], sum);
            }
            phase[i] = angle * sum;
        }
    } else {
#pragma omp simd
        for (std::size_t i = 0; i < points; ++i) {
            phase[i] = potential[i];
        }
        for (std::size_t s = 0; s < sources; ++s) {
#pragma omp simd
            for (std::size_t i = 0; i < points; ++i) {
                phase[i] = multiply_add(coupling[s], source[s * points + i], phase[i]);
            }
        }
#pragma omp simd
        for (std::size_t i = 0; i < points; ++i) {
            phase[i] *= angle;
        }
    }
}

/// field *= cosine - i sine; Swapped: the elements come with real and imaginary part swapped, and leave in order.
template <bool Swapped, class Real>
inline void rotate_chunk(Pack<Real>* chunk, const Real* __restrict sine, const Real* __restrict cosine,
                         std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        const Pack<Real> value = Swapped ? swapped(chunk[i]) : chunk[i];
        const Vector<Real> s = load(sine + lanes<Real> * i), c = load(cosine + lanes<Real> * i);
        chunk[i] = {fused_add(value.re, c, value.im * s), fused_subtract(value.re, s, value.im * c)};
    }
}

/// field *= exp(-i phase) for `count` elements of a chunk; phases of all its points are numbers.
template <bool Swapped, class Real>
inline void turn_chunk(Pack<Real>* chunk, const double* __restrict phase, std::size_t count)
{
    constexpr std::size_t width = lanes<Real>, points = chunk_points<Real>;
    if (need_no_reduction(phase, points)) {  // the same bits as below, without a way through memory
        Real* const __restrict values = reinterpret_cast<Real*>(chunk);
        for (std::size_t i = 0; i < count; ++i) {
            Real* const __restrict first = values + 2 * width * i;
#pragma omp simd
            for (std::size_t lane = 0; lane < width; ++lane) {
                const Real argument = static_cast<Real>(phase[width * i + lane]);
                const Real sine = sine_polynomial(argument), cosine = cosine_polynomial(argument);
                const Real re = first[(Swapped ? width : 0) + lane], im = first[(Swapped ? 0 : width) + lane];
                first[lane] = multiply_add(re, cosine, im * sine);
                first[width + lane] = multiply_add(-re, sine, im * cosine);
            }
        }
        return;
    }
    alignas(64) Real sine[points], cosine[points];
    sincos_of_reduced(phase, sine, cosine, points);
    rotate_chunk<Swapped>(chunk, sine, cosine, count);
}

/// Kicks one tile of every component. load_potential(component, start, count, values) fills in the potential of `count`
/// elements from `start` on, lane by lane, leaves there what it filled in for the component before if theirs is the same,
/// or returns false where there is none; load_field(field, start, count, values) fills in a field that all of them see, in
/// double precision. `source` has room for source_bytes.
template <std::size_t known_sources, bool Swapped, class Real, class LoadPotential, class LoadField>
inline void kick_tiles_as(Pack<Real>* const* tiles, std::size_t length, const Sources& sources,
                          const LoadPotential& load_potential, const LoadField& load_field, double* source)
{
    constexpr std::size_t points = chunk_points<Real>;
    const std::size_t count_of_sources = sources.count();
    alignas(64) Real potential[points] = {};
    alignas(64) constexpr Real no_potential[points] = {};
    alignas(64) double phase[points];
    for (std::size_t i = 0; i < count_of_sources * points; ++i) {
        source[i] = 0.0;  // a line shorter than a chunk leaves the rest to harmless numbers
    }
    for (std::size_t start = 0; start < length; start += chunk_length) {
        const std::size_t count = length - start < chunk_length ? length - start : chunk_length;
        for (std::size_t b = 0; b < sources.densities; ++b) {
            take_density<Swapped>(tiles[b] + start, source + b * points, count);
        }
        for (std::size_t f = 0; f < sources.fields; ++f) {
            load_field(f, start, count, source + (sources.densities + f) * points);
        }
        if (sources.functions.count > 0) {
            apply_functions(sources, source, source + (sources.densities + sources.fields) * points, points);
        }
        for (std::size_t a = 0; a < sources.components; ++a) {
            const Real* const added = load_potential(a, start, count, potential) ? potential : no_potential;
            sum_phase<known_sources>(phase, added, sources.couplings + a * count_of_sources, source, count_of_sources,
                                     sources.angle);
            turn_chunk<Swapped>(tiles[a] + start, phase, count);
        }
    }
}

template <bool Swapped, class Real, class LoadPotential, class LoadField>
void kick_tiles(Pack<Real>* const* tiles, std::size_t length, const Sources& sources,
                const LoadPotential& load_potential, const LoadField& load_field, double* source)
{
    switch (sources.count()) {
    case 1:
        return kick_tiles_as<1, Swapped>(tiles, length, sources, load_potential, load_field, source);
    case 2:
        return kick_tiles_as<2, Swapped>(tiles, length, sources, load_potential, load_field, source);
    case 3:
        return kick_tiles_as<3, Swapped>(tiles, length, sources, load_potential, load_field, source);
    case 4:
        return kick_tiles_as<4, Swapped>(tiles, length, sources, load_potential, load_field, source);
    default:
        return kick_tiles_as<unknown_sources, Swapped>(tiles, length, sources, load_potential, load_field, source);
    }
}

}  // namespace
