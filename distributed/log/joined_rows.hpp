#pragma once
// All parts of a dataset as one matrix.

#include <optional>
#include <span>

#include "distributed/log/duplicates.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows of one part. Their columns follow `columns_before` columns of other parts.
struct JoinedPart {
  SparseRows rows;
  Index columns_before = 0;
};

/// Whether a repeated pair must be in one of the parts at least. If not, its rows may make no interaction in any part
/// and one together.
enum class RepeatedPairs { in_some_part, in_any_or_none };

/// The entries of the parts, row by row; all parts have as many rows. A pair of `repeated` has the value that is there,
/// and no entry if the rules do not accept it; any other pair may be in one part only. The rows have no place in the
/// whole. Throws Error(bad_data), without a file's name, if a pair is in two parts and not repeated, or repeated and,
/// against `pairs`, in none.
[[nodiscard]] SparseRows join_rows(std::span<const JoinedPart> parts, const std::optional<SparseRows>& repeated,
                                   const MergeRules& rules, RepeatedPairs pairs = RepeatedPairs::in_some_part);

/// Appends rows that follow those of `rows`.
void append_rows(SparseRows& rows, const SparseRows& more);

}  // namespace rankwise
