// Compiled once for each instruction set (CMakeLists.txt). Eight configurations k are done together, one in a lane.
#include "configurations/pair_passes.hpp"

#include "processor/vector.hpp"

#include <algorithm>
#include <array>

namespace {

using hpcmix::PairProduct;

constexpr std::size_t together = 8;
constexpr std::size_t registers = together / lanes<double>;
constexpr std::size_t most_modes = hpcmix::most_pair_modes;
constexpr std::size_t most_pairs = most_modes * (most_modes + 1) / 2;

using Occupation = std::array<std::size_t, most_modes>;

struct Pairs {
    std::size_t count = 0;
    std::array<std::uint8_t, most_pairs> low, high;

    explicit Pairs(std::size_t modes)
    {
        for (std::size_t p = 0; p < modes; ++p) {
            for (std::size_t q = p; q < modes; ++q) {
                low[count] = static_cast<std::uint8_t>(p);
                high[count] = static_cast<std::uint8_t>(q);
                ++count;
            }
        }
    }
};

/// What ranks of k + e_r + e_s are made of: with R_j the particles of k in the modes j, j + 1, ..,
/// sums[c][j] = sum over i <= j of C(R_i + c + M_i, M_i) - C(R_i + c + M_i + 1, M_i + 1), M_i = modes - 1 - i.
class Ranks {
public:
    Ranks(const PairProduct& product, const Occupation& k) : modes_(product.modes)
    {
        std::array<std::size_t, most_modes> rest;
        std::size_t left = 0;
        for (std::size_t mode = modes_; mode-- > 1;) {
            left += k[mode];
            rest[mode] = left;
        }
        for (std::size_t c = 0; c < 3; ++c) {
            std::int64_t sum = 0;
            sums_[c][0] = 0;
            for (std::size_t mode = 1; mode < modes_; ++mode) {
                const std::int64_t* ways = product.ways + (rest[mode] + c) * modes_ + (modes_ - 1 - mode);
                sum += ways[0] - ways[1];
                sums_[c][mode] = sum;
            }
        }
        base_ = product.ways[product.particles * modes_ + modes_ - 1] - 1;
    }
    /// Of k + e_low + e_high.
    std::int64_t operator()(std::size_t low, std::size_t high) const
    {
        return base_ + sums_[2][low] + sums_[1][high] - sums_[1][low] + sums_[0][modes_ - 1] - sums_[0][high];
    }

private:
    std::size_t modes_;
    std::int64_t base_;
    std::array<std::array<std::int64_t, most_modes>, 3> sums_;
};

/// The configuration of particles - 2 with that rank.
Occupation unrank(const PairProduct& product, std::int64_t rank)
{
    Occupation k{};
    std::size_t left = product.particles - 2;
    for (std::size_t mode = 0; mode + 1 < product.modes; ++mode) {
        const std::size_t after = product.modes - 1 - mode;
        const auto ways = [&](std::size_t rest) { return product.ways[rest * product.modes + after]; };
        // the smallest rest with ways(rest) >= ways(left) - rank
        std::size_t low = 0, high = left;
        const std::int64_t wanted = ways(left) - rank;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (ways(middle) >= wanted) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        rank -= ways(left) - ways(low);
        k[mode] = left - low;
        left = low;
    }
    k[product.modes - 1] = left;
    return k;
}

void next(Occupation& k, std::size_t modes)
{
    const std::size_t end = modes - 1;
    if (k[end] > 0) {
        ++k[end - 1];
        --k[end];
        return;
    }
    std::size_t mode = end - 1;
    while (mode > 0 && k[mode] == 0) {
        --mode;
    }
    if (mode == 0) {
        return;  // the last one
    }
    const std::size_t moved = k[mode] - 1;
    k[mode] = 0;
    ++k[mode - 1];
    k[end] = moved;
}

/// The first k for which the rank of k + e_low + e_high is not below `row`: it grows with k.
std::int64_t first_reaching(const PairProduct& product, std::size_t low_mode, std::size_t high_mode, std::int64_t row)
{
    std::int64_t low = 0, high = product.ways[(product.particles - 2) * product.modes + product.modes - 1];
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (Ranks(product, unrank(product, middle))(low_mode, high_mode) >= row) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

std::size_t place(const PairProduct& product, std::int64_t rank)
{
    const std::size_t part = rank < product.node_first ? 0 : rank < product.node_last ? 1 : 2;
    return static_cast<std::size_t>(rank + product.shifts[part]);
}

struct Batch {
    alignas(register_bytes) double re[most_pairs][together];
    alignas(register_bytes) double im[most_pairs][together];
    double factor[most_pairs][together];
    std::int64_t rank[most_pairs][together];
};

template <bool is_complex>
void multiply(const PairProduct& product, const Batch& batch, std::size_t pair, double* re, double* im)
{
    Vector<double> real[registers] = {}, imaginary[registers] = {};
    for (auto entry = static_cast<std::size_t>(product.start[pair]); entry < static_cast<std::size_t>(product.start[pair + 1]);
         ++entry) {
        const auto other = static_cast<std::size_t>(product.columns[entry]);
        for (std::size_t i = 0; i < registers; ++i) {
            const Vector<double> x = load(batch.re[other] + i * lanes<double>), y = load(batch.im[other] + i * lanes<double>);
            if constexpr (is_complex) {
                const Vector<double> a = in_all_lanes(product.values[2 * entry]);
                const Vector<double> b = in_all_lanes(product.values[2 * entry + 1]);
                real[i] = fused_subtract(b, y, fused_add(a, x, real[i]));
                imaginary[i] = fused_add(b, x, fused_add(a, y, imaginary[i]));
            } else {
                const Vector<double> a = in_all_lanes(product.values[entry]);
                real[i] = fused_add(a, x, real[i]);
                imaginary[i] = fused_add(a, y, imaginary[i]);
            }
        }
    }
    for (std::size_t i = 0; i < registers; ++i) {
        store(re + i * lanes<double>, real[i]);
        store(im + i * lanes<double>, imaginary[i]);
    }
}

/// What the configurations k from `begin` to `end` add to the rows from `first` to `last`.
template <bool is_complex>
void add_range(const PairProduct& product, const Pairs& pairs, std::int64_t begin, std::int64_t end, std::int64_t first,
               std::int64_t last, Batch& batch)
{
    Occupation k = unrank(product, begin);
    for (std::int64_t start = begin; start < end; start += static_cast<std::int64_t>(together)) {
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(together, end - start));
        for (std::size_t lane = 0; lane < count; ++lane) {
            const Ranks ranks(product, k);
            for (std::size_t pair = 0; pair < pairs.count; ++pair) {
                const std::size_t low = pairs.low[pair], high = pairs.high[pair];
                const double factor = product.roots[k[low] + 1] * product.roots[k[high] + (low == high ? 2 : 1)];
                const std::int64_t rank = ranks(low, high);
                const double* number = product.source + 2 * place(product, rank);
                batch.rank[pair][lane] = rank;
                batch.factor[pair][lane] = factor;
                batch.re[pair][lane] = factor * number[0];
                batch.im[pair][lane] = factor * number[1];
            }
            next(k, product.modes);
        }
        for (std::size_t lane = count; lane < together; ++lane) {
            for (std::size_t pair = 0; pair < pairs.count; ++pair) {
                batch.re[pair][lane] = batch.im[pair][lane] = 0.0;
            }
        }
        alignas(register_bytes) double re[most_pairs][together], im[most_pairs][together];
        for (std::size_t pair = 0; pair < pairs.count; ++pair) {
            multiply<is_complex>(product, batch, pair, re[pair], im[pair]);
        }
        for (std::size_t lane = 0; lane < count; ++lane) {  // in the order of k, wherever a range begins
            for (std::size_t pair = 0; pair < pairs.count; ++pair) {
                const std::int64_t rank = batch.rank[pair][lane];
                if (rank >= first && rank < last) {
                    double* number = product.target + 2 * (static_cast<std::size_t>(rank) - product.first);
                    const double factor = product.scale * batch.factor[pair][lane];
                    number[0] += factor * re[pair][lane];
                    number[1] += factor * im[pair][lane];
                }
            }
        }
    }
}

void apply_pairs(const PairProduct& product, std::size_t first_row, std::size_t last_row)
{
    const auto first = static_cast<std::int64_t>(first_row), last = static_cast<std::int64_t>(last_row);
    for (std::size_t row = first_row; row < last_row; ++row) {
        double* number = product.target + 2 * (row - product.first);
        const double* own = product.source + 2 * place(product, static_cast<std::int64_t>(row));
        for (std::size_t part = 0; part < 2; ++part) {
            const double kept = product.keep == 0.0 ? 0.0 : product.keep * number[part];
            number[part] = kept + product.shift * own[part];
        }
    }
    // every pair reaches the rows from an interval of k; each k once, in order
    const Pairs pairs(product.modes);
    std::array<std::array<std::int64_t, 2>, most_pairs> ranges;
    for (std::size_t pair = 0; pair < pairs.count; ++pair) {
        ranges[pair] = {first_reaching(product, pairs.low[pair], pairs.high[pair], first),
                        first_reaching(product, pairs.low[pair], pairs.high[pair], last)};
    }
    std::sort(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(pairs.count));
    Batch batch;
    std::int64_t done = 0;
    for (std::size_t pair = 0; pair < pairs.count; ++pair) {
        const std::int64_t begin = std::max(done, ranges[pair][0]);
        if (begin < ranges[pair][1]) {
            if (product.complex_values) {
                add_range<true>(product, pairs, begin, ranges[pair][1], first, last, batch);
            } else {
                add_range<false>(product, pairs, begin, ranges[pair][1], first, last, batch);
            }
            done = ranges[pair][1];
        }
    }
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)

namespace hpcmix {

extern const PairPass HPCMIX_JOIN(pair_pass_, HPCMIX_INSTRUCTION_SET);
const PairPass HPCMIX_JOIN(pair_pass_, HPCMIX_INSTRUCTION_SET) = apply_pairs;

}  // namespace hpcmix
