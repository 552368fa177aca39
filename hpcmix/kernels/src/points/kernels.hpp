// The kernels on whole arrays: the loops of loops.hpp spread over threads.
//
// Work is cut into blocks of a fixed size, whatever the number of threads, and the partial sums of the blocks are added
// in a fixed order. Results are therefore the same to the bit for any number of threads.
// Arrays are contiguous; a complex array is a pointer to pairs of reals. `count` is a number of elements.
#pragma once

#include <array>
#include <complex>
#include <cstddef>

namespace hpcmix {

/// A contiguous array of up to three dimensions seen as planes x rows x row length; missing dimensions have extent 1.
struct Shape {
    std::size_t planes = 1;
    std::size_t rows = 1;
    std::size_t length = 1;
};

/// One pointer for each axis of a Shape.
using AxisTables = std::array<const double*, 3>;

/// field *= exp(-i angle potential)
template <class Real>
void rotate_phase(Real* field, const Real* potential, double angle, std::size_t count);

/// density += weight |field|^2
template <class Real>
void accumulate_density(const Real* field, double weight, Real* density, std::size_t count);

/// The spin flow of the three components psi of spin one: at every point psi <- exp(-i angle F.f) psi with
/// F = psi^+ f psi, which leaves F and the density as they are.
template <class Real>
void turn_spins(Real* plus, Real* zero, Real* minus, double angle, std::size_t count);

/// field[x, y, z] *= factors_x[x] factors_y[y] factors_z[z], the factors complex.
template <class Real>
void multiply_separable(Real* field, Shape shape, AxisTables factors);

/// sum (weights_x[x] + weights_y[y] + weights_z[z]) |field[x, y, z]|^2, the weights real.
template <class Real>
double weighted_norm(const Real* field, Shape shape, AxisTables weights);

/// sum |field|^2
template <class Real>
double squared_norm(const Real* field, std::size_t count);

/// sum conj(left) right
template <class Real>
std::complex<double> inner_product(const Real* left, const Real* right, std::size_t count);

/// Threads that the next call uses (OMP_NUM_THREADS, or the last set_thread_count of this thread).
int thread_count();

/// @throws std::invalid_argument if count < 1.
void set_thread_count(int count);

}  // namespace hpcmix
