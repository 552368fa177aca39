// Transforms of real lines on tiles.
//
// An even number of reals is read as half as many complex numbers z = even + i odd; the spectra of the two halves are
// separated by their symmetry and joined by one more butterfly (Press et al., Numerical Recipes, section 12.3). An odd
// number is read as complex numbers without imaginary part: not fast, but right. Two real lines are never packed into one
// complex line, for the rounding errors of one would show up in the other.
#pragma once

#include "lines/line_transform.hpp"
#include "lines/row_blocks.hpp"
#include "transforms/tiles.hpp"

namespace {

/// From Z, the spectrum of z, to the half spectrum X[k], k = 0 ... length, of the 2 * length reals:
/// X[k] = (Z[k] + Z*[length - k]) / 2 - i w^k (Z[k] - Z*[length - k]) / 2, w = exp(-2 pi i / (2 length)).
template <class Real>
void separate_halves(const Line<Real>& line, Pack<Real>* tile)
{
    const std::size_t length = line.length;
    const Pack<Real> first = tile[0];
    tile[0] = {first.re + first.im, Vector<Real>{}};
    tile[length] = {first.re - first.im, Vector<Real>{}};
    constexpr Real half = 0.5;
    for (std::size_t k = 1; 2 * k <= length; ++k) {
        const Pack<Real> left = tile[k], right = tile[length - k];
        const Pack<Real> even = {(left.re + right.re) * half, (left.im - right.im) * half};
        const Pack<Real> odd = {(left.im + right.im) * half, (right.re - left.re) * half};
        const Pack<Real> turned = times(odd, line.half_roots + 2 * k);
        tile[k] = even + turned;
        tile[length - k] = {even.re - turned.re, turned.im - even.im};
    }
}

/// The way back, twice Z, real and imaginary part swapped, ready for the inverse transform: 2 Z[k] =
/// (X[k] + X*[length - k]) + i w^-k (X[k] - X*[length - k]). Imaginary parts of X[0] and X[length] count as zero.
template <class Real>
void join_halves(const Line<Real>& line, Pack<Real>* tile)
{
    const std::size_t length = line.length;
    const Vector<Real> zero = tile[0].re, last = tile[length].re;
    tile[0] = {zero - last, zero + last};
    for (std::size_t k = 1; 2 * k <= length; ++k) {
        const Pack<Real> left = tile[k], right = tile[length - k];
        const Pack<Real> even = {left.re + right.re, left.im - right.im};
        const Pack<Real> odd = {left.re - right.re, left.im + right.im};
        // w^-k odd = (conj(w^k conj(odd))); then times i
        const Pack<Real> turned = times(Pack<Real>{odd.re, -odd.im}, line.half_roots + 2 * k);  // conjugate of it
        const Pack<Real> rest = {turned.im, turned.re};                                          // i conj(turned)
        tile[k] = {even.im + rest.im, even.re + rest.re};
        tile[length - k] = {rest.im - even.im, even.re - rest.re};
    }
}

template <class Real>
void load_real_rows(const Real* first, const Rows& rows, Pack<Real>* tile)
{
    constexpr std::size_t width = lanes<Real>;
    for (std::size_t i = 0; i < rows.length; i += width) {
        Vector<Real> square[width];
        load_square(first, rows, i, rows.length, square);
        for (std::size_t j = 0; j < width && i + j < rows.length; ++j) {
            tile[i + j] = {square[j], Vector<Real>{}};
        }
    }
}

/// Stores the imaginary parts: the tile comes from an inverse transform, swapped.
template <class Real>
void store_real_rows(Real* first, const Rows& rows, const Pack<Real>* tile, Real scale)
{
    constexpr std::size_t width = lanes<Real>;
    for (std::size_t i = 0; i < rows.length; i += width) {
        Vector<Real> square[width] = {};
        for (std::size_t j = 0; j < width && i + j < rows.length; ++j) {
            square[j] = tile[i + j].im * scale;
        }
        store_square(first, rows, i, rows.length, square);
    }
}

/// The other half of the spectrum of an odd number of reals, X[length - k] = X*[k]; parts are swapped.
template <class Real>
void complete_spectrum(const Line<Real>& line, Pack<Real>* tile)
{
    tile[0].re = Vector<Real>{};
    for (std::size_t k = 1; 2 * k < line.length; ++k) {
        tile[line.length - k] = {-tile[k].re, tile[k].im};
    }
}

}  // namespace
