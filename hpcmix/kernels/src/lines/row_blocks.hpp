// Between memory and tiles: lines that lie one after the other (rows), in blocks of neighbouring numbers of all rows that
// are transposed on the way.
//
// As in tiles.hpp, missing rows and numbers are filled up with zeros and dropped at the way back.
#pragma once

#include "transforms/tiles.hpp"

namespace {

/// Rows of contiguous numbers, at most as many as there are lanes.
struct Rows {
    std::size_t stride;  // reals from one row to the next
    std::size_t length;  // elements in a row
    std::size_t count;   // rows
};

/// Numbers of a row that are read and written together: as many as make a block of rows whose transposition is cheap.
/// Moving numbers between the halves of a 256-bit register is slow, so with AVX2 the halves are filled from two rows and
/// each is transposed by itself; elsewhere it is a square.
template <class Real>
constexpr std::size_t block_width = register_bytes == 32 ? lanes<Real> / 2 : lanes<Real>;

/// The numbers of as many rows as there are lanes, from `source` on, transposed: element j holds number j of each row in
/// its lane. stride: from one row to the next.
template <class Real>
[[gnu::always_inline]] inline void load_whole_block(const Real* source, std::size_t stride, Vector<Real>* block)
{
    constexpr std::size_t width = block_width<Real>, apart = width % lanes<Real>;
#pragma GCC unroll 16
    for (std::size_t row = 0; row < width; ++row) {
        const Real* const low = source + row * stride;
        if constexpr (apart == 0) {
            block[row] = load(low);
        } else {
            block[row] = load_halves(low, low + apart * stride);
        }
    }
    transpose_squares<Real, width>(block);
}

template <class Real>
[[gnu::always_inline]] inline void store_whole_block(Real* target, std::size_t stride, Vector<Real>* block)
{
    constexpr std::size_t width = block_width<Real>, apart = width % lanes<Real>;
    transpose_squares<Real, width>(block);
#pragma GCC unroll 16
    for (std::size_t row = 0; row < width; ++row) {
        Real* const low = target + row * stride;
        if constexpr (apart == 0) {
            store(low, block[row]);
        } else {
            store_halves(low, low + apart * stride, block[row]);
        }
    }
}

/// Asks for the same block of the rows that follow, the next tile's: where rows come from memory or go there, the hardware
/// foresees too few of so many streams (measured at 128^3: half the time of potentials, two thirds of real rows).
template <class Real>
[[gnu::always_inline]] inline void prefetch_next_block(const Real* block, std::size_t stride)
{
    for (std::size_t row = lanes<Real>; row < 2 * lanes<Real>; ++row) {
        prefetch<second_level>(block + row * stride, block_width<Real> * sizeof(Real));
    }
}

/// The same of the numbers `column ... column + block_width` of all rows, which may be fewer than there are lanes and end
/// at `reals` numbers.
template <class Real>
[[gnu::always_inline]] inline void load_block(const Real* first, const Rows& rows, std::size_t column, std::size_t reals,
                                              Vector<Real>* block)
{
    constexpr std::size_t width = block_width<Real>, apart = width % lanes<Real>;
    if (rows.count == lanes<Real> && column + width <= reals) {
        return load_whole_block(first + column, rows.stride, block);
    }
    const std::size_t valid = at_most(difference_or_zero(reals, column), width);
    for (std::size_t row = 0; row < width; ++row) {
        const Real* const low = first + column + row * rows.stride;
        if constexpr (apart == 0) {
            block[row] = row < rows.count ? load_some(low, valid) : Vector<Real>{};
        } else {
            block[row] = load_some_halves(low, row < rows.count ? valid : 0, low + apart * rows.stride,
                                          row + apart < rows.count ? valid : 0);
        }
    }
    transpose_squares<Real, width>(block);
}

template <class Real>
[[gnu::always_inline]] inline void store_block(Real* first, const Rows& rows, std::size_t column, std::size_t reals,
                                               Vector<Real>* block)
{
    constexpr std::size_t width = block_width<Real>, apart = width % lanes<Real>;
    if (rows.count == lanes<Real> && column + width <= reals) {
        return store_whole_block(first + column, rows.stride, block);
    }
    transpose_squares<Real, width>(block);
    const std::size_t valid = at_most(difference_or_zero(reals, column), width);
    for (std::size_t row = 0; row < at_most(rows.count, width); ++row) {
        Real* const low = first + column + row * rows.stride;
        if constexpr (apart == 0) {
            store_some(low, block[row], valid);
        } else {
            store_some_halves(low, valid, low + apart * rows.stride, row + apart < rows.count ? valid : 0, block[row]);
        }
    }
}

/// The square of numbers `column ... column + lanes` of all rows, as blocks.
template <class Real>
[[gnu::always_inline]] inline void load_square(const Real* first, const Rows& rows, std::size_t column,
                                               std::size_t reals, Vector<Real>* square)
{
#pragma GCC unroll 2
    for (std::size_t i = 0; i < lanes<Real>; i += block_width<Real>) {
        load_block(first, rows, column + i, reals, square + i);
    }
}

/// `length` neighbouring numbers of every row, from number `start` on, lane by lane; Add: added to what is there. `values`
/// has room for whole squares. Asks for the same numbers of the rows that follow: the next tile's.
template <bool Add, class Real>
void load_reals_of_rows(const Real* first, const Rows& rows, std::size_t start, std::size_t length, Real* values)
{
    constexpr std::size_t width = block_width<Real>;
    const bool whole = rows.count == lanes<Real> && length % width == 0;
    for (std::size_t i = 0; i < length; i += width) {
        Vector<Real> block[width];
        if (whole) {
            prefetch_next_block(first + start + i, rows.stride);
            load_whole_block(first + start + i, rows.stride, block);
        } else {
            load_block(first, rows, start + i, rows.length, block);
        }
#pragma GCC unroll 16
        for (std::size_t j = 0; j < width; ++j) {
            Real* const target = values + (i + j) * lanes<Real>;
            store(target, Add ? load(target) + block[j] : block[j]);
        }
    }
}

template <class Real>
[[gnu::always_inline]] inline void store_square(Real* first, const Rows& rows, std::size_t column, std::size_t reals,
                                                Vector<Real>* square)
{
#pragma GCC unroll 2
    for (std::size_t i = 0; i < lanes<Real>; i += block_width<Real>) {
        store_block(first, rows, column + i, reals, square + i);
    }
}

/// Elements (complex numbers) of a row in a block.
template <class Real>
constexpr std::size_t block_elements = block_width<Real> / 2;

/// The elements of a transposed block: interleaved numbers of a row are real and imaginary parts apart now.
template <bool Swap, class Real>
[[gnu::always_inline]] inline void elements_of_block(const Vector<Real>* block, Pack<Real>* elements)
{
#pragma GCC unroll 8
    for (std::size_t j = 0; j < block_elements<Real>; ++j) {
        elements[j] = Swap ? Pack<Real>{block[2 * j + 1], block[2 * j]} : Pack<Real>{block[2 * j], block[2 * j + 1]};
    }
}

template <bool Swap, class Real>
[[gnu::always_inline]] inline void block_of_elements(const Pack<Real>* elements, Real scale, Vector<Real>* block)
{
#pragma GCC unroll 8
    for (std::size_t j = 0; j < block_elements<Real>; ++j) {
        block[2 * j] = (Swap ? elements[j].im : elements[j].re) * scale;
        block[2 * j + 1] = (Swap ? elements[j].re : elements[j].im) * scale;
    }
}

/// block_elements neighbouring elements of every row, from element i on.
template <bool Swap, class Real>
[[gnu::always_inline]] inline void load_elements(const Real* first, const Rows& rows, std::size_t i, Pack<Real>* elements)
{
    Vector<Real> block[block_width<Real>];
    load_block(first, rows, 2 * i, 2 * rows.length, block);
    elements_of_block<Swap>(block, elements);
}

template <bool Swap, class Real>
[[gnu::always_inline]] inline void store_elements(Real* first, const Rows& rows, std::size_t i,
                                                  const Pack<Real>* elements, Real scale)
{
    Vector<Real> block[block_width<Real>];
    block_of_elements<Swap>(elements, scale, block);
    store_block(first, rows, 2 * i, 2 * rows.length, block);
}

template <bool Swap, bool FromMemory, class Real>
void load_rows_as(const Real* first, const Rows& rows, Pack<Real>* tile)
{
    constexpr std::size_t together = block_elements<Real>;
    const bool ahead = FromMemory && rows.count == lanes<Real>;
    for (std::size_t i = 0; i < rows.length; i += together) {
        Pack<Real> elements[together];
        if (ahead) {
            prefetch_next_block(first + 2 * i, rows.stride);
        }
        load_elements<Swap>(first, rows, i, elements);
        const std::size_t count = at_most(rows.length - i, together);
#pragma GCC unroll 8
        for (std::size_t j = 0; j < together; ++j) {
            if (j < count) {
                tile[i + j] = elements[j];
            }
        }
    }
}

template <bool Swap, class Real>
void store_rows_as(Real* first, const Rows& rows, const Pack<Real>* tile, Real scale)
{
    constexpr std::size_t together = block_elements<Real>;
    for (std::size_t i = 0; i < rows.length; i += together) {
        Pack<Real> elements[together];
        const std::size_t count = at_most(rows.length - i, together);
#pragma GCC unroll 8
        for (std::size_t j = 0; j < together; ++j) {
            elements[j] = j < count ? tile[i + j] : Pack<Real>{};
        }
        store_elements<Swap>(first, rows, i, elements, scale);
    }
}

/// FromMemory: the rows are not in cache yet, nor are those of the next tile.
template <bool FromMemory = false, class Real>
void load_rows(const Real* first, const Rows& rows, Pack<Real>* tile, bool swap)
{
    swap ? load_rows_as<true, FromMemory>(first, rows, tile) : load_rows_as<false, FromMemory>(first, rows, tile);
}

template <class Real>
void store_rows(Real* first, const Rows& rows, const Pack<Real>* tile, bool swap, Real scale)
{
    swap ? store_rows_as<true>(first, rows, tile, scale) : store_rows_as<false>(first, rows, tile, scale);
}

}  // namespace
