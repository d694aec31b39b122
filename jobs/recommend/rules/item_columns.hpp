#pragma once
// Columns of a dataset's table of items, as rules of lists ask for them.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/conditions/condition.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The groups of items that have the same value.
struct ItemGroups {
  std::vector<std::int32_t> groups;  ///< of each item, numbered as they first come; -1: it has no value
  Index count = 0;
  Index without_value = 0;
};

/// The table of items, read on every rank, block by block. Construction is collective over comm. All throw Error or
/// AgreedError (bad_data) that names the option: a dataset without such a table, a column that it does not have.
class ItemColumns {
 public:
  ItemColumns(const Communicator& comm, const std::string& path, std::string_view option, InputCheck check);

  /// Of each item, whether its row fulfils the condition. A missing value is empty, and nothing else is.
  [[nodiscard]] std::vector<bool> fulfil(const RowCondition& condition) const;
  [[nodiscard]] ItemGroups groups(const std::string& column) const;
  /// Of a column of numbers; NaN: missing.
  [[nodiscard]] std::vector<double> numbers(const std::string& column) const;
  /// The column's values of all items.
  [[nodiscard]] ColumnValues values(const std::string& column) const;

 private:
  [[nodiscard]] const TableReader& table() const { return *tables_.items(); }
  /// Calls take(first row, values) for blocks of the column's rows.
  void for_each_block(const std::string& column, const std::function<void(Index, const ColumnValues&)>& take) const;
  [[nodiscard]] ColumnValues read(const std::string& column, RowRange rows) const;

  DatasetTablesReader tables_;
  std::string option_;
};

}  // namespace rankwise
