// Compiled once for each instruction set (CMakeLists.txt).
//
// Some rows of the target are a tile. Operators on rows (species 1) are sums of the source's rows, contiguous numbers.
// Operators on columns (species 2) act on the tile in transposed order, tile[column][row], so that they too are sums of
// contiguous numbers and one index serves all rows of the tile. For every channel: Z = X_c source, row by row and
// transposed on the way; then tile += Y_c Z. No sum depends on where a row lies in its tile.
#include "configurations/configuration_passes.hpp"

#include "processor/vector.hpp"

#include <algorithm>
#include <utility>

namespace {

constexpr std::size_t width = lanes<double>;        // reals in a register
constexpr std::size_t square = width / 2;           // complex numbers in a register
constexpr std::size_t chunk_registers = 8;
constexpr std::size_t chunk = chunk_registers * square;  // columns that a sum of rows keeps in registers
constexpr std::size_t cache_line = 64 / sizeof(double);
constexpr std::size_t most_rows = 8;
constexpr std::size_t largest_tiles = 640 * 1024;   // bytes that two tiles of most_rows may take: they should stay in cache

using hpcmix::ConfigurationProduct;
using hpcmix::SparseMatrices;

template <std::size_t... lane>
[[gnu::always_inline]] inline Vector<double> exchanged(Vector<double> a, std::index_sequence<lane...>)
{
    return __builtin_shufflevector(a, a, (lane ^ 1)...);
}

template <std::size_t... lane>
[[gnu::always_inline]] inline Vector<double> alternating(std::index_sequence<lane...>)
{
    return Vector<double>{(lane % 2 == 0 ? -1.0 : 1.0)...};
}

/// i a, complex numbers one after the other
[[gnu::always_inline]] inline Vector<double> times_i(Vector<double> a)
{
    constexpr auto all = std::make_index_sequence<width>{};
    return exchanged(a, all) * alternating(all);
}

/// Sums of some registers with factors that are real or complex: i times the imaginary part is added at the end.
template <bool is_complex, std::size_t count>
struct Sums {
    Vector<double> real[count];
    Vector<double> imaginary[is_complex ? count : 1];

    [[gnu::always_inline]] void add(const double* factor, std::size_t entry, const double* numbers)
    {
        if constexpr (is_complex) {
            const Vector<double> re = in_all_lanes(factor[2 * entry]), im = in_all_lanes(factor[2 * entry + 1]);
#pragma GCC unroll 16
            for (std::size_t i = 0; i < count; ++i) {
                const Vector<double> number = load(numbers + i * width);
                real[i] = fused_add(re, number, real[i]);
                imaginary[i] = fused_add(im, number, imaginary[i]);
            }
        } else {
            const Vector<double> re = in_all_lanes(factor[entry]);
#pragma GCC unroll 16
            for (std::size_t i = 0; i < count; ++i) {
                real[i] = fused_add(re, load(numbers + i * width), real[i]);
            }
        }
    }
    /// The same with the first `valid` reals of one register.
    [[gnu::always_inline]] void add_some(const double* factor, std::size_t entry, const double* numbers,
                                         std::size_t valid)
    {
        const Vector<double> number = load_some(numbers, valid);
        if constexpr (is_complex) {
            real[0] = fused_add(in_all_lanes(factor[2 * entry]), number, real[0]);
            imaginary[0] = fused_add(in_all_lanes(factor[2 * entry + 1]), number, imaginary[0]);
        } else {
            real[0] = fused_add(in_all_lanes(factor[entry]), number, real[0]);
        }
    }
    [[gnu::always_inline]] Vector<double> total(std::size_t i) const
    {
        if constexpr (is_complex) {
            return real[i] + times_i(imaginary[i]);
        } else {
            return real[i];
        }
    }
};

/// result[0 .. 2 length) = sum over the entries of one row of a matrix of value * source[entry's row][column ..]; what the
/// next chunk will need is fetched `ahead` where rows are long.
template <bool is_complex, bool ahead>
void sum_rows(const SparseMatrices& matrices, std::size_t matrix, std::size_t row, const double* source,
              std::size_t stride, std::size_t length, double* result)
{
    const std::int64_t* starts = matrices.starts_of(matrix);
    const auto begin = static_cast<std::size_t>(starts[row]), end = static_cast<std::size_t>(starts[row + 1]);
    if (length == chunk) {
        constexpr std::size_t together = is_complex ? chunk_registers / 2 : chunk_registers;
        for (std::size_t part = 0; part < chunk_registers; part += together) {
            Sums<is_complex, together> sums{};
            for (std::size_t entry = begin; entry < end; ++entry) {
                const double* numbers = source + static_cast<std::size_t>(matrices.columns[entry]) * stride + part * width;
                if constexpr (ahead) {
                    for (std::size_t i = 0; i < together * width; i += cache_line) {
                        __builtin_prefetch(numbers + 2 * chunk + i);
                    }
                }
                sums.add(matrices.values, entry, numbers);
            }
#pragma GCC unroll 16
            for (std::size_t i = 0; i < together; ++i) {
                store(result + (part + i) * width, sums.total(i));
            }
        }
        return;
    }
    for (std::size_t first = 0; first < 2 * length; first += width) {
        const std::size_t valid = std::min(width, 2 * length - first);
        Sums<is_complex, 1> sums{};
        for (std::size_t entry = begin; entry < end; ++entry) {
            sums.add_some(matrices.values, entry,
                          source + static_cast<std::size_t>(matrices.columns[entry]) * stride + first, valid);
        }
        store(result + first, sums.total(0));
    }
}

/// One square of complex numbers from rows that are `from` reals apart to rows that are `to` apart, transposed.
[[gnu::always_inline]] inline void transpose(const double* source, std::size_t from, double* target, std::size_t to)
{
    Vector<double> rows[square];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < square; ++i) {
        rows[i] = load(source + i * from);
    }
    if constexpr (square > 1) {
#pragma GCC unroll 4
        for (std::size_t i = 0; i < square; i += 2) {
            exchange_lanes<2, double>(rows[i], rows[i + 1]);
        }
    }
    if constexpr (square > 2) {
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 2; ++i) {
            exchange_lanes<4, double>(rows[i], rows[i + 2]);
        }
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < square; ++i) {
        store(target + i * to, rows[i]);
    }
}

