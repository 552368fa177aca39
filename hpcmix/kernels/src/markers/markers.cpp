#include "markers/markers.hpp"

#include "markers/cells.hpp"
#include "processor/pieces.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace hpcmix {

namespace {

// Markers that are gathered and then moved, while their gradients are in the first-level cache.
constexpr std::size_t markers_together = 256;
// Cells along each axis of a tile; windows of eight cells then reach 16^3 numbers from it, a first-level cache.
constexpr std::size_t tile = 8;
// Fewer than these are spread by one thread: others would have to clear and add planes of their own.
constexpr std::size_t markers_of_a_thread = 4096;

std::size_t plane_cells(const MarkerPatch& patch)
{
    std::size_t cells = 1;
    for (std::size_t axis = 1; axis < patch.dimensions; ++axis) {
        cells *= patch.extents[axis];
    }
    return cells;
}

/// The planes of a patch that some of the markers reach, and what these markers put there.
struct PartOfSpread {
    std::size_t first = 0;
    std::size_t last = 0;  // behind the last one
    std::vector<std::int64_t> cells;
    std::size_t left_out = 0;

    void spread(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count, double scale)
    {
        const AxisOfCells cell_of(patch.lengths[0], patch.points[0]);
        const AxisOfPatch place_of(patch.points[0], patch.start[0], patch.width);
        std::size_t low = patch.extents[0], high = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t place = place_of(cell_of(position[i * patch.dimensions]).cell);
            low = std::min(low, place);
            high = std::max(high, place);
        }
        first = low + 1;
        last = std::min(high + 1 + patch.width, patch.extents[0]);
        cells.assign(last > first ? (last - first) * plane_cells(patch) : 0, 0);
        left_out = active_marker_passes().spread(patch, position, weight, count, scale, cells.data(), first);
    }
};

}  // namespace

std::size_t spread_markers(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                           double scale, std::int64_t* cells)
{
    const std::size_t parts = std::min(static_cast<std::size_t>(thread_count()), count / markers_of_a_thread);
    if (parts < 2) {
        return active_marker_passes().spread(patch, position, weight, count, scale, cells, 0);
    }
    // Markers that are sorted by tiles reach few planes of the patch, a range of their own for each thread.
    std::vector<PartOfSpread> spreads(parts);
    for_each(parts, [&](std::size_t part) {
        const std::size_t begin = count * part / parts, end = count * (part + 1) / parts;
        spreads[part].spread(patch, position + begin * patch.dimensions, weight + begin, end - begin, scale);
    });
    const std::size_t plane = plane_cells(patch);
    for_each(patch.extents[0], [&](std::size_t x) {
        for (const PartOfSpread& part : spreads) {
            if (x >= part.first && x < part.last) {
                const std::int64_t* const source = part.cells.data() + (x - part.first) * plane;
                std::int64_t* const target = cells + x * plane;
                for (std::size_t i = 0; i < plane; ++i) {
                    target[i] += source[i];
                }
            }
        }
    });
    std::size_t left_out = 0;
    for (const PartOfSpread& part : spreads) {
        left_out += part.left_out;
    }
    return left_out;
}

std::size_t spread_markers(const MarkerPatch& patch, const double* position, const double* weight, std::size_t count,
                           double scale, double* cells)
{
    return active_marker_passes().spread_doubles(patch, position, weight, count, scale, cells, 0);
}

std::size_t gather_markers(const MarkerPatch& patch, const double* position, std::size_t count, const double* field,
                           double* gradient)
{
    const MarkerPasses& passes = active_marker_passes();
    std::size_t left_out = 0;
    const std::size_t pieces = divide_up(count, markers_together);
#pragma omp parallel for schedule(static) reduction(+ : left_out) if (pieces > 1)
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        const std::size_t begin = piece * markers_together, some = std::min(markers_together, count - begin);
        left_out += passes.gather(patch, position + begin * patch.dimensions, some, field,
                                  gradient + begin * patch.dimensions);
    }
    return left_out;
}

