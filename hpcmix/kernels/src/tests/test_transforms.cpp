// Test of the transforms without Python, so that it also runs under the sanitizers: every instruction set that this
// processor has, both precisions, lengths of every kind, against a sum in extended precision.
#include "processor/instruction_set.hpp"
#include "transforms/transforms.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace {

using hpcmix::Shape;

template <class Real>
using Complex = std::complex<Real>;
template <class Real>
using Field = std::vector<Complex<Real>>;
using Exact = std::complex<long double>;

int failures = 0;
std::mt19937_64 random_bits(19650401);

void check(bool condition, const char* what, std::size_t length)
{
    if (!condition) {
        ++failures;
        std::printf("FAILED %s, length %zu, %s\n", what, length, hpcmix::active_loops().instruction_set);
    }
}

std::size_t points(Shape shape)
{
    return shape.planes * shape.rows * shape.length;
}

template <class Real>
Field<Real> random_field(std::size_t count)
{
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    Field<Real> values(count);
    for (auto& value : values) {
        value = {static_cast<Real>(uniform(random_bits)), static_cast<Real>(uniform(random_bits))};
    }
    return values;
}

template <class Real>
std::vector<Real> random_reals(std::size_t count)
{
    std::vector<Real> values(count);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    for (Real& value : values) {
        value = static_cast<Real>(uniform(random_bits));
    }
    return values;
}

template <class Real>
Real* reals(Field<Real>& field)
{
    return reinterpret_cast<Real*>(field.data());
}

std::vector<Exact> transformed(const std::vector<Exact>& line, bool forward)
{
    const std::size_t length = line.size();
    std::vector<Exact> roots(length), result(length);
    for (std::size_t k = 0; k < length; ++k) {
        const long double turn = 2 * std::numbers::pi_v<long double> * static_cast<long double>(k) / length;
        roots[k] = std::polar(1.0L, forward ? -turn : turn);
    }
    for (std::size_t k = 0; k < length; ++k) {
        long double re = 0, im = 0;  // by hand: the library's product looks for infinities and is many times slower
        std::size_t index = 0;
        for (const Exact& value : line) {
            re += value.real() * roots[index].real() - value.imag() * roots[index].imag();
            im += value.real() * roots[index].imag() + value.imag() * roots[index].real();
            index += k;
            index -= index >= length ? length : 0;
        }
        result[k] = {re, im};
    }
    return result;
}

/// Transform along axis 0, 1 or 2, in extended precision.
std::vector<Exact> transformed(std::vector<Exact> field, Shape shape, int axis, bool forward)
{
    const std::size_t extents[] = {shape.planes, shape.rows, shape.length};
    const std::size_t strides[] = {shape.rows * shape.length, shape.length, 1};
    const std::size_t length = extents[axis], stride = strides[axis];
    for (std::size_t i = 0; i < points(shape); ++i) {
        if (i / stride % length != 0) {
            continue;  // not the first element of a line
        }
        std::vector<Exact> line(length);
        for (std::size_t j = 0; j < length; ++j) {
            line[j] = field[i + j * stride];
        }
        line = transformed(line, forward);
        for (std::size_t j = 0; j < length; ++j) {
            field[i + j * stride] = line[j];
        }
    }
    return field;
}

template <class Real>
std::vector<Exact> exact(const Field<Real>& field)
{
    return {field.begin(), field.end()};
}

/// Error in the Euclidean norm, relative, in units of the precision.
template <class Real>
double error(const Field<Real>& actual, const std::vector<Exact>& expected)
{
    long double difference = 0, norm = 0;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        difference += std::norm(Exact(actual[i]) - expected[i]);
        norm += std::norm(expected[i]);
    }
    if (norm == 0) {
        return difference == 0 ? 0.0 : 1e9;
    }
    return static_cast<double>(std::sqrt(difference / norm)) / std::numeric_limits<Real>::epsilon();
}

// Measured: below 1.1 for products of small primes, 3 for Bluestein, 6 with a kick of phases up to ten between transforms.
constexpr double tolerance = 4.0;
constexpr double kick_tolerance = 20.0;

