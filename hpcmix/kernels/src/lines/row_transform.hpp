// Transforms of rows of a field by way of a tile, whose first and last pass read and write the field themselves where the
// line allows it and there is a row for every lane: blocks of neighbouring elements are transposed on the way.
#pragma once

#include "lines/line_transform.hpp"
#include "lines/row_blocks.hpp"

namespace {

/// The first pass (stride one) on rows of a field: some neighbouring groups at a time, as many as a transposed square has
/// elements of a row. FromMemory: the rows are not in cache yet, nor are those of the next tile.
template <std::size_t radix, bool Swap, bool FromMemory, class Real>
[[gnu::noinline]] void run_first_stage_on_rows(const Stage<Real>& stage, const Real* __restrict first,
                                               std::size_t row_stride, Pack<Real>* __restrict tile)
{
    constexpr std::size_t together = block_elements<Real>;
    for (std::size_t group = 0; group < stage.groups; group += together) {
        Pack<Real> elements[radix][together];
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            Vector<Real> block[block_width<Real>];
            const Real* const source = first + 2 * (group + k * stage.groups);
            if constexpr (FromMemory) {
                prefetch_next_block(source, row_stride);
            }
            load_whole_block(source, row_stride, block);
            elements_of_block<Swap>(block, elements[k]);
        }
        for (std::size_t j = 0; j < together; ++j) {
            Pack<Real> v[radix];
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                v[k] = elements[k][j];
            }
            butterfly<radix>(v, stage.roots);
            Pack<Real>* const target = tile + (group + j) * radix;
            const Real* const twiddles = stage.twiddles + 2 * (radix - 1) * (group + j);
            target[0] = v[0];
#pragma GCC unroll 16
            for (std::size_t k = 1; k < radix; ++k) {
                target[k] = group + j == 0 ? v[k] : times(v[k], twiddles + 2 * (k - 1));
            }
        }
    }
}

/// The last pass (one group, no twiddle factors) from a tile to rows of a field. ToMemory: these are not in cache.
template <std::size_t radix, bool Swap, bool ToMemory, class Real>
[[gnu::noinline]] void run_last_stage_on_rows(const Stage<Real>& stage, const Pack<Real>* __restrict tile,
                                              Real* __restrict first, std::size_t row_stride, Real scale)
{
    constexpr std::size_t together = block_elements<Real>;
    for (std::size_t q = 0; q < stage.stride; q += together) {
        Pack<Real> elements[radix][together];
        for (std::size_t j = 0; j < together; ++j) {
            Pack<Real> v[radix];
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                v[k] = tile[q + j + k * stage.stride];
            }
            butterfly<radix>(v, stage.roots);
#pragma GCC unroll 16
            for (std::size_t k = 0; k < radix; ++k) {
                elements[k][j] = v[k];
            }
        }
#pragma GCC unroll 16
        for (std::size_t k = 0; k < radix; ++k) {
            Vector<Real> block[block_width<Real>];
            block_of_elements<Swap>(elements[k], scale, block);
            Real* const target = first + 2 * (q + k * stage.stride);
            if constexpr (ToMemory) {
                prefetch_next_block(target, row_stride);
            }
            store_whole_block(target, row_stride, block);
        }
    }
}

/// Whether the first and the last pass can also work on these rows: whole blocks in each.
template <class Real>
bool has_open_row_ends(const Line<Real>& line, const Rows& rows)
{
    return has_open_ends(line) && rows.count == lanes<Real> && line.stages[0].groups % block_elements<Real> == 0 &&
           line.stages[line.stage_count - 1].stride % block_elements<Real> == 0;
}

template <bool Swap, bool FromMemory, class Real>
void run_first_stage_on_rows(const Stage<Real>& stage, const Real* first, std::size_t row_stride, Pack<Real>* tile)
{
    with_open_radix(stage.radix, [&]<std::size_t radix>() {
        run_first_stage_on_rows<radix, Swap, FromMemory>(stage, first, row_stride, tile);
    });
}

template <bool Swap, bool ToMemory, class Real>
void run_last_stage_on_rows(const Stage<Real>& stage, const Pack<Real>* tile, Real* first, std::size_t row_stride,
                            Real scale)
{
    stage.radix == 4 ? run_last_stage_on_rows<4, Swap, ToMemory>(stage, tile, first, row_stride, scale)
                     : run_last_stage_on_rows<8, Swap, ToMemory>(stage, tile, first, row_stride, scale);
}

/// Transforms rows of a field into a tile.
template <bool Swap, bool FromMemory, class Real>
void transform_from_rows(const Line<Real>& line, const Real* first, const Rows& rows, Pack<Real>*& tile,
                         Pack<Real>*& spare)
{
    if (has_open_row_ends(line, rows)) {
        run_first_stage_on_rows<Swap, FromMemory>(line.stages[0], first, rows.stride, tile);
        run_stages(line, 1, line.stage_count, tile, spare);
    } else {
        load_rows(first, rows, tile, Swap);
        transform_tile(line, tile, spare);
    }
}

/// Transforms a tile into rows of a field, times scale.
template <bool Swap, bool ToMemory, class Real>
void transform_to_rows(const Line<Real>& line, Pack<Real>*& tile, Pack<Real>*& spare, Real* first, const Rows& rows,
                       Real scale)
{
    if (has_open_row_ends(line, rows)) {
        run_stages(line, 0, line.stage_count - 1, tile, spare);
        run_last_stage_on_rows<Swap, ToMemory>(line.stages[line.stage_count - 1], tile, first, rows.stride, scale);
    } else {
        transform_tile(line, tile, spare);
        store_rows(first, rows, tile, Swap, scale);
    }
}

/// Transforms rows of a field in place, times scale; both tiles are buffers.
template <bool Swap, bool FromMemory, class Real>
void transform_rows_in_place(const Line<Real>& line, Real* first, const Rows& rows, Real scale, Pack<Real>*& tile,
                             Pack<Real>*& spare)
{
    if (has_open_row_ends(line, rows)) {
        run_first_stage_on_rows<Swap, FromMemory>(line.stages[0], first, rows.stride, tile);
        run_stages(line, 1, line.stage_count - 1, tile, spare);
        run_last_stage_on_rows<Swap, false>(line.stages[line.stage_count - 1], tile, first, rows.stride, scale);
    } else {
        transform_from_rows<Swap, FromMemory>(line, first, rows, tile, spare);
        store_rows(first, rows, tile, Swap, scale);
    }
}

}  // namespace
