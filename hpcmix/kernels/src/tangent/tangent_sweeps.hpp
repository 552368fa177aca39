// Kicks of pairs of fluctuations on whole arrays, plane by plane, in one sweep with the transforms of the planes before and
// after them; as transforms.hpp has them for condensates. Pieces are shared out to threads; the bits depend neither on them
// nor on how many planes or pairs are passed in a call. Double precision. Fields do not overlap.
#pragma once

#include "points/kernels.hpp"
#include "tangent/tangent_passes.hpp"
#include "transforms/transforms.hpp"

#include <cstddef>

namespace hpcmix {

/// Several pairs one after the other: the fields of the first one, u_0 ... u_(p-1), w_0 ... w_(p-1), then those of the second
/// ...; condensates and factors are the same for all of them (PairRows).
struct Pairs {
    std::size_t count;
    std::size_t components;
    double* const* fields;          // count x 2 components
    const double* const* orbitals;
    const double* amplitudes;
    const double* const* factors;   // or null
};

/// What a shear is made of (PairShear). Sources of several pairs: count x components; half spectra: count x 2 channels, Re
/// before Im, transformed along the axes that KickTransforms names, overwritten.
struct ShearSources {
    const double* couplings;
    const double* const* responses;
    const double* const* sources;
    double* const* spectra;
    std::size_t channels;
    const double* weights;
};

/// The kick of every pair, after an inverse transform of the planes and before a forward one. Where there are half spectra
/// of what is seen, rows at least are transformed along (KickTransforms) on their way back.
void kick_pairs(const Pairs& pairs, const ShearSources& seen, double angle, Shape shape, KickTransforms transforms);

/// u_a, w_a <- factor_a u_a, factor_a w_a after an inverse transform of the planes, if they are to be brought back; and the
/// half spectra of every pair's density, along the rows or both axes of the planes (columns_too): count x 2 channels, Re
/// before Im; weights: channels x components.
void pair_density_spectra(const Pairs& pairs, const double* weights, double* const* spectra, std::size_t channels,
                          Shape shape, bool inverse_before, bool columns_too);

/// The same with the densities themselves: count x components complex arrays.
void pair_densities(const Pairs& pairs, double* const* densities, Shape shape, bool inverse_before, bool columns_too);

}  // namespace hpcmix
