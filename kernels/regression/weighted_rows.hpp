#pragma once
// Normal equations of a chunk of dense rows.

#include <span>

#include "kernels/base/types.hpp"

namespace rankwise::kernels {

/// The sum of products in eight lanes, which are added in one order: the same bits on every target.
[[nodiscard]] double row_product(const double* a, const double* b, Index count);

/// Adds sum_r weights[r] x_r x_r^T to `lower`, the lower triangle by rows, packed (width * (width + 1) / 2), and
/// sum_r targets[r] x_r to `right` (width). Rows ascend; `rows` has weights.size() of them, one after the other. Each
/// sum has one accumulator, so that the order of its terms is that of the rows.
void add_weighted_rows(const double* rows, Index width, std::span<const double> weights,
                       std::span<const double> targets, double* lower, double* right);

}  // namespace rankwise::kernels
