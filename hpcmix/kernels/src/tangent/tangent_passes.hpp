// What a kick does to pairs of fluctuations beside condensates: passes over rows, one table for each instruction set, as
// transforms/passes.hpp has them for the condensates. In double precision only: fluctuations are a small difference.
//
// A pair has two complex fields u_a and w_a for each of p components; psi_a = amplitude_a orbital_a.
#pragma once

#include "transforms/passes.hpp"

#include <cstddef>

namespace hpcmix {

/// The fields of a pair on the same rows of each, and what they are seen beside.
struct PairRows {
    std::size_t components;
    double* const* fields;           // u_0 ... u_(p-1), w_0 ... w_(p-1)
    const double* const* orbitals;   // complex
    const double* amplitudes;
    const double* const* factors;    // complex, what u_a and w_a are multiplied by first; null: nothing
    std::size_t offset;              // of the first row's first element in all of them
    bool inverse_before;             // the rows are brought back from their own transform first
};

/// u_a, w_a <- factor_a u_a, factor_a w_a, stored; and of their density d_b = conj(psi_b) u_b + psi_b conj(w_b) either the
/// half spectra of weighted sums, spectrum_c and spectrum_(count + c) those of Re and Im of sum_b weight_cb d_b, or d_b.
struct PairDensities {
    PairRows pair;
    const double* weights;           // (spectra.count / 2) x components
    HalfSpectra<double> spectra;
    double* const* densities;        // complex, one for each component; null where spectra are made
};

/// u_a <- factor_a u_a - i angle psi_a g_a and w_a <- factor_a w_a - i angle psi_a conj(g_a),
/// g_a = sum_b (coupling_ab + response_ab) d_b + source_a + sum_c weight_ac (seen_c + i seen_(count + c)),
/// with the density d of the products with the factors; then the forward transform of the rows where it is wanted.
struct PairShear {
    PairRows pair;
    const double* couplings;         // components x components
    const double* const* responses;  // components x components real arrays, null for zero; null: none at all
    const double* const* sources;    // components complex arrays, null for zero; null: none at all
    const double* weights;           // components x (seen.count / 2)
    HalfSpectra<double> seen;
    double angle;
    bool forward_after;
};

struct TangentPasses {
    std::size_t lanes;  // rows in a piece
    /// Room for one piece of a pair of so many components beside so many half spectra, in tiles of `tile_length`.
    std::size_t (*workspace_bytes)(std::size_t tile_length, std::size_t components, std::size_t spectra);
    /// `count` rows of every field, at most as many as there are lanes.
    void (*density_rows)(const Line<double>& line, const PairDensities& densities, std::size_t count, void* workspace);
    void (*shear_rows)(const Line<double>& line, const PairShear& shear, std::size_t count, void* workspace);
};

}  // namespace hpcmix
