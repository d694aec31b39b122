#pragma once
// A dataset's rows as a fold has them.

#include <cstdint>
#include <span>

#include "io/dataset.hpp"
#include "io/fold_division.hpp"

namespace rankwise {

/// What a fold makes of rows of the training part: DatasetPart::interactions keeps what is trained on, heldout what is
/// validated, given (users only) what fold-in sees; interactions_by_item what is trained on, of item rows. `marks` are
/// those of the rows' entries, where one decides.
[[nodiscard]] SparseRows keep_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows,
                                   std::span<const std::int64_t> marks);

}  // namespace rankwise
