// Python bindings of kernels.hpp as hpcmix.kernels._native.
//
// hpcmix/kernels/arguments.py checks arguments and words the errors; what is checked here only keeps a direct call from
// reading or writing outside the arrays. Every function releases the GIL while it computes.
#include "bindings/transforms_module.hpp"
#include "points/kernels.hpp"
#include "points/random_numbers.hpp"
#include "processor/instruction_set.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/complex.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <class Scalar>
using Array = nb::ndarray<Scalar, nb::c_contig, nb::device::cpu>;
template <class Scalar>
using Table = nb::ndarray<const Scalar, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void require(bool condition, const char* message)
{
    if (!condition) {
        throw std::invalid_argument(message);  // ValueError in Python
    }
}

template <class Left, class Right>
void require_same_shape(const Left& left, const Right& right)
{
    bool same = left.ndim() == right.ndim();
    for (std::size_t axis = 0; same && axis < left.ndim(); ++axis) {
        same = left.shape(axis) == right.shape(axis);
    }
    require(same, "the arrays differ in shape");
}

/// std::complex is laid out as two reals by the standard.
template <class Real>
Real* reals(const Array<std::complex<Real>>& array)
{
    return reinterpret_cast<Real*>(array.data());
}

template <class Real>
const Real* reals(const Array<const std::complex<Real>>& array)
{
    return reinterpret_cast<const Real*>(array.data());
}

/// The array's Shape and the pointers to its axes' tables; axes that it lacks come first, with `filler` as their table.
template <class Scalar, class ArrayType>
hpcmix::Shape match_axes(const ArrayType& field, const std::vector<Table<Scalar>>& tables, const double* filler,
                         hpcmix::AxisTables& pointers)
{
    require(field.ndim() >= 1 && field.ndim() <= 3, "the array must have one, two or three dimensions");
    require(tables.size() == field.ndim(), "there must be one table for each axis");
    std::array<std::size_t, 3> extents{1, 1, 1};
    pointers = {filler, filler, filler};
    const std::size_t missing = 3 - field.ndim();
    for (std::size_t axis = 0; axis < field.ndim(); ++axis) {
        require(tables[axis].shape(0) == field.shape(axis), "a table's length differs from the array's extent");
        extents[missing + axis] = field.shape(axis);
        pointers[missing + axis] = reinterpret_cast<const double*>(tables[axis].data());
    }
    return {extents[0], extents[1], extents[2]};
}

template <class Real>
void rotate_phase(const Array<std::complex<Real>>& field, const Array<const Real>& potential, double angle)
{
    require_same_shape(field, potential);
    const nb::gil_scoped_release release;
    hpcmix::rotate_phase(reals<Real>(field), potential.data(), angle, field.size());
}

template <class Real>
void accumulate_density(const Array<const std::complex<Real>>& field, double weight, const Array<Real>& density)
{
    require_same_shape(field, density);
    const nb::gil_scoped_release release;
    hpcmix::accumulate_density(reals<Real>(field), weight, density.data(), field.size());
}

template <class Real>
void turn_spins(const Array<std::complex<Real>>& plus, const Array<std::complex<Real>>& zero,
                const Array<std::complex<Real>>& minus, double angle)
{
    require_same_shape(plus, zero);
    require_same_shape(plus, minus);
    const nb::gil_scoped_release release;
    hpcmix::turn_spins(reals<Real>(plus), reals<Real>(zero), reals<Real>(minus), angle, plus.size());
}

template <class Real>
void multiply_separable(const Array<std::complex<Real>>& field, const std::vector<Table<std::complex<double>>>& factors)
{
    static constexpr double one[2] = {1.0, 0.0};
    hpcmix::AxisTables pointers;
    const hpcmix::Shape shape = match_axes<std::complex<double>>(field, factors, one, pointers);
    const nb::gil_scoped_release release;
    hpcmix::multiply_separable(reals<Real>(field), shape, pointers);
}

template <class Real>
double weighted_norm(const Array<const std::complex<Real>>& field, const std::vector<Table<double>>& weights)
{
    static constexpr double zero = 0.0;
    hpcmix::AxisTables pointers;
    const hpcmix::Shape shape = match_axes<double>(field, weights, &zero, pointers);
    const nb::gil_scoped_release release;
    return hpcmix::weighted_norm(reals<Real>(field), shape, pointers);
}

