// Test of the loops over markers without Python, so that it also runs under the sanitizers: every instruction set that this
// processor has, every width of a window, one to three dimensions, one to three threads, against plain loops. Patches are
// exactly as large as the windows need, and arrays end with them.
#include "markers/markers.hpp"

#include "points/kernels.hpp"
#include "processor/instruction_set.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

int failures = 0;

void check(bool condition, const char* what, std::size_t dimensions, std::size_t width)
{
    if (!condition) {
        ++failures;
        std::printf("FAILED %s, %zu dimensions, %zu cells, %s\n", what, dimensions, width,
                    hpcmix::active_loops().instruction_set);
    }
}

std::mt19937_64 random_bits(20240229);

double random_between(double low, double high)
{
    return std::uniform_real_distribution<double>(low, high)(random_bits);
}

/// Markers anywhere in a box, those at its edges among them, and a patch of all cells.
struct Case {
    std::size_t dimensions;
    std::size_t width;
    std::size_t count;
    std::vector<double> table, position, momentum, weight, field;
    std::vector<std::int64_t> index;
    hpcmix::MarkerPatch patch{};

    Case(std::size_t axes, std::size_t cells, std::size_t markers)
        : dimensions(axes), width(cells), count(markers), table(cells * (cells + 4)), position(markers * axes),
          momentum(markers * axes), weight(markers), index(markers)
    {
        for (std::size_t j = 0; j < width; ++j) {
            for (std::size_t m = 0; m < width + 4; ++m) {
                table[j * (width + 4) + m] = random_between(-1.0, 1.0) / static_cast<double>((m + 1) * (m + 1));
            }
        }
        patch = {dimensions, width, width + 3, table.data(), {}, {}, {}, {}};
        std::size_t size = 1;
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            patch.lengths[axis] = 1.5 + static_cast<double>(axis);
            patch.points[axis] = static_cast<std::int64_t>(width + 1 + axis);
            patch.start[axis] = 3 - 7 * static_cast<std::int64_t>(axis) - 2 * patch.points[axis];
            patch.extents[axis] = static_cast<std::size_t>(patch.points[axis]) + width;
            size *= patch.extents[axis];
        }
        field.resize(size);
        std::generate(field.begin(), field.end(), [] { return random_between(-1.0, 1.0); });
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t axis = 0; axis < dimensions; ++axis) {
                const double half = 0.5 * patch.lengths[axis];
                const double edges[] = {-half, std::nextafter(half, 0.0), half};
                position[i * dimensions + axis] = i < 3 ? edges[i] : random_between(-half, half);
                momentum[i * dimensions + axis] = random_between(-1.0, 1.0);
            }
            weight[i] = random_between(0.0, 1.0);
        }
        std::iota(index.begin(), index.end(), 0);
    }

    /// phi, or d phi / dx, of a marker's cells along an axis; `first` becomes the first of them in the patch.
    std::vector<double> window(std::size_t marker, std::size_t axis, bool slope, std::size_t& first) const
    {
        const double x = position[marker * dimensions + axis], length = patch.lengths[axis];
        const std::int64_t points = patch.points[axis];
        const double place = (x + 0.5 * length) * (static_cast<double>(points) / length);
        const std::int64_t cell = std::min(static_cast<std::int64_t>(place), points - 1);
        const auto half = static_cast<std::int64_t>(width / 2);
        first = static_cast<std::size_t>((((cell - patch.start[axis] - half) % points) + points) % points) + 1;
        const double t = 2.0 * (place - static_cast<double>(cell)) - 1.0;
        std::vector<double> values(width);
        for (std::size_t j = 0; j < width; ++j) {
            for (std::size_t m = slope ? 1 : 0; m < width + 4; ++m) {
                const double power = std::pow(t, static_cast<double>(slope ? m - 1 : m));
                const double factor = slope ? 2.0 * static_cast<double>(m) * static_cast<double>(points) / length : 1.0;
                values[j] += table[j * (width + 4) + m] * factor * power;
            }
        }
        return values;
    }

    /// Calls visit(cell of the patch, product of the axes' numbers) for all cells of a marker.
    template <class Visit>
    void for_cells(std::size_t marker, std::size_t slope_axis, const Visit& visit) const
    {
        std::array<std::vector<double>, 3> values;
        std::array<std::size_t, 3> first{};
        std::size_t cells = 1;
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            values[axis] = window(marker, axis, axis == slope_axis, first[axis]);
            cells *= width;
        }
        for (std::size_t cell = 0; cell < cells; ++cell) {
            std::size_t rest = cell, place = 0, stride = 1;
            double product = 1.0;
            for (std::size_t axis = dimensions; axis-- > 0;) {
                place += (first[axis] + rest % width) * stride;
                product *= values[axis][rest % width];
                stride *= patch.extents[axis];
                rest /= width;
            }
            visit(place, product);
        }
    }
};

constexpr double scale = 0x1p40;

