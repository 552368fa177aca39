// Fourier transforms of whole arrays, alone or fused with what a split step does between them, in place.
//
// Arrays are cut into pieces of full vector tiles (passes.hpp) that are shared out to threads. A line's result depends on
// its own numbers only: not on the number of threads, nor on how many lines are passed in a call.
// Complex arrays are contiguous (but for the strides that are passed) pointers to pairs of reals. No factor is applied but
// `scale`: forward and inverse transform together multiply by the number of points.
#pragma once

#include "points/kernels.hpp"
#include "transforms/function_tables.hpp"

#include <cstddef>

namespace hpcmix {

/// One-dimensional transforms along the middle axis of shape.planes x shape.rows x shape.length.
template <class Real>
void transform_lines(Real* field, Shape shape, bool forward, Real scale);

/// Of each plane the transform over both of its axes, plane by plane: rows, then columns; the inverse the other way round.
template <class Real>
void transform_planes(Real* field, Shape shape, bool forward, Real scale);

/// Along the first axis (planes): forward, times factors[0][x] factors[1][y] factors[2][z], inverse, times scale.
/// plane_stride: reals from a plane to the next; a plane is contiguous.
template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, AxisTables factors, Real scale);

/// The same with the multiplier exp(-i angle symbol); symbol is a contiguous array of the field's shape.
template <class Real>
void turn_lines(Real* field, Shape shape, std::size_t plane_stride, const Real* symbol, double angle, Real scale);

/// The same with arrays of real multipliers, for several fields at once:
/// field_a <- inverse of (sum_b multipliers[a, b] forward of field_b), times scale. A null multiplier is zero. All fields
/// have the same plane_stride and do not overlap.
template <class Real>
void mix_lines(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
               const Real* const* multipliers, Real scale);

/// What is transformed before and after a kick: the rows, or both axes of the planes.
struct KickTransforms {
    bool inverse_before;
    bool forward_after;
    bool columns_too;
};

/// Real fields that every component of a kick sees, as half spectra with shape.length / 2 + 1 numbers in a row, transformed
/// along the axes that KickTransforms names: component a sees sum_c weights[a, c] field_c. The spectra are overwritten.
template <class Real>
struct SeenFields {
    Real* const* spectra = nullptr;
    std::size_t count = 0;
    const double* weights = nullptr;  // components x count
};

/// field_a *= exp(-i angle (sum of potentials_a + sum_b couplings[a, b] |field_b|^2 + what a sees + sum_n values[a, n] times
/// the n-th value of the functions)) plane by plane, after an
/// inverse transform of the planes and before a forward one. The potentials of component a are those from
/// first_potential[a] to first_potential[a + 1], which add up. Fields do not overlap.
template <class Real>
void kick_planes(Real* const* fields, const Real* const* potentials, const std::size_t* first_potential,
                 const double* couplings, std::size_t components, const SeenFields<Real>& seen,
                 const PointFunctions& functions, const double* values, double angle, Shape shape,
                 KickTransforms transforms);

/// From fields to the half spectra of what their densities add up to, plane by plane:
/// spectrum_c = the transform of sum_a weights[c, a] |field_a|^2 along the rows, or along both axes of the planes
/// (columns_too); after the inverse transform of the fields along the same axes, if they are to be brought back, in place.
template <class Real>
void density_spectra(Real* const* fields, std::size_t components, const double* weights, Real* const* spectra,
                     std::size_t count, Shape shape, bool inverse_before, bool columns_too);

/// field *= factors point by point, plane by plane, after an inverse transform of the planes and before a forward one.
/// Both arrays are complex and do not overlap.
template <class Real>
void multiply_planes(Real* field, const Real* factors, Shape shape, KickTransforms transforms);

/// Inverse transform of the planes (of their rows only, unless columns_too), then density = weight |field|^2, added to what
/// is there if `add`.
template <class Real>
void density_of_planes(Real* field, double weight, Real* density, Shape shape, bool columns_too, bool add);

/// From reals of shape `shape` to half spectra with shape.length / 2 + 1 numbers in a row; `planes`: then transforms the
/// columns of each plane too.
template <class Real>
void transform_real(const Real* reals, Real* spectra, Shape shape, bool planes, Real scale);

/// The way back; the spectra are overwritten if `planes`. Imaginary parts that the spectrum of a real row does not have
/// are ignored.
template <class Real>
void transform_real_inverse(Real* spectra, Real* reals, Shape shape, bool planes, Real scale);

}  // namespace hpcmix
