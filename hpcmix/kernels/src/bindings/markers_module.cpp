// Python binding of markers.hpp, part of hpcmix.kernels._native. hpcmix/kernels/markers.py checks arguments and words the
// errors; what is checked here only keeps a direct call from reading or writing outside the arrays.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "markers/markers.hpp"

#include <nanobind/stl/optional.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

using namespace nb::literals;

namespace {

template <class Value, std::size_t dimensions>
using Sized = nb::ndarray<Value, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;
using Lengths = Sized<const double, 1>;
using Cells = Sized<const std::int64_t, 1>;
using Rows = Sized<double, 2>;
using ConstantRows = Sized<const double, 2>;
using WindowTable = Sized<const double, 2>;

/// The numbers of a geometry, and the extents of a patch.
struct Geometry {
    const Lengths& lengths;
    const Cells& points;
    const Cells& start;
    const WindowTable& table;

    template <class Extent>
    hpcmix::MarkerPatch patch(std::size_t dimensions, const Extent& extent) const
    {
        require(dimensions >= 1 && dimensions <= 3 && lengths.shape(0) == dimensions && points.shape(0) == dimensions &&
                    start.shape(0) == dimensions,
                "there must be an entry for each of one, two or three axes");
        const std::size_t width = table.shape(0);
        require(width % 2 == 0 && width >= hpcmix::smallest_window && width <= hpcmix::largest_window,
                "a window is 4, 6, .. or 14 cells wide");
        require(table.shape(1) >= 2 && table.shape(1) <= width + 4, "polynomials have degree 1 to w + 3");
        hpcmix::MarkerPatch patch{dimensions, width, table.shape(1) - 1, table.data(), {}, {}, {}, {}};
        for (std::size_t axis = 0; axis < dimensions; ++axis) {
            patch.lengths[axis] = lengths.data()[axis];
            patch.points[axis] = points.data()[axis];
            patch.start[axis] = start.data()[axis];
            patch.extents[axis] = extent(axis);
            require(patch.points[axis] >= static_cast<std::int64_t>(width) && patch.lengths[axis] > 0.0,
                    "an axis has fewer points than the window, or no length");
        }
        return patch;
    }
    template <class ArrayType>
    hpcmix::MarkerPatch of(const ArrayType& array) const
    {
        return patch(array.ndim(), [&](std::size_t axis) { return array.shape(axis); });
    }
};

void require_all(std::size_t left_out)
{
    require(left_out == 0, "a marker's window reaches beyond the patch, or its deposit beyond 2^51");
}

template <class Cell>
void spread(const ConstantRows& position, const Sized<const double, 1>& weight, const Lengths& lengths, const Cells& points,
            const Cells& start, const WindowTable& table, double scale, const Array<Cell>& patch)
{
    const hpcmix::MarkerPatch geometry = Geometry{lengths, points, start, table}.of(patch);
    require(position.shape(1) == geometry.dimensions && weight.shape(0) == position.shape(0),
            "a marker has a coordinate for each axis of the patch and a weight");
    std::size_t left_out;
    {
        const nb::gil_scoped_release release;
        left_out = hpcmix::spread_markers(geometry, position.data(), weight.data(), position.shape(0), scale, patch.data());
    }
    require_all(left_out);
}

void gather(const ConstantRows& position, const Lengths& lengths, const Cells& points, const Cells& start,
            const WindowTable& table, const Array<const double>& field, const Rows& gradient)
{
    const hpcmix::MarkerPatch geometry = Geometry{lengths, points, start, table}.of(field);
    require(position.shape(1) == geometry.dimensions, "a marker has a coordinate for each axis of the patch");
    require_same_shape(position, gradient);
    std::size_t left_out;
    {
        const nb::gil_scoped_release release;
        left_out = hpcmix::gather_markers(geometry, position.data(), position.shape(0), field.data(), gradient.data());
    }
    require_all(left_out);
}

void gather_kick_drift(const Rows& position, const Rows& momentum, const Lengths& lengths, const Cells& points,
                       const Cells& start, const WindowTable& table, const std::optional<Array<const double>>& field,
                       const std::optional<ConstantRows>& force_gradient, double kick, double drift, double mass,
                       double rest_mass, const Sized<double, 1>& largest)
{
    const std::size_t dimensions = position.shape(1);
    require_same_shape(position, momentum);
    require(largest.shape(0) == dimensions, "there must be a largest distance for each axis");
    if (force_gradient) {
        require_same_shape(position, *force_gradient);
    }
    const Geometry numbers{lengths, points, start, table};
    const hpcmix::MarkerPatch geometry =
        field ? numbers.of(*field) : numbers.patch(dimensions, [](std::size_t) { return std::size_t{0}; });
    require(geometry.dimensions == dimensions, "a marker has a coordinate for each axis of the patch");
    std::size_t left_out;
    {
        const nb::gil_scoped_release release;
        left_out = hpcmix::gather_and_move_markers(
            geometry, {kick, drift, mass, rest_mass}, position.data(), momentum.data(), position.shape(0),
            field ? field->data() : nullptr, force_gradient ? force_gradient->data() : nullptr, largest.data());
    }
    require_all(left_out);
}

void sort_by_tiles(const Rows& position, const Rows& momentum, const Sized<double, 1>& weight,
                   const Sized<std::int64_t, 1>& index, const Lengths& lengths, const Cells& points, const Cells& start,
                   const WindowTable& table, const Cells& extents)
{
    const std::size_t count = position.shape(0), dimensions = position.shape(1);
    require_same_shape(position, momentum);
    require(weight.shape(0) == count && index.shape(0) == count, "there must be a weight and an index for each marker");
    require(extents.shape(0) == dimensions && std::all_of(extents.data(), extents.data() + dimensions,
                                                          [](std::int64_t extent) { return extent >= 0; }),
            "the patch has an extent along each axis");
    const hpcmix::MarkerPatch geometry =
        Geometry{lengths, points, start, table}.patch(dimensions, [&](std::size_t axis) {
            return static_cast<std::size_t>(extents.data()[axis]);
        });
    const nb::gil_scoped_release release;
    hpcmix::sort_markers(geometry, {count, position.data(), momentum.data(), weight.data(), index.data()});
}

}  // namespace

