#pragma once
// A dataset's rows as a fold has them.

#include <cstdint>
#include <span>

#include "distributed/log/dataset.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/fold_division.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

/// What a fold makes of rows of the training part: DatasetPart::interactions keeps what is trained on, heldout what is
/// validated, given (of divisions of users) what fold-in sees; interactions_by_item what is trained on, of item rows.
/// `marks` are those of the rows' entries, where one decides.
[[nodiscard]] SparseRows keep_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows,
                                   std::span<const std::int64_t> marks);

/// The same of a temporal fold if some pairs have log rows (of the same users or items as `rows`, which have times):
/// such a pair's rows are divided, and each side is merged by the rules. With Repeats::drop a pair that is trained on
/// is not validated.
[[nodiscard]] SparseRows merge_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows,
                                    const LogRows& log_rows, const MergeRules& rules);

/// The times of pairs: that of each entry of `rows`, but of a pair with log rows each distinct one of theirs.
[[nodiscard]] std::vector<std::int64_t> distinct_times(const SparseRows& rows, const LogRows& log_rows);

}  // namespace rankwise
