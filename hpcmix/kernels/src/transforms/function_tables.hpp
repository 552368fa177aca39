// Functions of the densities at a point, which a kick computes as it goes over the fields (point_functions.hpp).
#pragma once

#include <cstddef>

namespace hpcmix {

/// A function of the densities at a point. Without a table it is tau^(power/2) with tau = sum_b measure_b |field_b|^2; with
/// a table it has two values, (a + b)^power V_1(s) and (a + b)^power V_2(s) with a = sqrt(tau_1), b = sqrt(tau_2),
/// s = b/(a + b), V_1 and V_2 being polynomials in s pieces - j - 1/2 on the pieces j <= s pieces < j + 1 of 0 <= s <= 1:
/// one piece of any number of coefficients, or many of six.
struct PointFunction {
    const double* measures;  // one row of components, or two
    int power;               // at least one
    const double* table;     // 2 x pieces x coefficients of rising powers, or null
    std::size_t pieces;
    std::size_t coefficients;
};

/// Functions of the densities, and how many values all of them have.
struct PointFunctions {
    const PointFunction* functions = nullptr;
    std::size_t count = 0;
    std::size_t outputs = 0;
};

}  // namespace hpcmix
