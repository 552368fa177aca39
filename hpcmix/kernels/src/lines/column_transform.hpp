// The ends of a transform along columns: whether its first and last pass should read and write memory themselves, and how.
#pragma once

#include "lines/line_transform.hpp"
#include "transforms/tiles.hpp"

namespace {

/// The first pass on a tile of columns of a field, and the last pass to them.
template <bool Swap, class Real>
void run_first_stage_on_columns(const Line<Real>& line, const Real* first, std::size_t stride, std::size_t valid,
                                Pack<Real>* tile)
{
    valid == lanes<Real> ? run_first_stage(line, ColumnReader<Swap, true, Real>{first, stride, valid}, tile)
                         : run_first_stage(line, ColumnReader<Swap, false, Real>{first, stride, valid}, tile);
}

template <bool Swap, class Real>
void run_last_stage_on_columns(const Line<Real>& line, const Pack<Real>* tile, Real* first, std::size_t stride,
                               std::size_t valid, Real scale)
{
    valid == lanes<Real> ? run_last_stage(line, tile, ColumnWriter<Swap, true, Real>{first, stride, valid, scale})
                         : run_last_stage(line, tile, ColumnWriter<Swap, false, Real>{first, stride, valid, scale});
}

/// Whether the elements of a column lie so that too many of them compete for the same places of a cache: then lines are
/// lost before their last use unless they are copied out in long runs. 64 KiB between addresses that compete is what
/// second-level caches have; measured on 64^3 to 256^3, 24 elements to a place are no harm and 64 are.
template <class Real>
bool crowd_the_cache(const Columns<Real>& columns)
{
    constexpr std::size_t period = 64 * 1024, harmless = 32;
    const std::size_t distance = columns.stride * sizeof(Real);
    std::size_t places = 1;
    while (places < period && distance * places % period != 0) {
        places *= 2;
    }
    return columns.length > harmless * places;
}

}  // namespace
