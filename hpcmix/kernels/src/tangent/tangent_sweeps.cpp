#include "tangent/tangent_sweeps.hpp"

#include "processor/instruction_set.hpp"
#include "processor/pieces.hpp"
#include "transforms/plane_steps.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace hpcmix {

namespace {

/// One of several pairs, from row `offset` on.
PairRows pair_of(const Pairs& pairs, std::size_t number, std::size_t offset, bool inverse_before)
{
    return {pairs.components,  pairs.fields + number * 2 * pairs.components, pairs.orbitals, pairs.amplitudes,
            pairs.factors, offset, inverse_before};
}

/// Room for a piece of a pair of `components` beside `spectra` real rows.
std::size_t bytes_of_pair(const Line<double>& line, std::size_t components, std::size_t spectra)
{
    const std::size_t length =
        spectra > 0 ? std::max(line.tile_length, line_of_reals<double>(line.length).tile_length + 1) : line.tile_length;
    return active_tangent_passes().workspace_bytes(length, components, spectra);
}

/// The half spectra of one of several pairs.
HalfSpectra<double> spectra_of(std::size_t count, Shape shape)
{
    return {nullptr, count, count > 0 ? &line_of_reals<double>(shape.length) : nullptr};
}

/// A kick without transforms, in rows of a length of its own: points are points.
void kick_points(const Pairs& pairs, const ShearSources& seen, double angle, std::size_t count)
{
    constexpr std::size_t length = 64;
    const TangentPasses& passes = active_tangent_passes();
    const auto shear_at = [&](std::size_t number, std::size_t offset) {
        return PairShear{pair_of(pairs, number, offset, false), seen.couplings, seen.responses,
                         seen.sources == nullptr ? nullptr : seen.sources + number * pairs.components, nullptr,
                         {nullptr, 0, nullptr}, angle, false};
    };
    const Line<double> whole{.length = length, .tile_length = length};
    const std::size_t rows = count / length, pieces = divide_up(rows, passes.lanes);
    const std::size_t bytes = bytes_of_pair(whole, pairs.components, 0);
    for_each(pieces, [&](std::size_t piece) {
        const std::size_t first = piece * passes.lanes;
        for (std::size_t number = 0; number < pairs.count; ++number) {
            passes.shear_rows(whole, shear_at(number, first * length), rows_in_piece(passes.lanes, rows, first),
                              workspace(bytes));
        }
    });
    if (const std::size_t rest = count % length) {
        const Line<double> end{.length = rest, .tile_length = rest};
        for (std::size_t number = 0; number < pairs.count; ++number) {
            passes.shear_rows(end, shear_at(number, count - rest), 1, workspace(bytes));
        }
    }
}

}  // namespace

void kick_pairs(const Pairs& pairs, const ShearSources& seen, double angle, Shape shape, KickTransforms transforms)
{
    if (is_empty(shape)) {
        return;
    }
    if (!transforms.inverse_before && !transforms.forward_after && seen.channels == 0) {
        kick_points(pairs, seen, angle, shape.planes * shape.rows * shape.length);
        return;
    }
    const TangentPasses& passes = active_tangent_passes();
    const Line<double>& line = line_of_length<double>(shape.length);
    const std::size_t fields = 2 * pairs.components, spectra = 2 * seen.channels;
    const std::size_t bytes = bytes_of_pair(line, pairs.components, spectra);
    const HalfSpectra<double> half = spectra_of(spectra, shape);
    const auto rows = [&](std::size_t number, std::size_t plane, std::size_t piece) {
        const std::size_t first = piece * passes.lanes;
        const std::size_t offset = (plane * shape.rows + first) * shape.length;
        PairShear shear{pair_of(pairs, number, offset, transforms.inverse_before), seen.couplings, seen.responses,
                        seen.sources == nullptr ? nullptr : seen.sources + number * pairs.components, seen.weights, half,
                        angle, transforms.forward_after};
        shear.seen.first_rows = spectrum_rows(seen.spectra + number * spectra, spectra, shape, plane, first);
        passes.shear_rows(line, shear, rows_in_piece(passes.lanes, shape.rows, first), workspace(bytes));
    };
    // all pairs of a plane before the next one: what they are seen beside stays in cache
    run_on_planes_in_turn(shape.planes, pairs.count, [&](std::size_t number, const auto& run) {
        double* const* const own = pairs.fields + number * fields;
        run(columns_step(seen.spectra + number * spectra, spectra, shape, half_spectrum_length(shape.length), false,
                         transforms.columns_too),
            columns_step(own, fields, shape, shape.length, false, transforms.columns_too && transforms.inverse_before),
            Step{divide_up(shape.rows, passes.lanes),
                 [&](std::size_t plane, std::size_t piece) { rows(number, plane, piece); }},
            columns_step(own, fields, shape, shape.length, true, transforms.columns_too && transforms.forward_after));
    });
}

