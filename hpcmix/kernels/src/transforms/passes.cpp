// Passes over pieces of arrays (passes.hpp). CMake compiles this file once for each instruction set, with
// HPCMIX_INSTRUCTION_SET naming it; instruction_set.cpp picks one of the resulting tables at run time.
//
// Nothing here may have external linkage but the table (see sincos.hpp), so no templates of the standard library.
#include "transforms/passes.hpp"

#include "coupling/coupled_columns.hpp"
#include "coupling/mix_tiles.hpp"
#include "lines/column_transform.hpp"
#include "lines/line_transform.hpp"
#include "lines/row_blocks.hpp"
#include "lines/row_transform.hpp"
#include "processor/workspace.hpp"
#include "transforms/kick_tiles.hpp"
#include "transforms/multiply_tiles.hpp"
#include "transforms/real_passes.hpp"
#include "transforms/tiles.hpp"

namespace {

using hpcmix::ColumnPiece;
using hpcmix::Kick;
using hpcmix::Mixing;
using hpcmix::Potentials;
using hpcmix::RowPiece;

template <class Real>
void transform_rows(const Line<Real>& line, RowPiece<Real> piece, bool forward, Real scale, void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    const Rows rows{piece.stride, line.length, piece.count};
    // planes are transformed along their rows first, and last on the way back
    forward ? transform_rows_in_place<false, true>(line, piece.first, rows, scale, workspace.tiles[0], workspace.spare)
            : transform_rows_in_place<true, false>(line, piece.first, rows, scale, workspace.tiles[0], workspace.spare);
}

/// Columns of a plane, which is in cache: the first and the last pass read and write it themselves.
template <bool Swap, class Real>
void transform_columns_in_cache(const Line<Real>& line, const Columns<Real>& columns, Real scale,
                                Workspace<Real>& workspace)
{
    Pack<Real>*& current = workspace.tiles[0];
    for (std::size_t tile = 0; tile < columns.tiles(); ++tile) {
        Real* const first = columns.first + 2 * lanes<Real> * tile;
        const std::size_t valid = columns.columns_of_tile(tile);
        run_first_stage_on_columns<Swap>(line, first, columns.stride, valid, current);
        run_stages(line, 1, line.stage_count - 1, current, workspace.spare);
        run_last_stage_on_columns<Swap>(line, current, first, columns.stride, valid, scale);
    }
}

template <class Real>
void transform_columns(const Line<Real>& line, ColumnPiece<Real> piece, bool forward, Real scale, void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    const Columns<Real> columns{piece.first, piece.stride, line.length, piece.count};
    if (has_open_ends(line)) {
        return forward ? transform_columns_in_cache<false>(line, columns, scale, workspace)
                       : transform_columns_in_cache<true>(line, columns, scale, workspace);
    }
    load_columns(columns, workspace.tiles, !forward);
    for (std::size_t tile = 0; tile < columns.tiles(); ++tile) {
        transform_tile(line, workspace.tiles[tile], workspace.spare);
    }
    store_columns(columns, workspace.tiles, !forward, scale);
}

/// Forward transform of columns, change_tile(tile, its first column, columns in it), inverse. change_tile leaves real and
/// imaginary part swapped.
template <class Real, class ChangeTile>
void change_columns(const Line<Real>& line, ColumnPiece<Real> piece, Real scale, void* memory,
                    const ChangeTile& change_tile)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    const Columns<Real> columns{piece.first, piece.stride, line.length, piece.count};
    if (has_open_ends(line) && !crowd_the_cache(columns)) {
        Pack<Real>*& current = workspace.tiles[0];
        for (std::size_t tile = 0; tile < columns.tiles(); ++tile) {
            Real* const first = columns.first + 2 * lanes<Real> * tile;
            const std::size_t valid = columns.columns_of_tile(tile);
            run_first_stage_on_columns<false>(line, first, columns.stride, valid, current);
            run_stages(line, 1, line.stage_count, current, workspace.spare);
            change_tile(current, tile * lanes<Real>, valid);
            run_stages(line, 0, line.stage_count - 1, current, workspace.spare);
            run_last_stage_on_columns<true>(line, current, first, columns.stride, valid, scale);
        }
        return;
    }
    load_columns(columns, workspace.tiles, false);
    for (std::size_t tile = 0; tile < columns.tiles(); ++tile) {
        Pack<Real>*& current = workspace.tiles[tile];
        transform_tile(line, current, workspace.spare);
        change_tile(current, tile * lanes<Real>, columns.columns_of_tile(tile));
        transform_tile(line, current, workspace.spare);
    }
    store_columns(columns, workspace.tiles, true, scale);
}

template <class Real>
void multiply_columns(const Line<Real>& line, ColumnPiece<Real> piece, const Multiplier& multiplier, Real scale,
                      void* memory)
{
    change_columns(line, piece, scale, memory, [&](Pack<Real>* tile, std::size_t first_column, std::size_t columns) {
        multiply_by_factors(tile, line.length, multiplier, first_column, columns);
    });
}

