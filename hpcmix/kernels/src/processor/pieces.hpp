// How transforms.cpp cuts arrays into pieces, gives threads their memory and shares the pieces out to them.
#pragma once

#include "processor/instruction_set.hpp"
#include "transforms/passes.hpp"
#include "transforms/transforms.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace hpcmix {

constexpr std::align_val_t page{4096};

struct DeleteAligned {
    void operator()(std::byte* memory) const
    {
        ::operator delete[](memory, page);
    }
};

/// The calling thread's workspace, kept from call to call and grown when a longer line needs more.
inline void* workspace(std::size_t bytes)
{
    thread_local std::unique_ptr<std::byte[], DeleteAligned> memory;
    thread_local std::size_t size = 0;
    if (size < bytes) {
        memory.reset();
        size = 0;
        memory.reset(new (page) std::byte[bytes]);
        size = bytes;
    }
    return memory.get();
}

inline std::size_t divide_up(std::size_t count, std::size_t piece)
{
    return (count + piece - 1) / piece;
}

/// Runs work(i) for i < count, a contiguous range on each thread.
template <class Work>
void for_each(std::size_t count, const Work& work)
{
#pragma omp parallel for schedule(static) if (count > 1)
    for (std::size_t i = 0; i < count; ++i) {
        work(i);
    }
}

/// Something to be done in every plane, cut into pieces that may run in any order: work(plane, piece).
template <class Work>
struct Step {
    std::size_t pieces;
    Work work;

    void run_all(std::size_t plane) const
    {
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            work(plane, piece);
        }
    }
};

/// Runs the steps one after the other on each plane while it is in cache; where there are too few planes to keep all
/// threads busy, each step on all planes with the pieces shared out.
template <class... Steps>
void run_on_planes(std::size_t planes, const Steps&... steps)
{
    const auto threads = static_cast<std::size_t>(thread_count());
    if (threads == 1 || planes >= 4 * threads) {
        for_each(planes, [&](std::size_t plane) { (steps.run_all(plane), ...); });
    } else {
        (for_each(planes * steps.pieces,
                  [&](std::size_t i) { steps.work(i / steps.pieces, i % steps.pieces); }),
         ...);
    }
}

template <class Real>
const PassTable<Real>& active_table()
{
    return active_passes().table<Real>();
}

/// The line that transforms rows of reals: of half their number, or of an odd number itself.
template <class Real>
const Line<Real>& line_of_reals(std::size_t length)
{
    return line_of_length<Real>(length % 2 == 0 ? length / 2 : length);
}

/// How many rows of `row_count` belong to the piece that starts with row `first`.
inline std::size_t rows_in_piece(std::size_t lanes, std::size_t row_count, std::size_t first)
{
    return std::min(lanes, row_count - first);
}

/// Transforms of contiguous rows, a tile at a time.
template <class Real>
struct RowTransform {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    std::size_t row_count;
    bool forward;
    Real scale;
    std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);

    std::size_t pieces() const
    {
        return divide_up(row_count, passes.lanes);
    }
    void operator()(Real* rows, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes, stride = 2 * line.length;
        passes.transform_rows(line, {rows + first * stride, stride, rows_in_piece(passes.lanes, row_count, first)},
                              forward, scale, workspace(bytes));
    }
};

/// Transforms of the columns of a plane with contiguous rows, a block at a time.
template <class Real>
struct ColumnTransform {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    std::size_t column_count;
    bool forward;
    Real scale;
    std::size_t block = passes.block_columns(line.tile_length, 1);
    std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);

    std::size_t pieces() const
    {
        return divide_up(column_count, block);
    }
    void operator()(Real* plane, std::size_t piece) const
    {
        const std::size_t first = piece * block;
        passes.transform_columns(line, {plane + 2 * first, 2 * column_count, std::min(block, column_count - first)},
                                 forward, scale, workspace(bytes));
    }
};

inline bool is_empty(Shape shape)
{
    return shape.planes == 0 || shape.rows == 0 || shape.length == 0;
}

}  // namespace hpcmix
