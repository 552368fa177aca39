// The product of a many-body Hamiltonian with some rows of a wave function, one table of functions for each instruction
// set that it is compiled for. What it computes: configurations.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpcmix {

/// Sparse matrices of one shape, one after the other: row i of matrix c has the entries start[c][i] .. start[c][i + 1] of
/// `columns` and `values`.
struct SparseMatrices {
    std::size_t count = 0;
    std::size_t rows = 0;
    const std::int64_t* start = nullptr;  // count x (rows + 1)
    const std::int32_t* columns = nullptr;
    const double* values = nullptr;  // reals, or pairs of them

    const std::int64_t* starts_of(std::size_t matrix) const
    {
        return start + matrix * (rows + 1);
    }
};

/// target <- keep target + scale (A source + source B^T + sum_c X_c source Y_c^T) + shift source
struct ConfigurationProduct {
    const double* source;         // pairs of reals, contiguous rows
    std::size_t source_columns;
    double* target;               // pairs of reals, contiguous rows
    std::size_t target_rows;
    std::size_t target_columns;
    std::size_t first_row;        // of the source, where the target's first row is
    std::size_t first_column;     // of the target, where the source's first column is
    SparseMatrices on_rows;       // A, none or one: a row for each row of the target
    SparseMatrices on_columns;    // B, none or one: a row for each column of the target
    SparseMatrices left;          // X_c, as A
    SparseMatrices right;         // Y_c, as B
    bool complex_values;          // of all matrices
    double scale;
    double shift;
    double keep;
};

struct ConfigurationPasses {
    /// Bytes of memory that apply_rows works in.
    std::size_t (*workspace_bytes)(const ConfigurationProduct& product);
    /// Rows of the target that are done together.
    std::size_t (*tile_rows)(const ConfigurationProduct& product);
    /// The rows of the target from `first` on, tile_rows of them or those that are left.
    void (*apply_rows)(const ConfigurationProduct& product, std::size_t first, void* memory);
    /// target += (factor_real + i factor_imaginary) source, `count` complex numbers.
    void (*add_multiple)(const double* source, double factor_real, double factor_imaginary, double* target,
                         std::size_t count);
};

}  // namespace hpcmix
