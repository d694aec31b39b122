#pragma once
// How fast this machine is beside the one that the build's table of rates was measured on.

#include <span>

#include "kernels/als/objective.hpp"
#include "kernels/als/row_method.hpp"

namespace rankwise::kernels {

/// Measured over predicted (row_seconds) seconds of solving rows like these by the real kernels, on the calling thread
/// and the SIMD target chosen. `row_sizes` are all rows of a side, of which whole chunks, evenly spaced, are taken
/// until they are predicted to last `seconds`; the work takes about twice as long. Their columns are spread over
/// `opposite_rows` rows, or as many as a quarter of a gibibyte holds. 1 where no row has entries.
[[nodiscard]] double measure_rate_ratio(const RowMethod& method, const Objective& objective, Index width,
                                        Index opposite_rows, std::span<const Index> row_sizes, double seconds);

}  // namespace rankwise::kernels
