#include "coupling/coupled_transforms.hpp"

#include "processor/pieces.hpp"

#include <algorithm>
#include <cstddef>

namespace hpcmix {

namespace {

/// Runs pass(line, a block of the columns of all components, workspace) over all columns along the first axis.
template <class Real, class Pass>
void for_each_block(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride, const Pass& pass)
{
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line = line_of_length<Real>(shape.planes);
    const std::size_t bytes = passes.workspace_bytes(line.tile_length, components);
    const std::size_t block = passes.block_columns(line.tile_length, components), columns = shape.rows * shape.length;
    for_each(divide_up(columns, block), [&](std::size_t piece) {
        const std::size_t first = piece * block;
        pass(passes, line, CoupledColumns<Real>{components, fields, first, plane_stride, std::min(block, columns - first)},
             workspace(bytes));
    });
}

}  // namespace

template <class Real>
void multiply_lines_by_matrix(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
                              AxisTables factors, const double* matrix)
{
    if (is_empty(shape)) {
        return;
    }
    for_each_block(fields, components, shape, plane_stride,
                   [&](const PassTable<Real>& passes, const Line<Real>& line, const CoupledColumns<Real>& columns,
                       void* memory) {
                       const CommonMatrix common{
                           matrix, {factors[0], factors[1], factors[2], shape.length, columns.first_column}};
                       passes.multiply_columns_by_matrix(line, columns, common, memory);
                   });
}

template <class Real>
void turn_coupled_lines(Real* const* fields, std::size_t components, Shape shape, std::size_t plane_stride,
                        const Levels<Real>& levels)
{
    if (is_empty(shape)) {
        return;
    }
    for_each_block(fields, components, shape, plane_stride,
                   [&](const PassTable<Real>& passes, const Line<Real>& line, const CoupledColumns<Real>& columns,
                       void* memory) {
                       Levels<Real> here = levels;
                       here.row_length = shape.length;
                       here.table_stride = shape.rows * shape.length;
                       here.first_column = columns.first_column;
                       passes.turn_coupled_columns(line, columns, here, memory);
                   });
}

#define HPCMIX_INSTANTIATE(Real)                                                                                       \
    template void multiply_lines_by_matrix(Real* const*, std::size_t, Shape, std::size_t, AxisTables, const double*);   \
    template void turn_coupled_lines(Real* const*, std::size_t, Shape, std::size_t, const Levels<Real>&);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
