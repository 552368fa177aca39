// The one computation of a marker's cell, on which its owner, its place in a patch and its tile rest.
#pragma once

#include "markers/marker_passes.hpp"

namespace {

/// Along one axis: a cell is found by (x + L/2) (n / L), as numpy computes it.
struct AxisOfCells {
    double half_length;
    double per_length;
    double points;
    std::int64_t last;

    AxisOfCells() = default;
    AxisOfCells(double length, std::int64_t count)
        : half_length(0.5 * length), per_length(static_cast<double>(count) / length),
          points(static_cast<double>(count)), last(count - 1)
    {
    }

    [[gnu::always_inline]] hpcmix::CellOfMarker operator()(double x) const
    {
        // what is no number, or far away, gets a cell too: it must not reach memory outside the patch
        const double place = (x + half_length) * per_length;
        const double inside = place < points ? (place > 0.0 ? place : 0.0) : points;
        const auto floor = static_cast<std::int64_t>(inside);
        const std::int64_t cell = floor < last ? floor : last;
        return {cell, inside - static_cast<double>(cell)};
    }
};

/// Where cells of an axis lie in a patch: ((cell - start - w/2) mod n) cells after the first that markers may be in.
struct AxisOfPatch {
    std::int64_t points;
    std::int64_t shift;  // (-start - w/2) mod n

    AxisOfPatch() = default;
    AxisOfPatch(std::int64_t count, std::int64_t start, std::size_t width) : points(count)
    {
        shift = (-start - static_cast<std::int64_t>(width / 2)) % count;
        shift += shift < 0 ? count : 0;
    }

    [[gnu::always_inline]] std::size_t operator()(std::int64_t cell) const
    {
        const std::int64_t place = cell + shift;
        return static_cast<std::size_t>(place < points ? place : place - points);
    }
};

}  // namespace
