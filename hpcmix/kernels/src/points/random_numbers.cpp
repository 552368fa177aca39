#include "points/random_numbers.hpp"

#include "processor/instruction_set.hpp"

#include <algorithm>

namespace hpcmix {

namespace {

// Elements that are drawn together: their uniform numbers stay in the first-level cache.
constexpr std::size_t piece_length = 512;

__extension__ typedef unsigned __int128 Product;

/// Words `first` to `first + count` of a row's sequence, which begins with `block`, as integers from 0 to 2^53 - 1.
template <class Take>
void draw(PhiloxKey key, std::uint64_t block, std::size_t first, std::size_t count, const Take& take)
{
    const std::size_t end = first + count;
    for (std::size_t word = first - first % 4; word < end; word += 4) {
        const std::array<std::uint64_t, 4> words = philox_block(key, block + word / 4);
        for (std::size_t i = 0; i < 4; ++i) {
            if (word + i >= first && word + i < end) {
                take(word + i - first, static_cast<double>(static_cast<std::int64_t>(words[i] >> 11)));
            }
        }
    }
}

}  // namespace

std::array<std::uint64_t, 4> philox_block(PhiloxKey key, std::uint64_t block)
{
    std::uint64_t c0 = block + 1, c1 = 0, c2 = 0, c3 = 0;
    for (int round = 0; round < 10; ++round) {
        const Product first = Product(0xD2E7470EE14C6C93ULL) * c0, second = Product(0xCA5A826395121157ULL) * c2;
        c0 = static_cast<std::uint64_t>(second >> 64) ^ c1 ^ key[0];
        c1 = static_cast<std::uint64_t>(second);
        c2 = static_cast<std::uint64_t>(first >> 64) ^ c3 ^ key[1];
        c3 = static_cast<std::uint64_t>(first);
        key[0] += 0x9E3779B97F4A7C15ULL;
        key[1] += 0xBB67AE8584CAA73BULL;
    }
    return {c0, c1, c2, c3};
}

template <class Real>
void fill_complex_normals(Real* field, Shape shape, Place place, PhiloxKey key)
{
    constexpr double unit = 0x1p-53;
    const std::size_t pieces = (shape.length + piece_length - 1) / piece_length;
    const std::uint64_t blocks_per_row = (place.grid_length + 1) / 2;
    const auto& complex_normals = active_loops().table<Real>().complex_normals;
    const std::size_t count = shape.planes * shape.rows * pieces;
#pragma omp parallel for schedule(static) if (count > 3)
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = i / pieces, begin = i % pieces * piece_length;
        const std::size_t length = std::min(piece_length, shape.length - begin);
        const std::uint64_t plane_of_grid = place.start[0] + row / shape.rows, row_of_plane = place.start[1] + row % shape.rows;
        const std::uint64_t block = (plane_of_grid * place.grid_rows + row_of_plane) * blocks_per_row;
        alignas(64) double distances[piece_length], turns[piece_length];
        draw(key, block, place.start[2] + begin, length,
             [&](std::size_t j, double value) { distances[j] = (0x1p53 - value) * unit; });
        draw(key, block, place.grid_length + place.start[2] + begin, length,
             [&](std::size_t j, double value) { turns[j] = value * unit; });
        complex_normals(distances, turns, field + 2 * (row * shape.length + begin), length);
    }
}

template void fill_complex_normals(float*, Shape, Place, PhiloxKey);
template void fill_complex_normals(double*, Shape, Place, PhiloxKey);

}  // namespace hpcmix
