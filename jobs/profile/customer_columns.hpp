#pragma once
// Columns of a profile: numbers and categories with their definitions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/profiles/category_shares.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "distributed/tables/table.hpp"

namespace rankwise {

/// Columns of this rank's users; names and definitions are the same on every rank.
class CustomerColumns {
 public:
  void add(std::string name, std::string definition, ColumnValues values);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& definitions() const { return definitions_; }
  [[nodiscard]] std::vector<TableColumn> take() { return std::move(columns_); }

 private:
  std::vector<TableColumn> columns_;
  std::vector<std::string> definitions_;
};

/// Orders, money and baskets; and with a day of analysis, which needs times, recency, tenure, gaps and seasons.
void add_history_columns(CustomerColumns& columns, std::span<const CustomerHistory> histories,
                         std::optional<std::int64_t> at_day);

/// Of a dataset without orders: `interactions` of this rank's users, all parts together.
void add_interaction_columns(CustomerColumns& columns, const SparseRows& interactions);

/// What a table of items says under `name`, and the shares of it.
void add_share_columns(CustomerColumns& columns, const std::string& name, const ItemCategories& categories,
                       CategoryShares shares);

/// Each user's text among `names`, -1: none. Only names that some user has become categories. Collective over comm.
[[nodiscard]] Categories used_categories(const Communicator& comm, const std::vector<std::string>& names,
                                         std::span<const std::int32_t> places);

/// Columns of the table of users; `user_` goes before names that are taken, and a number behind if that is taken, too.
/// Throws Error(bad_data) if the name becomes too long.
void add_user_columns(CustomerColumns& columns, Table table, const std::string& path);

}  // namespace rankwise
