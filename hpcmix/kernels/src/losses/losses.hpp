// What losses do to whole arrays of densities and fields.
#pragma once

#include "losses/loss_passes.hpp"

#include <vector>

namespace hpcmix {

/// field *= sqrt(rho(time) / rho(0)) for the fields of every component, and the sum of what every reaction takes.
/// `profiles` of the reactions: null where the rate is the same everywhere. The sums do not depend on the number of
/// threads nor on the instruction set.
template <class Real>
std::vector<double> react(const LossReactions& reactions, const std::vector<const Real*>& densities,
                          const std::vector<const Real*>& profiles, const std::vector<std::vector<Real*>>& fields,
                          std::size_t count, double time);

}  // namespace hpcmix
