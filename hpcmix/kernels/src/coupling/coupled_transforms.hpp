// The drift of coherently coupled components on whole arrays: transforms along the first axis with a matrix between them.
// As the functions of transforms.hpp: fields are complex, their planes contiguous, a line's result depends on its own numbers
// only.
#pragma once

#include "coupling/coupling.hpp"
#include "points/kernels.hpp"

#include <cstddef>

namespace hpcmix {

/// Components that the compiled kernels take.
constexpr std::size_t most_coupled_components = 16;

/// field_a <- inverse of (factors[0][x] factors[1][y] factors[2][z] sum_b matrix_ab forward of field_b), the transforms along
/// the first axis. All fields have the same plane_stride (reals from a plane to the next) and do not overlap; the matrix
/// is complex.
template <class Real>
void multiply_lines_by_matrix(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
                              AxisTables factors, const double* matrix);

/// The same with exp(-i angle H) and a Hermitian matrix H of its own at every wave vector (Levels), of which symbols,
/// matrices and series are read; the rest follows from the shape.
template <class Real>
void turn_coupled_lines(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
                        const Levels<Real>& levels);

}  // namespace hpcmix