void bind_markers(nb::module_& module)
{
    module.def("spread_fixed", &spread<std::int64_t>, "position"_a.noconvert(), "weight"_a.noconvert(), "lengths"_a,
               "points"_a, "start"_a, "table"_a.noconvert(), "scale"_a, "patch"_a.noconvert(),
               "patch += rint(scale weight prod phi)");
    module.def("spread_doubles", &spread<double>, "position"_a.noconvert(), "weight"_a.noconvert(), "lengths"_a,
               "points"_a, "start"_a, "table"_a.noconvert(), "scale"_a, "patch"_a.noconvert(),
               "patch += scale weight prod phi, on one thread (for measurements)");
    module.def("gather", &gather, "position"_a.noconvert(), "lengths"_a, "points"_a, "start"_a, "table"_a.noconvert(),
               "field"_a.noconvert(), "gradient"_a.noconvert(), "gradient = d/dx sum_g prod phi field_g");
    module.def("gather_kick_drift", &gather_kick_drift, "position"_a.noconvert(), "momentum"_a.noconvert(), "lengths"_a,
               "points"_a, "start"_a, "table"_a.noconvert(), "field"_a.noconvert().none(),
               "force_gradient"_a.noconvert().none(), "kick"_a, "drift"_a, "mass"_a, "rest_mass"_a,
               "largest"_a.noconvert(), "p -= kick (gradient + force_gradient), x += drift dT/dp, wrapped, in place");
    module.def("sort_by_tiles", &sort_by_tiles, "position"_a.noconvert(), "momentum"_a.noconvert(),
               "weight"_a.noconvert(), "index"_a.noconvert(), "lengths"_a, "points"_a, "start"_a, "table"_a.noconvert(),
               "extents"_a, "markers in the order of tiles of cells, in place");
}
