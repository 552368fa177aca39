// Compiled once for each instruction set (CMakeLists.txt), for every width of a window and one to three dimensions. Lanes
// are neighbouring cells along the last axis: what a marker feels does not depend on the markers beside it.
#include "markers/marker_passes.hpp"

#include "markers/stencil.hpp"

#include <cmath>

namespace {

using hpcmix::MarkerMotion;

constexpr double largest_deposit = 0x1p51;

/// The numbers of a row, one by one.
template <std::size_t width>
struct Numbers {
    alignas(64) double number[width];

    explicit Numbers(Row<width> row)
    {
        row.store(number);
    }
    double operator[](std::size_t j) const
    {
        return number[j];
    }
};

template <class Cell, std::size_t dimensions, std::size_t width>
std::size_t spread(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count, double scale,
                   Cell* cells, std::size_t first_plane)
{
    const Stencils<dimensions, width> stencils(patch);
    const std::size_t plane_stride = stencils.plane_stride(), row_stride = stencils.row_stride();
    cells -= first_plane * plane_stride;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t first;
        double t[dimensions];
        // phi is below one
        const double amount = scale * weight[i];
        if (!stencils.find(position + i * dimensions, first, t) || !(std::fabs(amount) <= largest_deposit)) {
            ++left_out;
            continue;
        }
        Cell* const target = cells + first;
        const Row<width> last = stencils.polynomials(t[dimensions - 1]);
        if constexpr (dimensions == 1) {
            (last * Row<width>::all(amount)).deposit(target);
        } else {
            const Numbers<width> outer(stencils.polynomials(t[0]) * Row<width>::all(amount));
            if constexpr (dimensions == 2) {
                for (std::size_t x = 0; x < width; ++x) {
                    (last * Row<width>::all(outer[x])).deposit(target + x * plane_stride);
                }
            } else {
                const Numbers<width> middle(stencils.polynomials(t[1]));
                for (std::size_t x = 0; x < width; ++x) {
                    for (std::size_t y = 0; y < width; ++y) {
                        const Row<width> factor = Row<width>::all(outer[x] * middle[y]);
                        (last * factor).deposit(target + x * plane_stride + y * row_stride);
                    }
                }
            }
        }
    }
    return left_out;
}

/// Derivatives along the axes, per cell and t, of the window's sum over the field: three sums of rows share their loads.
template <std::size_t dimensions, std::size_t width>
[[gnu::always_inline]] inline void gather_of(const Stencils<dimensions, width>& stencils, const double* source,
                                            const double* t, double* slopes)
{
    using Numbers = Numbers<width>;
    Row<width> last, last_slope;
    stencils.polynomials(t[dimensions - 1], last, last_slope);
    if constexpr (dimensions == 1) {
        slopes[0] = (Row<width>::load(source) * last_slope).sum();
    } else {
        const std::size_t plane_stride = stencils.plane_stride(), row_stride = stencils.row_stride();
        Row<width> value, slope;
        stencils.polynomials(t[0], value, slope);
        const Numbers outer(value), outer_slope(slope);
        Row<width> both = Row<width>::all(0.0), first_slope = both, second_slope = both;
        if constexpr (dimensions == 2) {
            for (std::size_t x = 0; x < width; ++x) {
                const Row<width> row = Row<width>::load(source + x * plane_stride);
                both = row.times_plus(Row<width>::all(outer[x]), both);
                first_slope = row.times_plus(Row<width>::all(outer_slope[x]), first_slope);
            }
        } else {
            stencils.polynomials(t[1], value, slope);
            const Numbers middle(value), middle_slope(slope);
            for (std::size_t x = 0; x < width; ++x) {
                Row<width> plane = Row<width>::all(0.0), plane_slope = plane;
                for (std::size_t y = 0; y < width; ++y) {
                    const Row<width> row = Row<width>::load(source + x * plane_stride + y * row_stride);
                    plane = row.times_plus(Row<width>::all(middle[y]), plane);
                    plane_slope = row.times_plus(Row<width>::all(middle_slope[y]), plane_slope);
                }
                both = plane.times_plus(Row<width>::all(outer[x]), both);
                second_slope = plane_slope.times_plus(Row<width>::all(outer[x]), second_slope);
                first_slope = plane.times_plus(Row<width>::all(outer_slope[x]), first_slope);
            }
            slopes[1] = (second_slope * last).sum();
        }
        slopes[0] = (first_slope * last).sum();
        slopes[dimensions - 1] = (both * last_slope).sum();
    }
}

