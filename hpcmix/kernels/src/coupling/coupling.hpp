// What mixes the spectra of several components at every wave vector: the matrices that coupled_columns.hpp applies between
// the two transforms of a drift.
#pragma once

#include "transforms/passes.hpp"

#include <cstddef>

namespace hpcmix {

/// The same columns of every component.
template <class Real>
struct CoupledColumns {
    std::size_t components;
    Real* const* fields;       // where the arrays begin
    std::size_t first_column;  // in all of them
    std::size_t stride;        // reals from one element of a column to the next
    std::size_t count;
};

/// One matrix for all wave vectors, and a factor at each: spectrum_a <- factor sum_b matrix_ab spectrum_b.
struct CommonMatrix {
    const double* matrix;  // components x components complex numbers
    Multiplier factors;
};

/// An energy T(k, c) in double precision, a sum of a term for each axis as in Multiplier; or a table in the precision of
/// the fields, where `along` is null.
template <class Real>
struct Symbol {
    const double* along;
    const double* rows;
    const double* length;
    const Real* table;
};

/// A Hermitian matrix of its own at every wave vector, as a phase:
/// spectrum_a <- scale sum_b exp(-i angle H)_ab spectrum_b, H_ab = T_a delta_ab + constant_ab + (T_a - T_b) slope_ab.
///
/// Two components are done in closed form. For more the exponential is a series of Chebyshev polynomials of
/// (H - mean T) / radius, whose eigenvalues lie between -1 and 1: coefficients[n] = (2 - delta_n0) J_n(angle radius). The
/// radius has the sign of the angle.
template <class Real>
struct Levels {
    const Symbol<Real>* symbols;  // one for each component
    const double* constant;       // components x components complex numbers, Hermitian
    const double* slope;          // the same, anti-Hermitian
    double angle;
    double scale;
    double radius;
    const double* coefficients;
    std::size_t terms;
    std::size_t row_length;       // of the arrays, for the terms' places
    std::size_t table_stride;     // reals from one k to the next
    std::size_t first_column;
};

}  // namespace hpcmix
