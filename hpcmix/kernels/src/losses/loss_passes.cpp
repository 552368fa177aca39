// Compiled once for each instruction set (CMakeLists.txt). One point in a lane.
#include "losses/loss_passes.hpp"

#include "processor/vector.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

using hpcmix::LossReaction;
using hpcmix::LossReactions;
using hpcmix::most_loss_components;
using hpcmix::most_reactions;
using hpcmix::points_together;
using Values = Vector<double>;

constexpr std::size_t degree = 12;
constexpr double longest_piece = 1.0 / 32.0;  // in units of 1/lambda
constexpr double most = 1e12;                 // lambda t that is followed; not a number beyond
constexpr double negligible = 0x1p-55;        // beside the first term of a series
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool any_positive(Values values)
{
    bool any = false;
    for (std::size_t lane = 0; lane < lanes<double>; ++lane) {
        any = any || values[lane] > 0.0;
    }
    return any;
}

/// lambda, the largest 1/rho |d rho/dt| of the components.
Values fastest(const LossReactions& all, const Values* rho, const Values* rates)
{
    Values speeds[most_loss_components] = {};
    for (std::size_t number = 0; number < all.count; ++number) {
        const LossReaction& reaction = all.reactions[number];
        for (std::size_t place = 0; place < reaction.size; ++place) {
            const std::size_t member = reaction.meeting[place];
            bool seen = false;
            for (std::size_t before = 0; before < place; ++before) {
                seen = seen || reaction.meeting[before] == member;
            }
            if (seen) {
                continue;
            }
            Values product = in_all_lanes(1.0);
            for (std::size_t other = 0; other < reaction.size; ++other) {
                if (other != place) {
                    product *= rho[reaction.meeting[other]];
                }
            }
            speeds[member] += reaction.shares[member] * rates[number] * product;
        }
    }
    Values largest{};
    for (std::size_t member = 0; member < all.components; ++member) {
        largest = speeds[member] <= largest ? largest : speeds[member];  // what is not a number stays
    }
    return largest;
}

/// rho after one piece of the time, and what the reactions take in it added to events: products of Taylor series. A point
/// takes as many terms as matter to it, whatever its neighbours do.
void advance(const LossReactions& all, Values* rho, const Values* rates, Values time, Values speed_of_all, Values* events)
{
    const Values ratio = 2.0 * speed_of_all * time;  // of a term and the one before it, at most
    Values series[degree + 1][most_loss_components], pairs[degree][most_reactions];
    for (std::size_t member = 0; member < all.components; ++member) {
        series[0][member] = rho[member];
    }
    Values power = time, size = in_all_lanes(1.0);
    for (std::size_t k = 0; k < degree; ++k) {
        for (std::size_t member = 0; member < all.components; ++member) {
            series[k + 1][member] = Values{};
        }
        const double inverse = 1.0 / static_cast<double>(k + 1);
        for (std::size_t number = 0; number < all.count; ++number) {
            const LossReaction& reaction = all.reactions[number];
            Values term = series[k][reaction.meeting[0]];
            if (reaction.size > 1) {
                term = Values{};
                for (std::size_t i = 0; i <= k; ++i) {
                    term += series[i][reaction.meeting[0]] * series[k - i][reaction.meeting[1]];
                }
            }
            if (reaction.size > 2) {
                pairs[k][number] = term;
                term = Values{};
                for (std::size_t i = 0; i <= k; ++i) {
                    term += pairs[i][number] * series[k - i][reaction.meeting[2]];
                }
            }
            const Values speed = rates[number] * term * inverse;
            events[number] += speed * power;
            for (std::size_t member = 0; member < all.components; ++member) {
                series[k + 1][member] -= reaction.shares[member] * speed;
            }
        }
        for (std::size_t member = 0; member < all.components; ++member) {
            rho[member] += series[k + 1][member] * power;
        }
        size *= ratio;
        power = size <= negligible ? Values{} : power * time;
        bool all_done = true;
        for (std::size_t lane = 0; lane < lanes<double>; ++lane) {
            all_done = all_done && power[lane] == 0.0;
        }
        if (all_done) {
            return;
        }
    }
}

void by_series(const LossReactions& all, const double* densities, const double* rates, double time, double* ratios,
               double* events)
{
    for (std::size_t first = 0; first < points_together; first += lanes<double>) {
        Values rho[most_loss_components], before[most_loss_components], ratio[most_loss_components];
        Values rate[most_reactions], taken[most_reactions];
        for (std::size_t member = 0; member < all.components; ++member) {
            rho[member] = load(densities + member * points_together + first);
            ratio[member] = in_all_lanes(1.0);
        }
        for (std::size_t number = 0; number < all.count; ++number) {
            rate[number] = load(rates + number * points_together + first);
            taken[number] = Values{};
        }
        Values left = in_all_lanes(time);
        while (any_positive(left)) {
            const Values speed = fastest(all, rho, rate);
            Values piece = longest_piece / speed;
            piece = piece < left ? piece : left;
            piece = speed * time <= most ? piece : in_all_lanes(not_a_number);
            std::copy_n(rho, all.components, before);
            advance(all, rho, rate, piece, speed, taken);
            for (std::size_t member = 0; member < all.components; ++member) {
                const Values quotient = rho[member] / before[member];
                ratio[member] *= before[member] != 0.0 ? quotient : in_all_lanes(1.0);
            }
            left -= piece;
        }
        for (std::size_t member = 0; member < all.components; ++member) {
            store(ratios + member * points_together + first, ratio[member]);
        }
        for (std::size_t number = 0; number < all.count; ++number) {
            store(events + number * points_together + first, taken[number]);
        }
    }
}

