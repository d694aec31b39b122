#pragma once
// What a row costs by each exact solver, from counted flops and measured rates. The table is part of the build: a
// choice that followed the machine's mood would change bits.

#include "kernels/base/types.hpp"

namespace rankwise::kernels {

/// Predicted seconds of one row of `entries` entries and `width` unknowns.
[[nodiscard]] double primal_row_seconds(Index entries, Index width);
[[nodiscard]] double dual_row_seconds(Index entries, Index width);

/// Predicted seconds of an eigenbasis of `width`, and of rotating one row into it or back.
[[nodiscard]] double eigenbasis_seconds(Index width);
[[nodiscard]] double rotation_seconds(Index width);

/// Predicted seconds of one entry's share of normal equations of `width` unknowns, or of one row's of a Gramian.
[[nodiscard]] double entry_seconds(Index width);

/// The longest row, at most `width` entries, for which the dual is predicted to be faster; 0 for none.
[[nodiscard]] Index longest_dual_row(Index width);

}  // namespace rankwise::kernels
