#pragma once
// Users or items in groups, by a column of the dataset's table of them.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"

namespace rankwise {

/// Categories that are groups of their own at most.
inline constexpr int most_category_groups = 20;

/// Which values make a group. Of categories each is one, but beyond most_category_groups those with the fewest rows are
/// one together; the one with the most rows comes first, of equals the first by bytes. Numbers make four groups,
/// between their quartiles (type 7): fewer if quartiles are equal. Rows without a value are the last group.
class ValueGroups {
 public:
  /// By all rows of `values` on all ranks. Throws AgreedError(bad_data) that names `column` if they are texts.
  /// Collective over comm.
  ValueGroups(const Communicator& comm, const std::string& column, const ColumnValues& values);

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// Of each row.
  [[nodiscard]] std::vector<std::int8_t> groups_of(const ColumnValues& values) const;

 private:
  void name_categories(const Communicator& comm, const Categories& values);
  void name_numbers(const Communicator& comm, const Numbers& values);
  [[nodiscard]] std::int8_t unknown() const { return static_cast<std::int8_t>(names_.size() - 1); }

  std::vector<std::string> names_;
  std::vector<std::int8_t> of_category_;
  std::vector<double> upper_bounds_;  ///< of all groups of numbers but the last, inclusive
};

/// The groups of a column: of each item, or of the user of each local row of what is held out.
struct ColumnGroups {
  TableColumnName of;
  std::vector<std::string> names;
  std::vector<std::int8_t> groups;
};

/// Reads the columns. Throws AgreedError(bad_data) if the dataset has no such table or column, or the column is of
/// texts. Collective over comm.
[[nodiscard]] std::vector<ColumnGroups> read_column_groups(const Communicator& comm, const HeldoutData& data,
                                                           const HeldoutRows& rows,
                                                           const std::vector<TableColumnName>& columns,
                                                           InputCheck check);

/// The category of each item, Categories::missing of items without one. Throws AgreedError(bad_data) if the dataset has
/// no table of items or no such column, or the column is not of categories. Collective over comm.
[[nodiscard]] std::vector<std::int32_t> read_item_categories(const Communicator& comm, const HeldoutData& data,
                                                             const std::string& column, InputCheck check);

/// Users with something held out, over all ranks, of whose known items none has a category.
[[nodiscard]] Index users_without_category(const Communicator& comm, std::span<const std::int32_t> category_of_item,
                                           const HeldoutRows& rows);

}  // namespace rankwise