std::size_t gather_and_move_markers(const MarkerPatch& patch, const MarkerMotion& motion, double* position,
                                    double* momentum, std::size_t count, const double* field,
                                    const double* force_gradient, double* largest)
{
    const MarkerPasses& passes = active_marker_passes();
    const std::size_t dimensions = patch.dimensions, pieces = divide_up(count, markers_together);
    std::vector<std::array<double, 3>> distances(pieces, {0.0, 0.0, 0.0});
    std::size_t left_out = 0;
#pragma omp parallel for schedule(static) reduction(+ : left_out) if (pieces > 1)
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        const std::size_t begin = piece * markers_together, some = std::min(markers_together, count - begin);
        double gradient[3 * markers_together] = {};
        double* const x = position + begin * dimensions;
        if (field != nullptr) {
            left_out += passes.gather(patch, x, some, field, gradient);
        }
        passes.move(patch, motion, x, momentum + begin * dimensions, some, field != nullptr ? gradient : nullptr,
                    force_gradient != nullptr ? force_gradient + begin * dimensions : nullptr, distances[piece].data());
    }
    for (std::size_t axis = 0; axis < dimensions; ++axis) {
        largest[axis] = 0.0;
        for (const std::array<double, 3>& distance : distances) {
            if (distance[axis] > largest[axis] || distance[axis] != distance[axis]) {
                largest[axis] = distance[axis];
            }
        }
    }
    return left_out;
}

namespace {

/// The tile of a marker, tiles in C order.
class TileOfMarker {
public:
    explicit TileOfMarker(const MarkerPatch& patch) : dimensions_(patch.dimensions)
    {
        for (std::size_t axis = 0; axis < dimensions_; ++axis) {
            cells_[axis] = AxisOfCells(patch.lengths[axis], patch.points[axis]);
            places_[axis] = AxisOfPatch(patch.points[axis], patch.start[axis], patch.width);
            tiles_[axis] = std::max(std::size_t{1}, divide_up(patch.extents[axis], tile));
        }
    }
    std::size_t count() const
    {
        return std::accumulate(tiles_.begin(), tiles_.begin() + static_cast<std::ptrdiff_t>(dimensions_), std::size_t{1},
                               [](std::size_t a, std::size_t b) { return a * b; });
    }
    std::size_t operator()(const double* position) const
    {
        std::size_t number = 0;
        for (std::size_t axis = 0; axis < dimensions_; ++axis) {
            const std::size_t along = places_[axis](cells_[axis](position[axis]).cell) / tile;
            number = number * tiles_[axis] + std::min(along, tiles_[axis] - 1);  // whatever lies beyond the patch
        }
        return number;
    }

private:
    std::size_t dimensions_;
    std::array<AxisOfCells, 3> cells_;
    std::array<AxisOfPatch, 3> places_;
    std::array<std::size_t, 3> tiles_;
};

void exchange_markers(const MarkerArrays& markers, std::size_t dimensions, std::size_t i, std::size_t j)
{
    for (std::size_t axis = 0; axis < dimensions; ++axis) {
        std::swap(markers.position[i * dimensions + axis], markers.position[j * dimensions + axis]);
        std::swap(markers.momentum[i * dimensions + axis], markers.momentum[j * dimensions + axis]);
    }
    std::swap(markers.weight[i], markers.weight[j]);
    std::swap(markers.index[i], markers.index[j]);
}

}  // namespace

void sort_markers(const MarkerPatch& patch, const MarkerArrays& markers)
{
    // Every marker that is not in its tile's part is exchanged with one there (McIlroy, Bostic and McIlroy, Computing
    // Systems 6, 5 (1993)): nothing but a number for each tile is kept, and few markers move when few have left.
    const TileOfMarker tile_of(patch);
    const std::size_t tiles = tile_of.count(), dimensions = patch.dimensions;
    std::vector<std::size_t> next(tiles + 1, 0);
    for (std::size_t i = 0; i < markers.count; ++i) {
        ++next[tile_of(markers.position + i * dimensions) + 1];
    }
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<std::size_t> end(next.begin() + 1, next.end());
    for (std::size_t number = 0; number < tiles; ++number) {
        while (next[number] < end[number]) {
            const std::size_t i = next[number], wanted = tile_of(markers.position + i * dimensions);
            if (wanted != number) {
                exchange_markers(markers, dimensions, i, next[wanted]);
            }
            ++next[wanted];
        }
    }
}

}  // namespace hpcmix
