#pragma once
// A dataset's rows as a fold has them.

#include "io/dataset.hpp"
#include "io/fold.hpp"

namespace rankwise {

/// What a fold makes of rows of the training part: DatasetPart::interactions keeps what is trained on, heldout what is
/// validated, given (users only) what fold-in sees; interactions_by_item what is trained on, of item rows.
[[nodiscard]] SparseRows keep_part(const Fold& fold, DatasetPart part, const SparseRows& rows);

}  // namespace rankwise
