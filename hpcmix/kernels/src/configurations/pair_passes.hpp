// The product of a pair Hamiltonian of bosons in a few modes with their wave function, without a table of any kind that is
// as long as the wave function.
//
//     target_n += scale sum_(pq) f_pq(k) sum_(rs) V_(pq)(rs) f_rs(k) source_{k + e_r + e_s},        k = n - e_p - e_q
//
// k runs over the configurations of two particles less, f_rs(k) = sqrt(k_r + 1) sqrt(k_s + 1), or sqrt((k_r + 1) (k_r + 2))
// for r = s. Configurations stand in lexicographic order; the rank of k + e_r + e_s follows from three partial sums of k.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpcmix {

constexpr std::size_t most_pair_modes = 16;

struct PairProduct {
    const double* source;  // pairs of reals, one for a configuration
    double* target;        // those of `first` .. `last`
    std::size_t first;
    std::size_t last;
    std::int64_t node_first;  // where a configuration is in the source: its number plus the first shift below node_first,
    std::int64_t node_last;   // the second one below node_last, the third from there on
    std::int64_t shifts[3];
    std::size_t particles;
    std::size_t modes;
    const std::int64_t* ways;  // (particles + 1) x modes, C(R + M, M)
    const double* roots;       // of 0 .. particles
    const std::int64_t* start;  // V, a row for every pair (p <= q)
    const std::int32_t* columns;
    const double* values;  // reals, or pairs of them
    bool complex_values;
    double scale;
    double shift;
    double keep;
};

/// target <- keep target + shift source + (the sum above), its rows from `first` to `last`; no other row is written.
using PairPass = void (*)(const PairProduct& product, std::size_t first, std::size_t last);

}  // namespace hpcmix
