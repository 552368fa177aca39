// Steps of sweeps over planes that kicks of condensates and of pairs have in common.
#pragma once

#include "processor/pieces.hpp"
#include "transforms/transforms.hpp"

#include <cstddef>
#include <vector>

namespace hpcmix {

/// Where the rows of some half spectra begin, from row `first` of a plane on; overwritten by the thread's next call.
template <class Real>
Real* const* spectrum_rows(Real* const* spectra, std::size_t count, Shape shape, std::size_t plane, std::size_t first)
{
    thread_local std::vector<Real*> pointers;
    pointers.resize(count);
    for (std::size_t c = 0; c < count; ++c) {
        pointers[c] = spectra[c] + 2 * (plane * shape.rows + first) * half_spectrum_length(shape.length);
    }
    return pointers.data();
}

/// The columns of the planes of several arrays whose rows have `length` numbers, as a step; none unless wanted.
template <class Real>
auto columns_step(Real* const* arrays, std::size_t count, Shape shape, std::size_t length, bool forward, bool wanted)
{
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = length,
                                        .forward = forward, .scale = Real(1)};
    const std::size_t pieces = columns.pieces(), plane_reals = 2 * shape.rows * length;
    return Step{wanted ? count * pieces : 0, [=](std::size_t plane, std::size_t piece) {
                    columns(arrays[piece / pieces] + plane * plane_reals, piece % pieces);
                }};
}

/// The steps of several things in every plane: visit(number, run) calls run(steps ...) with those of one of them. All of
/// them are done in a plane before the next one; where there are too few planes to keep all threads busy, one after the other
/// on all planes (run_on_planes).
template <class Visit>
void run_on_planes_in_turn(std::size_t planes, std::size_t count, const Visit& visit)
{
    const auto threads = static_cast<std::size_t>(thread_count());
    if (threads == 1 || planes >= 4 * threads) {
        for_each(planes, [&](std::size_t plane) {
            for (std::size_t number = 0; number < count; ++number) {
                visit(number, [&](const auto&... steps) { (steps.run_all(plane), ...); });
            }
        });
    } else {
        for (std::size_t number = 0; number < count; ++number) {
            visit(number, [&](const auto&... steps) { run_on_planes(planes, steps...); });
        }
    }
}

}  // namespace hpcmix