template <class Real>
void test_lines(Shape shape)
{
    const auto field = random_field<Real>(points(shape));
    for (const bool forward : {true, false}) {
        auto result = field;
        hpcmix::transform_lines(reals(result), shape, forward, Real(0.5));
        auto expected = transformed(exact(field), shape, 1, forward);
        for (auto& value : expected) {
            value *= 0.5L;
        }
        check(error(result, expected) < tolerance, "transform_lines", shape.rows);
    }
}

template <class Real>
void test_planes(Shape shape)
{
    const auto field = random_field<Real>(points(shape));
    for (const bool forward : {true, false}) {
        auto result = field;
        hpcmix::transform_planes(reals(result), shape, forward, Real(1));
        const auto expected = transformed(transformed(exact(field), shape, 1, forward), shape, 2, forward);
        check(error(result, expected) < 2 * tolerance, "transform_planes", shape.length);
    }
}

template <class Real>
void test_multiply(Shape shape)
{
    const std::size_t count = points(shape), plane = shape.rows * shape.length;
    const auto field = random_field<Real>(count);
    auto x = random_field<double>(shape.planes), y = random_field<double>(shape.rows);
    auto z = random_field<double>(shape.length);
    const std::size_t gap = 3;  // numbers between two planes that must stay what they are
    auto spectrum = transformed(exact(field), shape, 0, true);
    auto by_tables = spectrum, by_turn = spectrum;
    const double angle = 0.7;
    const auto symbol = random_reals<Real>(count);
    for (std::size_t i = 0; i < count; ++i) {
        by_tables[i] *= Exact(x[i / plane]) * Exact(y[i / shape.length % shape.rows]) * Exact(z[i % shape.length]);
        by_turn[i] *= std::polar(1.0L, -angle * static_cast<long double>(symbol[i]));
    }
    Field<Real> spread(shape.planes * (plane + gap), Complex<Real>(7, 7));
    for (std::size_t i = 0; i < count; ++i) {
        spread[i / plane * (plane + gap) + i % plane] = field[i];
    }
    hpcmix::multiply_lines(reals(spread), shape, 2 * (plane + gap), {reals(x), reals(y), reals(z)}, Real(1));
    Field<Real> result(count);
    bool untouched = true;
    for (std::size_t i = 0; i < spread.size(); ++i) {
        if (i % (plane + gap) < plane) {
            result[i / (plane + gap) * plane + i % (plane + gap)] = spread[i];
        } else {
            untouched = untouched && spread[i] == Complex<Real>(7, 7);
        }
    }
    check(untouched, "multiply_lines: between the planes", shape.planes);
    const double bound = 3 * tolerance;
    check(error(result, transformed(by_tables, shape, 0, false)) < bound, "multiply_lines, tables", shape.planes);
    result = field;
    hpcmix::turn_lines<Real>(reals(result), shape, 2 * plane, symbol.data(), angle, Real(1));
    check(error(result, transformed(by_turn, shape, 0, false)) < bound, "turn_lines", shape.planes);
}

template <class Real>
void test_mix(Shape shape, std::size_t components, bool diagonal = false)
{
    const std::size_t count = points(shape), plane = shape.rows * shape.length;
    std::vector<Field<Real>> fields;
    std::vector<Real*> field_pointers;
    std::vector<std::vector<Exact>> spectra;
    for (std::size_t a = 0; a < components; ++a) {
        fields.push_back(random_field<Real>(count));
        spectra.push_back(transformed(exact(fields[a]), shape, 0, true));
    }
    for (auto& field : fields) {
        field_pointers.push_back(reals(field));
    }
    std::vector<std::vector<Real>> multipliers(components * components);
    std::vector<const Real*> multiplier_pointers(components * components, nullptr);
    for (std::size_t pair = 0; pair < multipliers.size(); ++pair) {
        if (diagonal ? pair % (components + 1) == 0 : pair != 1) {  // one pair does not interact
            multipliers[pair] = random_reals<Real>(count);
            multiplier_pointers[pair] = multipliers[pair].data();
        }
    }
    hpcmix::mix_lines(field_pointers.data(), components, shape, 2 * plane, multiplier_pointers.data(), Real(0.5));
    for (std::size_t a = 0; a < components; ++a) {
        std::vector<Exact> sum(count);
        for (std::size_t b = 0; b < components; ++b) {
            for (std::size_t i = 0; i < count && multiplier_pointers[a * components + b] != nullptr; ++i) {
                sum[i] += 0.5L * static_cast<long double>(multipliers[a * components + b][i]) * spectra[b][i];
            }
        }
        check(error(fields[a], transformed(sum, shape, 0, false)) < 3 * tolerance, "mix_lines", shape.planes);
    }
}

