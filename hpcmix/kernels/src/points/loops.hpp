// The innermost loops, one table of functions for each precision and each instruction set they are compiled for.
//
// Complex arrays are passed as pairs of reals (real part, imaginary part), `count` is a number of complex elements.
// Sums are formed in double precision in an order that depends on `count` alone, not on the vector width.
#pragma once

#include <cstddef>

namespace hpcmix {

template <class Real>
struct LoopTable {
    /// field *= exp(-i angle potential)
    void (*rotate_phase)(Real* field, const Real* potential, double angle, std::size_t count);
    /// density += weight |field|^2
    void (*accumulate_density)(const Real* field, double weight, Real* density, std::size_t count);
    /// Components of spin one: psi = exp(-i angle F.f) psi, F = psi^+ f psi.
    void (*turn_spins)(Real* plus, Real* zero, Real* minus, double angle, std::size_t count);
    /// row *= (scale_real + i scale_imaginary) factors, factors complex in double precision
    void (*multiply_row)(Real* row, const double* factors, double scale_real, double scale_imaginary,
                         std::size_t count);
    /// sum |row|^2
    double (*squared_norm)(const Real* row, std::size_t count);
    /// sum (offset + weights) |row|^2
    double (*weighted_norm)(const Real* row, const double* weights, double offset, std::size_t count);
    /// sum conj(left) right, result = {real part, imaginary part}
    void (*inner_product)(const Real* left, const Real* right, double* result, std::size_t count);
    /// field = sqrt(-log(distances)) exp(2 pi i turns); distances are greater than zero and at most one.
    void (*complex_normals)(const double* distances, const double* turns, Real* field, std::size_t count);
};

struct Loops {
    const char* instruction_set;
    LoopTable<float> single_precision;
    LoopTable<double> double_precision;

    template <class Real>
    const LoopTable<Real>& table() const
    {
        if constexpr (sizeof(Real) == sizeof(float)) {
            return single_precision;
        } else {
            return double_precision;
        }
    }
};

}  // namespace hpcmix
