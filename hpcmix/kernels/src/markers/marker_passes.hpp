// Markers of a classical species and a patch of the grid: passes over markers, one table for each instruction set.
//
// hpcmix/kernels/markers.py has the formulas. In double precision only. Markers are rows of `dimensions` numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hpcmix {

constexpr std::size_t smallest_window = 4, largest_window = 14;

/// A box, its grid, a window, and a contiguous patch of the grid's cells.
struct MarkerPatch {
    std::size_t dimensions;
    std::size_t width;                      // w, even
    std::size_t degree;                     // of the polynomials, at most w + 3
    const double* table;                    // w x (degree + 1)
    std::array<double, 3> lengths;          // the first `dimensions` entries of all of these
    std::array<std::int64_t, 3> points;     // of the whole grid, at least w
    std::array<std::int64_t, 3> start;      // the patch's first cell
    std::array<std::size_t, 3> extents;     // cells of the patch
};

/// Where along an axis of the grid a coordinate lies.
struct CellOfMarker {
    std::int64_t cell;  // 0 <= cell < points
    double fraction;    // of the cell, in [0, 1]
};

/// How a marker moves.
struct MarkerMotion {
    double kick;
    double drift;
    double mass;
    double rest_mass;  // zero: T = p^2 / 2 mass; else T = sqrt(rest_mass^2 + p^2)
};

/// Passes return how many markers were left out because they have no place in the patch, or deposits beyond 2^51.
struct MarkerPasses {
    /// cells += rint(scale weight prod phi). `cells` is where the patch's plane `first_plane` lies.
    std::size_t (*spread)(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                          double scale, std::int64_t* cells, std::size_t first_plane);
    /// cells += scale weight prod phi, for measurements of what whole numbers cost.
    std::size_t (*spread_doubles)(const MarkerPatch& patch, const double* position, const double* weight,
                                  std::size_t count, double scale, double* cells, std::size_t first_plane);
    /// gradient = d/dx sum_g prod phi field_g
    std::size_t (*gather)(const MarkerPatch& patch, const double* position, std::size_t count, const double* field,
                          double* gradient);
    /// p -= kick (gradient + force_gradient), x += drift dT/dp, wrapped; `largest` becomes at least every |drift dT/dp|
    /// along its axis. Either gradient may be null.
    void (*move)(const MarkerPatch& patch, const MarkerMotion& motion, double* position, double* momentum,
                 std::size_t count, const double* gradient, const double* force_gradient, double* largest);
};

}  // namespace hpcmix
