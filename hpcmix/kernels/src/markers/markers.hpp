// Loops over the markers of a classical species on all threads, and their order in memory.
//
// Sums of deposits are of whole numbers, and what a marker feels is its own: threads change no bit.
#pragma once

#include "markers/marker_passes.hpp"

namespace hpcmix {

/// cells += rint(scale weight prod phi) over the whole patch. Returns how many markers were left out, as all of these.
std::size_t spread_markers(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                           double scale, std::int64_t* cells);
/// On one thread, for measurements.
std::size_t spread_markers(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                           double scale, double* cells);

std::size_t gather_markers(const MarkerPatch& patch, const double* position, std::size_t count, const double* field,
                           double* gradient);

/// Gathers the field, which may be null, then moves. Markers without a place in the patch are moved without the field.
std::size_t gather_and_move_markers(const MarkerPatch& patch, const MarkerMotion& motion, double* position,
                                    double* momentum, std::size_t count, const double* field,
                                    const double* force_gradient, double* largest);

/// The arrays of a cloud of markers.
struct MarkerArrays {
    std::size_t count;
    double* position;
    double* momentum;
    double* weight;
    std::int64_t* index;
};

/// Brings markers into the order of tiles of 8^d cells of the patch, in place. Order within a tile is not specified.
void sort_markers(const MarkerPatch& patch, const MarkerArrays& markers);

}  // namespace hpcmix