template <class Real>
double squared_norm(const Array<const std::complex<Real>>& field)
{
    const nb::gil_scoped_release release;
    return hpcmix::squared_norm(reals<Real>(field), field.size());
}

template <class Real>
std::complex<double> inner_product(const Array<const std::complex<Real>>& left,
                                   const Array<const std::complex<Real>>& right)
{
    require_same_shape(left, right);
    const nb::gil_scoped_release release;
    return hpcmix::inner_product(reals<Real>(left), reals<Real>(right), left.size());
}

template <class Real>
void fill_complex_normals(const Array<std::complex<Real>>& field, std::uint64_t seed, std::uint64_t stream,
                          const std::array<std::size_t, 2>& grid, const std::array<std::size_t, 3>& start)
{
    require(field.ndim() == 3, "the array must have three dimensions");
    require(start[2] + field.shape(2) <= grid[1] && start[1] + field.shape(1) <= grid[0],
            "the array does not lie in the grid");
    const hpcmix::Shape shape{field.shape(0), field.shape(1), field.shape(2)};
    const nb::gil_scoped_release release;
    hpcmix::fill_complex_normals(reals<Real>(field), shape, {grid[0], grid[1], start}, {seed, stream});
}

/// Binds the kernels of one precision; nanobind picks the overload by the arrays' type.
template <class Real>
void bind_kernels(nb::module_& module)
{
    module.def("rotate_phase", &rotate_phase<Real>, "field"_a.noconvert(), "potential"_a.noconvert(), "angle"_a,
               "field *= exp(-1j * angle * potential), in place");
    module.def("accumulate_density", &accumulate_density<Real>, "field"_a.noconvert(), "weight"_a,
               "density"_a.noconvert(), "density += weight * |field|^2, in place");
    module.def("turn_spins", &turn_spins<Real>, "plus"_a.noconvert(), "zero"_a.noconvert(), "minus"_a.noconvert(),
               "angle"_a, "components of spin one: psi = exp(-1j * angle * F.f) psi, F = psi^+ f psi, in place");
    module.def("multiply_separable", &multiply_separable<Real>, "field"_a.noconvert(), "factors"_a.noconvert(),
               "field[x, y, z] *= factors[0][x] * factors[1][y] * factors[2][z], in place");
    module.def("weighted_norm", &weighted_norm<Real>, "field"_a.noconvert(), "weights"_a.noconvert(),
               "sum of (weights[0][x] + weights[1][y] + weights[2][z]) * |field[x, y, z]|^2");
    module.def("squared_norm", &squared_norm<Real>, "field"_a.noconvert(), "sum of |field|^2");
    module.def("inner_product", &inner_product<Real>, "left"_a.noconvert(), "right"_a.noconvert(),
               "sum of conj(left) * right");
    module.def("fill_complex_normals", &fill_complex_normals<Real>, "field"_a.noconvert(), "seed"_a, "stream"_a, "grid"_a,
               "start"_a, "independent complex normal numbers of unit mean square, by the points' places in the grid");
}

}  // namespace

NB_MODULE(_native, module)
{
    module.doc() = "Compiled kernels of hpcmix. Call them through hpcmix.kernels.dispatch, which checks the arguments.";
    bind_kernels<float>(module);
    bind_kernels<double>(module);
    bind_transforms(module);
    bind_coupled_transforms(module);
    bind_configurations(module);
    bind_tangent(module);
    bind_markers(module);
    bind_losses(module);
    module.def("thread_count", &hpcmix::thread_count, "threads that the next kernel call uses");
    module.def("set_thread_count", &hpcmix::set_thread_count, "count"_a, "use this many threads from now on");
    module.def(
        "instruction_set", [] { return std::string(hpcmix::active_loops().instruction_set); },
        "instruction set of the loops in use");
    module.def(
        "available_instruction_sets",
        [] {
            std::vector<std::string> names;
            for (const hpcmix::Loops* loops : hpcmix::supported_loops()) {
                names.emplace_back(loops->instruction_set);
            }
            return names;
        },
        "instruction sets that this processor and this build have, slowest first");
    module.def(
        "select_instruction_set", [](const std::string& name) { hpcmix::select_loops(name); }, "name"_a,
        "use the loops compiled for this instruction set from now on (for tests and measurements)");
}
