// Python bindings of tangent_sweeps.hpp, part of hpcmix.kernels._native. hpcmix/kernels/tangent.py checks arguments and words
// the errors; what is checked here only keeps a direct call from reading or writing outside the arrays. Every function
// releases the GIL while it computes.
#include "bindings/transforms_module.hpp"

#include "bindings/module_arrays.hpp"
#include "tangent/tangent_sweeps.hpp"

#include <nanobind/ndarray.h>
#include <nanobind/stl/complex.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <complex>
#include <optional>
#include <vector>

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Field = Array<std::complex<double>>;
using ConstField = Array<const std::complex<double>>;
using RealField = Array<const double>;
using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// Pointers to arrays of one shape, null for None.
template <class Pointer, class ArrayType, class Like>
std::vector<Pointer> optional_pointers(const std::vector<std::optional<ArrayType>>& arrays, const Like& like)
{
    std::vector<Pointer> pointers;
    for (const auto& array : arrays) {
        if (array) {
            require_same_shape(like, *array);
        }
        pointers.push_back(array ? reinterpret_cast<Pointer>(array->data()) : nullptr);
    }
    return pointers;
}

template <class Pointer, class ArrayType, class Like>
std::vector<Pointer> pointers_of(const std::vector<ArrayType>& arrays, const Like& like)
{
    std::vector<Pointer> pointers;
    for (const auto& array : arrays) {
        require_same_shape(like, array);
        pointers.push_back(reinterpret_cast<Pointer>(array.data()));
    }
    return pointers;
}

/// The pairs of a call, with the memory that hpcmix::Pairs points to.
struct PairArrays {
    std::size_t components;
    std::vector<double*> fields;
    std::vector<const double*> orbitals;
    std::vector<const double*> factors;
    hpcmix::Shape shape;
    hpcmix::Pairs pairs;

    PairArrays(const std::vector<Field>& given, const std::vector<ConstField>& condensates, const Vector& amplitudes,
               const std::vector<ConstField>& turns)
        : components(condensates.size())
    {
        require(components >= 1, "there must be at least one component");
        require(given.size() % (2 * components) == 0, "there must be two fields for each component of each pair");
        require(amplitudes.shape(0) == components, "there must be an amplitude for each component");
        require(turns.empty() || turns.size() == components, "there must be a factor for each component, or none");
        fields = pointers_of<double*>(given, condensates[0]);
        orbitals = pointers_of<const double*>(condensates, condensates[0]);
        factors = pointers_of<const double*>(turns, condensates[0]);
        shape = shape_of(condensates[0]);
        pairs = {given.size() / (2 * components), components,        fields.data(), orbitals.data(),
                 amplitudes.data(),               turns.empty() ? nullptr : factors.data()};
    }
};

/// Pointers to half spectra, `count` of them, after a look whether each fits rows of reals of that shape.
std::vector<double*> spectrum_pointers(const std::vector<Field>& spectra, hpcmix::Shape shape, std::size_t count)
{
    require(spectra.size() == count, "there must be two half spectra for each channel of each pair");
    std::vector<double*> pointers;
    for (const auto& spectrum : spectra) {
        const hpcmix::Shape half = shape_of(spectrum);
        require(half.planes == shape.planes && half.rows == shape.rows && half.length == shape.length / 2 + 1,
                "a half spectrum must have n // 2 + 1 elements where the rows of the fields have n");
        pointers.push_back(reals<double>(spectrum));
    }
    return pointers;
}