constexpr std::size_t round_up(std::size_t count)
{
    return (count + chunk - 1) / chunk * chunk;
}

/// Tiles of R rows, and rows of one chunk: all that a product works in.
template <bool is_complex, std::size_t R>
struct Tile {
    static constexpr std::size_t stride = 2 * R;  // reals from one column of a tile to the next
    static constexpr std::size_t registers = stride / width;
    static constexpr bool ahead = R < most_rows;

    const ConfigurationProduct& product;
    std::size_t first;  // row of the target
    std::size_t rows;   // that there are
    double* result;     // columns of the target
    double* channel;    // columns of the source
    double* lines;      // R rows of one chunk

    Tile(const ConfigurationProduct& p, std::size_t first_row, void* memory)
        : product(p), first(first_row), rows(std::min(R, p.target_rows - first_row)),
          result(static_cast<double*>(memory)), channel(result + round_up(p.target_columns) * stride),
          lines(channel + round_up(p.source_columns) * stride)
    {
    }

    static std::size_t bytes(const ConfigurationProduct& p)
    {
        return ((round_up(p.target_columns) + round_up(p.source_columns)) * stride + R * 2 * chunk) * sizeof(double);
    }

    double* line(std::size_t row) const
    {
        return lines + row * 2 * chunk;
    }

    /// lines, of which `length` columns are meant, to columns `column` .. of the channel's tile
    void to_channel(std::size_t column, std::size_t length) const
    {
        for (std::size_t inner = 0; inner < length; inner += square) {
            for (std::size_t row = 0; row < R; row += square) {
                transpose(line(row) + 2 * inner, 2 * chunk, channel + (column + inner) * stride + 2 * row, stride);
            }
        }
    }

    /// The tile Z of X_c source, or of the source itself. False where X_c has nothing for these rows.
    bool fill_channel(std::size_t matrix) const
    {
        const std::int64_t* starts = product.left.starts_of(matrix);
        if (starts[first] == starts[first + rows]) {
            return false;
        }
        for_each_chunk(product.source_columns, [&](std::size_t column, std::size_t length) {
            for (std::size_t row = 0; row < rows; ++row) {
                sum_rows<is_complex, ahead>(product.left, matrix, first + row, product.source + 2 * column,
                                     2 * product.source_columns, length, line(row));
            }
            to_channel(column, length);
        });
        return true;
    }

    void copy_source() const
    {
        for_each_chunk(product.source_columns, [&](std::size_t column, std::size_t length) {
            for (std::size_t row = 0; row < rows; ++row) {
                const double* source = own_source(row) + 2 * column;
                std::copy(source, source + 2 * length, line(row));
            }
            to_channel(column, length);
        });
    }

    const double* own_source(std::size_t row) const
    {
        return product.source + (product.first_row + first + row) * 2 * product.source_columns;
    }

    /// result += Y channel
    void add_channel(const SparseMatrices& matrices, std::size_t matrix) const
    {
        const std::int64_t* starts = matrices.starts_of(matrix);
        const std::int32_t* columns = matrices.columns;
        for (std::size_t column = 0; column < product.target_columns; ++column) {
            const auto begin = static_cast<std::size_t>(starts[column]), end = static_cast<std::size_t>(starts[column + 1]);
            double* target = result + column * stride;
            Sums<is_complex, registers> sums{};
            for (std::size_t i = 0; i < registers; ++i) {
                sums.real[i] = load(target + i * width);
            }
            for (std::size_t entry = begin; entry < end; ++entry) {
                sums.add(matrices.values, entry, channel + static_cast<std::size_t>(columns[entry]) * stride);
            }
            for (std::size_t i = 0; i < registers; ++i) {
                store(target + i * width, sums.total(i));
            }
        }
    }