template <class Real>
void test_multiply_planes(Shape shape, hpcmix::KickTransforms transforms)
{
    auto field = random_field<Real>(points(shape)), factors = random_field<Real>(points(shape));
    auto expected = exact(field);
    if (transforms.inverse_before) {
        expected = transformed(expected, shape, 2, false);
        expected = transforms.columns_too ? transformed(expected, shape, 1, false) : expected;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] *= Exact(factors[i]);
    }
    if (transforms.forward_after) {
        expected = transformed(expected, shape, 2, true);
        expected = transforms.columns_too ? transformed(expected, shape, 1, true) : expected;
    }
    hpcmix::multiply_planes<Real>(reals(field), reals(factors), shape, transforms);
    check(error(field, expected) < 4 * tolerance, "multiply_planes", shape.length);
}

template <class Real>
void test_density(Shape shape, bool columns_too)
{
    const std::size_t count = points(shape);
    auto field = random_field<Real>(count);
    for (auto& value : field) {  // the inverse has no factor: keep densities of order one
        value *= static_cast<Real>(1 / std::sqrt(double(shape.length * (columns_too ? shape.rows : 1))));
    }
    auto position = transformed(exact(field), shape, 2, false);
    position = columns_too ? transformed(position, shape, 1, false) : position;
    std::vector<Real> density = random_reals<Real>(count);
    std::vector<Exact> expected(count);
    for (std::size_t i = 0; i < count; ++i) {
        expected[i] = static_cast<long double>(density[i]) + 0.3L * std::norm(position[i]);
    }
    const auto start = field;
    auto density_alone = density;
    hpcmix::density_of_planes(reals(field), 0.3, density.data(), shape, columns_too, true);
    check(error(field, position) < 2 * tolerance, "density_of_planes: field", shape.length);
    check(error(Field<Real>(density.begin(), density.end()), expected) < 2 * tolerance, "density_of_planes, added",
          shape.length);
    for (std::size_t i = 0; i < count; ++i) {
        expected[i] = 0.3L * std::norm(position[i]);
    }
    field = start;
    hpcmix::density_of_planes(reals(field), 0.3, density_alone.data(), shape, columns_too, false);
    check(error(Field<Real>(density_alone.begin(), density_alone.end()), expected) < 2 * tolerance, "density_of_planes",
          shape.length);
}

/// One potential for the first component, none for the second, two for the third, one for the others.
constexpr std::size_t potentials_of(std::size_t component)
{
    return component == 1 ? 0 : component == 2 ? 2 : 1;
}

/// The half spectrum along the rows, or both axes of the planes, of real numbers.
template <class Real>
std::vector<Exact> half_spectrum(const std::vector<Exact>& values, Shape shape, bool planes)
{
    auto whole = transformed(values, shape, 2, true);
    whole = planes ? transformed(whole, shape, 1, true) : whole;
    std::vector<Exact> half;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        if (i % shape.length < shape.length / 2 + 1) {
            half.push_back(whole[i]);
        }
    }
    return half;
}

/// Half spectra of some real fields as a kick takes them, scaled so that the inverse transform gives the fields.
template <class Real>
struct Seen {
    std::vector<std::vector<Real>> values;
    std::vector<Field<Real>> spectra;
    std::vector<Real*> pointers;
    std::vector<double> weights;

