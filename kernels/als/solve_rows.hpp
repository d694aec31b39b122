#pragma once
// The hot loop: for each sparse row, the normal equations over the gathered rows of the other side, and their exact
// solution.

#include <algorithm>
#include <span>

#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"

namespace rankwise::kernels {

/// Solves (base + sum_i w_i y_i y_i^T + lambda_u I) x_u = sum_i t_i y_i for each row in `rows` of `block` (DESIGN
/// "ALS"; values are Objective::entry_value); with a prior m_u, lambda_u m_u is added to the right. A row without
/// entries is zero. `solution` and `losses` cover all rows of
/// `block`. Returns the first row whose system is not positive definite or whose solution is not finite, or -1.
[[nodiscard]] Index solve_rows(const RowSystem& system, const CsrBlock& block, RowRange rows, RowWorkspace& workspace,
                               MatrixView solution, std::span<RowLoss> losses);

/// Whether a row is too long for one thread: its sum is then taken in parts (accumulate_part, solve_parts), and
/// solve_rows must not be given it.
[[nodiscard]] constexpr bool is_heavy(Index entries) {
  return entries > part_entries;
}
/// Entries of each of a row's parts but the last.
[[nodiscard]] constexpr Index part_length(Index entries) {
  const Index most_entries = most_parts * part_entries;
  return part_entries * std::max<Index>(1, (entries + most_entries - 1) / most_entries);
}
[[nodiscard]] constexpr Index part_count(Index entries) {
  return (entries + part_length(entries) - 1) / part_length(entries);
}
/// Where a part stands among its row's entries.
[[nodiscard]] constexpr RowRange part_range(Index entries, Index part) {
  const Index length = part_length(entries);
  return {part * length, std::min((part + 1) * length, entries)};
}

/// A part's share of its row's normal equations, on top of `from` (RowSystem::base for the first part, nothing for the
/// others): `sum` is padded_width + 1 rows of padded_width, the right-hand side last. `upcoming` are the columns that
/// the thread will gather next.
void accumulate_part(const RowSystem& system, CsrRow part, ConstMatrixView from, std::span<const LocalIndex> upcoming,
                     RowWorkspace& workspace, MatrixView sum);

/// What is left of a row once its parts are summed.
struct PartedRow {
  Index entries = 0;
  double target_squares = 0;     ///< squared_targets() of its parts, added in order; where the loss is closed
  const float* prior = nullptr;  ///< see RowSystem::prior; null stands for zero
};

/// Adds all parts in order and solves; false where there is no finite solution. `loss` lacks the observed part unless
/// Objective::has_closed_loss: that is the sum of part_loss, in order.
[[nodiscard]] bool solve_parts(const RowSystem& system, const PartedRow& row, std::span<const ConstMatrixView> parts,
                               RowWorkspace& workspace, float* x, RowLoss& loss);

/// The observed part of the loss over a part of a row, at the row's solution `x`.
[[nodiscard]] RowLoss part_loss(const RowSystem& system, CsrRow part, const float* x);

/// sum t^2 over entries without weights and biases.
[[nodiscard]] double squared_targets(CsrRow entries);

/// Floating-point operations of the above for a row of `entries` entries and `width` unknowns, the symmetric half
/// counted: n k (k + 1) + k^3 / 3 + 2 k^2.
[[nodiscard]] double solve_row_flops(Index entries, Index width);

/// n k (k + 1): what entries add to normal equations.
[[nodiscard]] double entry_flops(Index entries, Index width);

/// Builds one row's system and right-hand side in the workspace and leaves them there; for tests and benchmarks.
void normal_equations(const RowSystem& system, CsrRow entries, std::span<const LocalIndex> upcoming,
                      RowWorkspace& workspace);

}  // namespace rankwise::kernels
