// The drift of coherently coupled components: columns of all of them are transformed, mixed by a matrix at every element
// (couple_tiles.hpp) and transformed back, a tile of each at a time.
#pragma once

#include "coupling/couple_tiles.hpp"
#include "coupling/coupling.hpp"
#include "lines/column_transform.hpp"
#include "lines/line_transform.hpp"
#include "processor/workspace.hpp"

namespace {

using hpcmix::CoupledColumns;

/// change_tiles(one tile of each component, their first column, columns in them) leaves real and imaginary part swapped.
template <class Real, class ChangeTiles>
void change_coupled_columns(const Line<Real>& line, const CoupledColumns<Real>& coupled, Real scale, void* memory,
                            const ChangeTiles& change_tiles)
{
    const std::size_t components = coupled.components;
    Workspace<Real> workspace(memory, line.tile_length, components);
    const auto columns_of = [&](std::size_t a) {
        return Columns<Real>{coupled.fields[a] + 2 * coupled.first_column, coupled.stride, line.length, coupled.count};
    };
    const Columns<Real> shape = columns_of(0);
    const std::size_t tiles = shape.tiles();
    const bool open = has_open_ends(line) && !crowd_the_cache(shape);
    if (!open) {
        for (std::size_t a = 0; a < components; ++a) {
            load_columns(columns_of(a), workspace.tiles + a * tiles, false);
        }
    }
    for (std::size_t tile = 0; tile < tiles; ++tile) {
        const std::size_t first_column = tile * lanes<Real>, valid = shape.columns_of_tile(tile);
        Pack<Real>* current[most_components];
        for (std::size_t a = 0; a < components; ++a) {
            Pack<Real>*& spectrum = workspace.tiles[open ? a : a * tiles + tile];
            if (open) {
                run_first_stage_on_columns<false>(line, columns_of(a).first + 2 * first_column, shape.stride, valid,
                                                  spectrum);
                run_stages(line, 1, line.stage_count, spectrum, workspace.spare);
            } else {
                transform_tile(line, spectrum, workspace.spare);
            }
            current[a] = spectrum;
        }
        change_tiles(current, first_column, valid);
        for (std::size_t a = 0; a < components; ++a) {
            Pack<Real>*& spectrum = workspace.tiles[open ? a : a * tiles + tile];
            if (open) {
                run_stages(line, 0, line.stage_count - 1, spectrum, workspace.spare);
                run_last_stage_on_columns<true>(line, spectrum, columns_of(a).first + 2 * first_column, shape.stride,
                                                valid, scale);
            } else {
                transform_tile(line, spectrum, workspace.spare);
            }
        }
    }
    if (!open) {
        for (std::size_t a = 0; a < components; ++a) {
            store_columns(columns_of(a), workspace.tiles + a * tiles, true, scale);
        }
    }
}

template <class Real>
void multiply_columns_by_matrix(const Line<Real>& line, const CoupledColumns<Real>& coupled, const CommonMatrix& common,
                                void* memory)
{
    change_coupled_columns(
        line, coupled, Real(1), memory, [&](Pack<Real>* const* tiles, std::size_t first_column, std::size_t columns) {
            switch (coupled.components) {
            case 2:
                return multiply_by_common_matrix<2>(tiles, line.length, 2, common, first_column, columns);
            case 3:
                return multiply_by_common_matrix<3>(tiles, line.length, 3, common, first_column, columns);
            default:
                return multiply_by_common_matrix<unknown_components>(tiles, line.length, coupled.components, common,
                                                                     first_column, columns);
            }
        });
}

template <class Real>
void turn_coupled_columns(const Line<Real>& line, const CoupledColumns<Real>& coupled, const Levels<Real>& levels,
                          void* memory)
{
    change_coupled_columns(
        line, coupled, Real(1), memory, [&](Pack<Real>* const* tiles, std::size_t first_column, std::size_t columns) {
            switch (coupled.components) {
            case 2:
                return turn_two_levels(tiles, line.length, levels, first_column, columns);
            case 3:
                return turn_levels<3>(tiles, line.length, 3, levels, first_column, columns);
            default:
                return turn_levels<unknown_components>(tiles, line.length, coupled.components, levels, first_column,
                                                       columns);
            }
        });
}

}  // namespace