    Seen(Shape shape, std::size_t components, std::size_t count, bool planes)
    {
        const long double scale = 1.0L / static_cast<long double>(shape.length * (planes ? shape.rows : 1));
        for (std::size_t c = 0; c < count; ++c) {
            values.push_back(random_reals<Real>(points(shape)));
            Field<Real> spectrum;
            const std::vector<Exact> as_complex(values[c].begin(), values[c].end());
            for (const Exact& value : half_spectrum<Real>(as_complex, shape, planes)) {
                spectrum.emplace_back(static_cast<Real>(scale * value.real()), static_cast<Real>(scale * value.imag()));
            }
            spectra.push_back(spectrum);
        }
        for (auto& spectrum : spectra) {
            pointers.push_back(reals(spectrum));
        }
        for (const Real weight : random_reals<Real>(components * count)) {
            weights.push_back(weight);
        }
    }
};

template <class Real>
void test_kick(Shape shape, std::size_t components, hpcmix::KickTransforms transforms, std::size_t seen_count = 0,
               bool coupled = true)
{
    const std::size_t count = points(shape);
    const double angle = 0.3;
    std::vector<Field<Real>> fields;
    std::vector<std::vector<Real>> potentials;
    std::vector<Real*> field_pointers;
    std::vector<const Real*> potential_pointers;
    std::vector<std::size_t> first_potential{0};
    std::vector<std::vector<Exact>> expected;
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    const double points_transformed = double(shape.length * (transforms.columns_too ? shape.rows : 1));
    for (std::size_t a = 0; a < components; ++a) {
        fields.push_back(random_field<Real>(count));
        potentials.emplace_back(count);
        for (Real& value : potentials.back()) {
            value = static_cast<Real>(10 * uniform(random_bits));
        }
    }
    std::vector<double> couplings(components * components);
    for (double& coupling : couplings) {
        coupling = coupled ? uniform(random_bits) : 0.0;
    }
    const Seen<Real> seen(shape, components, seen_count, transforms.columns_too);
    for (std::size_t a = 0; a < components; ++a) {
        if (transforms.inverse_before) {  // the inverse has no factor: keep densities of order one
            for (auto& value : fields[a]) {
                value *= static_cast<Real>(1 / std::sqrt(points_transformed));
            }
        }
        field_pointers.push_back(reals(fields[a]));
        for (std::size_t added = 0; added < potentials_of(a); ++added) {
            potential_pointers.push_back(potentials[(a + added) % components].data());
        }
        first_potential.push_back(potential_pointers.size());
        auto position = exact(fields[a]);
        if (transforms.inverse_before) {
            position = transformed(position, shape, 2, false);
            position = transforms.columns_too ? transformed(position, shape, 1, false) : position;
        }
        expected.push_back(position);
    }
    const auto position = expected;
    for (std::size_t a = 0; a < components; ++a) {
        for (std::size_t i = 0; i < count; ++i) {
            long double sum = 0.0L;
            for (std::size_t added = first_potential[a]; added < first_potential[a + 1]; ++added) {
                sum += static_cast<long double>(potential_pointers[added][i]);
            }
            for (std::size_t b = 0; b < components; ++b) {
                sum += couplings[a * components + b] * std::norm(position[b][i]);
            }
            for (std::size_t c = 0; c < seen_count; ++c) {
                sum += seen.weights[a * seen_count + c] * static_cast<long double>(seen.values[c][i]);
            }
            expected[a][i] *= std::polar(1.0L, -angle * sum);
        }
        if (transforms.forward_after) {
            expected[a] = transformed(expected[a], shape, 2, true);
            expected[a] = transforms.columns_too ? transformed(expected[a], shape, 1, true) : expected[a];
        }
    }
    hpcmix::kick_planes<Real>(field_pointers.data(), potential_pointers.data(), first_potential.data(), couplings.data(),
                              components, {seen.pointers.data(), seen_count, seen.weights.data()}, {}, nullptr, angle, shape,
                              transforms);
    for (std::size_t a = 0; a < components; ++a) {
        check(error(fields[a], expected[a]) < kick_tolerance, seen_count > 0 ? "kick_planes, fields seen" : "kick_planes",
              shape.length);
    }
}

