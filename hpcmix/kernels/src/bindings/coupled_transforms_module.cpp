// Python bindings of coupled_transforms.hpp, part of hpcmix.kernels._native. hpcmix/kernels/coupled_transforms.py checks
// arguments and words the errors; what is checked here only keeps a direct call from reading or writing outside the arrays.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "coupling/coupled_transforms.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <complex>
#include <cstddef>
#include <optional>
#include <vector>

using namespace nb::literals;

namespace {

using Matrix = nb::ndarray<const std::complex<double>, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class Real>
struct CoupledFields {
    std::vector<Real*> pointers;
    hpcmix::Shape shape;
    std::size_t stride;

    explicit CoupledFields(const std::vector<StridedArray<std::complex<Real>>>& fields)
    {
        require(fields.size() >= 2 && fields.size() <= hpcmix::most_coupled_components,
                "there must be from 2 to 16 fields");
        shape = shape_of(fields[0]);
        stride = plane_stride<Real>(fields[0]);
        for (const auto& field : fields) {
            require_same_shape(fields[0], field);
            require(plane_stride<Real>(field) == stride, "the fields differ in the distance of their planes");
            pointers.push_back(reals<Real>(field));
        }
    }
};

const double* entries(const Matrix& matrix, std::size_t components)
{
    require(matrix.shape(0) == components && matrix.shape(1) == components,
            "the matrix must be square with a row for each field");
    return reinterpret_cast<const double*>(matrix.data());
}

template <class Real>
void multiply_lines_by_matrix(const std::vector<StridedArray<std::complex<Real>>>& fields,
                              const std::vector<Table>& factors, const Matrix& matrix)
{
    const CoupledFields<Real> coupled(fields);
    require(factors.size() == 3, "there must be one table for each axis");
    hpcmix::AxisTables tables;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        require(factors[axis].shape(0) == fields[0].shape(axis), "a table's length differs from the array's extent");
        tables[axis] = reinterpret_cast<const double*>(factors[axis].data());
    }
    const double* const values = entries(matrix, fields.size());
    const nb::gil_scoped_release release;
    hpcmix::multiply_lines_by_matrix(coupled.pointers.data(), fields.size(), coupled.shape, coupled.stride, tables,
                                     values);
}

/// A symbol is three tables, one for each axis, or an array in the precision of the fields.
template <class Real>
void turn_coupled_lines(const std::vector<StridedArray<std::complex<Real>>>& fields,
                        const std::vector<std::vector<Numbers>>& terms,
                        const std::vector<std::optional<Array<const Real>>>& tables, const Matrix& constant,
                        const Matrix& slope, double angle, double scale, double radius, const Numbers& coefficients)
{
    const CoupledFields<Real> coupled(fields);
    const std::size_t components = fields.size();
    require(terms.size() == components && tables.size() == components, "there must be a symbol for each field");
    require(components == 2 || coefficients.size() >= 2, "there must be two coefficients at least");
    std::vector<hpcmix::Symbol<Real>> symbols;
    for (std::size_t a = 0; a < components; ++a) {
        if (tables[a]) {
            require_same_shape(fields[0], *tables[a]);
            symbols.push_back({nullptr, nullptr, nullptr, tables[a]->data()});
            continue;
        }
        require(terms[a].size() == 3, "there must be one table for each axis");
        for (std::size_t axis = 0; axis < 3; ++axis) {
            require(terms[a][axis].size() == fields[0].shape(axis), "a table's length differs from the array's extent");
        }
        symbols.push_back({terms[a][0].data(), terms[a][1].data(), terms[a][2].data(), nullptr});
    }
    hpcmix::Levels<Real> levels{};
    levels.symbols = symbols.data();
    levels.constant = entries(constant, components);
    levels.slope = entries(slope, components);
    levels.angle = angle;
    levels.scale = scale;
    levels.radius = radius;
    levels.coefficients = coefficients.data();
    levels.terms = coefficients.size();
    const nb::gil_scoped_release release;
    hpcmix::turn_coupled_lines(coupled.pointers.data(), components, coupled.shape, coupled.stride, levels);
}

template <class Real>
void bind_precision(nb::module_& module)
{
    module.def("multiply_lines_by_matrix", &multiply_lines_by_matrix<Real>, "fields"_a.noconvert(),
               "factors"_a.noconvert(), "matrix"_a.noconvert(),
               "along the first axis of three: forward, one matrix over the fields and one factor for each axis, inverse; "
               "in place");
    module.def("turn_coupled_lines", &turn_coupled_lines<Real>, "fields"_a.noconvert(), "terms"_a.noconvert(),
               "tables"_a.noconvert(), "constant"_a.noconvert(), "slope"_a.noconvert(), "angle"_a, "scale"_a, "radius"_a,
               "coefficients"_a.noconvert(),
               "along the first axis of three: forward, exp(-1j * angle * H) at every wave vector, inverse; in place");
}

}  // namespace

void bind_coupled_transforms(nb::module_& module)
{
    bind_precision<float>(module);
    bind_precision<double>(module);
}
