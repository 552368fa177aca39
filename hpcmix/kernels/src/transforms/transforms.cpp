#include "transforms/transforms.hpp"

#include "processor/pieces.hpp"

#include <algorithm>
#include <cstddef>

namespace hpcmix {

namespace {

/// Runs work(block of columns as a piece, its first column) over all columns along the first axis of a field.
template <class Real, class Work>
void for_each_block_of_columns(Real* field, Shape shape, std::size_t plane_stride, std::size_t block, const Work& work)
{
    const std::size_t columns = shape.rows * shape.length;
    for_each(divide_up(columns, block), [&](std::size_t piece) {
        const std::size_t first = piece * block;
        work(ColumnPiece<Real>{field + 2 * first, plane_stride, std::min(block, columns - first)}, first);
    });
}

/// Rows of reals to rows of half spectra or back: the pass for their parity, a tile at a time.
template <class Real>
struct RealRows {
    const PassTable<Real>& passes = active_table<Real>();
    std::size_t row_count;
    std::size_t length;
    Real scale;
    bool even = length % 2 == 0;
    const Line<Real>& line = line_of_reals<Real>(length);
    std::size_t bytes = passes.workspace_bytes(line.tile_length + 1, 1);
    std::size_t spectrum_stride = 2 * half_spectrum_length(length);

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
    const RowTransform<Real> rows{.line = line_of_length<Real>(shape.length), .row_count = shape.rows,
                                  .forward = forward, .scale = forward ? Real(1) : scale};
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = shape.length,
                                        .forward = forward, .scale = forward ? scale : Real(1)};
    const auto plane_at = [=](std::size_t plane) { return field + 2 * plane * shape.rows * shape.length; };
    const Step row_step{rows.pieces(), [&](std::size_t plane, std::size_t piece) { rows(plane_at(plane), piece); }};
    const Step column_step{columns.pieces(),
                           [&](std::size_t plane, std::size_t piece) { columns(plane_at(plane), piece); }};
    if (forward) {
        run_on_planes(shape.planes, row_step, column_step);
    } else {
        run_on_planes(shape.planes, column_step, row_step);
    }
}

template <class Real>
void multiply_lines(Real* field, Shape shape, std::size_t plane_stride, AxisTables factors, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.planes);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);
    for_each_block_of_columns(
        field, shape, plane_stride, passes.block_columns(line.tile_length, 1),
        [&](ColumnPiece<Real> columns, std::size_t first) {
            const Multiplier multiplier{factors[0], factors[1], factors[2], shape.length, first};
            passes.multiply_columns(line, columns, multiplier, scale, workspace(bytes));
        });
}

template <class Real>
void turn_lines(Real* field, Shape shape, std::size_t plane_stride, const Real* symbol, double angle, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.planes);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);
    for_each_block_of_columns(
        field, shape, plane_stride, passes.block_columns(line.tile_length, 1),
        [&](ColumnPiece<Real> columns, std::size_t first) {
            const Turn<Real> turn{symbol + first, shape.rows * shape.length, angle};
            passes.turn_columns(line, columns, turn, scale, workspace(bytes));
        });
}

template <class Real>
void mix_lines(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
               const Real* const* multipliers, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.planes);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, components);
    for_each_block_of_columns(
        fields[0], shape, plane_stride, passes.block_columns(line.tile_length, components),
        [&](ColumnPiece<Real> columns, std::size_t first) {
            const Mixing<Real> mixing{components,  fields, first, plane_stride, multipliers,
                                      shape.rows * shape.length};
            passes.mix_columns(line, mixing, columns.count, scale, workspace(bytes));
        });
}

template <class Real>
void transform_real(const Real* reals, Real* spectra, Shape shape, bool planes, Real scale)
{
    if (is_empty(shape)) {
        return;
    }
    const std::size_t spectrum_length = half_spectrum_length(shape.length);
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
    const std::size_t spectrum_length = half_spectrum_length(shape.length);
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
    template void turn_lines(Real*, Shape, std::size_t, const Real*, double, Real);                                    \
    template void mix_lines(Real* const*, std::size_t, Shape, std::size_t, const Real* const*, Real);                  \
    template void transform_real(const Real*, Real*, Shape, bool, Real);                                               \
    template void transform_real_inverse(Real*, Real*, Shape, bool, Real);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
