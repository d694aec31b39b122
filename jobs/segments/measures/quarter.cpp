#include "jobs/segments/measures/quarter.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <string_view>
#include <utility>
#include <variant>

#include "distributed/rows/partition.hpp"
#include "jobs/run/dataset_shelf.hpp"

namespace rankwise {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// What the orders of each customer come to.
struct OrderFigures {
  std::vector<double> counts;
  std::vector<double> amounts;
  std::vector<double> last_seconds;  ///< NaN if the log has no times
};

OrderFigures order_figures(const Orders& orders) {
  OrderFigures figures;
  for (std::size_t user = 0; user + 1 < orders.offsets.size(); ++user) {
    double amount = 0;
    double last = missing;
    for (auto order = static_cast<std::size_t>(orders.offsets[user]);
         order < static_cast<std::size_t>(orders.offsets[user + 1]); ++order) {
      amount += orders.amounts[order];
      if (orders.times_seconds) last = static_cast<double>((*orders.times_seconds)[order]);
    }
    figures.counts.push_back(static_cast<double>(orders.offsets[user + 1] - orders.offsets[user]));
    figures.amounts.push_back(amount);
    figures.last_seconds.push_back(last);
  }
  return figures;
}

void add_unless_known(std::vector<TableColumn>& columns, const std::string& name, std::vector<double> values) {
  if (std::ranges::find(columns, name, &TableColumn::name) == columns.end())
    columns.push_back({name, std::move(values)});
}

std::vector<double> money_column(const std::vector<TableColumn>& columns, const std::string& name) {
  const auto column = std::ranges::find(columns, name, &TableColumn::name);
  const auto* const numbers = column == columns.end() ? nullptr : std::get_if<Numbers>(&column->values);
  if (numbers != nullptr) return *numbers;
  std::vector<std::string_view> known;
  for (const TableColumn& each : columns) {
    if (each.type() == ColumnType::number) known.push_back(each.name);
  }
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("--money {}: {}; expected a column of numbers: {}", name,
                  column == columns.end() ? "there is no such column" : "its type is another", fmt::join(known, ", ")));
}

}  // namespace

Quarter read_quarter(const JobContext& context, const std::string& data, const std::optional<UserTable>& users,
                     const std::string& money) {
  const Communicator& comm = context.comm;
  Quarter quarter;
  quarter.dataset = open_dataset(context, data, std::nullopt, TrainedOn::all);
  const DatasetReader& dataset = *quarter.dataset;
  const RowRange mine = Partition::by_count(dataset.users(), comm.size()).range(comm.rank());
  quarter.ids = dataset.user_ids(mine);
  if (users) {
    MatchedTable matched = match_users(comm, *users, quarter.ids);
    quarter.columns = std::move(matched.table.columns);
    quarter.without_profile = dataset.users() - matched.found;
    quarter.unknown_rows = users->ids.total_rows - matched.found;
  }
  std::vector<double> items;
  for (const Index entries : dataset.row_sizes(DatasetPart::interactions, mine))
    items.push_back(static_cast<double>(entries));
  add_unless_known(quarter.columns, "distinct_items", std::move(items));
  if (dataset.has_orders()) {
    OrderFigures figures = order_figures(dataset.orders(mine));
    add_unless_known(quarter.columns, "orders", std::move(figures.counts));
    add_unless_known(quarter.columns, "money", std::move(figures.amounts));
    if (const auto last = dataset.log_times().last_seconds) {
      std::vector<double> days;
      for (const double seconds : figures.last_seconds) days.push_back((static_cast<double>(*last) - seconds) / 86400);
      add_unless_known(quarter.columns, "recency_days", std::move(days));
      quarter.last_order_seconds = std::move(figures.last_seconds);
    }
  }
  if (!money.empty()) {
    quarter.money = money_column(quarter.columns, money);
  } else if (const auto column = std::ranges::find(quarter.columns, "money", &TableColumn::name);
             column != quarter.columns.end() && column->type() == ColumnType::number) {
    quarter.money = std::get<Numbers>(column->values);
  }
  return quarter;
}

}  // namespace rankwise
