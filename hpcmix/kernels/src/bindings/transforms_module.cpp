// Python bindings of transforms.hpp, part of hpcmix.kernels._native. hpcmix/kernels/transforms.py checks arguments and
// words the errors; what is checked here only keeps a direct call from reading or writing outside the arrays. Every
// function releases the GIL while it computes.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "transforms/transforms.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/complex.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <complex>
#include <optional>
#include <tuple>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/// Measures, power and table of a function of the densities; the table has no rows where there is none.
using Function = std::tuple<Matrix, int, Matrix>;

template <class Real>
void transform_lines(const Array<std::complex<Real>>& field, bool forward, Real scale)
{
    const hpcmix::Shape shape = shape_of(field);
    const nb::gil_scoped_release release;
    hpcmix::transform_lines(reals<Real>(field), shape, forward, scale);
}

template <class Real>
void transform_planes(const Array<std::complex<Real>>& field, bool forward, Real scale)
{
    const hpcmix::Shape shape = shape_of(field);
    const nb::gil_scoped_release release;
    hpcmix::transform_planes(reals<Real>(field), shape, forward, scale);
}

template <class Real>
void multiply_lines(const StridedArray<std::complex<Real>>& field, const std::vector<Table>& factors, Real scale)
{
    require(factors.size() == 3, "there must be one table for each axis");
    hpcmix::AxisTables tables;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        require(factors[axis].shape(0) == field.shape(axis), "a table's length differs from the array's extent");
        tables[axis] = reinterpret_cast<const double*>(factors[axis].data());
    }
    const std::size_t stride = plane_stride<Real>(field);
    const nb::gil_scoped_release release;
    hpcmix::multiply_lines(reals<Real>(field), shape_of(field), stride, tables, scale);
}

template <class Real>
void turn_lines(const StridedArray<std::complex<Real>>& field, const Array<const Real>& symbol, double angle, Real scale)
{
    require_same_shape(field, symbol);
    const std::size_t stride = plane_stride<Real>(field);
    const nb::gil_scoped_release release;
    hpcmix::turn_lines(reals<Real>(field), shape_of(field), stride, symbol.data(), angle, scale);
}

template <class Real>
void mix_lines(const std::vector<StridedArray<std::complex<Real>>>& fields,
               const std::vector<std::optional<Array<const Real>>>& multipliers, Real scale)
{
    const std::size_t components = fields.size();
    require(components >= 1, "there must be at least one field");
    require(multipliers.size() == components * components, "there must be a multiplier, or None, for each pair of fields");
    const std::size_t stride = plane_stride<Real>(fields[0]);
    std::vector<Real*> field_pointers;
    std::vector<const Real*> multiplier_pointers;
    for (const auto& field : fields) {
        require_same_shape(fields[0], field);
        require(plane_stride<Real>(field) == stride, "the fields differ in the distance of their planes");
        field_pointers.push_back(reals<Real>(field));
    }
    for (const auto& multiplier : multipliers) {
        if (multiplier) {
            require_same_shape(fields[0], *multiplier);
        }
        multiplier_pointers.push_back(multiplier ? multiplier->data() : nullptr);
    }
    const hpcmix::Shape shape = shape_of(fields[0]);
    const nb::gil_scoped_release release;
    hpcmix::mix_lines(field_pointers.data(), components, shape, stride, multiplier_pointers.data(), scale);
}

/// Pointers to half spectra, after a look whether each fits rows of reals of that shape.
template <class Real>
std::vector<Real*> spectrum_pointers(const std::vector<Array<std::complex<Real>>>& spectra, hpcmix::Shape shape)
{
    std::vector<Real*> pointers;
    for (const auto& spectrum : spectra) {
        const hpcmix::Shape half = shape_of(spectrum);
        require(half.planes == shape.planes && half.rows == shape.rows && half.length == shape.length / 2 + 1,
                "a half spectrum must have n // 2 + 1 elements where the rows of the fields have n");
        pointers.push_back(reals<Real>(spectrum));
    }
    return pointers;
}

template <class Real>
std::vector<Real*> field_pointers(const std::vector<Array<std::complex<Real>>>& fields)
{
    require(fields.size() >= 1, "there must be at least one field");
    std::vector<Real*> pointers;
    for (const auto& field : fields) {
        require_same_shape(fields[0], field);
        pointers.push_back(reals<Real>(field));
    }
    return pointers;
}

