// Test of the drift of coupled components and of random fields without Python, so that it also runs under the sanitizers:
// every instruction set that this processor has, both precisions.
#include "coupling/coupled_transforms.hpp"
#include "points/random_numbers.hpp"
#include "processor/instruction_set.hpp"
#include "transforms/transforms.hpp"

#include <cmath>
#include <complex>
#include <cstdio>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace {

using hpcmix::Shape;
using Exact = std::complex<long double>;
using ComplexMatrix = std::vector<std::complex<double>>;

template <class Real>
using Field = std::vector<std::complex<Real>>;

int failures = 0;
std::mt19937_64 random_bits(20110114);

void check(bool condition, const char* what, std::size_t size)
{
    if (!condition) {
        ++failures;
        std::printf("FAILED %s, size %zu, %s\n", what, size, hpcmix::active_loops().instruction_set);
    }
}

double uniform()
{
    return std::uniform_real_distribution<double>(-1.0, 1.0)(random_bits);
}

template <class Real>
Field<Real> random_field(std::size_t count)
{
    Field<Real> values(count);
    for (auto& value : values) {
        value = {static_cast<Real>(uniform()), static_cast<Real>(uniform())};
    }
    return values;
}

std::vector<double> random_table(std::size_t count)
{
    std::vector<double> values(count);
    for (double& value : values) {
        value = 1.0 + uniform();
    }
    return values;
}

template <class Value>
auto* reals(std::vector<std::complex<Value>>& values)
{
    return reinterpret_cast<Value*>(values.data());
}

/// exp(-i angle H) vector by Taylor's series, of phases of order one.
std::vector<Exact> turned(const std::vector<Exact>& matrix, double angle, std::vector<Exact> vector)
{
    const std::size_t count = vector.size();
    auto sum = vector;
    for (int order = 1; order < 80; ++order) {
        std::vector<Exact> next(count);
        for (std::size_t a = 0; a < count; ++a) {
            for (std::size_t b = 0; b < count; ++b) {
                next[a] += matrix[a * count + b] * vector[b];
            }
            next[a] *= Exact(0.0L, -angle / static_cast<long double>(order));
            sum[a] += next[a];
        }
        vector = next;
    }
    return sum;
}

/// Both kernels against transforms alone and a matrix at every point between them.
template <class Real>
void test_coupled(Shape shape, std::size_t components)
{
    const std::size_t plane = shape.rows * shape.length, count = shape.planes * plane;
    const Shape lines{1, shape.planes, plane};
    ComplexMatrix constant(components * components), slope(components * components);
    for (std::size_t a = 0; a < components; ++a) {
        constant[a * components + a] = uniform();
        slope[a * components + a] = {0.0, 0.1 * uniform()};
        for (std::size_t b = 0; b < a; ++b) {
            constant[a * components + b] = {uniform(), uniform()};
            constant[b * components + a] = std::conj(constant[a * components + b]);
            slope[a * components + b] = {0.1 * uniform(), 0.1 * uniform()};
            slope[b * components + a] = -std::conj(slope[a * components + b]);
        }
    }
    std::vector<Field<Real>> fields, common, levels;
    std::vector<Field<double>> spectra;
    std::vector<std::vector<double>> x, y, z;
    std::vector<Real> table(count);
    for (Real& value : table) {
        value = static_cast<Real>(1.0 + uniform());
    }
    std::vector<hpcmix::Symbol<Real>> symbols;
    for (std::size_t a = 0; a < components; ++a) {
        fields.push_back(random_field<Real>(count));
        spectra.emplace_back(fields[a].begin(), fields[a].end());
        hpcmix::transform_lines(reals(spectra[a]), lines, true, 1.0);
        x.push_back(random_table(shape.planes));
        y.push_back(random_table(shape.rows));
        z.push_back(random_table(shape.length));
    }
    for (std::size_t a = 0; a < components; ++a) {
        const bool tabled = a == 1;
        symbols.push_back({tabled ? nullptr : x[a].data(), y[a].data(), z[a].data(), tabled ? table.data() : nullptr});
    }
    common = levels = fields;
    std::vector<Real*> pointers;
    for (auto& field : common) {
        pointers.push_back(reals(field));
    }
    auto along = random_field<double>(shape.planes), rows = random_field<double>(shape.rows);
    auto elements = random_field<double>(shape.length);
    hpcmix::multiply_lines_by_matrix(pointers.data(), components, shape, 2 * plane,
                                     {reals(along), reals(rows), reals(elements)}, reals(constant));
    pointers.clear();
    for (auto& field : levels) {
        pointers.push_back(reals(field));
    }
    // eigenvalues are at most the energies' difference, 4, and the rows' sums
    const double angle = -0.6, radius = -14.0;
    std::vector<double> coefficients;
    for (int n = 0; n < 60; ++n) {
        coefficients.push_back((n == 0 ? 1.0 : 2.0) * std::cyl_bessel_j(n, angle * radius));
    }
    hpcmix::Levels<Real> given{};
    given.symbols = symbols.data();
    given.constant = reals(constant);
    given.slope = reals(slope);
    given.angle = angle;
    given.scale = 0.5;
    given.radius = radius;
    given.coefficients = coefficients.data();
    given.terms = coefficients.size();
    hpcmix::turn_coupled_lines(pointers.data(), components, shape, 2 * plane, given);

    auto by_common = spectra, by_levels = spectra;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t k = i / plane, row = i % plane / shape.length, element = i % shape.length;
        std::vector<Exact> vector, matrix(components * components);
        std::vector<long double> energy;
        for (std::size_t a = 0; a < components; ++a) {
            vector.push_back(Exact(spectra[a][i]));
            energy.push_back(a == 1 ? table[i] : (long double)x[a][k] + y[a][row] + z[a][element]);
        }
        for (std::size_t a = 0; a < components; ++a) {
            Exact sum = 0;
            for (std::size_t b = 0; b < components; ++b) {
                const std::size_t place = a * components + b;
                sum += Exact(constant[place]) * vector[b];
                matrix[place] = Exact(constant[place]) + (energy[a] - energy[b]) * Exact(slope[place]);
            }
            matrix[a * components + a] += energy[a];
            const Exact value = sum * Exact(along[k]) * Exact(rows[row]) * Exact(elements[element]);
            by_common[a][i] = {static_cast<double>(value.real()), static_cast<double>(value.imag())};
        }
        const auto result = turned(matrix, angle, vector);
        for (std::size_t a = 0; a < components; ++a) {
            by_levels[a][i] = {static_cast<double>(0.5L * result[a].real()), static_cast<double>(0.5L * result[a].imag())};
        }
    }
    const auto compare = [&](const std::vector<Field<Real>>& actual, std::vector<Field<double>>& expected, const char* what) {
        double difference = 0, norm = 0;
        for (std::size_t a = 0; a < components; ++a) {
            hpcmix::transform_lines(reals(expected[a]), lines, false, 1.0);
            for (std::size_t i = 0; i < count; ++i) {
                difference += std::norm(std::complex<double>(actual[a][i]) - expected[a][i]);
                norm += std::norm(expected[a][i]);
            }
        }
        // transforms and a matrix: measured below 3 roundings
        check(std::sqrt(difference / norm) < 12.0 * std::numeric_limits<Real>::epsilon(), what, shape.planes);
    };
    compare(common, by_common, "multiply_lines_by_matrix");
    compare(levels, by_levels, "turn_coupled_lines");
}

