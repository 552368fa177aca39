// Fourier transforms of whole arrays, alone or fused with what a split step does between them, in place.
//
// Arrays are cut into pieces of full vector tiles (passes.hpp) that are shared out to threads. A line's result depends on
// its own numbers only: not on the number of threads, nor on how many lines are passed in a call.
// Complex arrays are contiguous (but for the strides that are passed) pointers to pairs of reals. No factor is applied but
// `scale`: forward and inverse transform together multiply by the number of points.
#pragma once

#include "kernels.hpp"

#include <cstddef>

namespace hpcmix {

/// One-dimensional transforms along the middle axis of shape.planes x shape.rows x shape.length.
template <class Real>
void transform_lines(Real* field, Shape shape, bool forward, Real scale);

/// Of each plane the transform over both of its axes, rows and length, plane by plane.
template <class Real>
void transform_planes(Real* field, Shape shape, bool forward, Real scale);

/// A full array of multipliers of the field's precision, real or complex.
template <class Real>
struct MultiplierArray {
    const Real* values;
    bool complex;
};

/// Along the first axis (planes): forward, times factors[0][x] factors[1][y] factors[2][z], inverse, times scale.
/// plane_stride: reals from a plane to the next; a plane is contiguous.
template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, AxisTables factors, Real scale);

/// The same with a contiguous array of multipliers of the field's shape.
template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, MultiplierArray<Real> multiplier, Real scale);

/// Which axes of a plane are transformed before and after a kick.
struct KickTransforms {
    bool inverse_before;
    bool forward_after;
    bool rows_too;  // both axes of the planes, or only the last one
};

/// field_a *= exp(-i angle (potential_a + sum_b couplings[a, b] |field_b|^2)) plane by plane, after an inverse transform
/// of the planes and before a forward one. A null potential is zero. Fields do not overlap.
template <class Real>
void kick_planes(Real* const* fields, const Real* const* potentials, const double* couplings, std::size_t components,
                 double angle, Shape shape, KickTransforms transforms);

/// From reals of shape `shape` to half spectra with shape.length / 2 + 1 numbers in a row; `planes`: then transforms the
/// columns of each plane too.
template <class Real>
void transform_real(const Real* reals, Real* spectra, Shape shape, bool planes, Real scale);

/// The way back; the spectra are overwritten if `planes`. Imaginary parts that the spectrum of a real row does not have
/// are ignored.
template <class Real>
void transform_real_inverse(Real* spectra, Real* reals, Shape shape, bool planes, Real scale);

}  // namespace hpcmix