template <class Real>
void kick_planes(const std::vector<Array<std::complex<Real>>>& fields,
                 const std::vector<std::vector<Array<const Real>>>& potentials, const Matrix& couplings,
                 const std::vector<Array<std::complex<Real>>>& spectra, const Matrix& weights,
                 const std::vector<Function>& functions, const Matrix& values, double angle, bool inverse_before,
                 bool forward_after, bool columns_too)
{
    const std::size_t components = fields.size();
    const std::vector<Real*> pointers = field_pointers(fields);
    const hpcmix::Shape shape = shape_of(fields[0]);
    require(potentials.size() == components, "there must be a list of potentials for each field");
    require(couplings.shape(0) == components && couplings.shape(1) == components,
            "the couplings must be a square matrix with a row for each field");
    require(weights.shape(0) == components && weights.shape(1) == spectra.size(),
            "the weights must have a row for each field and a column for each half spectrum");
    std::size_t outputs = 0;
    std::vector<hpcmix::PointFunction> at_points;
    for (const auto& [measures, power, table] : functions) {
        const std::size_t pieces = table.shape(0) / 2;
        const std::size_t needed = pieces > 0 ? 2 : 1;
        require(measures.shape(0) == needed && measures.shape(1) == components,
                "the measures of a function must have one row, or two beside a table, and a column for each field");
        const std::size_t coefficients = table.shape(1);
        require(power >= 1 && table.shape(0) % 2 == 0 && (pieces == 1 ? coefficients > 0 : coefficients == 6),
                "a function must have a power of at least one, and an even number of pieces, of six coefficients or two "
                "of any number");
        at_points.push_back({measures.data(), power, pieces > 0 ? table.data() : nullptr, pieces, coefficients});
        outputs += needed;
    }
    require(values.shape(0) == components && values.shape(1) == outputs,
            "the values must have a row for each field and a column for each value of a function");
    std::vector<const Real*> potential_pointers;
    std::vector<std::size_t> first_potential{0};
    for (std::size_t a = 0; a < components; ++a) {
        for (const auto& potential : potentials[a]) {
            require_same_shape(fields[0], potential);
            potential_pointers.push_back(potential.data());
        }
        first_potential.push_back(potential_pointers.size());
    }
    const std::vector<Real*> seen = spectrum_pointers<Real>(spectra, shape);
    const nb::gil_scoped_release release;
    hpcmix::kick_planes<Real>(pointers.data(), potential_pointers.data(), first_potential.data(), couplings.data(),
                              components, {seen.data(), seen.size(), weights.data()},
                              {at_points.data(), at_points.size(), outputs}, values.data(), angle, shape,
                              {inverse_before, forward_after, columns_too});
}

template <class Real>
void density_spectra(const std::vector<Array<std::complex<Real>>>& fields, const Matrix& weights,
                     const std::vector<Array<std::complex<Real>>>& spectra, bool inverse_before, bool columns_too)
{
    const std::vector<Real*> pointers = field_pointers(fields);
    const hpcmix::Shape shape = shape_of(fields[0]);
    require(weights.shape(0) == spectra.size() && weights.shape(1) == fields.size(),
            "the weights must have a row for each half spectrum and a column for each field");
    const std::vector<Real*> targets = spectrum_pointers<Real>(spectra, shape);
    const nb::gil_scoped_release release;
    hpcmix::density_spectra(pointers.data(), pointers.size(), weights.data(), targets.data(), targets.size(), shape,
                            inverse_before, columns_too);
}

template <class Real>
void multiply_planes(const Array<std::complex<Real>>& field, const Array<const std::complex<Real>>& factors,
                     bool inverse_before, bool forward_after, bool columns_too)
{
    require_same_shape(field, factors);
    const hpcmix::Shape shape = shape_of(field);
    const nb::gil_scoped_release release;
    hpcmix::multiply_planes(reals<Real>(field), reinterpret_cast<const Real*>(factors.data()), shape,
                            {inverse_before, forward_after, columns_too});
}

template <class Real>
void density_of_planes(const Array<std::complex<Real>>& field, double weight, const Array<Real>& density,
                       bool columns_too, bool add)
{
    require_same_shape(field, density);
    const hpcmix::Shape shape = shape_of(field);
    const nb::gil_scoped_release release;
    hpcmix::density_of_planes(reals<Real>(field), weight, density.data(), shape, columns_too, add);
}

