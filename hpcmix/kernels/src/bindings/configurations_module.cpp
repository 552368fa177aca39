// Python binding of configurations.hpp, part of hpcmix.kernels._native. hpcmix/kernels/many_body/configurations.py checks arguments and
// words the errors; what is checked here only keeps a direct call from reading or writing outside the arrays.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "configurations/configurations.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/complex.h>

#include <array>
#include <complex>
#include <cstdint>

using namespace nb::literals;

namespace {

using Starts = nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Columns = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Field = nb::ndarray<std::complex<double>, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Source = nb::ndarray<const std::complex<double>, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class Value>
using Values = nb::ndarray<const Value, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class Value>
hpcmix::SparseMatrices matrices(const Starts& start, const Columns& columns, const Values<Value>& values,
                                std::size_t rows)
{
    require(start.shape(1) == rows + 1, "a matrix has not as many rows as it should");
    require(columns.shape(0) == values.shape(0), "there must be a value for each column");
    return {start.shape(0), rows, start.data(), columns.data(), reinterpret_cast<const double*>(values.data())};
}

template <class Value>
void apply(const Source& source, const Field& target, std::size_t first_row, std::size_t first_column,
           const Starts& on_rows_start, const Columns& on_rows_columns, const Values<Value>& on_rows_values,
           const Starts& on_columns_start, const Columns& on_columns_columns, const Values<Value>& on_columns_values,
           const Starts& left_start, const Columns& left_columns, const Values<Value>& left_values,
           const Starts& right_start, const Columns& right_columns, const Values<Value>& right_values, double scale,
           double shift, double keep)
{
    const std::size_t rows = target.shape(0), columns = target.shape(1);
    require(first_row + rows <= source.shape(0) && first_column + source.shape(1) <= columns,
            "the target's rows or the source's columns are not where they are said to be");
    require(on_rows_start.shape(0) <= 1 && on_columns_start.shape(0) <= 1, "one operator acts on rows, one on columns");
    require(left_start.shape(0) == right_start.shape(0), "channels are pairs of matrices");
    const hpcmix::ConfigurationProduct product{
        reinterpret_cast<const double*>(source.data()),
        source.shape(1),
        reinterpret_cast<double*>(target.data()),
        rows,
        columns,
        first_row,
        first_column,
        matrices(on_rows_start, on_rows_columns, on_rows_values, rows),
        matrices(on_columns_start, on_columns_columns, on_columns_values, columns),
        matrices(left_start, left_columns, left_values, rows),
        matrices(right_start, right_columns, right_values, columns),
        sizeof(Value) > sizeof(double),
        scale,
        shift,
        keep};
    const nb::gil_scoped_release release;
    hpcmix::apply_configurations(product);
}

void add_multiple(std::complex<double> factor, const Array<const std::complex<double>>& source,
                  const Array<std::complex<double>>& target)
{
    require_same_shape(source, target);
    const nb::gil_scoped_release release;
    hpcmix::add_multiple(reinterpret_cast<const double*>(source.data()), factor.real(), factor.imag(),
                         reinterpret_cast<double*>(target.data()), target.size());
}

template <class Value>
void apply_pairs(const nb::ndarray<const std::complex<double>, nb::ndim<1>, nb::c_contig, nb::device::cpu>& source,
                 const nb::ndarray<std::complex<double>, nb::ndim<1>, nb::c_contig, nb::device::cpu>& target,
                 std::size_t first, const std::array<std::int64_t, 5>& places,
                 const nb::ndarray<const std::int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>& ways,
                 const Values<double>& roots,
                 const nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>& start,
                 const Columns& columns, const Values<Value>& values, double scale, double shift, double keep)
{
    require(ways.shape(0) >= 3 && ways.shape(1) >= 2 && ways.shape(1) <= hpcmix::most_pair_modes,
            "there must be two particles and two modes at least, and no more modes than there is room for");
    const std::size_t particles = ways.shape(0) - 1, modes = ways.shape(1);
    const auto count = static_cast<std::size_t>(ways.data()[particles * modes + modes - 1]);
    require(first + target.shape(0) <= count, "there are not so many configurations");
    require(roots.shape(0) == particles + 1 && start.shape(0) == modes * (modes + 1) / 2 + 1 &&
                columns.shape(0) == values.shape(0),
            "tables of other particles or modes");
    const hpcmix::PairProduct product{
        reinterpret_cast<const double*>(source.data()),
        reinterpret_cast<double*>(target.data()),
        first,
        first + target.shape(0),
        places[0],
        places[1],
        {places[2], places[3], places[4]},
        particles,
        modes,
        ways.data(),
        roots.data(),
        start.data(),
        columns.data(),
        reinterpret_cast<const double*>(values.data()),
        sizeof(Value) > sizeof(double),
        scale,
        shift,
        keep};
    const nb::gil_scoped_release release;
    hpcmix::apply_pairs(product);
}

template <class Value>
void bind(nb::module_& module)
{
    module.def("apply_configurations", &apply<Value>, "source"_a.noconvert(), "target"_a.noconvert(), "first_row"_a,
               "first_column"_a, "on_rows_start"_a.noconvert(), "on_rows_columns"_a.noconvert(),
               "on_rows_values"_a.noconvert(), "on_columns_start"_a.noconvert(), "on_columns_columns"_a.noconvert(),
               "on_columns_values"_a.noconvert(), "left_start"_a.noconvert(), "left_columns"_a.noconvert(),
               "left_values"_a.noconvert(), "right_start"_a.noconvert(), "right_columns"_a.noconvert(),
               "right_values"_a.noconvert(), "scale"_a, "shift"_a, "keep"_a,
               "target = keep target + scale (A source + source B^T + sum_c X_c source Y_c^T) + shift source");
    module.def("apply_pairs", &apply_pairs<Value>, "source"_a.noconvert(), "target"_a.noconvert(), "first"_a, "places"_a,
               "ways"_a.noconvert(), "roots"_a.noconvert(), "start"_a.noconvert(), "columns"_a.noconvert(),
               "values"_a.noconvert(), "scale"_a, "shift"_a, "keep"_a,
               "target = keep target + shift source + scale (pair Hamiltonian) source");
}

}  // namespace

void bind_configurations(nb::module_& module)
{
    module.def("add_multiple", &add_multiple, "factor"_a, "source"_a.noconvert(), "target"_a.noconvert(),
               "target += factor source, in place");
    bind<double>(module);
    bind<std::complex<double>>(module);
}
