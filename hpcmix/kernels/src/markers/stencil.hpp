// A marker's window on a patch: where it begins, and the window's numbers along every axis.
#pragma once

#include "markers/cells.hpp"
#include "markers/window_rows.hpp"

namespace {

using hpcmix::MarkerPatch;

/// The polynomials of a window, those of all cells side by side: row m holds the coefficients of t^m.
template <std::size_t width>
class Polynomials {
public:
    explicit Polynomials(const MarkerPatch& patch)
    {
        for (std::size_t m = 0; m < count; ++m) {
            for (std::size_t j = 0; j < width; ++j) {
                coefficients_[m][j] = m <= patch.degree ? patch.table[j * (patch.degree + 1) + m] : 0.0;
            }
        }
    }

    /// phi and d phi / dt at t, by Horner's rule for both.
    [[gnu::always_inline]] void operator()(double t, Row<width>& value, Row<width>& slope) const
    {
        const Row<width> argument = Row<width>::all(t);
        value = Row<width>::load(coefficients_[count - 1]);
        slope = value;
        value = value.times_plus(argument, Row<width>::load(coefficients_[count - 2]));
#pragma GCC unroll 16
        for (std::size_t m = 3; m <= count; ++m) {
            slope = slope.times_plus(argument, value);
            value = value.times_plus(argument, Row<width>::load(coefficients_[count - m]));
        }
    }

    /// phi at t.
    [[gnu::always_inline]] Row<width> operator()(double t) const
    {
        const Row<width> argument = Row<width>::all(t);
        Row<width> value = Row<width>::load(coefficients_[count - 1]);
#pragma GCC unroll 17
        for (std::size_t m = 2; m <= count; ++m) {
            value = value.times_plus(argument, Row<width>::load(coefficients_[count - m]));
        }
        return value;
    }

private:
    static constexpr std::size_t count = width + 4;
    alignas(64) double coefficients_[count][width + width % 8];
};

/// Finds markers' windows on one patch.
template <std::size_t dimensions, std::size_t width>
class Stencils {
public:
    explicit Stencils(const MarkerPatch& patch) : polynomials(patch)
    {
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            cells_[axis] = AxisOfCells(patch.lengths[axis], patch.points[axis]);
            places_[axis] = AxisOfPatch(patch.points[axis], patch.start[axis], width);
            extents_[axis] = patch.extents[axis];
        }
    }

    /// The first cell of a marker's window in the patch's memory and t along every axis; false if it does not fit in.
    [[gnu::always_inline]] bool find(const double* position, std::size_t& first, double* t) const
    {
        first = 0;
        bool inside = true;
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            const hpcmix::CellOfMarker at = cells_[axis](position[axis]);
            const std::size_t place = places_[axis](at.cell) + 1;
            inside = inside && place + width <= extents_[axis];
            first = first * extents_[axis] + place;
            t[axis] = 2.0 * at.fraction - 1.0;
        }
        return inside;
    }

    /// Cells from one to the next along the first axis of three, or of two.
    std::size_t plane_stride() const
    {
        return dimensions == 3 ? extents_[1] * extents_[2] : dimensions == 2 ? extents_[1] : 1;
    }
    /// Along the second axis of three.
    std::size_t row_stride() const
    {
        return extents_[dimensions - 1];
    }

    const Polynomials<width> polynomials;

private:
    AxisOfCells cells_[dimensions];
    AxisOfPatch places_[dimensions];
    std::size_t extents_[dimensions];
};

}  // namespace
