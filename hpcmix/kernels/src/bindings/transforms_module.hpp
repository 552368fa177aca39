#pragma once

#include <nanobind/nanobind.h>

/// Adds the functions of transforms.hpp to the extension module.
void bind_transforms(nanobind::module_& module);
void bind_coupled_transforms(nanobind::module_& module);
void bind_configurations(nanobind::module_& module);
void bind_tangent(nanobind::module_& module);
void bind_markers(nanobind::module_& module);
void bind_losses(nanobind::module_& module);