template <std::size_t dimensions, std::size_t width>
std::size_t gather(const MarkerPatch& patch, const double* position, std::size_t count, const double* field,
                   double* gradient)
{
    const Stencils<dimensions, width> stencils(patch);
    double per_length[dimensions];  // dt = 2 dx / h
    for (std::size_t axis = 0; axis < dimensions; ++axis) {
        per_length[axis] = 2.0 * (static_cast<double>(patch.points[axis]) / patch.lengths[axis]);
    }
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t first;
        double t[dimensions], slopes[dimensions];
        if (!stencils.find(position + i * dimensions, first, t)) {
            ++left_out;
            continue;
        }
        gather_of(stencils, field + first, t, slopes);
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            gradient[i * dimensions + axis] = slopes[axis] * per_length[axis];
        }
    }
    return left_out;
}

/// A coordinate taken back into [-L/2, L/2).
[[gnu::always_inline]] inline double wrapped(double x, double length)
{
    const double half = 0.5 * length;
    if (x >= -half && x < half) {
        return x;
    }
    // rounding may be one length off, and leave exactly L/2
    x -= std::floor((x + half) / length) * length;
    x = x < -half ? x + length : x;
    return x >= half ? -half : x;
}

template <std::size_t dimensions>
void move_markers(const MarkerPatch& patch, const MarkerMotion& motion, double* position, double* momentum,
                  std::size_t count, const double* gradient, const double* force_gradient, double* largest)
{
    const double per_mass = motion.drift / motion.mass;
    for (std::size_t i = 0; i < count * dimensions; i += dimensions) {
        double squares = motion.rest_mass * motion.rest_mass;
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            double slope = gradient != nullptr ? gradient[i + axis] : 0.0;
            slope += force_gradient != nullptr ? force_gradient[i + axis] : 0.0;
            momentum[i + axis] -= motion.kick * slope;
        }
        if (motion.drift == 0.0) {
            continue;  // not even -0 becomes 0: looking at a state does not change it
        }
        if (motion.rest_mass > 0.0) {
            double kinetic = 0.0;
            for (std::size_t axis = 0; axis < dimensions; ++axis) {
                kinetic += momentum[i + axis] * momentum[i + axis];
            }
            squares = std::sqrt(squares + kinetic);
        }
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            const double p = momentum[i + axis];
            const double moved = motion.rest_mass > 0.0 ? motion.drift * (p / squares) : per_mass * p;
            position[i + axis] = wrapped(position[i + axis] + moved, patch.lengths[axis]);
            const double distance = std::fabs(moved);
            if (distance > largest[axis] || distance != distance) {  // what is no number stays
                largest[axis] = distance;
            }
        }
    }
}

/// Calls function.template operator()<dimensions, width>() for those of the patch.
template <class Function>
auto for_patch(const MarkerPatch& patch, const Function& function)
{
    const auto of_width = [&]<std::size_t dimensions>() {
        switch (patch.width) {
        case 4: return function.template operator()<dimensions, 4>();
        case 6: return function.template operator()<dimensions, 6>();
        case 8: return function.template operator()<dimensions, 8>();
        case 10: return function.template operator()<dimensions, 10>();
        case 12: return function.template operator()<dimensions, 12>();
        default: return function.template operator()<dimensions, 14>();
        }
    };
    return patch.dimensions == 1   ? of_width.template operator()<1>()
           : patch.dimensions == 2 ? of_width.template operator()<2>()
                                   : of_width.template operator()<3>();
}

template <class Cell>
std::size_t spread_any(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                       double scale, Cell* cells, std::size_t first_plane)
{
    return for_patch(patch, [&]<std::size_t dimensions, std::size_t width>() {
        return spread<Cell, dimensions, width>(patch, position, weight, count, scale, cells, first_plane);
    });
}

std::size_t gather_any(const MarkerPatch& patch, const double* position, std::size_t count, const double* field,
                       double* gradient)
{
    return for_patch(patch, [&]<std::size_t dimensions, std::size_t width>() {
        return gather<dimensions, width>(patch, position, count, field, gradient);
    });
}

void move_any(const MarkerPatch& patch, const MarkerMotion& motion, double* position, double* momentum, std::size_t count,
              const double* gradient, const double* force_gradient, double* largest)
{
    const auto pass = patch.dimensions == 1 ? move_markers<1> : patch.dimensions == 2 ? move_markers<2> : move_markers<3>;
    pass(patch, motion, position, momentum, count, gradient, force_gradient, largest);
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)

namespace hpcmix {

extern const MarkerPasses HPCMIX_JOIN(marker_passes_, HPCMIX_INSTRUCTION_SET);
const MarkerPasses HPCMIX_JOIN(marker_passes_, HPCMIX_INSTRUCTION_SET) = {spread_any<std::int64_t>, spread_any<double>,
                                                                          gather_any, move_any};

}  // namespace hpcmix
