#include "configurations/configurations.hpp"

#include "processor/pieces.hpp"

namespace hpcmix {

void apply_configurations(const ConfigurationProduct& product)
{
    if (product.target_rows == 0 || product.target_columns == 0) {
        return;
    }
    const ConfigurationPasses& passes = active_configuration_passes();
    const std::size_t rows = passes.tile_rows(product), bytes = passes.workspace_bytes(product);
    for_each(divide_up(product.target_rows, rows),
             [&](std::size_t tile) { passes.apply_rows(product, tile * rows, workspace(bytes)); });
}

void add_multiple(const double* source, double factor_real, double factor_imaginary, double* target, std::size_t count)
{
    constexpr std::size_t piece = std::size_t{1} << 14U;
    const ConfigurationPasses& passes = active_configuration_passes();
    for_each(divide_up(count, piece), [&](std::size_t i) {
        const std::size_t first = i * piece;
        passes.add_multiple(source + 2 * first, factor_real, factor_imaginary, target + 2 * first,
                            std::min(piece, count - first));
    });
}

void apply_pairs(const PairProduct& product)
{
    const PairPass pass = active_pair_pass();
    const std::size_t rows = product.last - product.first, parts = static_cast<std::size_t>(thread_count());
    for_each(parts, [&](std::size_t part) {
        const std::size_t first = product.first + rows * part / parts, last = product.first + rows * (part + 1) / parts;
        if (first < last) {
            pass(product, first, last);
        }
    });
}

}  // namespace hpcmix
