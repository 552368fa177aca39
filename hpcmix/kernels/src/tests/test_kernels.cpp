// Test of the kernels without Python, so that it also runs under the sanitizers: every instruction set that this
// processor has, both precisions, lengths around the sizes of vectors, tiles and blocks, against plain loops.
#include "points/kernels.hpp"
#include "processor/instruction_set.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <random>
#include <vector>

namespace {

int failures = 0;

void check(bool condition, const char* what, std::size_t count)
{
    if (!condition) {
        ++failures;
        std::printf("FAILED %s, %zu elements, %s\n", what, count, hpcmix::active_loops().instruction_set);
    }
}

/// Rounding errors allowed in a result of order one: some tens of units in the last place.
template <class Real>
constexpr double tolerance = 32.0 * std::numeric_limits<Real>::epsilon();

/// Rounding error allowed in a sum, in units of the sum of its terms' magnitudes. Measured: 3.4e-16.
constexpr double sum_tolerance = 8.0 * std::numeric_limits<double>::epsilon();

template <class Real>
using Complex = std::complex<Real>;

std::mt19937_64 random_bits(20240229);

template <class Real>
std::vector<Real> random_reals(std::size_t count, double scale)
{
    std::uniform_real_distribution<double> uniform(-scale, scale);
    std::vector<Real> values(count);
    for (Real& value : values) {
        value = static_cast<Real>(uniform(random_bits));
    }
    return values;
}

template <class Real>
std::vector<Complex<Real>> random_complexes(std::size_t count)
{
    const std::vector<Real> parts = random_reals<Real>(2 * count, 1.0);
    std::vector<Complex<Real>> values(count);
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = {parts[2 * i], parts[2 * i + 1]};
    }
    return values;
}

template <class Real>
Real* reals(std::vector<Complex<Real>>& values)
{
    return reinterpret_cast<Real*>(values.data());
}

template <class Real>
double largest_difference(const std::vector<Complex<Real>>& left, const std::vector<Complex<Real>>& right)
{
    double largest = 0.0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        largest = std::max(largest, std::abs(Complex<double>(left[i]) - Complex<double>(right[i])));
    }
    return largest;
}

template <class Real>
Complex<Real> rotated(Complex<Real> value, double phase)
{
    return Complex<Real>(Complex<double>(value) * std::polar(1.0, -phase));
}

/// Arguments of every size, up to those that leave the fast reduction; infinities and NaN stay with their element.
template <class Real>
void test_rotate_phase(std::size_t count)
{
    for (const double scale : {1.0, 1e4, 1e9}) {
        auto field = random_complexes<Real>(count);
        auto expected = field;
        const auto potential = random_reals<Real>(count, scale);
        for (std::size_t i = 0; i < count; ++i) {
            expected[i] = rotated(expected[i], 0.5 * double(potential[i]));
        }
        hpcmix::rotate_phase(reals(field), potential.data(), 0.5, count);
        check(largest_difference(field, expected) < tolerance<Real>, "rotate_phase", count);
    }
    if (count >= 3) {
        auto field = random_complexes<Real>(count);
        std::vector<Real> potential(count, Real(0));
        const auto before = field;
        potential[0] = std::numeric_limits<Real>::infinity();
        potential[1] = std::numeric_limits<Real>::quiet_NaN();
        hpcmix::rotate_phase(reals(field), potential.data(), 1.0, count);
        check(std::isnan(field[0].real()) && std::isnan(field[1].imag()), "rotate_phase: not a number", count);
        check(field[2] == before[2], "rotate_phase: neighbour of a NaN", count);
    }
}

/// The flow keeps F and the density, and is the identity where there is no spin; a turn back undoes it.
template <class Real>
void test_turn_spins(std::size_t count)
{
    std::vector<std::vector<Complex<Real>>> psi;
    for (int component = 0; component < 3; ++component) {
        psi.push_back(random_complexes<Real>(count));
    }
    if (count > 0) {
        psi[0][0] = psi[2][0] = Real(0);
    }
    const auto before = psi;
    hpcmix::turn_spins(reals(psi[0]), reals(psi[1]), reals(psi[2]), 2.3, count);
    double changed = 0.0, of_density = 0.0, of_spin = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto density = [i](const auto& fields) {
            return std::norm(Complex<double>(fields[0][i])) + std::norm(Complex<double>(fields[1][i])) +
                   std::norm(Complex<double>(fields[2][i]));
        };
        const auto across = [i](const auto& fields) {
            const Complex<double> a(fields[0][i]), b(fields[1][i]), c(fields[2][i]);
            return std::conj(a) * b + std::conj(b) * c;
        };
        of_density = std::max(of_density, std::abs(density(psi) - density(before)));
        of_spin = std::max(of_spin, std::abs(across(psi) - across(before)));
        changed = std::max(changed, std::abs(Complex<double>(psi[1][i]) - Complex<double>(before[1][i])));
    }
    check(of_density < 8 * tolerance<Real> && of_spin < 8 * tolerance<Real>, "turn_spins: F and n", count);
    check(count < 5 || changed > 0.1, "turn_spins: something turns", count);
    check(count == 0 || psi[1][0] == before[1][0], "turn_spins: no spin", count);
    hpcmix::turn_spins(reals(psi[0]), reals(psi[1]), reals(psi[2]), -2.3, count);
    for (int component = 0; component < 3; ++component) {
        check(largest_difference(psi[component], before[component]) < 8 * tolerance<Real>, "turn_spins: back", count);
    }
}