void kick_pairs(const std::vector<Field>& fields, const std::vector<ConstField>& orbitals, const Vector& amplitudes,
                const std::vector<ConstField>& factors, const Matrix& couplings,
                const std::vector<std::optional<RealField>>& responses,
                const std::vector<std::optional<ConstField>>& sources, const std::vector<Field>& spectra,
                const Matrix& weights, double angle, bool inverse_before, bool forward_after, bool columns_too)
{
    const PairArrays arrays(fields, orbitals, amplitudes, factors);
    const std::size_t components = arrays.components, channels = weights.shape(1);
    require(couplings.shape(0) == components && couplings.shape(1) == components,
            "the couplings must be a square matrix with a row for each component");
    require(responses.empty() || responses.size() == components * components,
            "there must be a response, or None, for each pair of components, or none at all");
    require(sources.empty() || sources.size() == components * arrays.pairs.count,
            "there must be a source, or None, for each component of each pair, or none at all");
    require(weights.shape(0) == components, "the weights must have a row for each component");
    const auto local = optional_pointers<const double*>(responses, orbitals[0]);
    const auto felt = optional_pointers<const double*>(sources, orbitals[0]);
    const auto seen = spectrum_pointers(spectra, arrays.shape, 2 * channels * arrays.pairs.count);
    const nb::gil_scoped_release release;
    hpcmix::kick_pairs(arrays.pairs,
                       {couplings.data(), responses.empty() ? nullptr : local.data(),
                        sources.empty() ? nullptr : felt.data(), seen.data(), channels, weights.data()},
                       angle, arrays.shape, {inverse_before, forward_after, columns_too});
}

void pair_density_spectra(const std::vector<Field>& fields, const std::vector<ConstField>& orbitals,
                          const Vector& amplitudes, const std::vector<ConstField>& factors, const Matrix& weights,
                          const std::vector<Field>& spectra, bool inverse_before, bool columns_too)
{
    const PairArrays arrays(fields, orbitals, amplitudes, factors);
    const std::size_t channels = weights.shape(0);
    require(weights.shape(1) == arrays.components, "the weights must have a column for each component");
    const auto targets = spectrum_pointers(spectra, arrays.shape, 2 * channels * arrays.pairs.count);
    const nb::gil_scoped_release release;
    hpcmix::pair_density_spectra(arrays.pairs, weights.data(), targets.data(), channels, arrays.shape, inverse_before,
                                 columns_too);
}

void pair_densities(const std::vector<Field>& fields, const std::vector<ConstField>& orbitals, const Vector& amplitudes,
                    const std::vector<ConstField>& factors, const std::vector<Field>& densities, bool inverse_before,
                    bool columns_too)
{
    const PairArrays arrays(fields, orbitals, amplitudes, factors);
    require(densities.size() == arrays.components * arrays.pairs.count,
            "there must be a density for each component of each pair");
    const auto targets = pointers_of<double*>(densities, orbitals[0]);
    const nb::gil_scoped_release release;
    hpcmix::pair_densities(arrays.pairs, targets.data(), arrays.shape, inverse_before, columns_too);
}

}  // namespace

void bind_tangent(nb::module_& module)
{
    module.def("kick_pairs", &kick_pairs, "fields"_a.noconvert(), "orbitals"_a.noconvert(), "amplitudes"_a.noconvert(),
               "factors"_a.noconvert(), "couplings"_a.noconvert(), "responses"_a.noconvert(), "sources"_a.noconvert(),
               "spectra"_a.noconvert(), "weights"_a.noconvert(), "angle"_a, "inverse_before"_a, "forward_after"_a,
               "columns_too"_a, "inverse transform of rows or planes, kick of pairs, forward transform, in place");
    module.def("pair_density_spectra", &pair_density_spectra, "fields"_a.noconvert(), "orbitals"_a.noconvert(),
               "amplitudes"_a.noconvert(), "factors"_a.noconvert(), "weights"_a.noconvert(), "spectra"_a.noconvert(),
               "inverse_before"_a, "columns_too"_a,
               "inverse transform of rows or planes and turn of pairs in place, half spectra of their densities");
    module.def("pair_densities", &pair_densities, "fields"_a.noconvert(), "orbitals"_a.noconvert(),
               "amplitudes"_a.noconvert(), "factors"_a.noconvert(), "densities"_a.noconvert(), "inverse_before"_a,
               "columns_too"_a, "inverse transform of rows or planes and turn of pairs in place, their densities");
}
