// The memory that a pass works in: tiles, a spare one, and what a kick keeps beside them.
#pragma once

#include "transforms/kick_tiles.hpp"
#include "transforms/tiles.hpp"

namespace {

// Tiles of columns that are read together: runs of this many tiles' rows keep the memory busy, and all of them together
// should stay in the second-level cache.
constexpr std::size_t most_tiles_of_columns = 8;
constexpr std::size_t cache_bytes = 512 * 1024;

// Neighbouring tiles start at different places of a memory page, or their elements would compete for the same cache sets.
constexpr std::size_t tile_padding = 5;

template <class Real>
constexpr std::size_t tile_bytes(std::size_t tile_length)
{
    return (tile_length + tile_padding) * sizeof(Pack<Real>);
}

template <class Real>
std::size_t tiles_of_columns(std::size_t tile_length, std::size_t components)
{
    const std::size_t fitting = cache_bytes / (components * tile_bytes<Real>(tile_length));
    return fitting < 1 ? 1 : at_most(fitting, most_tiles_of_columns);
}

template <class Real>
std::size_t block_columns(std::size_t tile_length, std::size_t components)
{
    return tiles_of_columns<Real>(tile_length, components) * lanes<Real>;
}

template <class Real>
std::size_t workspace_bytes(std::size_t tile_length, std::size_t components)
{
    const std::size_t tiles = components * tiles_of_columns<Real>(tile_length, components);
    const std::size_t pointer_bytes = (tiles * sizeof(void*) + 63) / 64 * 64;
    return (tiles + 1) * tile_bytes<Real>(tile_length) + source_bytes<Real>(components) + pointer_bytes;
}

/// The parts of a thread's workspace.
template <class Real>
struct Workspace {
    Pack<Real>** tiles;      // at least one of each component; of columns those of the first one, then of the second ...
    Pack<Real>* spare;       // the buffer that a transform writes to
    double* sources;

    Workspace(void* memory, std::size_t tile_length, std::size_t components)
    {
        const std::size_t count = components * tiles_of_columns<Real>(tile_length, components);
        char* position = static_cast<char*>(memory);
        const auto take = [&position](std::size_t bytes) {
            char* taken = position;
            position += bytes;
            return static_cast<void*>(taken);
        };
        spare = static_cast<Pack<Real>*>(take(tile_bytes<Real>(tile_length)));
        Pack<Real>* first = static_cast<Pack<Real>*>(take(count * tile_bytes<Real>(tile_length)));
        sources = static_cast<double*>(take(source_bytes<Real>(components)));
        tiles = static_cast<Pack<Real>**>(take(count * sizeof(void*)));
        for (std::size_t tile = 0; tile < count; ++tile) {
            tiles[tile] = first + tile * (tile_length + tile_padding);
        }
    }

    /// The room of the sources as room for one number of each component.
    Pack<Real>* one_number_each() const
    {
        static_assert(source_bytes<Real>(1) >= sizeof(Pack<Real>) && source_bytes<Real>(1) % alignof(Pack<Real>) == 0);
        return reinterpret_cast<Pack<Real>*>(sources);
    }
};

}  // namespace
