// Passes over rows of pairs (tangent_passes.hpp). CMake compiles this file once for each instruction set, as it does
// transforms/passes.cpp; nothing here may have external linkage but the table.
#include "tangent/tangent_passes.hpp"

#include "lines/row_transform.hpp"
#include "processor/workspace.hpp"
#include "tangent/shear_tiles.hpp"
#include "transforms/real_passes.hpp"

namespace {

using hpcmix::PairDensities;

std::size_t pair_workspace_bytes(std::size_t tile_length, std::size_t components, std::size_t spectra)
{
    return workspace_bytes<double>(tile_length, 2 * components + spectra) + PairChunk::bytes(components, spectra);
}

/// The tiles of u and w of every component and of the half spectra, and what is known of a chunk.
struct PairWorkspace {
    Workspace<double> tiles;
    PairChunk chunk;

    PairWorkspace(void* memory, std::size_t tile_length, std::size_t components, std::size_t spectra)
        : tiles(memory, tile_length, 2 * components + spectra),
          chunk(static_cast<char*>(memory) + workspace_bytes<double>(tile_length, 2 * components + spectra), components)
    {
    }
};

/// The rows of all fields in position space, real and imaginary parts swapped.
void load_pair(const Line<double>& line, const PairRows& pair, const Rows& rows, Workspace<double>& workspace)
{
    for (std::size_t field = 0; field < 2 * pair.components; ++field) {
        const double* const first = pair.fields[field] + 2 * pair.offset;
        if (pair.inverse_before) {
            transform_from_rows<true, false>(line, first, rows, workspace.tiles[field], workspace.spare);
        } else {
            load_rows<true>(first, rows, workspace.tiles[field], true);
        }
    }
}

/// `count` elements of a complex array's rows from `start` on.
void store_chunk(double* first, const Rows& rows, std::size_t start, std::size_t count, const Pack<double>* values)
{
    constexpr std::size_t together = block_elements<double>;
    for (std::size_t i = 0; i < count; i += together) {
        Pack<double> elements[together] = {};
        for (std::size_t j = 0; j < at_most(count - i, together); ++j) {
            elements[j] = values[i + j];
        }
        store_elements<false>(first, rows, start + i, elements, 1.0);
    }
}

/// Re and Im of sum_b weight_b d_b into the real tiles of a channel.
void store_channel(const PairDensities& densities, const PairChunk& chunk, std::size_t channel, bool paired,
                   std::size_t start, std::size_t count, Workspace<double>& workspace)
{
    constexpr std::size_t width = lanes<double>;
    const std::size_t components = densities.pair.components, channels = densities.spectra.count / 2;
    const double* const weights = densities.weights + channel * components;
    Pack<double>* const tiles[2] = {workspace.tiles[2 * components + channel],
                                    workspace.tiles[2 * components + channels + channel]};
    alignas(64) double parts[2][chunk_points<double>];
    for (std::size_t i = 0; i < count; ++i) {
        Pack<double> sum{};
        for (std::size_t b = 0; b < components; ++b) {
            sum = add_times(sum, in_all_lanes(weights[b]), chunk.densities[b * chunk_length + i]);
        }
        store(parts[0] + width * i, sum.re);
        store(parts[1] + width * i, sum.im);
    }
    constexpr double whole = 1.0;
    for (std::size_t part = 0; part < 2; ++part) {
        store_reals_of_tile(parts[part], &whole, 1, tiles[part], paired, start, count);
    }
}

void pair_density_rows(const Line<double>& line, const PairDensities& densities, std::size_t count, void* memory)
{
    const PairRows& pair = densities.pair;
    const hpcmix::HalfSpectra<double>& spectra = densities.spectra;
    const bool paired = has_pairs(line, spectra);
    PairWorkspace workspace(memory, tile_length_with(line, spectra), pair.components, spectra.count);
    Pack<double>** const tiles = workspace.tiles.tiles;
    const Rows rows{2 * line.length, line.length, count};
    load_pair(line, pair, rows, workspace.tiles);
    for (std::size_t start = 0; start < line.length; start += chunk_length) {
        const std::size_t chunk = at_most(line.length - start, chunk_length);
        turn_and_take_densities(pair, rows, tiles, start, chunk, workspace.chunk);
        for (std::size_t c = 0; c < spectra.count / 2; ++c) {
            store_channel(densities, workspace.chunk, c, paired, start, chunk, workspace.tiles);
        }
        for (std::size_t a = 0; densities.densities != nullptr && a < pair.components; ++a) {
            store_chunk(densities.densities[a] + 2 * pair.offset, rows, start, chunk,
                        workspace.chunk.densities + a * chunk_length);
        }
    }
    for (std::size_t field = 0; field < 2 * pair.components; ++field) {
        store_rows(pair.fields[field] + 2 * pair.offset, rows, tiles[field], false, 1.0);
    }
    for (std::size_t c = 0; c < spectra.count; ++c) {
        Pack<double>*& tile = tiles[2 * pair.components + c];
        transform_tile(*spectra.line, tile, workspace.tiles.spare);
        if (paired) {
            separate_halves(*spectra.line, tile);
        }
        store_rows(spectra.first_rows[c], rows_of_spectrum(line, count), tile, false, 1.0);
    }
}

void pair_shear_rows(const Line<double>& line, const PairShear& shear, std::size_t count, void* memory)
{
    const PairRows& pair = shear.pair;
    const std::size_t components = pair.components;
    const bool paired = has_pairs(line, shear.seen);
    PairWorkspace workspace(memory, tile_length_with(line, shear.seen), components, shear.seen.count);
    Pack<double>** const tiles = workspace.tiles.tiles;
    const PairChunk& chunk = workspace.chunk;
    const Rows rows{2 * line.length, line.length, count};
    for (std::size_t c = 0; c < shear.seen.count; ++c) {
        real_rows_from_spectra(line, shear.seen, c, count, tiles[2 * components + c], workspace.tiles.spare);
    }
    load_pair(line, pair, rows, workspace.tiles);
    Pack<double> response[chunk_length];
    for (std::size_t start = 0; start < line.length; start += chunk_length) {
        const std::size_t length = at_most(line.length - start, chunk_length);
        turn_and_take_densities(pair, rows, tiles, start, length, chunk);
        for (std::size_t c = 0; c < shear.seen.count; ++c) {
            load_reals_of_tile(tiles[2 * components + c], paired, start, length, chunk.seen + c * chunk_points<double>);
        }
        for (std::size_t a = 0; a < components; ++a) {
            if (take_response(shear, a, rows, start, length, chunk, response)) {
                shear_chunk(tiles[a] + start, tiles[components + a] + start, chunk.orbitals + a * chunk_length, response,
                            shear.angle, length);
            }
        }
    }
    for (std::size_t field = 0; field < 2 * components; ++field) {
        double* const first = pair.fields[field] + 2 * pair.offset;
        if (shear.forward_after) {
            transform_to_rows<false, false>(line, tiles[field], workspace.tiles.spare, first, rows, 1.0);
        } else {
            store_rows(first, rows, tiles[field], false, 1.0);
        }
    }
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)

namespace hpcmix {

extern const TangentPasses HPCMIX_JOIN(tangent_passes_, HPCMIX_INSTRUCTION_SET);
const TangentPasses HPCMIX_JOIN(tangent_passes_, HPCMIX_INSTRUCTION_SET) = {lanes<double>, pair_workspace_bytes,
                                                                          pair_density_rows, pair_shear_rows};

}  // namespace hpcmix
