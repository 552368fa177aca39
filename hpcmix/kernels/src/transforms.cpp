#include "transforms.hpp"

#include "instruction_set.hpp"
#include "passes.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace hpcmix {

namespace {

constexpr std::align_val_t page{4096};

struct DeleteAligned {
    void operator()(std::byte* memory) const
    {
        ::operator delete[](memory, page);
    }
};

/// The calling thread's workspace, kept from call to call and grown when a longer line needs more.
void* workspace(std::size_t bytes)
{
    thread_local std::unique_ptr<std::byte[], DeleteAligned> memory;
    thread_local std::size_t size = 0;
    if (size < bytes) {
        memory.reset();
        size = 0;
        memory.reset(new (page) std::byte[bytes]);
        size = bytes;
    }
    return memory.get();
}

std::size_t divide_up(std::size_t count, std::size_t piece)
{
    return (count + piece - 1) / piece;
}

/// Runs work(i) for i < count, a contiguous range on each thread.
template <class Work>
void for_each(std::size_t count, const Work& work)
{
#pragma omp parallel for schedule(static) if (count > 1)
    for (std::size_t i = 0; i < count; ++i) {
        work(i);
    }
}

/// Something to be done in every plane, cut into pieces that may run in any order: work(plane, piece).
template <class Work>
struct Step {
    std::size_t pieces;
    Work work;

    void run_all(std::size_t plane) const
    {
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            work(plane, piece);
        }
    }
};

/// Runs the steps one after the other on each plane while it is in cache; where there are too few planes to keep all
/// threads busy, each step on all planes with the pieces shared out.
template <class... Steps>
void run_on_planes(std::size_t planes, const Steps&... steps)
{
    const auto threads = static_cast<std::size_t>(thread_count());
    if (threads == 1 || planes >= 4 * threads) {
        for_each(planes, [&](std::size_t plane) { (steps.run_all(plane), ...); });
    } else {
        (for_each(planes * steps.pieces,
                  [&](std::size_t i) { steps.work(i / steps.pieces, i % steps.pieces); }),
         ...);
    }
}

template <class Real>
const PassTable<Real>& active_table()
{
    return active_passes().table<Real>();
}

/// How many rows of `row_count` belong to the piece that starts with row `first`.
std::size_t rows_in_piece(std::size_t lanes, std::size_t row_count, std::size_t first)
{
    return std::min(lanes, row_count - first);
}

/// Transforms of contiguous rows, a tile at a time.
template <class Real>
struct RowTransform {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    std::size_t row_count;
    bool forward;
    Real scale;
    std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);

    std::size_t pieces() const
    {
        return divide_up(row_count, passes.lanes);
    }
    void operator()(Real* rows, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes, stride = 2 * line.length;
        passes.transform_rows(line, {rows + first * stride, stride, rows_in_piece(passes.lanes, row_count, first)},
                              forward, scale, workspace(bytes));
    }
};

/// Transforms of the columns of a plane with contiguous rows, a block at a time.
template <class Real>
struct ColumnTransform {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    std::size_t column_count;
    bool forward;
    Real scale;
    std::size_t block = passes.block_columns(line.tile_length, 1);
    std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);

    std::size_t pieces() const
    {
        return divide_up(column_count, block);
    }
    void operator()(Real* plane, std::size_t piece) const
    {
        const std::size_t first = piece * block;
        passes.transform_columns(line, {plane + 2 * first, 2 * column_count, std::min(block, column_count - first)},
                                 forward, scale, workspace(bytes));
    }
};

bool is_empty(Shape shape)
{
    return shape.planes == 0 || shape.rows == 0 || shape.length == 0;
}

/// Runs multiply_columns over all columns of an array; multiplier_at(first column) describes the factors of a block.
template <class Real, class MultiplierAt>
void multiply_blocks(Real* field, Shape shape, std::size_t plane_stride, Real scale, const MultiplierAt& multiplier_at)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.planes);
    const std::size_t columns = shape.rows * shape.length;
    const std::size_t block = passes.block_columns(line.tile_length, 1);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);
    for_each(divide_up(columns, block), [&](std::size_t piece) {
        const std::size_t first = piece * block;
        passes.multiply_columns(line, {field + 2 * first, plane_stride, std::min(block, columns - first)},
                                multiplier_at(first), scale, workspace(bytes));
    });
}

