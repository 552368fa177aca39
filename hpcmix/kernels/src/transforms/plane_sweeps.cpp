#include "transforms/transforms.hpp"

#include "processor/pieces.hpp"
#include "transforms/plane_steps.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

// Kicks, products and densities on planes, in one sweep with the transforms of the planes before and after them.
namespace hpcmix {

namespace {

/// Room for tiles of `components` complex rows and `spectra` real ones, and for as many values at a point and `more`.
template <class Real>
std::size_t bytes_of_rows(const Line<Real>& line, std::size_t components, std::size_t spectra, std::size_t more = 0)
{
    const std::size_t length = spectra > 0 ? std::max(line.tile_length, line_of_reals<Real>(line.length).tile_length + 1)
                                           : line.tile_length;
    return active_table<Real>().workspace_bytes(length, components + spectra + more);
}

/// The kick of a plane's rows, a tile of every component at once.
template <class Real>
struct KickRows {
    const PassTable<Real>& passes = active_table<Real>();
    const Line<Real>& line;
    Shape shape;
    Kick<Real> kick;  // but for what depends on the rows
    Real* const* spectra;
    std::size_t bytes = bytes_of_rows(line, kick.components, kick.seen.count, kick.functions.outputs);

    std::size_t pieces() const
    {
        return divide_up(shape.rows, passes.lanes);
    }
    void operator()(std::size_t plane, std::size_t piece) const
    {
        const std::size_t first = piece * passes.lanes;
        Kick<Real> here = kick;
        here.offset = (plane * shape.rows + first) * shape.length;
        here.seen.first_rows = spectrum_rows(spectra, kick.seen.count, shape, plane, first);
        passes.kick_rows(line, here, rows_in_piece(passes.lanes, shape.rows, first), workspace(bytes));
    }
};

/// A kick without transforms, in rows of a length of its own: points are points.
template <class Real>
void kick_points(const Kick<Real>& kick, std::size_t count)
{
    constexpr std::size_t length = 64;
    const Line<Real> whole{.length = length, .tile_length = length};
    const KickRows<Real> rows{.line = whole, .shape = {1, count / length, length}, .kick = kick, .spectra = nullptr};
    for_each(rows.pieces(), [&](std::size_t piece) { rows(0, piece); });
    if (const std::size_t rest = count % length) {
        const Line<Real> end{.length = rest, .tile_length = rest};
        KickRows<Real> last{.line = end, .shape = {1, 1, rest}, .kick = kick, .spectra = nullptr};
        last.kick.offset = count - rest;
        last.passes.kick_rows(end, last.kick, 1, workspace(last.bytes));
    }
}

/// The couplings of every component beside the weights of what it sees and of functions, in one row each; no couplings where
/// all are zero, something is seen and no function needs the densities.
struct Couplings {
    std::vector<double> rows;
    std::size_t densities;

    Couplings(const double* couplings, std::size_t components, const double* weights, std::size_t seen,
              const double* values, std::size_t outputs)
    {
        const bool any = std::any_of(couplings, couplings + components * components, [](double g) { return g != 0.0; });
        densities = any || seen == 0 || outputs > 0 ? components : 0;
        for (std::size_t a = 0; a < components; ++a) {
            rows.insert(rows.end(), couplings + a * components, couplings + a * components + densities);
            rows.insert(rows.end(), weights + a * seen, weights + (a + 1) * seen);
            rows.insert(rows.end(), values + a * outputs, values + (a + 1) * outputs);
        }
    }
};

}  // namespace

template <class Real>
void kick_planes(Real* const* fields, const Real* const* potentials, const std::size_t* first_potential,
                 const double* couplings, std::size_t components, const SeenFields<Real>& seen,
                 const PointFunctions& functions, const double* values, double angle, Shape shape,
                 KickTransforms transforms)
{
    if (is_empty(shape)) {
        return;
    }
    const Couplings all(couplings, components, seen.weights, seen.count, values, functions.outputs);
    const Line<Real>* const line_of_seen = seen.count > 0 ? &line_of_reals<Real>(shape.length) : nullptr;
    const Kick<Real> kick{components, fields, {potentials, first_potential}, 0, all.rows.data(), all.densities,
                          {nullptr, seen.count, line_of_seen}, functions, angle, transforms.inverse_before,
                          transforms.forward_after};
    if (!transforms.inverse_before && !transforms.forward_after && seen.count == 0) {
        kick_points(kick, shape.planes * shape.rows * shape.length);
        return;
    }
    const KickRows<Real> rows{.line = line_of_length<Real>(shape.length), .shape = shape, .kick = kick,
                              .spectra = seen.spectra};
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
                                    {nullptr, count, &line_of_reals<Real>(shape.length)}, inverse_before};
    run_on_planes(shape.planes,
                  columns_step(fields, components, shape, shape.length, false, columns_too && inverse_before),
                  Step{divide_up(shape.rows, passes.lanes),
                       [&](std::size_t plane, std::size_t piece) {
                           const std::size_t first = piece * passes.lanes;
                           Densities<Real> here = densities;
                           here.offset = (plane * shape.rows + first) * shape.length;
                           here.spectra.first_rows = spectrum_rows(spectra, count, shape, plane, first);
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

#define HPCMIX_INSTANTIATE(Real)                                                                                       \
    template void kick_planes(Real* const*, const Real* const*, const std::size_t*, const double*, std::size_t,        \
                              const SeenFields<Real>&, const PointFunctions&, const double*, double, Shape,            \
                              KickTransforms);                                                                         \
    template void density_spectra(Real* const*, std::size_t, const double*, Real* const*, std::size_t, Shape, bool,    \
                                  bool);                                                                               \
    template void multiply_planes(Real*, const Real*, Shape, KickTransforms);                                          \
    template void density_of_planes(Real*, double, Real*, Shape, bool, bool);

HPCMIX_INSTANTIATE(float)
HPCMIX_INSTANTIATE(double)

}  // namespace hpcmix
