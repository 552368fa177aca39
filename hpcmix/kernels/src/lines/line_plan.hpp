// What is known about the Fourier transform of a line before any data: factors, twiddle factors, chirps.
//
// The numbers do not depend on the instruction set; line_transform.hpp, compiled once for each, executes a plan. It sees
// the plan as the plain structs Line and Stage, for it may not use templates of the standard library (sincos.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace hpcmix {

/// Prime factors up to this one have a pass of their own; a length with a larger one is transformed by Bluestein.
constexpr std::size_t largest_radix = 31;

/// One pass of Stockham's algorithm over a line of radix * groups * stride elements.
template <class Real>
struct Stage {
    std::size_t radix;
    std::size_t groups;     // pieces that differ in their twiddle factors
    std::size_t stride;     // elements in a piece: the product of the radices of the passes before
    const Real* twiddles;   // groups x (radix - 1) complex numbers exp(-2 pi i group k / (radix groups)), k = 1 ...
    const Real* roots;      // radix complex numbers (cos, sin)(2 pi k / radix), for the general odd radix
};

template <class Real>
struct Line {
    std::size_t length;
    std::size_t tile_length;          // elements of room that the transform needs: length, or Bluestein's longer line
    const Stage<Real>* stages = nullptr;
    std::size_t stage_count = 0;
    // Bluestein: the convolution's line (null for a product of small primes), exp(-i pi k^2 / length), and the spectrum of
    // its conjugate over the convolution's length.
    const Line* convolution = nullptr;
    const Real* chirp = nullptr;
    const Real* chirp_spectrum = nullptr;
    // exp(-2 pi i k / (2 length)) for k = 0 ... length: what turns a line of 2 * length reals, transformed as complex
    // numbers, into its half spectrum.
    const Real* half_roots = nullptr;
};

/// Owner of a Line and of the tables that it points to. Works for every length >= 1.
template <class Real>
class LinePlan {
public:
    explicit LinePlan(std::size_t length);
    LinePlan(const LinePlan&) = delete;
    LinePlan& operator=(const LinePlan&) = delete;

    const Line<Real>& line() const
    {
        return line_;
    }

private:
    void plan_stages(const std::vector<std::size_t>& radices);
    void plan_bluestein();

    Line<Real> line_{};
    std::vector<Stage<Real>> stages_;
    std::vector<std::vector<Real>> tables_;
    std::unique_ptr<LinePlan> convolution_;
};

/// The plan of a length, made at the first call and kept for the life of the program. Safe to call from any thread.
template <class Real>
const Line<Real>& line_of_length(std::size_t length);

}  // namespace hpcmix
