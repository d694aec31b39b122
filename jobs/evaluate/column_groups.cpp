#include "jobs/evaluate/column_groups.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <numeric>
#include <type_traits>
#include <utility>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset_tables.hpp"

namespace rankwise {

namespace {

ColumnValues values_of(const TableReader& table, const std::string& name, RowRange rows) {
  const TableColumnInfo& column = table.column(name);
  switch (column.type) {
    case ColumnType::category:
      return Categories{table.codes(name, rows), column.categories};
    case ColumnType::number:
      return table.numbers(name, rows);
    case ColumnType::text:
      return Texts();  // which nobody looks at
  }
  return {};
}

/// The values of `more`, of the same type, behind those that are there.
void append(ColumnValues& values, ColumnValues more) {
  std::visit(
      [&]<class Values>(Values& there) {
        auto& behind = std::get<Values>(more);
        if constexpr (std::is_same_v<Values, Categories>) {
          std::ranges::copy(behind.codes, std::back_inserter(there.codes));
        } else {
          std::ranges::move(behind, std::back_inserter(there));
        }
      },
      values);
}

/// This rank's share of the column's values, whoever they are of.
ColumnValues share_of(const Communicator& comm, const DatasetTablesReader& tables, const TableColumnName& of) {
  const auto share = [&](const TableReader& table) {
    return values_of(table, of.column, Partition::by_count(table.rows(), comm.size()).range(comm.rank()));
  };
  if (of.side == TableSide::items) return share(*tables.items());
  ColumnValues values = share(*tables.users());
  if (tables.heldout_users()) append(values, share(*tables.heldout_users()));
  return values;
}

/// Of all items, or of the users of the rows.
ColumnValues measured_values(const DatasetTablesReader& tables, const HeldoutData& data, const HeldoutRows& rows,
                             const TableColumnName& of) {
  if (of.side == TableSide::items) return values_of(*tables.items(), of.column, {0, tables.items()->rows()});
  const bool are_apart = !data.fold && data.dataset->has(DatasetPart::given);  // users who are held out whole
  return values_of(are_apart ? *tables.heldout_users() : *tables.users(), of.column, rows.heldout.rows);
}

/// `wish`: the option that needs the table.
void require_table(const DatasetTablesReader& tables, const HeldoutData& data, const TableColumnName& of,
                   const std::string& wish) {
  const bool is_there = of.side == TableSide::items ? tables.items().has_value() : tables.users().has_value();
  if (is_there) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: holds no table of {}s, which {} needs; expected a "
                                                    "dataset of prepare --{}s FILE",
                                                    data.path, side_name(of.side), wish, side_name(of.side)));
}

}  // namespace

ValueGroups::ValueGroups(const Communicator& comm, const std::string& column, const ColumnValues& values) {
  if (const auto* categories = std::get_if<Categories>(&values)) {
    name_categories(comm, *categories);
  } else if (const auto* numbers = std::get_if<Numbers>(&values)) {
    name_numbers(comm, *numbers);
  } else {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("--slices {}: the column is of texts; expected categories or numbers", column));
  }
  names_.emplace_back("(no value)");
}

void ValueGroups::name_categories(const Communicator& comm, const Categories& values) {
  std::vector<Index> rows(values.categories.size());
  for (const std::int32_t code : values.codes) {
    if (code != Categories::missing) ++rows[at(code)];
  }
  comm.all_reduce_sum(std::span<Index>(rows));
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t category) { return rows[category]; });
  const std::size_t own = order.size() > most_category_groups ? most_category_groups - 1 : order.size();
  of_category_.assign(rows.size(), static_cast<std::int8_t>(own));
  for (std::size_t group = 0; group < own; ++group) {
    of_category_[order[group]] = static_cast<std::int8_t>(group);
    names_.push_back(values.categories[order[group]]);
  }
  if (own < order.size()) names_.push_back(fmt::format("({} others)", order.size() - own));
}

void ValueGroups::name_numbers(const Communicator& comm, const Numbers& values) {
  Numbers known;
  std::ranges::copy_if(values, std::back_inserter(known), [](double value) { return !std::isnan(value); });
  constexpr std::array shares{0.25, 0.5, 0.75, 1.0};
  const auto quartiles = quantiles(comm, known, shares);
  if (!quartiles) return;
  upper_bounds_ = *quartiles;
  upper_bounds_.erase(std::unique(upper_bounds_.begin(), upper_bounds_.end()), upper_bounds_.end());
  upper_bounds_.pop_back();  // the largest value
  for (std::size_t bound = 0; bound < upper_bounds_.size(); ++bound) {
    names_.push_back(bound == 0 ? fmt::format("to {}", upper_bounds_[0])
                                : fmt::format("above {} to {}", upper_bounds_[bound - 1], upper_bounds_[bound]));
  }
  names_.push_back(upper_bounds_.empty() ? fmt::format("{}", quartiles->back())
                                         : fmt::format("above {}", upper_bounds_.back()));
}

std::vector<std::int8_t> ValueGroups::groups_of(const ColumnValues& values) const {
  std::vector<std::int8_t> groups;
  if (const auto* categories = std::get_if<Categories>(&values)) {
    for (const std::int32_t code : categories->codes) {
      groups.push_back(code == Categories::missing ? unknown() : of_category_[at(code)]);
    }
  } else {
    for (const double value : std::get<Numbers>(values)) {
      const auto bound = std::ranges::lower_bound(upper_bounds_, value);
      groups.push_back(std::isnan(value) ? unknown() : static_cast<std::int8_t>(bound - upper_bounds_.begin()));
    }
  }
  return groups;
}

std::vector<ColumnGroups> read_column_groups(const Communicator& comm, const HeldoutData& data, const HeldoutRows& rows,
                                             const std::vector<TableColumnName>& columns, InputCheck check) {
  std::vector<ColumnGroups> found;
  if (columns.empty()) return found;
  const DatasetTablesReader tables(comm, data.path, check);
  for (const TableColumnName& of : columns) {
    require_table(tables, data, of, "--slices " + of.text());
    const ColumnValues share = agree_on(comm, [&] { return share_of(comm, tables, of); });
    const ValueGroups groups(comm, of.text(), share);
    const ColumnValues measured = agree_on(comm, [&] { return measured_values(tables, data, rows, of); });
    found.push_back({of, groups.names(), groups.groups_of(measured)});
  }
  return found;
}

std::vector<std::int32_t> read_item_categories(const Communicator& comm, const HeldoutData& data,
                                               const std::string& column, InputCheck check) {
  const DatasetTablesReader tables(comm, data.path, check);
  require_table(tables, data, {TableSide::items, column}, "--categories");
  return agree_on(comm, [&] {
    const TableReader& items = *tables.items();
    if (const ColumnType type = items.column(column).type; type != ColumnType::category) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: --categories {}: the column is of type {}; expected category (prepare --item-types "
                              "{}=category)",
                              data.path, column, column_type_name(type), column));
    }
    return items.codes(column, {0, items.rows()});
  });
}

Index users_without_category(const Communicator& comm, std::span<const std::int32_t> category_of_item,
                             const HeldoutRows& rows) {
  const auto has_category = [&](Index item) { return category_of_item[at(item)] >= 0; };
  Index users = 0;
  for (Index row = 0; row < rows.heldout.rows.size(); ++row) {
    if (row_columns(rows.heldout, row).empty()) continue;
    users += std::ranges::none_of(row_columns(rows.seen, row), has_category) ? 1 : 0;
  }
  return comm.sum(users);
}

}  // namespace rankwise
