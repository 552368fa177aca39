// Between memory and tiles: lines that lie side by side (columns). Lines one after the other: row_blocks.hpp.
//
// Reads and writes whole vectors. Where lines or elements are missing at the end, a tile is filled up with zeros and the
// surplus is dropped at the way back: the arithmetic of a line is the same wherever it lies and whoever its neighbours are.
// `Swap` exchanges real and imaginary part on the way, which turns the forward transform into the inverse.
#pragma once

#include "processor/vector.hpp"

namespace {

inline std::size_t at_most(std::size_t value, std::size_t limit)
{
    return value < limit ? value : limit;
}

inline std::size_t difference_or_zero(std::size_t value, std::size_t subtracted)
{
    return value > subtracted ? value - subtracted : 0;
}

/// `valid` neighbouring complex numbers, one in each lane (in the order of column_of_lane).
template <class Real>
[[gnu::always_inline]] inline Pack<Real> load_pack(const Real* source, std::size_t valid)
{
    constexpr std::size_t width = lanes<Real>;
    Vector<Real> low, high;
    if (valid == width) {
        low = load(source);
        high = load(source + width);
    } else {
        low = load_some(source, at_most(2 * valid, width));
        high = 2 * valid > width ? load_some(source + width, 2 * valid - width) : Vector<Real>{};
    }
    exchange_lanes<1, Real>(low, high);
    return {low, high};
}

template <class Real>
[[gnu::always_inline]] inline void store_pack(Real* target, Pack<Real> pack, std::size_t valid)
{
    constexpr std::size_t width = lanes<Real>;
    exchange_lanes<1, Real>(pack.re, pack.im);
    if (valid == width) {
        store(target, pack.re);
        store(target + width, pack.im);
    } else {
        store_some(target, pack.re, at_most(2 * valid, width));
        if (2 * valid > width) {
            store_some(target + width, pack.im, 2 * valid - width);
        }
    }
}

/// `valid` neighbouring real numbers in the lanes where load_pack puts complex ones.
template <class Real>
[[gnu::always_inline]] inline Vector<Real> load_reals(const Real* source, std::size_t valid)
{
    return to_column_lanes<Real>(valid == lanes<Real> ? load(source) : load_some(source, valid));
}

// The caches that something may be fetched to ahead of its use.
constexpr int first_level = 3, second_level = 2;

/// Asks for the memory from `first` on, `bytes` of it, ahead of its use; an address beyond an array is no harm.
template <int level, class Real>
[[gnu::always_inline]] inline void prefetch(const Real* first, std::size_t bytes)
{
    constexpr std::size_t cache_line = 64;
    for (std::size_t i = 0; i < bytes; i += cache_line) {
        __builtin_prefetch(reinterpret_cast<const char*>(first) + i, 0, level);
    }
}

/// Neighbouring columns of a block in memory, several tiles of them, so that whole runs of cache lines are read.
template <class Real>
struct Columns {
    Real* first;         // pairs of reals
    std::size_t stride;  // reals from one element of a column to the next
    std::size_t length;  // elements in a column
    std::size_t count;   // columns

    std::size_t tiles() const
    {
        return (count + lanes<Real> - 1) / lanes<Real>;
    }
    std::size_t columns_of_tile(std::size_t tile) const
    {
        return at_most(count - tile * lanes<Real>, lanes<Real>);
    }
};

/// The elements of one tile of columns, as a pass of a transform reads and writes them (line_transform.hpp). Whole: there is
/// a column for every lane, which the compiler should know where a pass asks for each element.
///
/// No hardware foresees addresses that are a row apart: the reader asks for the tile after the next (measured on 128^3 and
/// 256^3: a step takes 5 to 8 % less).
template <bool Swap, bool Whole, class Real>
struct ColumnReader {
    static constexpr std::size_t tiles_ahead = 2;

    const Real* first;
    std::size_t stride;
    std::size_t valid;  // columns, at most as many as there are lanes

    [[gnu::always_inline]] Pack<Real> operator()(std::size_t i) const
    {
        if constexpr (sizeof(Pack<Real>) >= 64) {
            prefetch<second_level>(first + i * stride + tiles_ahead * 2 * lanes<Real>, sizeof(Pack<Real>));
        }
        const Pack<Real> pack = load_pack(first + i * stride, Whole ? lanes<Real> : valid);
        return Swap ? swapped(pack) : pack;
    }
};

template <bool Swap, bool Whole, class Real>
struct ColumnWriter {
    Real* first;
    std::size_t stride;
    std::size_t valid;
    Real scale;

    [[gnu::always_inline]] void operator()(std::size_t i, Pack<Real> value) const
    {
        const Pack<Real> pack = {value.re * scale, value.im * scale};
        store_pack(first + i * stride, Swap ? swapped(pack) : pack, Whole ? lanes<Real> : valid);
    }
};

template <bool Swap, class Real>
void load_columns_as(const Columns<Real>& columns, Pack<Real>* const* tiles)
{
    constexpr std::size_t rows_ahead = 2;
    const std::size_t count = columns.tiles();
    for (std::size_t i = 0; i < columns.length; ++i) {
        const Real* row = columns.first + i * columns.stride;
        prefetch<first_level>(row + rows_ahead * columns.stride, 2 * columns.count * sizeof(Real));
        for (std::size_t tile = 0; tile < count; ++tile) {
            const Pack<Real> pack = load_pack(row + 2 * lanes<Real> * tile, columns.columns_of_tile(tile));
            tiles[tile][i] = Swap ? swapped(pack) : pack;
        }
    }
}

template <bool Swap, class Real>
void store_columns_as(const Columns<Real>& columns, Pack<Real>* const* tiles, Real scale)
{
    const std::size_t count = columns.tiles();
    for (std::size_t i = 0; i < columns.length; ++i) {
        Real* row = columns.first + i * columns.stride;
        for (std::size_t tile = 0; tile < count; ++tile) {
            const Pack<Real> pack = {tiles[tile][i].re * scale, tiles[tile][i].im * scale};
            store_pack(row + 2 * lanes<Real> * tile, Swap ? swapped(pack) : pack, columns.columns_of_tile(tile));
        }
    }
}

template <class Real>
void load_columns(const Columns<Real>& columns, Pack<Real>* const* tiles, bool swap)
{
    swap ? load_columns_as<true>(columns, tiles) : load_columns_as<false>(columns, tiles);
}

template <class Real>
void store_columns(const Columns<Real>& columns, Pack<Real>* const* tiles, bool swap, Real scale)
{
    swap ? store_columns_as<true>(columns, tiles, scale) : store_columns_as<false>(columns, tiles, scale);
}

}  // namespace
