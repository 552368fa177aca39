#include "losses/losses.hpp"

#include "processor/pieces.hpp"

#include <algorithm>
#include <cmath>

namespace hpcmix {

namespace {

/// Eight sums side by side, added up in their order.
double sum_of(const double* values)
{
    std::array<double, 8> sums{};
    for (std::size_t i = 0; i < points_together; i += 8) {
        for (std::size_t j = 0; j < 8; ++j) {
            sums[j] += values[i + j];
        }
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// Sum by halves.
double pairwise_sum(const double* values, std::size_t count, std::size_t stride)
{
    if (count <= 4) {
        double sum = 0.0;
        for (std::size_t i = 0; i < count; ++i) {
            sum += values[i * stride];
        }
        return sum;
    }
    const std::size_t half = count / 2;
    return pairwise_sum(values, half, stride) + pairwise_sum(values + half * stride, count - half, stride);
}

}  // namespace

template <class Real>
std::vector<double> react(const LossReactions& all, const std::vector<const Real*>& densities,
                          const std::vector<const Real*>& profiles, const std::vector<std::vector<Real*>>& fields,
                          std::size_t count, double time)
{
    const std::size_t pieces = divide_up(count, points_together);
    std::vector<double> partial(pieces * all.count);
    const LossPass pass = active_loss_pass();
    for_each(pieces, [&](std::size_t piece) {
        const std::size_t first = piece * points_together, valid = std::min(points_together, count - first);
        auto* rho = static_cast<double*>(workspace(2 * (all.components + all.count) * points_together * sizeof(double)));
        double* rates = rho + all.components * points_together;
        double* ratios = rates + all.count * points_together;
        double* events = ratios + all.components * points_together;
        for (std::size_t member = 0; member < all.components; ++member) {
            double* values = rho + member * points_together;
            std::copy_n(densities[member] + first, valid, values);
            std::fill(values + valid, values + points_together, 0.0);
        }
        for (std::size_t number = 0; number < all.count; ++number) {
            double* values = rates + number * points_together;
            std::fill(values, values + points_together, all.reactions[number].rate);
            for (std::size_t i = 0; profiles[number] != nullptr && i < valid; ++i) {
                values[i] *= static_cast<double>(profiles[number][first + i]);
            }
        }
        pass(all, rho, rates, time, ratios, events);
        for (std::size_t member = 0; member < all.components; ++member) {
            double* factors = ratios + member * points_together;
            for (std::size_t i = 0; i < points_together; ++i) {
                factors[i] = std::sqrt(factors[i]);
            }
            for (Real* field : fields[member]) {
                Real* values = field + 2 * first;
                for (std::size_t i = 0; i < valid; ++i) {
                    values[2 * i] = static_cast<Real>(static_cast<double>(values[2 * i]) * factors[i]);
                    values[2 * i + 1] = static_cast<Real>(static_cast<double>(values[2 * i + 1]) * factors[i]);
                }
            }
        }
        for (std::size_t number = 0; number < all.count; ++number) {
            partial[piece * all.count + number] = sum_of(events + number * points_together);
        }
    });
    std::vector<double> sums(all.count);
    for (std::size_t number = 0; number < all.count && pieces > 0; ++number) {
        sums[number] = pairwise_sum(partial.data() + number, pieces, all.count);
    }
    return sums;
}

template std::vector<double> react<float>(const LossReactions&, const std::vector<const float*>&,
                                          const std::vector<const float*>&, const std::vector<std::vector<float*>>&,
                                          std::size_t, double);
template std::vector<double> react<double>(const LossReactions&, const std::vector<const double*>&,
                                           const std::vector<const double*>&, const std::vector<std::vector<double*>>&,
                                           std::size_t, double);

}  // namespace hpcmix