template <class Real>
void test_density_and_sums(std::size_t count)
{
    auto left = random_complexes<Real>(count);
    auto right = random_complexes<Real>(count);
    auto density = random_reals<Real>(count, 1.0);
    const auto before = density;
    long double norm = 0.0;  // summed naively, so it needs the digits that the kernel saves by adding in pairs
    Complex<long double> product = 0.0;
    double magnitude = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        norm += std::norm(Complex<long double>(left[i]));
        product += std::conj(Complex<long double>(left[i])) * Complex<long double>(right[i]);
        magnitude += std::abs(Complex<double>(left[i])) * std::abs(Complex<double>(right[i]));
    }
    const double measured_norm = hpcmix::squared_norm(reals(left), count);
    const Complex<long double> measured_product = hpcmix::inner_product(reals(left), reals(right), count);
    check(std::abs(measured_norm - norm) <= sum_tolerance * norm, "squared_norm", count);
    check(std::abs(measured_product - product) <= sum_tolerance * magnitude, "inner_product", count);
    hpcmix::accumulate_density(reals(left), 1.5, density.data(), count);
    bool right_density = true;
    for (std::size_t i = 0; i < count; ++i) {
        const double expected = before[i] + 1.5 * std::norm(Complex<double>(left[i]));
        right_density = right_density && std::abs(density[i] - expected) < tolerance<Real>;
    }
    check(right_density, "accumulate_density", count);
}

template <class Real>
void test_tables(hpcmix::Shape shape)
{
    const std::size_t count = shape.planes * shape.rows * shape.length;
    auto field = random_complexes<Real>(count);
    auto x = random_complexes<double>(shape.planes), y = random_complexes<double>(shape.rows);
    auto z = random_complexes<double>(shape.length);
    const auto a = random_reals<double>(shape.planes, 1.0), b = random_reals<double>(shape.rows, 1.0);
    const auto c = random_reals<double>(shape.length, 1.0);
    auto expected = field;
    long double norm = 0.0;
    double magnitude = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t plane = i / (shape.rows * shape.length), row = i / shape.length % shape.rows;
        const std::size_t column = i % shape.length;
        const long double square = std::norm(Complex<long double>(field[i]));
        norm += (static_cast<long double>(a[plane]) + b[row] + c[column]) * square;
        magnitude += (std::abs(a[plane]) + std::abs(b[row]) + std::abs(c[column])) * double(square);
        expected[i] = Complex<Real>(Complex<double>(field[i]) * x[plane] * y[row] * z[column]);
    }
    const double measured = hpcmix::weighted_norm(reals(field), shape, {a.data(), b.data(), c.data()});
    check(std::abs(measured - norm) <= sum_tolerance * magnitude, "weighted_norm", count);
    hpcmix::multiply_separable(reals(field), shape, {reals(x), reals(y), reals(z)});
    check(largest_difference(field, expected) < tolerance<Real>, "multiply_separable", count);
}

/// The same bits on one, two and three threads.
template <class Real>
void test_threads(std::size_t count)
{
    const auto original = random_complexes<Real>(count);
    const auto potential = random_reals<Real>(count, 100.0);
    std::vector<Complex<Real>> first;
    double first_norm = 0.0;
    for (const int threads : {1, 2, 3}) {
        hpcmix::set_thread_count(threads);
        auto field = original;
        hpcmix::rotate_phase(reals(field), potential.data(), 0.7, count);
        const double norm = hpcmix::squared_norm(reals(field), count);
        if (threads == 1) {
            first = field;
            first_norm = norm;
        }
        check(field == first && norm == first_norm, "bits on several threads", count);
    }
    hpcmix::set_thread_count(1);
}

template <class Real>
void test_precision()
{
    for (const std::size_t count : {0, 1, 2, 3, 7, 15, 16, 17, 255, 256, 257, 4095, 4097, 20011}) {
        test_rotate_phase<Real>(count);
        test_turn_spins<Real>(count);
        test_density_and_sums<Real>(count);
    }
    for (const hpcmix::Shape shape : {hpcmix::Shape{1, 1, 9001}, {1, 17, 33}, {5, 6, 7}, {3, 2, 5000},
                                      {300, 20, 1}, {0, 3, 4}, {3, 4, 0}}) {
        test_tables<Real>(shape);
    }
    test_threads<Real>(50021);
}

}  // namespace

int main()
{
    for (const hpcmix::Loops* loops : hpcmix::supported_loops()) {
        hpcmix::select_loops(loops->instruction_set);
        test_precision<float>();
        test_precision<double>();
        std::printf("%s: %s\n", loops->instruction_set, failures == 0 ? "passed" : "failed");
    }
    return failures == 0 ? 0 : 1;
}
