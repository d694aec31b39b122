#pragma once
// What a row costs by the method that solves it, from counted flops and the build's table of rates.

#include "kernels/als/objective.hpp"
#include "kernels/als/row_method.hpp"

namespace rankwise::kernels {

/// Predicted seconds of one row of `entries` entries and `width` unknowns on one core of the machine that the table was
/// measured on. What a half-sweep does once for all rows, such as the rotation of the other side, is not in it.
[[nodiscard]] double row_seconds(const RowMethod& method, const Objective& objective, Index entries, Index width);

}  // namespace rankwise::kernels
