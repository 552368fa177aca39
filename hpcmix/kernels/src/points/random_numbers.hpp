// Random fields that depend on a seed and on the global place of a point, never on who holds it.
#pragma once

#include "points/kernels.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace hpcmix {

/// A sequence of Philox 4x64 with ten rounds, as numpy counts it: block j has the counter j + 1 and gives four words.
/// Salmon et al., Proc. SC11 (2011).
using PhiloxKey = std::array<std::uint64_t, 2>;

std::array<std::uint64_t, 4> philox_block(PhiloxKey key, std::uint64_t block);

/// Where an array lies in the grid: the extent of the grid along the rows' and the elements' axis, and the array's first point.
struct Place {
    std::size_t grid_rows;
    std::size_t grid_length;
    std::array<std::size_t, 3> start;
};

/// Independent complex normal numbers of unit mean square. Row r of the grid, r = plane grid_rows + row, has its own part of
/// the sequence, 2 grid_length uniform numbers u from block r ceil(grid_length / 2) on: point z of it is
/// sqrt(-log(1 - u[z])) exp(2 pi i u[grid_length + z]) (Box and Muller).
template <class Real>
void fill_complex_normals(Real* field, Shape shape, Place place, PhiloxKey key);

}  // namespace hpcmix