/// Particles that leave by themselves: exp(-Gamma t), Gamma the sum of a component's rates, which share what leaves.
void alone(const LossReactions& all, const double* densities, const double* rates, double time, double* ratios,
           double* events)
{
    for (std::size_t member = 0; member < all.components; ++member) {
        const double* rho = densities + member * points_together;
        double* ratio = ratios + member * points_together;
        double known = 0.0, gone = 0.0, remains = 1.0;  // of the point before: many have the same rate
        for (std::size_t i = 0; i < points_together; ++i) {
            double whole = 0.0;
            for (std::size_t number = 0; number < all.count; ++number) {
                whole += all.reactions[number].meeting[0] == member ? rates[number * points_together + i] : 0.0;
            }
            if (!(whole == known)) {
                known = whole;
                gone = -std::expm1(-whole * time);
                remains = gone < 0.5 ? 1.0 - gone : std::exp(-whole * time);
            }
            ratio[i] = remains;
            for (std::size_t number = 0; number < all.count; ++number) {
                if (all.reactions[number].meeting[0] == member) {
                    const std::size_t place = number * points_together + i;
                    events[place] = whole == 0.0 ? 0.0 : rho[i] * (gone / whole) * rates[place];
                }
            }
        }
    }
}

/// Two or three particles of one component: 1/(1 + K rho t), 1/sqrt(1 + 2 K rho^2 t).
void alike(const LossReaction& reaction, const double* densities, const double* rates, double time, double* ratios,
           double* events)
{
    const std::size_t start = reaction.meeting[0] * points_together;
    const double *rho = densities + start, factor = reaction.size == 2 ? time : 2.0 * time;
    double* ratio = ratios + start;
    const bool three = reaction.size == 3;
    for (std::size_t i = 0; i < points_together; ++i) {
        const double y = factor * rates[i] * (three ? rho[i] * rho[i] : rho[i]), whole = 1.0 + y;
        const double root = three ? std::sqrt(whole) : whole;
        ratio[i] = 1.0 / root;
        events[i] = rho[i] * (y / (three ? whole + root : whole));
    }
}

/// One of each of two components, a the denser: rho_a(t) = rho_a / (1 + rho_b f), f = (1 - exp(-K d t))/d, d = rho_a - rho_b.
void of_two(const LossReaction& reaction, const double* densities, const double* rates, double time, double* ratios,
            double* events)
{
    const std::size_t first = reaction.meeting[0] * points_together, second = reaction.meeting[1] * points_together;
    for (std::size_t i = 0; i < points_together; ++i) {
        const bool denser = densities[first + i] >= densities[second + i];
        const std::size_t a = (denser ? first : second) + i, b = (denser ? second : first) + i;
        const double more = densities[a], less = densities[b], d = more - less, strength = rates[i] * time;
        const double gone = -std::expm1(-strength * d), remains = gone < 0.5 ? 1.0 - gone : std::exp(-strength * d);
        const double f = d == 0.0 ? strength : gone / d, whole = 1.0 + less * f;
        ratios[a] = 1.0 / whole;
        ratios[b] = remains / whole;
        events[i] = more * (less * f / whole);
    }
}

void solve(const LossReactions& all, const double* densities, const double* rates, double time, double* ratios,
           double* events)
{
    bool singles = true;
    for (std::size_t number = 0; number < all.count; ++number) {
        singles = singles && all.reactions[number].size == 1;
    }
    const LossReaction& first = all.reactions[0];
    const bool pair = first.size > 1 && first.meeting[0] == first.meeting[1];
    if (singles) {
        alone(all, densities, rates, time, ratios, events);
        return;
    }
    const bool written_down = all.count == 1 && (first.size == 2 || (pair && first.meeting[1] == first.meeting[2]));
    if (!written_down) {
        by_series(all, densities, rates, time, ratios, events);
        return;
    }
    for (std::size_t i = 0; i < all.components * points_together; ++i) {
        ratios[i] = 1.0;
    }
    (pair ? alike : of_two)(first, densities, rates, time, ratios, events);
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)

namespace hpcmix {

extern const LossPass HPCMIX_JOIN(loss_pass_, HPCMIX_INSTRUCTION_SET);
const LossPass HPCMIX_JOIN(loss_pass_, HPCMIX_INSTRUCTION_SET) = solve;

}  // namespace hpcmix