    /// The result, and what acts on rows alone, to the target.
    void finish() const
    {
        const std::size_t begin = product.first_column, end = begin + product.source_columns;
        finish_columns(0, begin, false);
        finish_columns(begin, end, true);
        finish_columns(end, product.target_columns, false);
    }

    void finish_columns(std::size_t begin, std::size_t end, bool has_source) const
    {
        for (std::size_t column = begin; column < end; column += chunk) {
            const std::size_t length = std::min(chunk, end - column);
            for (std::size_t inner = 0; inner < length; inner += square) {
                for (std::size_t row = 0; row < R; row += square) {
                    transpose(result + (column + inner) * stride + 2 * row, stride, line(row) + 2 * inner, 2 * chunk);
                }
            }
            for (std::size_t row = 0; row < rows; ++row) {
                finish_line(row, column, length, has_source);
            }
        }
    }

    void finish_line(std::size_t row, std::size_t column, std::size_t length, bool has_source) const
    {
        alignas(register_bytes) double sums[2 * chunk];
        double* target = product.target + (first + row) * 2 * product.target_columns + 2 * column;
        double* added = line(row);
        const std::size_t from = 2 * (column - (has_source ? product.first_column : 0));
        if (has_source && product.on_rows.count > 0) {
            sum_rows<is_complex, ahead>(product.on_rows, 0, first + row, product.source + from, 2 * product.source_columns,
                                 length, sums);
            for (std::size_t i = 0; i < 2 * length; ++i) {
                added[i] += sums[i];
            }
        }
        for (std::size_t i = 0; i < 2 * length; ++i) {
            added[i] *= product.scale;
        }
        if (has_source && product.shift != 0.0) {
            const double* own = own_source(row) + from;
            for (std::size_t i = 0; i < 2 * length; ++i) {
                added[i] += product.shift * own[i];
            }
        }
        if (product.keep != 0.0) {
            for (std::size_t i = 0; i < 2 * length; ++i) {
                added[i] += product.keep * target[i];
            }
        }
        std::copy(added, added + 2 * length, target);
    }

    template <class Work>
    static void for_each_chunk(std::size_t columns, const Work& work)
    {
        for (std::size_t column = 0; column < columns; column += chunk) {
            work(column, std::min(chunk, columns - column));
        }
    }

    void apply() const
    {
        std::fill(result, result + round_up(product.target_columns) * stride, 0.0);
        std::fill(lines, lines + R * 2 * chunk, 0.0);  // rows that there are not
        if (product.on_columns.count > 0) {
            copy_source();
            add_channel(product.on_columns, 0);
        }
        for (std::size_t matrix = 0; matrix < product.left.count; ++matrix) {
            if (fill_channel(matrix)) {
                add_channel(product.right, matrix);
            }
        }
        finish();
    }
};

/// Half as many rows where the tiles of all would not stay in cache.
bool is_wide(const ConfigurationProduct& product)
{
    return (product.target_columns + product.source_columns) * most_rows * 2 * sizeof(double) > largest_tiles;
}

std::size_t workspace_bytes(const ConfigurationProduct& product)
{
    return Tile<true, most_rows>::bytes(product);
}

std::size_t tile_rows(const ConfigurationProduct& product)
{
    return is_wide(product) ? most_rows / 2 : most_rows;
}

template <bool is_complex>
void apply_tile(const ConfigurationProduct& product, std::size_t first, void* memory)
{
    if (is_wide(product)) {
        Tile<is_complex, most_rows / 2>(product, first, memory).apply();
    } else {
        Tile<is_complex, most_rows>(product, first, memory).apply();
    }
}

void add_multiple(const double* source, double factor_real, double factor_imaginary, double* target, std::size_t count)
{
    // written out: what a compiler makes of such a loop rounds differently at its end
    const Vector<double> re = in_all_lanes(factor_real), im = in_all_lanes(factor_imaginary);
    for (std::size_t i = 0; i < 2 * count; i += width) {
        const std::size_t valid = std::min(width, 2 * count - i);
        const Vector<double> number = load_some(source + i, valid), before = load_some(target + i, valid);
        store_some(target + i, fused_add(im, times_i(number), fused_add(re, number, before)), valid);
    }
}

void apply_rows(const ConfigurationProduct& product, std::size_t first, void* memory)
{
    if (product.complex_values) {
        apply_tile<true>(product, first, memory);
    } else {
        apply_tile<false>(product, first, memory);
    }
}

}  // namespace

#define HPCMIX_JOIN_EXPANDED(left, right) left##right
#define HPCMIX_JOIN(left, right) HPCMIX_JOIN_EXPANDED(left, right)

namespace hpcmix {

extern const ConfigurationPasses HPCMIX_JOIN(configuration_passes_, HPCMIX_INSTRUCTION_SET);
const ConfigurationPasses HPCMIX_JOIN(configuration_passes_, HPCMIX_INSTRUCTION_SET) = {
    workspace_bytes, tile_rows, apply_rows, add_multiple};

}  // namespace hpcmix
