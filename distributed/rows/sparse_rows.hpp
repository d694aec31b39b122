#pragma once
// Sparse matrices that are shared out over ranks by rows.

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's rows of a distributed sparse matrix; columns are global and ascend within a row.
template <class Value>
struct CsrRows {
  RowRange rows;         ///< global rows held here
  Index total_rows = 0;  ///< over all ranks
  Index column_count = 0;
  std::vector<Index> offsets{0};  ///< rows.size() + 1, local, from 0
  std::vector<Index> columns;
  std::vector<Value> values;
  /// Of each entry, where they are known and wanted; on all ranks or on none.
  std::optional<std::vector<std::int64_t>> times_seconds = {};  ///< since 1970
  std::optional<std::vector<std::int32_t>> folds = {};          ///< 0 to most_folds - 1

  [[nodiscard]] Index entries() const { return offsets.back(); }
};

/// One entry for a pair: columns ascend strictly.
using SparseRows = CsrRows<float>;

/// One entry for each row that a log has on a pair, hence a column repeats. Rows on one pair are in the order in which
/// its policy takes them (distributed/log/duplicates.hpp).
using LogRows = CsrRows<double>;

/// A matrix and its transpose.
template <class Matrix>
struct BothSides {
  Matrix by_user;  ///< users x items
  Matrix by_item;  ///< items x users
};

/// What may be known of each interaction beside its value.
enum class EntryMark { time, fold };

}  // namespace rankwise