/// The pass in the middle of kick_planes: a piece of every component at once, rows or columns of a plane.
template <class Real>
class KickPass {
public:
    KickPass(Real* const* fields, const Real* const* potentials, const double* couplings, std::size_t components,
             double angle, Shape shape, KickTransforms transforms)
        : fields_(fields),
          potentials_(potentials),
          couplings_(couplings),
          components_(components),
          angle_(angle),
          shape_(shape),
          transforms_(transforms),
          line_(line_of_length<Real>(transforms.rows_too ? shape.rows : shape.length)),
          block_(transforms.rows_too ? passes_.block_columns(line_.tile_length, components) : passes_.lanes),
          bytes_(passes_.workspace_bytes(line_.tile_length, components))
    {
    }

    std::size_t pieces() const
    {
        return divide_up(transforms_.rows_too ? shape_.length : shape_.rows, block_);
    }

    void operator()(std::size_t plane, std::size_t piece) const
    {
        const std::size_t first = piece * block_;
        const std::size_t offset =
            plane * shape_.rows * shape_.length + first * (transforms_.rows_too ? 1 : shape_.length);
        const Kick<Real> kick{components_, fields_, potentials_, offset, shape_.length, couplings_, angle_,
                              transforms_.inverse_before, transforms_.forward_after};
        if (transforms_.rows_too) {
            passes_.kick_columns(line_, kick, std::min(block_, shape_.length - first), workspace(bytes_));
        } else {
            passes_.kick_rows(line_, kick, std::min(block_, shape_.rows - first), workspace(bytes_));
        }
    }

private:
    const PassTable<Real>& passes_ = active_table<Real>();
    Real* const* fields_;
    const Real* const* potentials_;
    const double* couplings_;
    std::size_t components_;
    double angle_;
    Shape shape_;
    KickTransforms transforms_;
    const Line<Real>& line_;
    std::size_t block_;
    std::size_t bytes_;
};

/// Rows of reals to rows of half spectra or back: the pass for their parity, a tile at a time.
template <class Real>
struct RealRows {
    const PassTable<Real>& passes = active_table<Real>();
    std::size_t row_count;
    std::size_t length;
    Real scale;
    bool even = length % 2 == 0;
    const Line<Real>& line = line_of_length<Real>(even ? length / 2 : length);
    std::size_t bytes = passes.workspace_bytes(line.tile_length + 1, 1);
    std::size_t spectrum_stride = 2 * (length / 2 + 1);

    std::size_t pieces() const
    {
        return divide_up(row_count, passes.lanes);
    }
    void forward(const Real* reals, Real* spectra, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes, count = rows_in_piece(passes.lanes, row_count, first);
        const auto pass = even ? passes.real_rows_forward : passes.odd_real_rows_forward;
        pass(line, {reals + first * length, length, count}, {spectra + first * spectrum_stride, spectrum_stride, count},
             scale, workspace(bytes));
    }
    void backward(const Real* spectra, Real* reals, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes, count = rows_in_piece(passes.lanes, row_count, first);
        const auto pass = even ? passes.real_rows_backward : passes.odd_real_rows_backward;
        pass(line, {spectra + first * spectrum_stride, spectrum_stride, count}, {reals + first * length, length, count},
             scale, workspace(bytes));
    }
};

}  // namespace

template <class Real>
void transform_lines(Real* field, Shape shape, bool forward, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const Line<Real>& line = line_of_length<Real>(shape.rows);
    if (shape.length == 1) {
        const RowTransform<Real> rows{.line = line, .row_count = shape.planes, .forward = forward, .scale = scale};
        for_each(rows.pieces(), [&](std::size_t piece) { rows(field, piece); });
        return;
    }
    const ColumnTransform<Real> columns{.line = line, .column_count = shape.length, .forward = forward, .scale = scale};
    const std::size_t pieces = columns.pieces();
    for_each(shape.planes * pieces, [&](std::size_t i) {
        columns(field + 2 * (i / pieces) * shape.rows * shape.length, i % pieces);
    });
}

template <class Real>
void transform_planes(Real* field, Shape shape, bool forward, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    // The inverse takes the axes in the opposite order, so that forward and inverse of a plane mirror each other.
    const RowTransform<Real> rows{.line = line_of_length<Real>(shape.length), .row_count = shape.rows,
                                  .forward = forward, .scale = forward ? scale : Real(1)};
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = shape.length,
                                        .forward = forward, .scale = forward ? Real(1) : scale};
    const auto plane_at = [=](std::size_t plane) { return field + 2 * plane * shape.rows * shape.length; };
    const Step row_step{rows.pieces(), [&](std::size_t plane, std::size_t piece) { rows(plane_at(plane), piece); }};
    const Step column_step{columns.pieces(),
                           [&](std::size_t plane, std::size_t piece) { columns(plane_at(plane), piece); }};
    if (forward) {
        run_on_planes(shape.planes, column_step, row_step);
    } else {
        run_on_planes(shape.planes, row_step, column_step);
    }
}