void check_spread(const Case& markers)
{
    std::vector<double> expected(markers.field.size());
    for (std::size_t i = 0; i < markers.count; ++i) {
        markers.for_cells(i, 3, [&](std::size_t place, double product) { expected[place] += markers.weight[i] * product; });
    }
    std::vector<std::int64_t> cells(markers.field.size(), 7), again(markers.field.size(), 7);
    const std::size_t left_out = hpcmix::spread_markers(markers.patch, markers.position.data(), markers.weight.data(),
                                                        markers.count, scale, cells.data());
    double largest = 0.0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        largest = std::max(largest, std::fabs(static_cast<double>(cells[i] - 7) / scale - expected[i]));
    }
    // half a unit for each marker, and rounding of products of order one
    check(left_out == 0 && largest < static_cast<double>(markers.count) * (0.5 / scale + 1e-13), "spread",
          markers.dimensions, markers.width);
    const int threads = hpcmix::thread_count();
    hpcmix::set_thread_count(1);
    hpcmix::spread_markers(markers.patch, markers.position.data(), markers.weight.data(), markers.count, scale,
                           again.data());
    hpcmix::set_thread_count(threads);
    check(cells == again, "spread on one thread", markers.dimensions, markers.width);
}

void check_gather(const Case& markers)
{
    std::vector<double> gradient(markers.position.size());
    const std::size_t left_out = hpcmix::gather_markers(markers.patch, markers.position.data(), markers.count,
                                                        markers.field.data(), gradient.data());
    double largest = 0.0;
    for (std::size_t i = 0; i < markers.count; i += 1 + markers.count / 64) {
        for (std::size_t axis = 0; axis < markers.dimensions; ++axis) {
            double expected = 0.0;
            markers.for_cells(i, axis,
                              [&](std::size_t place, double product) { expected += product * markers.field[place]; });
            largest = std::max(largest, std::fabs(gradient[i * markers.dimensions + axis] - expected));
        }
    }
    check(left_out == 0 && largest < 1e-9, "gather", markers.dimensions, markers.width);  // sums of 14^3 terms times 2 n/L
}

void check_move(Case markers)
{
    double largest[3];
    std::vector<double> momentum = markers.momentum;
    const std::size_t left_out = hpcmix::gather_and_move_markers(
        markers.patch, {0.0, 3.0, 2.0, 0.0}, markers.position.data(), markers.momentum.data(), markers.count,
        markers.field.data(), markers.position.data(), largest);
    bool inside = true;
    for (std::size_t i = 0; i < markers.position.size(); ++i) {
        const double half = 0.5 * markers.patch.lengths[i % markers.dimensions];
        inside = inside && markers.position[i] >= -half && markers.position[i] < half;
    }
    check(left_out == 0 && inside && momentum == markers.momentum && largest[0] > 0.0 && largest[0] <= 1.5, "move",
          markers.dimensions, markers.width);
}

void check_sort(Case markers)
{
    const std::vector<double> weight = markers.weight;
    hpcmix::sort_markers(markers.patch, {markers.count, markers.position.data(), markers.momentum.data(),
                                         markers.weight.data(), markers.index.data()});
    bool same = true;
    for (std::size_t i = 0; i < markers.count; ++i) {
        same = same && markers.weight[i] == weight[static_cast<std::size_t>(markers.index[i])];
    }
    check(same, "sort", markers.dimensions, markers.width);
}

/// What is no number, far away or too much is left out or stays within the patch.
void check_strange(Case markers)
{
    markers.position[0] = std::numeric_limits<double>::quiet_NaN();
    markers.position[markers.dimensions] = 1e300;
    markers.weight[2] = 0x1p60;
    std::vector<std::int64_t> cells(markers.field.size());
    check(hpcmix::spread_markers(markers.patch, markers.position.data(), markers.weight.data(), markers.count, scale,
                                 cells.data()) == 1,
          "too much", markers.dimensions, markers.width);
    std::vector<double> gradient(markers.position.size());
    hpcmix::gather_markers(markers.patch, markers.position.data(), markers.count, markers.field.data(), gradient.data());
    check_sort(markers);
    --markers.patch.extents[0];
    check(hpcmix::gather_markers(markers.patch, markers.position.data(), markers.count, markers.field.data(),
                                 gradient.data()) > 0,
          "beyond the patch", markers.dimensions, markers.width);
}

}  // namespace

int main()
{
    for (const hpcmix::Loops* loops : hpcmix::supported_loops()) {
        hpcmix::select_loops(loops->instruction_set);
        for (const int threads : {1, 2, 3}) {
            hpcmix::set_thread_count(threads);
            for (std::size_t dimensions = 1; dimensions <= 3; ++dimensions) {
                for (std::size_t width = 4; width <= 14; width += 2) {
                    // above the number from which threads share a deposit where the plain loops are quick
                    const Case markers(dimensions, width, threads > 1 && dimensions < 3 ? 9001 : 301);
                    check_spread(markers);
                    check_gather(markers);
                    check_move(markers);
                    check_sort(markers);
                    check_strange(markers);
                }
            }
        }
    }
    std::printf("markers: %d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