template <class Real>
void turn_columns(const Line<Real>& line, ColumnPiece<Real> piece, const Turn<Real>& turn, Real scale, void* memory)
{
    change_columns(line, piece, scale, memory, [&](Pack<Real>* tile, std::size_t first_column, std::size_t columns) {
        turn_tile(tile, line.length, turn, first_column, columns);
    });
}

template <class Real>
void mix_columns(const Line<Real>& line, const Mixing<Real>& mixing, std::size_t count, Real scale, void* memory)
{
    const std::size_t components = mixing.components;
    Workspace<Real> workspace(memory, line.tile_length, components);
    const auto columns_of = [&](std::size_t a) {
        return Columns<Real>{mixing.spectra[a] + 2 * mixing.first_column, mixing.stride, line.length, count};
    };
    const Columns<Real> shape = columns_of(0);
    const std::size_t tiles = shape.tiles();
    Pack<Real>* const mixed = workspace.one_number_each();
    if (has_open_ends(line) && !crowd_the_cache(shape)) {
        for (std::size_t tile = 0; tile < tiles; ++tile) {
            const std::size_t first = tile * lanes<Real>, columns = shape.columns_of_tile(tile);
            for (std::size_t a = 0; a < components; ++a) {
                run_first_stage_on_columns<false>(line, columns_of(a).first + 2 * first, shape.stride, columns,
                                                  workspace.tiles[a]);
                run_stages(line, 1, line.stage_count, workspace.tiles[a], workspace.spare);
            }
            mix_tiles(workspace.tiles, 1, line.length, mixing, first, columns, mixed);
            for (std::size_t a = 0; a < components; ++a) {
                run_stages(line, 0, line.stage_count - 1, workspace.tiles[a], workspace.spare);
                run_last_stage_on_columns<true>(line, workspace.tiles[a], columns_of(a).first + 2 * first, shape.stride,
                                                columns, scale);
            }
        }
        return;
    }
    for (std::size_t a = 0; a < components; ++a) {
        load_columns(columns_of(a), workspace.tiles + a * tiles, false);
    }
    for (std::size_t tile = 0; tile < tiles; ++tile) {
        for (std::size_t a = 0; a < components; ++a) {
            transform_tile(line, workspace.tiles[a * tiles + tile], workspace.spare);
        }
        mix_tiles(workspace.tiles + tile, tiles, line.length, mixing, tile * lanes<Real>, shape.columns_of_tile(tile),
                  mixed);
        for (std::size_t a = 0; a < components; ++a) {
            transform_tile(line, workspace.tiles[a * tiles + tile], workspace.spare);
        }
    }
    for (std::size_t a = 0; a < components; ++a) {
        store_columns(columns_of(a), workspace.tiles + a * tiles, true, scale);
    }
}

/// Whether two components see the very same arrays: often a trap is one for all.
template <class Real>
bool same_potentials(const Potentials<Real>& potentials, std::size_t a, std::size_t b)
{
    const std::size_t count = potentials.first[a + 1] - potentials.first[a];
    if (potentials.first[b + 1] - potentials.first[b] != count) {
        return false;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (potentials.arrays[potentials.first[a] + i] != potentials.arrays[potentials.first[b] + i]) {
            return false;
        }
    }
    return true;
}

template <class Real>
void kick_rows(const Line<Real>& line, const Kick<Real>& kick, std::size_t count, void* memory)
{
    const HalfSpectra<Real>& seen = kick.seen;
    Workspace<Real> workspace(memory, tile_length_with(line, seen),
                              kick.components + seen.count + kick.functions.outputs);
    const Rows rows{2 * line.length, line.length, count};
    const Rows potential_rows{line.length, line.length, count};
    const auto load_potential = [&](std::size_t a, std::size_t start, std::size_t length, Real* values) {
        const Real* const* const end = kick.potentials.arrays + kick.potentials.first[a + 1];
        const Real* const* array = kick.potentials.arrays + kick.potentials.first[a];
        if (array == end) {
            return false;
        }
        if (a > 0 && same_potentials(kick.potentials, a - 1, a)) {
            return true;
        }
        load_reals_of_rows<false>(*array + kick.offset, potential_rows, start, length, values);
        while (++array != end) {
            load_reals_of_rows<true>(*array + kick.offset, potential_rows, start, length, values);
        }
        return true;
    };
    const bool paired = has_pairs(line, seen);
    for (std::size_t c = 0; c < seen.count; ++c) {
        real_rows_from_spectra(line, seen, c, count, workspace.tiles[kick.components + c], workspace.spare);
    }
    const auto load_field = [&](std::size_t c, std::size_t start, std::size_t length, double* values) {
        load_reals_of_tile(workspace.tiles[kick.components + c], paired, start, length, values);
    };
    for (std::size_t a = 0; a < kick.components; ++a) {
        const Real* const first = kick.fields[a] + 2 * kick.offset;
        if (kick.inverse_before) {
            transform_from_rows<true, false>(line, first, rows, workspace.tiles[a], workspace.spare);
        } else {
            load_rows<true>(first, rows, workspace.tiles[a], false);
        }
    }
    const Sources sources{kick.components, kick.densities, seen.count, kick.couplings, kick.functions, kick.angle};
    const auto kick_all = kick.inverse_before ? kick_tiles<true, Real, decltype(load_potential), decltype(load_field)>
                                              : kick_tiles<false, Real, decltype(load_potential), decltype(load_field)>;
    kick_all(workspace.tiles, line.length, sources, load_potential, load_field, workspace.sources);
    for (std::size_t a = 0; a < kick.components; ++a) {
        Real* const first = kick.fields[a] + 2 * kick.offset;
        if (kick.forward_after) {
            transform_to_rows<false, false>(line, workspace.tiles[a], workspace.spare, first, rows, Real(1));
        } else {
            store_rows(first, rows, workspace.tiles[a], false, Real(1));
        }
    }
}

