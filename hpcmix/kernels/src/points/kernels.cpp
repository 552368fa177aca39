#include "points/kernels.hpp"

#include "processor/instruction_set.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace hpcmix {

namespace {

// Elements in a block: large enough to hide the cost of a call, small enough that 32^3 points feed several threads.
constexpr std::size_t block_size = 4096;

/// Runs work(block) for every block, on all threads if there is enough to share.
template <class Work>
void for_each_block(std::size_t blocks, const Work& work)
{
#pragma omp parallel for schedule(static) if (blocks > 3)
    for (std::size_t block = 0; block < blocks; ++block) {
        work(block);
    }
}

/// Runs work(begin, count) on consecutive pieces of [0, count).
template <class Work>
void for_each_piece(std::size_t count, const Work& work)
{
    for_each_block((count + block_size - 1) / block_size, [&](std::size_t block) {
        const std::size_t begin = block * block_size;
        work(begin, std::min(block_size, count - begin));
    });
}

/// Sum by halves: the rounding error grows with the logarithm of the number of values, the order is fixed.
template <class Value>
Value pairwise_sum(const Value* values, std::size_t count)
{
    if (count <= 8) {
        Value sum{};
        for (std::size_t i = 0; i < count; ++i) {
            sum += values[i];
        }
        return sum;
    }
    const std::size_t half = count / 2;
    return pairwise_sum(values, half) + pairwise_sum(values + half, count - half);
}

/// Sum of term(begin, count) over consecutive pieces of [0, count).
template <class Value, class Term>
Value sum_pieces(std::size_t count, const Term& term)
{
    std::vector<Value> partial((count + block_size - 1) / block_size);
    for_each_piece(count, [&](std::size_t begin, std::size_t length) {
        partial[begin / block_size] = term(begin, length);
    });
    return pairwise_sum(partial.data(), partial.size());
}

/// The rows of a Shape cut into blocks: many short rows make one block, one long row makes several.
class RowBlocks {
public:
    explicit RowBlocks(Shape shape)
        : shape_(shape),
          rows_(shape.planes * shape.rows),
          rows_per_block_(std::max<std::size_t>(1, block_size / std::max<std::size_t>(1, shape.length))),
          pieces_((shape.length + block_size - 1) / block_size)
    {
    }

    std::size_t blocks() const
    {
        return (rows_ + rows_per_block_ - 1) / rows_per_block_ * pieces_;
    }

    /// Calls work(plane, row, begin, count) for the pieces of rows in a block, begin and count along the row.
    template <class Work>
    void visit(std::size_t block, const Work& work) const
    {
        const std::size_t first = block / pieces_ * rows_per_block_;
        const std::size_t last = std::min(first + rows_per_block_, rows_);
        const std::size_t begin = block % pieces_ * block_size;
        const std::size_t count = std::min(block_size, shape_.length - begin);
        for (std::size_t row = first; row < last; ++row) {
            work(row / shape_.rows, row % shape_.rows, begin, count);
        }
    }

private:
    Shape shape_;
    std::size_t rows_;
    std::size_t rows_per_block_;
    std::size_t pieces_;
};

std::complex<double> complex_entry(const double* table, std::size_t index)
{
    return {table[2 * index], table[2 * index + 1]};
}

}  // namespace

template <class Real>
void rotate_phase(Real* field, const Real* potential, double angle, std::size_t count)
{
    const auto loop = active_loops().table<Real>().rotate_phase;
    for_each_piece(count, [=](std::size_t begin, std::size_t length) {
        loop(field + 2 * begin, potential + begin, angle, length);
    });
}

template <class Real>
void accumulate_density(const Real* field, double weight, Real* density, std::size_t count)
{
    const auto loop = active_loops().table<Real>().accumulate_density;
    for_each_piece(count, [=](std::size_t begin, std::size_t length) {
        loop(field + 2 * begin, weight, density + begin, length);
    });
}

template <class Real>
void turn_spins(Real* plus, Real* zero, Real* minus, double angle, std::size_t count)
{
    const auto loop = active_loops().table<Real>().turn_spins;
    for_each_piece(count, [=](std::size_t begin, std::size_t length) {
        loop(plus + 2 * begin, zero + 2 * begin, minus + 2 * begin, angle, length);
    });
}

template <class Real>
void multiply_separable(Real* field, Shape shape, AxisTables factors)
{
    const auto loop = active_loops().table<Real>().multiply_row;
    const RowBlocks blocks(shape);
    for_each_block(blocks.blocks(), [&](std::size_t block) {
        blocks.visit(block, [&](std::size_t plane, std::size_t row, std::size_t begin, std::size_t count) {
            const std::complex<double> scale = complex_entry(factors[0], plane) * complex_entry(factors[1], row);
            Real* piece = field + 2 * ((plane * shape.rows + row) * shape.length + begin);
            loop(piece, factors[2] + 2 * begin, scale.real(), scale.imag(), count);
        });
    });
}

template <class Real>
double weighted_norm(const Real* field, Shape shape, AxisTables weights)
{
    const auto loop = active_loops().table<Real>().weighted_norm;
    const RowBlocks blocks(shape);
    std::vector<double> partial(blocks.blocks());
    for_each_block(partial.size(), [&](std::size_t block) {
        double sum = 0.0;
        blocks.visit(block, [&](std::size_t plane, std::size_t row, std::size_t begin, std::size_t count) {
            const Real* piece = field + 2 * ((plane * shape.rows + row) * shape.length + begin);
            sum += loop(piece, weights[2] + begin, weights[0][plane] + weights[1][row], count);
        });
        partial[block] = sum;
    });
    return pairwise_sum(partial.data(), partial.size());
}

template <class Real>
double squared_norm(const Real* field, std::size_t count)
{
    const auto loop = active_loops().table<Real>().squared_norm;
    return sum_pieces<double>(count, [=](std::size_t begin, std::size_t length) {
        return loop(field + 2 * begin, length);
    });
}

template <class Real>
std::complex<double> inner_product(const Real* left, const Real* right, std::size_t count)
{
    const auto loop = active_loops().table<Real>().inner_product;
    return sum_pieces<std::complex<double>>(count, [=](std::size_t begin, std::size_t length) {
        double result[2];
        loop(left + 2 * begin, right + 2 * begin, result, length);
        return std::complex<double>(result[0], result[1]);
    });
}

int thread_count()
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

void set_thread_count(int count)
{
    if (count < 1) {
        throw std::invalid_argument("the number of threads must be at least 1, not " + std::to_string(count));
    }
#ifdef _OPENMP
    omp_set_num_threads(count);
#endif
}

#define HPCMIX_INSTANTIATE(Real)                                                                                       \
    template void rotate_phase(Real*, const Real*, double, std::size_t);                                               \
    template void accumulate_density(const Real*, double, Real*, std::size_t);                                         \
    template void turn_spins(Real*, Real*, Real*, double, std::size_t);                                                \
    template void multiply_separable(Real*, Shape, AxisTables);                                                        \
    template double weighted_norm(const Real*, Shape, AxisTables);                                                     \
    template double squared_norm(const Real*, std::size_t);                                                            \
    template std::complex<double> inner_product(const Real*, const Real*, std::size_t);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
