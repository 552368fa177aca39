// What the Python bindings of transforms have in common: types of arrays, and looks whether they fit together.
#pragma once

#include "points/kernels.hpp"

#include <nanobind/ndarray.h>

#include <complex>
#include <cstdint>
#include <stdexcept>

namespace {

namespace nb = nanobind;

template <class Scalar>
using Array = nb::ndarray<Scalar, nb::c_contig, nb::device::cpu>;
template <class Scalar>
using StridedArray = nb::ndarray<Scalar, nb::ndim<3>, nb::device::cpu>;
using Table = nb::ndarray<const std::complex<double>, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline void require(bool condition, const char* message)
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

template <class ArrayType>
hpcmix::Shape shape_of(const ArrayType& array)
{
    require(array.ndim() == 3, "the array must have three dimensions");
    return {array.shape(0), array.shape(1), array.shape(2)};
}

/// Reals from one plane to the next in an array whose planes are contiguous.
template <class Real>
std::size_t plane_stride(const StridedArray<std::complex<Real>>& field)
{
    const auto rows = static_cast<std::int64_t>(field.shape(1)), length = static_cast<std::int64_t>(field.shape(2));
    if (field.size() == 0) {
        return 0;  // strides of empty arrays mean nothing
    }
    require((length <= 1 || field.stride(2) == 1) && (rows <= 1 || field.stride(1) == length) &&
                (field.shape(0) <= 1 || field.stride(0) >= rows * length),
            "the planes of the field must be contiguous and follow one another");
    return 2 * static_cast<std::size_t>(field.shape(0) <= 1 ? rows * length : field.stride(0));
}

template <class Real, class ArrayType>
Real* reals(const ArrayType& array)
{
    return reinterpret_cast<Real*>(array.data());  // std::complex is laid out as two reals by the standard
}

}  // namespace