template <class Real>
void multiply_rows(const Line<Real>& line, RowPiece<Real> piece, RowPiece<const Real> factors, bool inverse_before,
                   bool forward_after, void* memory)
{
    Workspace<Real> workspace(memory, line.tile_length, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    constexpr std::size_t together = block_elements<Real>;
    const Rows rows{piece.stride, line.length, piece.count}, factor_rows{factors.stride, line.length, factors.count};
    if (inverse_before) {
        transform_from_rows<true, false>(line, piece.first, rows, tile, workspace.spare);
    } else {
        load_rows(piece.first, rows, tile, true);  // swapped too: one way to multiply
    }
    for (std::size_t i = 0; i < line.length; i += together) {
        Pack<Real> factor[together];
        load_elements<false>(factors.first, factor_rows, i, factor);
        const std::size_t count = at_most(line.length - i, together);
        for (std::size_t j = 0; j < count; ++j) {
            const Vector<Real> re = tile[i + j].im, im = tile[i + j].re;
            tile[i + j] = {fused_subtract(im, factor[j].im, re * factor[j].re),
                           fused_add(im, factor[j].re, re * factor[j].im)};
        }
    }
    if (forward_after) {
        transform_to_rows<false, false>(line, tile, workspace.spare, piece.first, rows, Real(1));
    } else {
        store_rows(piece.first, rows, tile, false, Real(1));
    }
}

template <class Real>
void density_rows(const Line<Real>& line, RowPiece<Real> piece, RowPiece<Real> density, double weight, bool add,
                  void* memory)
{
    constexpr std::size_t width = lanes<Real>;
    Workspace<Real> workspace(memory, line.tile_length, 1);
    Pack<Real>*& tile = workspace.tiles[0];
    const Rows rows{piece.stride, line.length, piece.count};
    transform_from_rows<true, false>(line, piece.first, rows, tile, workspace.spare);
    store_rows(piece.first, rows, tile, true, Real(1));
    const Rows density_rows{density.stride, line.length, density.count};
    const Real* const values = reinterpret_cast<const Real*>(tile);
    for (std::size_t i = 0; i < line.length; i += width) {
        Vector<Real> square[width] = {};
        for (std::size_t j = 0; j < width; j += block_width<Real>) {
            prefetch_next_block(density.first + i + j, density.stride);
        }
        if (add) {
            load_square(density.first, density_rows, i, line.length, square);
        }
        Real* const sums = reinterpret_cast<Real*>(square);
        const std::size_t count = at_most(line.length - i, width);
        for (std::size_t j = 0; j < count; ++j) {
            const Real* const element = values + 2 * width * (i + j);
#pragma omp simd
            for (std::size_t lane = 0; lane < width; ++lane) {
                // the parts are swapped, and added up in the order of accumulate_density
                const double im = element[lane], re = element[width + lane], before = sums[width * j + lane];
                sums[width * j + lane] =
                    static_cast<Real>(multiply_add(weight, multiply_add(re, re, im * im), before));
            }
        }
        store_square(density.first, density_rows, i, line.length, square);
    }
}

template <class Real>
constexpr hpcmix::PassTable<Real> pass_table()
{
    return {lanes<Real>,
            block_columns<Real>,
            workspace_bytes<Real>,
            transform_rows<Real>,
            transform_columns<Real>,
            multiply_columns<Real>,
            turn_columns<Real>,
            mix_columns<Real>,
            kick_rows<Real>,
            multiply_rows<Real>,
            density_rows<Real>,
            density_spectrum_rows<Real>,
            real_rows_forward<Real>,
            real_rows_backward<Real>,
            odd_real_rows_forward<Real>,
            odd_real_rows_backward<Real>,
            multiply_columns_by_matrix<Real>,
            turn_coupled_columns<Real>};
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)
#define HPCMIX_QUOTE_EXPANDED(text) #text
#define HPCMIX_QUOTE(text) HPCMIX_QUOTE_EXPANDED(text)

namespace hpcmix {

extern const Passes HPCMIX_JOIN(passes_, HPCMIX_INSTRUCTION_SET);
const Passes HPCMIX_JOIN(passes_, HPCMIX_INSTRUCTION_SET) = {HPCMIX_QUOTE(HPCMIX_INSTRUCTION_SET), pass_table<float>(),
                                                            pass_table<double>()};

}  // namespace hpcmix
