// Which compilation of the loops runs on this processor.
#pragma once

#include "configurations/configuration_passes.hpp"
#include "configurations/pair_passes.hpp"
#include "losses/loss_passes.hpp"
#include "markers/marker_passes.hpp"
#include "points/loops.hpp"
#include "tangent/tangent_passes.hpp"
#include "transforms/passes.hpp"

#include <string_view>
#include <vector>

namespace hpcmix {

/// Loops that this processor can run, the slowest (portable) first, the best last.
const std::vector<const Loops*>& supported_loops();

/// The loops in use: the best supported ones until select_loops chose others.
const Loops& active_loops();

/// The passes compiled for the same instruction set.
const Passes& active_passes();
const ConfigurationPasses& active_configuration_passes();
PairPass active_pair_pass();
const TangentPasses& active_tangent_passes();
const MarkerPasses& active_marker_passes();
LossPass active_loss_pass();

/// Uses the named instruction set from now on (for tests and measurements).
/// @throws std::invalid_argument if it is unknown or this processor lacks it.
void select_loops(std::string_view instruction_set);

}  // namespace hpcmix
