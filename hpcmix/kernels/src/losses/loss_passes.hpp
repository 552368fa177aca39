// Particles that meet and leave, at every point by itself: hpcmix/kernels/losses.py has the equation, and
// hpcmix/kernels/twins/losses.py the series and its error.
#pragma once

#include <array>
#include <cstddef>

namespace hpcmix {

constexpr std::size_t most_loss_components = 8;
constexpr std::size_t most_reactions = 24;

/// One to three particles that leave together; `shares` of every component what it loses for an event.
struct LossReaction {
    double rate;
    std::size_t size;
    std::array<std::size_t, 3> meeting;
    std::array<double, most_loss_components> shares;
};

struct LossReactions {
    std::size_t components;
    std::size_t count;
    std::array<LossReaction, most_reactions> reactions;
};

// Points that are worked on together; values of one component or reaction stand beside each other.
constexpr std::size_t points_together = 256;

/// ratios <- rho(time) / rho(0) of the components, events <- what every reaction takes, from the densities and the rates
/// of the reactions at `points_together` points. Results at a point do not depend on the other points, to the bit.
using LossPass = void (*)(const LossReactions& reactions, const double* densities, const double* rates, double time,
                          double* ratios, double* events);

}  // namespace hpcmix