template <class Real>
void test_density_spectra(Shape shape, std::size_t components, std::size_t count, bool inverse_before, bool columns_too)
{
    const double amplitude =
        inverse_before ? 1.0 / std::sqrt(double(shape.length * (columns_too ? shape.rows : 1))) : 1.0;
    std::vector<Field<Real>> fields, spectra(count, Field<Real>(shape.planes * shape.rows * (shape.length / 2 + 1)));
    std::vector<Real*> field_pointers, spectrum_pointers;
    std::vector<std::vector<Exact>> position;
    for (std::size_t a = 0; a < components; ++a) {
        fields.push_back(random_field<Real>(points(shape)));
        for (auto& value : fields[a]) {
            value *= static_cast<Real>(amplitude);
        }
        position.push_back(exact(fields[a]));
        if (inverse_before) {
            position[a] = transformed(position[a], shape, 2, false);
            position[a] = columns_too ? transformed(position[a], shape, 1, false) : position[a];
        }
    }
    std::vector<double> weights;
    for (const double weight : random_reals<double>(count * components)) {
        weights.push_back(weight);
    }
    for (auto& field : fields) {
        field_pointers.push_back(reals(field));
    }
    for (auto& spectrum : spectra) {
        spectrum_pointers.push_back(reals(spectrum));
    }
    hpcmix::density_spectra(field_pointers.data(), components, weights.data(), spectrum_pointers.data(), count, shape,
                            inverse_before, columns_too);
    for (std::size_t a = 0; a < components; ++a) {
        check(error(fields[a], position[a]) < 2 * tolerance, "density_spectra: fields", shape.length);
    }
    for (std::size_t c = 0; c < count; ++c) {
        std::vector<Exact> density(points(shape));
        for (std::size_t i = 0; i < density.size(); ++i) {
            for (std::size_t a = 0; a < components; ++a) {
                density[i] += weights[c * components + a] * std::norm(position[a][i]);
            }
        }
        check(error(spectra[c], half_spectrum<Real>(density, shape, columns_too)) < 6 * tolerance, "density_spectra",
              shape.length);
    }
}

template <class Real>
void test_real(Shape shape, bool planes)
{
    const std::size_t half = shape.length / 2 + 1;
    const Shape half_shape{shape.planes, shape.rows, half};
    std::vector<Real> values;
    for (const auto& value : random_field<Real>(points(shape))) {
        values.push_back(value.real());
    }
    const auto expected = half_spectrum<Real>(std::vector<Exact>(values.begin(), values.end()), shape, planes);
    Field<Real> spectra(points(half_shape));
    hpcmix::transform_real(values.data(), reals(spectra), shape, planes, Real(1));
    check(error(spectra, expected) < 2 * tolerance, "transform_real", shape.length);
    std::vector<Real> back(values.size());
    const double scale = 1.0 / double(shape.length * (planes ? shape.rows : 1));
    hpcmix::transform_real_inverse(reals(spectra), back.data(), shape, planes, static_cast<Real>(scale));
    const std::vector<Exact> original(values.begin(), values.end());
    check(error(Field<Real>(back.begin(), back.end()), original) < 3 * tolerance, "transform_real_inverse",
          shape.length);
}

/// A line has the same bits alone, beside others, and on any number of threads.
template <class Real>
void test_bits(std::size_t length)
{
    const Shape shape{3, length, 37};
    const auto field = random_field<Real>(points(shape));
    auto all = field;
    hpcmix::transform_lines(reals(all), shape, true, Real(1));
    for (const std::size_t column : {0, 5, 36}) {
        Field<Real> alone(length);
        for (std::size_t j = 0; j < length; ++j) {
            alone[j] = field[(length + j) * shape.length + column];
        }
        auto as_row = alone;
        hpcmix::transform_lines(reals(alone), {1, length, 1}, true, Real(1));
        bool same = true;
        for (std::size_t j = 0; j < length; ++j) {
            same = same && alone[j] == all[(length + j) * shape.length + column];
        }
        check(same, "bits of a line alone", length);
        hpcmix::transform_planes(reals(as_row), {1, 1, length}, true, Real(1));
        check(as_row == alone, "bits of a row and a column", length);
    }
    for (const int threads : {2, 3}) {
        hpcmix::set_thread_count(threads);
        auto result = field;
        hpcmix::transform_lines(reals(result), shape, true, Real(1));
        check(result == all, "bits on several threads", length);
        hpcmix::transform_planes(reals(result), shape, false, Real(1));
        auto planes = result;
        hpcmix::set_thread_count(1);
        result = all;
        hpcmix::transform_planes(reals(result), shape, false, Real(1));
        check(result == planes, "bits of planes on several threads", length);
    }
}

