#include "transforms.hpp"

#include "pieces.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

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

/// The line that transforms rows of reals: of half their number, or of an odd number itself.
template <class Real>
const Line<Real>& line_of_reals(std::size_t length)
{
    return line_of_length<Real>(length % 2 == 0 ? length / 2 : length);
}

/// Room for tiles of `components` complex rows and `spectra` real ones.
template <class Real>
std::size_t bytes_of_rows(const Line<Real>& line, std::size_t components, std::size_t spectra)
{
    const std::size_t length = spectra > 0 ? std::max(line.tile_length, line_of_reals<Real>(line.length).tile_length + 1)
                                           : line.tile_length;
    return active_table<Real>().workspace_bytes(length, components + spectra);
}

/// Where a row of a half spectrum begins, in reals.
inline std::size_t spectrum_offset(std::size_t row, std::size_t length)
{
    return 2 * row * half_spectrum_length(length);
}

/// The kick of a plane's rows, a tile of every component at once.
template <class Real>
struct KickRows {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    Shape shape;
    Kick<Real> kick;  // but for the offsets
    std::size_t bytes = bytes_of_rows(line, kick.components, kick.seen.count);

    std::size_t pieces() const
    {
        return divide_up(shape.rows, passes.lanes);
    }
    void operator()(std::size_t plane, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes, row = plane * shape.rows + first;
        Kick<Real> here = kick;
        here.offset = row * shape.length;
        here.seen.offset = spectrum_offset(row, shape.length);
        passes.kick_rows(line, here, rows_in_piece(passes.lanes, shape.rows, first), workspace(bytes));
    }
};

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

/// The columns of the planes of several arrays whose rows have `length` numbers, as a step; none unless wanted.
template <class Real>
auto columns_step(Real* const* arrays, std::size_t count, Shape shape, std::size_t length, bool forward, bool wanted)
{
    const ColumnTransform<Real> columns{.line = line_of_length<Real>(shape.rows), .column_count = length,
                                        .forward = forward, .scale = Real(1)};
    const std::size_t pieces = columns.pieces(), plane_reals = 2 * shape.rows * length;
    return Step{wanted ? count * pieces : 0, [=](std::size_t plane, std::size_t piece) {
                    columns(arrays[piece / pieces] + plane * plane_reals, piece % pieces);
                }};
}

/// A kick without transforms, in rows of a length of its own: points are points.
template <class Real>
void kick_points(const Kick<Real>& kick, std::size_t count)
{
    constexpr std::size_t length = 64;
    const Line<Real> whole{.length = length, .tile_length = length};
    const KickRows<Real> rows{.line = whole, .shape = {1, count / length, length}, .kick = kick};
    for_each(rows.pieces(), [&](std::size_t piece) { rows(0, piece); });
    if (const std::size_t rest = count % length) {
        const Line<Real> end{.length = rest, .tile_length = rest};
        KickRows<Real> last{.line = end, .shape = {1, 1, rest}, .kick = kick};
        last.kick.offset = count - rest;
        last.passes.kick_rows(end, last.kick, 1, workspace(last.bytes));
    }
}

/// The couplings of every component beside the weights of what it sees, in one row each; no couplings where all are zero and
/// something is seen.
struct Couplings {
    std::vector<double> rows;
    std::size_t densities;

    Couplings(const double* couplings, std::size_t components, const double* weights, std::size_t seen)
    {
        const bool any = std::any_of(couplings, couplings + components * components, [](double g) { return g != 0.0; });
        densities = any || seen == 0 ? components : 0;
        for (std::size_t a = 0; a < components; ++a) {
            rows.insert(rows.end(), couplings + a * components, couplings + a * components + densities);
            rows.insert(rows.end(), weights + a * seen, weights + (a + 1) * seen);
        }
    }
};