/// The shape of the real array, after a look whether the half spectrum fits it.
template <class RealArray, class SpectrumArray>
hpcmix::Shape shape_of_pair(const RealArray& real_field, const SpectrumArray& half_spectrum)
{
    const hpcmix::Shape shape = shape_of(real_field), spectrum = shape_of(half_spectrum);
    require(spectrum.planes == shape.planes && spectrum.rows == shape.rows && spectrum.length == shape.length / 2 + 1,
            "the half spectrum must have n // 2 + 1 elements where the real rows have n");
    return shape;
}

template <class Real>
void transform_real(const Array<const Real>& real_field, const Array<std::complex<Real>>& half_spectrum, bool planes,
                    Real scale)
{
    const hpcmix::Shape shape = shape_of_pair(real_field, half_spectrum);
    const nb::gil_scoped_release release;
    hpcmix::transform_real(real_field.data(), reals<Real>(half_spectrum), shape, planes, scale);
}

template <class Real>
void transform_real_inverse(const Array<std::complex<Real>>& half_spectrum, const Array<Real>& real_field, bool planes,
                            Real scale)
{
    const hpcmix::Shape shape = shape_of_pair(real_field, half_spectrum);
    const nb::gil_scoped_release release;
    hpcmix::transform_real_inverse(reals<Real>(half_spectrum), real_field.data(), shape, planes, scale);
}

template <class Real>
void bind_precision(nb::module_& module)
{
    module.def("transform_lines", &transform_lines<Real>, "field"_a.noconvert(), "forward"_a, "scale"_a,
               "transform along the middle axis of three, in place");
    module.def("transform_planes", &transform_planes<Real>, "field"_a.noconvert(), "forward"_a, "scale"_a,
               "transform along the last two axes of three, in place");
    module.def("multiply_lines", &multiply_lines<Real>, "field"_a.noconvert(), "factors"_a.noconvert(), "scale"_a,
               "along the first axis of three: forward, times one factor for each axis, inverse; in place");
    module.def("turn_lines", &turn_lines<Real>, "field"_a.noconvert(), "symbol"_a.noconvert(), "angle"_a, "scale"_a,
               "along the first axis of three: forward, times exp(-1j * angle * symbol), inverse; in place");
    module.def("mix_lines", &mix_lines<Real>, "fields"_a.noconvert(), "multipliers"_a.noconvert(), "scale"_a,
               "along the first axis of three: forward, times a matrix of real multipliers, inverse; in place");
    module.def("kick_planes", &kick_planes<Real>, "fields"_a.noconvert(), "potentials"_a.noconvert(),
               "couplings"_a.noconvert(), "spectra"_a.noconvert(), "weights"_a.noconvert(), "functions"_a,
               "values"_a.noconvert(), "angle"_a, "inverse_before"_a, "forward_after"_a, "columns_too"_a,
               "inverse transform of rows or planes, kick, forward transform, in place");
    module.def("density_spectra", &density_spectra<Real>, "fields"_a.noconvert(), "weights"_a.noconvert(),
               "spectra"_a.noconvert(), "inverse_before"_a, "columns_too"_a,
               "inverse transform of rows or planes in place, then half spectra of weighted sums of |field|^2");
    module.def("multiply_planes", &multiply_planes<Real>, "field"_a.noconvert(), "factors"_a.noconvert(),
               "inverse_before"_a, "forward_after"_a, "columns_too"_a,
               "inverse transform of rows or planes, times complex factors, forward transform, in place");
    module.def("density_of_planes", &density_of_planes<Real>, "field"_a.noconvert(), "weight"_a,
               "density"_a.noconvert(), "columns_too"_a, "add"_a,
               "inverse transform of rows or planes in place, then density = (density +) weight * |field|^2");
    module.def("transform_real", &transform_real<Real>, "real_field"_a.noconvert(), "half_spectrum"_a.noconvert(),
               "planes"_a, "scale"_a, "real rows to half spectra");
    module.def("transform_real_inverse", &transform_real_inverse<Real>, "half_spectrum"_a.noconvert(),
               "real_field"_a.noconvert(), "planes"_a, "scale"_a, "half spectra to real rows");
}

}  // namespace

void bind_transforms(nb::module_& module)
{
    bind_precision<float>(module);
    bind_precision<double>(module);
}