template <class Real>
void test_precision()
{
    // Every radix, its square, products, primes with a pass of their own (up to 31), Bluestein (37 and on), and longer ones.
    for (const std::size_t length : {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,  13,  14,  15,  16,  17,  19, 23, 25,
                                     29, 31, 32, 34, 37, 41, 49, 60, 64, 74, 96, 101, 121, 128, 169, 210, 256, 289}) {
        test_lines<Real>({2, length, 1});
        test_lines<Real>({1, length, 21});
        test_bits<Real>(length);
        for (const bool planes : {false, true}) {
            test_real<Real>({2, 3, length}, planes);
        }
        test_real<Real>({1, 18, length}, false);
        test_multiply<Real>({length, 3, 3});
    }
    for (const Shape shape : {Shape{1, 1, 1}, {2, 5, 3}, {3, 16, 32}, {2, 33, 17}, {1, 37, 40}}) {
        test_planes<Real>(shape);
        test_multiply<Real>(shape);
        test_density<Real>(shape, false);
        test_density<Real>(shape, true);
        for (const std::size_t components : {1, 2, 3}) {
            test_mix<Real>(shape, components);
        }
    }
    for (const Shape shape : {Shape{1, 1, 1}, {2, 5, 3}, {2, 33, 17}, {1, 11, 40}}) {
        for (const bool inverse : {false, true}) {
            for (const bool forward : {false, true}) {
                test_multiply_planes<Real>(shape, {inverse, forward, true});
                test_multiply_planes<Real>(shape, {inverse, forward, false});
            }
        }
        for (const bool inverse : {false, true}) {
            for (const bool planes : {false, true}) {
                test_density_spectra<Real>(shape, 1, 1, inverse, planes);
                test_density_spectra<Real>(shape, 2, 3, inverse, planes);
                test_density_spectra<Real>(shape, 3, 1, inverse, planes);
                test_kick<Real>(shape, 1, {inverse, planes, true}, 1);
                test_kick<Real>(shape, 1, {inverse, inverse, planes}, 1, false);
                test_kick<Real>(shape, 2, {inverse, true, planes}, 2);
                test_kick<Real>(shape, 3, {inverse, false, planes}, 2, false);
                test_kick<Real>(shape, 3, {inverse, true, planes}, 3);
            }
        }
        for (const std::size_t components : {1, 2, 3, 5}) {  // three known counts and the general loop
            for (const bool inverse : {false, true}) {
                for (const bool forward : {false, true}) {
                    test_kick<Real>(shape, components, {inverse, forward, true});
                    test_kick<Real>(shape, components, {inverse, forward, false});
                }
            }
        }
    }
    for (const Shape shape : {Shape{16, 2, 9}, {64, 3, 11}, {40, 2, 40}}) {  // lines whose ends are open
        test_mix<Real>(shape, 1);
        test_mix<Real>(shape, 2);
        test_mix<Real>(shape, 2, true);
    }
    for (const Shape shape : {Shape{2, 12, 32}, {1, 19, 64}, {2, 9, 74}}) {  // whole blocks, missing rows, Bluestein
        test_density_spectra<Real>(shape, 2, 2, true, true);
        test_kick<Real>(shape, 2, {false, true, true}, 2);
    }
    for (const Shape shape : {Shape{0, 3, 4}, {3, 0, 4}, {3, 4, 0}}) {  // nothing to do, and nothing to read
        hpcmix::transform_lines<Real>(nullptr, shape, true, Real(1));
        hpcmix::transform_planes<Real>(nullptr, shape, true, Real(1));
        hpcmix::transform_real<Real>(nullptr, nullptr, shape, true, Real(1));
    }
}

}  // namespace

int main()
{
    hpcmix::set_thread_count(1);
    for (const hpcmix::Loops* loops : hpcmix::supported_loops()) {
        hpcmix::select_loops(loops->instruction_set);
        test_precision<float>();
        test_precision<double>();
        std::printf("%s: %s\n", loops->instruction_set, failures == 0 ? "passed" : "failed");
    }
    return failures == 0 ? 0 : 1;
}