void pair_density_spectra(const Pairs& pairs, const double* weights, double* const* spectra, std::size_t channels,
                          Shape shape, bool inverse_before, bool columns_too)
{
    if (is_empty(shape)) {
        return;
    }
    const TangentPasses& passes = active_tangent_passes();
    const Line<double>& line = line_of_length<double>(shape.length);
    const std::size_t fields = 2 * pairs.components, count = 2 * channels;
    const std::size_t bytes = bytes_of_pair(line, pairs.components, count);
    const HalfSpectra<double> half = spectra_of(count, shape);
    const auto rows = [&](std::size_t number, std::size_t plane, std::size_t piece) {
        const std::size_t first = piece * passes.lanes;
        const std::size_t offset = (plane * shape.rows + first) * shape.length;
        PairDensities densities{pair_of(pairs, number, offset, inverse_before), weights, half, nullptr};
        densities.spectra.first_rows = spectrum_rows(spectra + number * count, count, shape, plane, first);
        passes.density_rows(line, densities, rows_in_piece(passes.lanes, shape.rows, first), workspace(bytes));
    };
    run_on_planes_in_turn(shape.planes, pairs.count, [&](std::size_t number, const auto& run) {
        run(columns_step(pairs.fields + number * fields, fields, shape, shape.length, false, columns_too && inverse_before),
            Step{divide_up(shape.rows, passes.lanes),
                 [&](std::size_t plane, std::size_t piece) { rows(number, plane, piece); }},
            columns_step(spectra + number * count, count, shape, half_spectrum_length(shape.length), true, columns_too));
    });
}

void pair_densities(const Pairs& pairs, double* const* densities, Shape shape, bool inverse_before, bool columns_too)
{
    if (is_empty(shape)) {
        return;
    }
    const TangentPasses& passes = active_tangent_passes();
    const Line<double>& line = line_of_length<double>(shape.length);
    const std::size_t fields = 2 * pairs.components;
    const std::size_t bytes = bytes_of_pair(line, pairs.components, 0);
    const auto rows = [&](std::size_t number, std::size_t plane, std::size_t piece) {
        const std::size_t first = piece * passes.lanes;
        const std::size_t offset = (plane * shape.rows + first) * shape.length;
        passes.density_rows(line,
                            {pair_of(pairs, number, offset, inverse_before), nullptr, {nullptr, 0, nullptr},
                             densities + number * pairs.components},
                            rows_in_piece(passes.lanes, shape.rows, first), workspace(bytes));
    };
    run_on_planes_in_turn(shape.planes, pairs.count, [&](std::size_t number, const auto& run) {
        run(columns_step(pairs.fields + number * fields, fields, shape, shape.length, false, columns_too && inverse_before),
            Step{divide_up(shape.rows, passes.lanes),
                 [&](std::size_t plane, std::size_t piece) { rows(number, plane, piece); }});
    });
}

}  // namespace hpcmix