template <class Real>
void kick_planes(Real* const* fields, const Real* const* potentials, const std::size_t* first_potential,
                 const double* couplings, std::size_t components, const SeenFields<Real>& seen, double angle, Shape shape,
                 KickTransforms transforms)
{
    if (is_empty(shape)) {
        return;
    }
    const Couplings all(couplings, components, seen.weights, seen.count);
    const Line<Real>* const line_of_seen = seen.count > 0 ? &line_of_reals<Real>(shape.length) : nullptr;
    const Kick<Real> kick{components, fields, {potentials, first_potential}, 0, all.rows.data(), all.densities,
                          {seen.spectra, seen.count, line_of_seen, 0}, angle, transforms.inverse_before,
                          transforms.forward_after};
    if (!transforms.inverse_before && !transforms.forward_after && seen.count == 0) {
        kick_points(kick, shape.planes * shape.rows * shape.length);
        return;
    }
    const KickRows<Real> rows{.line = line_of_length<Real>(shape.length), .shape = shape, .kick = kick};
    run_on_planes(shape.planes,
                  columns_step(seen.spectra, seen.count, shape, half_spectrum_length(shape.length), false,
                               transforms.columns_too),
                  columns_step(fields, components, shape, shape.length, false,
                               transforms.columns_too && transforms.inverse_before),
                  Step{rows.pieces(), [&](std::size_t plane, std::size_t piece) { rows(plane, piece); }},
                  columns_step(fields, components, shape, shape.length, true,
                               transforms.columns_too && transforms.forward_after));
}

template <class Real>
void density_spectra(Real* const* fields, std::size_t components, const double* weights, Real* const* spectra,
                     std::size_t count, Shape shape, bool inverse_before, bool columns_too)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.length);
    const std::size_t bytes = bytes_of_rows(line, components, count);
    const Densities<Real> densities{components, fields, 0, weights,
                                    {spectra, count, &line_of_reals<Real>(shape.length), 0}, inverse_before};
    run_on_planes(shape.planes,
                  columns_step(fields, components, shape, shape.length, false, columns_too && inverse_before),
                  Step{divide_up(shape.rows, passes.lanes),
                       [&](std::size_t plane, std::size_t piece) {
                           const std::size_t first = piece * passes.lanes, row = plane * shape.rows + first;
                           Densities<Real> here = densities;
                           here.offset = row * shape.length;
                           here.spectra.offset = spectrum_offset(row, shape.length);
                           passes.density_spectrum_rows(line, here, rows_in_piece(passes.lanes, shape.rows, first),
                                                        workspace(bytes));
                       }},
                  columns_step(spectra, count, shape, half_spectrum_length(shape.length), true, columns_too));
}

template <class Real>
void multiply_planes(Real* field, const Real* factors, Shape shape, KickTransforms transforms)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.length);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);
    const bool before = transforms.columns_too && transforms.inverse_before;
    const bool after = transforms.columns_too && transforms.forward_after;
    run_on_planes(shape.planes, columns_step(&field, 1, shape, shape.length, false, before),
                  Step{divide_up(shape.rows, passes.lanes),
                       [&](std::size_t plane, std::size_t piece) {
                           const std::size_t first = piece * passes.lanes;
                           const std::size_t offset = 2 * (plane * shape.rows + first) * shape.length;
                           const std::size_t count = rows_in_piece(passes.lanes, shape.rows, first);
                           passes.multiply_rows(line, {field + offset, 2 * shape.length, count},
                                                {factors + offset, 2 * shape.length, count}, transforms.inverse_before,
                                                transforms.forward_after, workspace(bytes));
                       }},
                  columns_step(&field, 1, shape, shape.length, true, after));
}

template <class Real>
void density_of_planes(Real* field, double weight, Real* density, Shape shape, bool columns_too, bool add)
{
    if (is_empty(shape)) {
        return;
    }
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.length);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, 1);
    run_on_planes(shape.planes, columns_step(&field, 1, shape, shape.length, false, columns_too),
                  Step{divide_up(shape.rows, passes.lanes), [&](std::size_t plane, std::size_t piece) {
                           const std::size_t first = piece * passes.lanes;
                           const std::size_t offset = (plane * shape.rows + first) * shape.length;
                           const std::size_t count = rows_in_piece(passes.lanes, shape.rows, first);
                           passes.density_rows(line, {field + 2 * offset, 2 * shape.length, count},
                                               {density + offset, shape.length, count}, weight, add, workspace(bytes));
                       }});
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
    template void kick_planes(Real* const*, const Real* const*, const std::size_t*, const double*, std::size_t,        \
                              const SeenFields<Real>&, double, Shape, KickTransforms);                                 \
    template void density_spectra(Real* const*, std::size_t, const double*, Real* const*, std::size_t, Shape, bool,    \
                                  bool);                                                                               \
    template void multiply_planes(Real*, const Real*, Shape, KickTransforms);                                          \
    template void density_of_planes(Real*, double, Real*, Shape, bool, bool);                                          \
    template void transform_real(const Real*, Real*, Shape, bool, Real);                                               \
    template void transform_real_inverse(Real*, Real*, Shape, bool, Real);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
