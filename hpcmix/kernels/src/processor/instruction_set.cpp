#include "processor/instruction_set.hpp"

#include <atomic>
#include <stdexcept>
#include <string>

namespace hpcmix {

extern const Loops loops_baseline;
extern const Passes passes_baseline;
extern const ConfigurationPasses configuration_passes_baseline;
extern const PairPass pair_pass_baseline;
extern const TangentPasses tangent_passes_baseline;
extern const MarkerPasses marker_passes_baseline;
extern const LossPass loss_pass_baseline;
#ifdef HPCMIX_X86_VARIANTS
extern const Loops loops_avx2;
extern const Passes passes_avx2;
extern const ConfigurationPasses configuration_passes_avx2;
extern const PairPass pair_pass_avx2;
extern const TangentPasses tangent_passes_avx2;
extern const MarkerPasses marker_passes_avx2;
extern const LossPass loss_pass_avx2;
extern const Loops loops_avx512;
extern const Passes passes_avx512;
extern const ConfigurationPasses configuration_passes_avx512;
extern const PairPass pair_pass_avx512;
extern const TangentPasses tangent_passes_avx512;
extern const MarkerPasses marker_passes_avx512;
extern const LossPass loss_pass_avx512;
#endif

namespace {

std::vector<const Loops*> find_supported_loops()
{
    std::vector<const Loops*> supported{&loops_baseline};
#ifdef HPCMIX_X86_VARIANTS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        supported.push_back(&loops_avx2);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
            supported.push_back(&loops_avx512);
        }
    }
#endif
    return supported;
}

std::atomic<const Loops*>& active()
{
    static std::atomic<const Loops*> loops{supported_loops().back()};
    return loops;
}

}  // namespace

const std::vector<const Loops*>& supported_loops()
{
    static const std::vector<const Loops*> supported = find_supported_loops();
    return supported;
}

const Loops& active_loops()
{
    return *active();
}

const Passes& active_passes()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return passes_avx512;
    }
    if (loops == &loops_avx2) {
        return passes_avx2;
    }
#endif
    return passes_baseline;
}

const ConfigurationPasses& active_configuration_passes()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return configuration_passes_avx512;
    }
    if (loops == &loops_avx2) {
        return configuration_passes_avx2;
    }
#endif
    return configuration_passes_baseline;
}

PairPass active_pair_pass()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return pair_pass_avx512;
    }
    if (loops == &loops_avx2) {
        return pair_pass_avx2;
    }
#endif
    return pair_pass_baseline;
}

const TangentPasses& active_tangent_passes()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return tangent_passes_avx512;
    }
    if (loops == &loops_avx2) {
        return tangent_passes_avx2;
    }
#endif
    return tangent_passes_baseline;
}

const MarkerPasses& active_marker_passes()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return marker_passes_avx512;
    }
    if (loops == &loops_avx2) {
        return marker_passes_avx2;
    }
#endif
    return marker_passes_baseline;
}

LossPass active_loss_pass()
{
#ifdef HPCMIX_X86_VARIANTS
    const Loops* loops = active();
    if (loops == &loops_avx512) {
        return loss_pass_avx512;
    }
    if (loops == &loops_avx2) {
        return loss_pass_avx2;
    }
#endif
    return loss_pass_baseline;
}

void select_loops(std::string_view instruction_set)
{
    std::string names;
    for (const Loops* loops : supported_loops()) {
        if (instruction_set == loops->instruction_set) {
            active() = loops;
            return;
        }
        names += std::string(names.empty() ? "" : ", ") + loops->instruction_set;
    }
    throw std::invalid_argument("instruction set '" + std::string(instruction_set) +
                                "' is not available here; there is " + names);
}

}  // namespace hpcmix