/// Known answers of Random123 (kat_vectors, philox4x64 with ten rounds), whose counters of zero follow the last block.
void test_philox()
{
    const std::uint64_t last = ~std::uint64_t(0);
    const std::array<std::uint64_t, 4> expected{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b,
                                                0x7e68b68aec7ba23b};
    check(hpcmix::philox_block({0, 0}, last) == expected, "philox", 4);
}

/// A part of a grid is the same as in the whole, and every number what the uniform ones make of it.
template <class Real>
void test_normals()
{
    const Shape whole{3, 5, 1030}, part{2, 2, 600};
    const std::array<std::size_t, 3> start{1, 2, 401};
    const hpcmix::PhiloxKey key{7, 11};
    Field<Real> all(3 * 5 * 1030), some(2 * 2 * 600);
    hpcmix::fill_complex_normals(reals(all), whole, {5, 1030, {0, 0, 0}}, key);
    hpcmix::fill_complex_normals(reals(some), part, {5, 1030, start}, key);
    bool same = true;
    for (std::size_t i = 0; i < some.size(); ++i) {
        const std::size_t plane = start[0] + i / 1200, row = start[1] + i / 600 % 2, element = start[2] + i % 600;
        same = same && some[i] == all[(plane * 5 + row) * 1030 + element];
    }
    check(same, "fill_complex_normals, a part", some.size());
    const auto uniform_at = [&](std::size_t row, std::size_t word) {
        return static_cast<long double>(hpcmix::philox_block(key, row * 515 + word / 4)[word % 4] >> 11) * 0x1p-53L;
    };
    double largest = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t row = i / 1030, element = i % 1030;
        const long double radius = std::sqrt(-std::log1p(-uniform_at(row, element)));
        const Exact expected = std::polar(radius, 2 * std::numbers::pi_v<long double> * uniform_at(row, 1030 + element));
        largest = std::fmax(largest, static_cast<double>(std::abs(Exact(all[i]) - expected) / radius));
    }
    check(largest < 6 * std::numeric_limits<Real>::epsilon(), "fill_complex_normals", all.size());
}

template <class Real>
void test_precision()
{
    for (const std::size_t components : {2, 3, 4}) {
        for (const Shape shape : {Shape{1, 1, 1}, {16, 3, 11}, {12, 1, 40}, {37, 5, 3}, {64, 2, 2}}) {
            test_coupled<Real>(shape, components);
        }
    }
    hpcmix::multiply_lines_by_matrix<Real>(nullptr, 2, {0, 3, 4}, 0, {}, nullptr);
    test_normals<Real>();
}

}  // namespace

int main()
{
    hpcmix::set_thread_count(1);
    test_philox();
    for (const hpcmix::Loops* loops : hpcmix::supported_loops()) {
        hpcmix::select_loops(loops->instruction_set);
        test_precision<float>();
        test_precision<double>();
        std::printf("%s: %s\n", loops->instruction_set, failures == 0 ? "passed" : "failed");
    }
    return failures == 0 ? 0 : 1;
}
