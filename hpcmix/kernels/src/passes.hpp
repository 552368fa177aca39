// Passes over pieces of arrays that are transformed line by line: one table of functions for each precision and each
// instruction set they are compiled for. A piece is a tile of rows or a block of columns; transforms.hpp cuts arrays into
// pieces and spreads them over threads.
//
// Complex arrays are passed as pairs of reals, strides count reals. Every function works in `workspace`, an area of
// workspace_bytes that is aligned to 64 bytes and belongs to the calling thread.
#pragma once

#include "line_plan.hpp"

#include <cstddef>

namespace hpcmix {

/// Neighbouring rows of contiguous elements.
template <class Real>
struct RowPiece {
    Real* first;
    std::size_t stride;
    std::size_t count;  // at most PassTable::lanes
};

/// Neighbouring columns; `stride` leads from one element of a column to the next.
template <class Real>
struct ColumnPiece {
    Real* first;
    std::size_t stride;
    std::size_t count;  // at most PassTable::block_columns
};

/// What the spectrum of column c of a piece is multiplied with: values[k, c], or, where values is null,
/// along[k] rows[r] length[l] with r * row_length + l = first_column + c.
template <class Real>
struct Multiplier {
    const Real* values = nullptr;       // at the piece's first column
    std::size_t values_stride = 0;      // reals from one k to the next
    bool values_are_complex = false;
    const double* along = nullptr;      // complex tables
    const double* rows = nullptr;
    const double* length = nullptr;
    std::size_t row_length = 1;
    std::size_t first_column = 0;
};

/// A kick by p components on the same piece of each: field_a *= exp(-i angle (potential_a + sum_b coupling_ab
/// |field_b|^2)), in position space, after the inverse transform and before the forward one where these are wanted.
template <class Real>
struct Kick {
    std::size_t components;
    Real* const* fields;
    const Real* const* potentials;      // null pointers are zero
    std::size_t offset;                 // of the piece's first element in all of them
    std::size_t row_length;             // elements from one row to the next
    const double* couplings;            // components x components
    double angle;
    bool inverse_before;
    bool forward_after;
};

template <class Real>
struct PassTable {
    std::size_t lanes;  // lines in a tile
    /// Columns of one component that are worked on together.
    std::size_t (*block_columns)(std::size_t tile_length, std::size_t components);
    std::size_t (*workspace_bytes)(std::size_t tile_length, std::size_t components);

    void (*transform_rows)(const Line<Real>& line, RowPiece<Real> rows, bool forward, Real scale, void* workspace);
    void (*transform_columns)(const Line<Real>& line, ColumnPiece<Real> columns, bool forward, Real scale,
                              void* workspace);
    /// Forward, multiply, inverse, all without a factor but `scale`.
    void (*multiply_columns)(const Line<Real>& line, ColumnPiece<Real> columns, const Multiplier<Real>& multiplier,
                             Real scale, void* workspace);
    void (*kick_rows)(const Line<Real>& line, const Kick<Real>& kick, std::size_t count, void* workspace);
    void (*kick_columns)(const Line<Real>& line, const Kick<Real>& kick, std::size_t count, void* workspace);
    /// Rows of 2 * line.length reals to rows of line.length + 1 complex numbers, and back.
    void (*real_rows_forward)(const Line<Real>& line, RowPiece<const Real> reals, RowPiece<Real> spectra, Real scale,
                              void* workspace);
    void (*real_rows_backward)(const Line<Real>& line, RowPiece<const Real> spectra, RowPiece<Real> reals, Real scale,
                               void* workspace);
    /// The same for rows of an odd number of reals, line.length.
    void (*odd_real_rows_forward)(const Line<Real>& line, RowPiece<const Real> reals, RowPiece<Real> spectra,
                                  Real scale, void* workspace);
    void (*odd_real_rows_backward)(const Line<Real>& line, RowPiece<const Real> spectra, RowPiece<Real> reals,
                                   Real scale, void* workspace);
};

struct Passes {
    const char* instruction_set;
    PassTable<float> single_precision;
    PassTable<double> double_precision;

    template <class Real>
    const PassTable<Real>& table() const
    {
        if constexpr (sizeof(Real) == sizeof(float)) {
            return single_precision;
        } else {
            return double_precision;
        }
    }
};

}  // namespace hpcmix
