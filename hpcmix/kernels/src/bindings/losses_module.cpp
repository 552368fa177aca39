// Python binding of losses.hpp, part of hpcmix.kernels._native. hpcmix/kernels/losses.py checks arguments and words the
// errors; what is checked here only keeps a direct call from reading or writing outside the arrays.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "losses/losses.hpp"

#include <nanobind/stl/vector.h>

#include <algorithm>
#include <complex>

using namespace nb::literals;

namespace {

template <class Real>
std::vector<double> react(const std::vector<Array<const Real>>& densities,
                          const std::vector<std::vector<Array<std::complex<Real>>>>& fields,
                          const std::vector<double>& rates, const std::vector<std::vector<std::size_t>>& meeting,
                          const std::vector<std::vector<double>>& shares,
                          const std::vector<std::vector<Array<const Real>>>& profiles, double time)
{
    hpcmix::LossReactions all{};
    all.components = densities.size();
    all.count = rates.size();
    require(all.components > 0 && all.components <= hpcmix::most_loss_components && all.count > 0 &&
                all.count <= hpcmix::most_reactions,
            "there are no components or reactions, or more than there is room for");
    require(fields.size() == all.components && meeting.size() == all.count && shares.size() == all.count &&
                profiles.size() == all.count,
            "there must be fields for each component and everything for each reaction");
    const std::size_t count = densities[0].size();
    std::vector<const Real*> density_values, profile_values;
    std::vector<std::vector<Real*>> field_values(all.components);
    for (std::size_t member = 0; member < all.components; ++member) {
        require(densities[member].size() == count, "the densities differ in size");
        density_values.push_back(densities[member].data());
        for (const auto& field : fields[member]) {
            require(field.size() == count, "the fields differ in size");
            field_values[member].push_back(reals<Real>(field));
        }
    }
    for (std::size_t number = 0; number < all.count; ++number) {
        require(!meeting[number].empty() && meeting[number].size() <= 3 && shares[number].size() == all.components &&
                    profiles[number].size() <= 1,
                "one to three particles meet, each component has a share, and a reaction at most one profile");
        auto& reaction = all.reactions[number];
        reaction.rate = rates[number];
        reaction.size = meeting[number].size();
        for (std::size_t place = 0; place < reaction.size; ++place) {
            require(meeting[number][place] < all.components, "there is no such component");
            reaction.meeting[place] = meeting[number][place];
        }
        std::copy(shares[number].begin(), shares[number].end(), reaction.shares.begin());
        require(profiles[number].empty() || profiles[number][0].size() == count, "the profile differs in size");
        profile_values.push_back(profiles[number].empty() ? nullptr : profiles[number][0].data());
    }
    const nb::gil_scoped_release release;
    return hpcmix::react<Real>(all, density_values, profile_values, field_values, count, time);
}

template <class Real>
void bind(nb::module_& module)
{
    module.def("react", &react<Real>, "densities"_a, "fields"_a, "rates"_a, "meeting"_a, "shares"_a, "profiles"_a,
               "duration"_a, "fields *= sqrt(rho(duration) / rho(0)); the sum of what every reaction takes");
}

}  // namespace

void bind_losses(nb::module_& module)
{
    bind<float>(module);
    bind<double>(module);
}
