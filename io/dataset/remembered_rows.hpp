#pragma once
// Rows of a dataset that were read before, for who asks for the same again.

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "distributed/log/dataset.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Holds of each part the rows of the last two ranges that were asked for, which are those of a training and those of
/// an evaluation. Not collective.
class RememberedRows {
 public:
  using Read = std::function<SparseRows()>;

  /// What `read` gave for the same question, or gives now.
  [[nodiscard]] const SparseRows& rows(DatasetPart part, RowRange range, std::span<const Index> without,
                                       const Read& read);

 private:
  struct Answer {
    RowRange range;
    std::vector<Index> without;
    SparseRows rows;
  };
  static constexpr std::size_t most_answers = 2;
  std::array<std::vector<Answer>, all_dataset_parts.size()> answers_;  ///< by DatasetPart
};

}  // namespace rankwise