template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, AxisTables factors, Real scale)
{
    multiply_blocks(field, shape, plane_stride, scale, [&](std::size_t first) {
        return Multiplier<Real>{.along = factors[0], .rows = factors[1], .length = factors[2],
                                .row_length = shape.length, .first_column = first};
    });
}

template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, MultiplierArray<Real> multiplier, Real scale)
{
    const std::size_t reals_per_value = multiplier.complex ? 2 : 1;
    multiply_blocks(field, shape, plane_stride, scale, [&](std::size_t first) {
        return Multiplier<Real>{.values = multiplier.values + reals_per_value * first,
                                .values_stride = reals_per_value * shape.rows * shape.length,
                                .values_are_complex = multiplier.complex};
    });
}

template <class Real>
void kick_planes(Real* const* fields, const Real* const* potentials, const double* couplings, std::size_t components,
                 double angle, Shape shape, KickTransforms transforms)
{
    if (is_empty(shape)) {
        return;
    }
    const KickPass<Real> kick(fields, potentials, couplings, components, angle, shape, transforms);
    const Step kick_step{kick.pieces(), [&](std::size_t plane, std::size_t piece) { kick(plane, piece); }};
    if (!transforms.rows_too) {
        run_on_planes(shape.planes, kick_step);
        return;
    }
    const RowTransform<Real> inverse{.line = line_of_length<Real>(shape.length), .row_count = shape.rows,
                                     .forward = false, .scale = Real(1)};
    const RowTransform<Real> forward{.line = inverse.line, .row_count = shape.rows, .forward = true, .scale = Real(1)};
    const std::size_t tiles = inverse.pieces();
    const auto all_rows = [&](const RowTransform<Real>& rows, bool wanted) {
        return Step{wanted ? components * tiles : 0, [&](std::size_t plane, std::size_t piece) {
                        rows(fields[piece / tiles] + 2 * plane * shape.rows * shape.length, piece % tiles);
                    }};
    };
    run_on_planes(shape.planes, all_rows(inverse, transforms.inverse_before), kick_step,
                  all_rows(forward, transforms.forward_after));
}

template <class Real>
void transform_real(const Real* reals, Real* spectra, Shape shape, bool planes, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const std::size_t spectrum_length = shape.length / 2 + 1;
    const RealRows<Real> rows{.row_count = shape.rows, .length = shape.length, .scale = scale};
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = spectrum_length,
                                        .forward = true, .scale = Real(1)};
    run_on_planes(shape.planes,
                  Step{rows.pieces(),
                       [&](std::size_t plane, std::size_t piece) {
                           rows.forward(reals + plane * shape.rows * shape.length,
                                        spectra + 2 * plane * shape.rows * spectrum_length, piece);
                       }},
                  Step{planes ? columns.pieces() : 0, [&](std::size_t plane, std::size_t piece) {
                           columns(spectra + 2 * plane * shape.rows * spectrum_length, piece);
                       }});
}

template <class Real>
void transform_real_inverse(Real* spectra, Real* reals, Shape shape, bool planes, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const std::size_t spectrum_length = shape.length / 2 + 1;
    const RealRows<Real> rows{.row_count = shape.rows, .length = shape.length, .scale = scale};
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = spectrum_length,
                                        .forward = false, .scale = Real(1)};
    run_on_planes(shape.planes,
                  Step{planes ? columns.pieces() : 0,
                       [&](std::size_t plane, std::size_t piece) {
                           columns(spectra + 2 * plane * shape.rows * spectrum_length, piece);
                       }},
                  Step{rows.pieces(), [&](std::size_t plane, std::size_t piece) {
                           rows.backward(spectra + 2 * plane * shape.rows * spectrum_length,
                                         reals + plane * shape.rows * shape.length, piece);
                       }});
}

#define HPCMIX_INSTANTIATE(Real)                                                                                       \
    template void transform_lines(Real*, Shape, bool, Real);                                                           \
    template void transform_planes(Real*, Shape, bool, Real);                                                          \
    template void multiply_lines(Real*, Shape, std::size_t, AxisTables, Real);                                         \
    template void multiply_lines(Real*, Shape, std::size_t, MultiplierArray<Real>, Real);                              \
    template void kick_planes(Real* const*, const Real* const*, const double*, std::size_t, double, Shape,             \
                              KickTransforms);                                                                         \
    template void transform_real(const Real*, Real*, Shape, bool, Real);                                               \
    template void transform_real_inverse(Real*, Real*, Shape, bool, Real);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
