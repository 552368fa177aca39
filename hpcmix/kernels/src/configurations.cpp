#include "configurations.hpp"

#include "pieces.hpp"

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

}  // namespace hpcmix
