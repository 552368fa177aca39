// Passes over pieces of arrays that are transformed line by line: one table of functions for each precision and each
// instruction set they are compiled for. A piece is a tile of rows or a block of columns; transforms.hpp cuts arrays into
// pieces and spreads them over threads.
//
// Complex arrays are passed as pairs of reals, strides count reals. Every function works in `workspace`, an area of
// workspace_bytes that is aligned to 64 bytes and belongs to the calling thread.
#pragma once

#include "lines/line_plan.hpp"
#include "transforms/function_tables.hpp"

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

/// What the spectrum of column c of a piece is multiplied with: along[k] rows[r] length[l], complex tables, with
/// r * row_length + l = first_column + c.
struct Multiplier {
    const double* along;
    const double* rows;
    const double* length;
    std::size_t row_length;
    std::size_t first_column;
};

/// The multiplier exp(-i angle symbol[k, c]) of column c of a piece.
template <class Real>
struct Turn {
    const Real* symbol;                 // at the piece's first column
    std::size_t stride;                 // from one k to the next
    double angle;
};

/// Potentials of several components: those of component a, which add up, are arrays[first[a]] ... arrays[first[a + 1] - 1].
template <class Real>
struct Potentials {
    const Real* const* arrays;
    const std::size_t* first;           // components + 1 entries
};

/// Half spectra of real rows, of several fields: contiguous rows of half_spectrum_length complex numbers.
template <class Real>
struct HalfSpectra {
    Real* const* first_rows;
    std::size_t count;
    const Line<Real>* line;             // of half the number of reals in a row, or of an odd number itself
};

/// Numbers in the half spectrum of a row of reals.
constexpr std::size_t half_spectrum_length(std::size_t reals)
{
    return reals / 2 + 1;
}

/// A kick by p components on the same rows of each, in position space, after the inverse transform and before the forward
/// one where these are wanted:
/// field_a *= exp(-i angle (sum of potentials_a + sum_b coupling_ab |field_b|^2 + sum_c weight_ac seen_c + sum_n weight_an
/// value_n)). seen_c are real fields that come as half spectra along the rows, value_n those of functions of densities.
template <class Real>
struct Kick {
    std::size_t components;
    Real* const* fields;
    Potentials<Real> potentials;
    std::size_t offset;                 // of the first row's first element in all of them
    const double* couplings;            // components x (densities + seen.count + functions.outputs): with the weights
    std::size_t densities;              // components, or 0 where neither a coupling nor a function is there
    HalfSpectra<Real> seen;
    PointFunctions functions;
    double angle;
    bool inverse_before;
    bool forward_after;
};

/// From p components to the half spectra of what their densities add up to, on the same rows of each:
/// spectrum_c = the transform of sum_a weight_ca |field_a|^2; before it the fields are brought back from their own
/// transform where this is wanted.
template <class Real>
struct Densities {
    std::size_t components;
    Real* const* fields;
    std::size_t offset;                 // of the first row's first element
    const double* weights;              // spectra.count x components
    HalfSpectra<Real> spectra;
    bool inverse_before;
};

/// A product of p spectra with a p x p matrix of real multipliers on the same columns of each:
/// spectrum_a[k, c] <- sum_b multiplier_ab[k, c] spectrum_b[k, c].
template <class Real>
struct Mixing {
    std::size_t components;
    Real* const* spectra;               // where the arrays begin
    std::size_t first_column;           // in them and in the multipliers
    std::size_t stride;                 // reals from one element of a column to the next
    const Real* const* multipliers;     // components x components, null for zero
    std::size_t multiplier_stride;      // from one k to the next
};

template <class Real>
struct CoupledColumns;
struct CommonMatrix;
template <class Real>
struct Levels;

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
    void (*multiply_columns)(const Line<Real>& line, ColumnPiece<Real> columns, const Multiplier& multiplier,
                             Real scale, void* workspace);
    void (*turn_columns)(const Line<Real>& line, ColumnPiece<Real> columns, const Turn<Real>& turn, Real scale,
                         void* workspace);
    /// Forward, mix, inverse on `count` columns of every component.
    void (*mix_columns)(const Line<Real>& line, const Mixing<Real>& mixing, std::size_t count, Real scale,
                        void* workspace);
    /// `count` rows of every component, at most as many as there are lanes.
    void (*kick_rows)(const Line<Real>& line, const Kick<Real>& kick, std::size_t count, void* workspace);
    /// Inverse transform of rows, times the complex numbers at `factors`, forward transform.
    void (*multiply_rows)(const Line<Real>& line, RowPiece<Real> rows, RowPiece<const Real> factors, bool inverse_before,
                          bool forward_after, void* workspace);
    /// Inverse transform of rows; then density = weight |field|^2 on the same rows, added to what is there if `add`.
    void (*density_rows)(const Line<Real>& line, RowPiece<Real> rows, RowPiece<Real> density, double weight, bool add,
                         void* workspace);
    /// `count` rows of every component to those of every half spectrum.
    void (*density_spectrum_rows)(const Line<Real>& line, const Densities<Real>& densities, std::size_t count,
                                  void* workspace);
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
    /// Coherently coupled components (coupling.hpp): forward, a matrix at every wave vector, inverse.
    void (*multiply_columns_by_matrix)(const Line<Real>& line, const CoupledColumns<Real>& columns,
                                       const CommonMatrix& common, void* workspace);
    void (*turn_coupled_columns)(const Line<Real>& line, const CoupledColumns<Real>& columns, const Levels<Real>& levels,
                                 void* workspace);
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
