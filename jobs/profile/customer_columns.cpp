#include "jobs/profile/customer_columns.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <utility>

#include "io/tables/table_file.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

constexpr std::string_view user_prefix = "user_";

double ratio(double above, double below) {
  return below > 0 ? above / below : nothing;
}

/// value(history) of customers, NaN of all others.
template <class Value>
Numbers of_customers(std::span<const CustomerHistory> histories, const Value& value) {
  Numbers numbers;
  numbers.reserve(histories.size());
  for (const CustomerHistory& history : histories)
    numbers.push_back(history.is_customer() ? static_cast<double>(value(history)) : nothing);
  return numbers;
}

void add_time_columns(CustomerColumns& columns, std::span<const CustomerHistory> histories, std::int64_t at_day) {
  columns.add("recency_days", "days from the last order to the day of the analysis",
              of_customers(histories, [&](const auto& each) { return at_day - each.last_day; }));
  columns.add("tenure_days", "days from the first order to the day of the analysis",
              of_customers(histories, [&](const auto& each) { return at_day - each.first_day; }));
  columns.add("order_days", "days with an order",
              of_customers(histories, [](const auto& each) { return each.purchase_days; }));
  columns.add("mean_gap_days", "mean days from a day with an order to the next; missing with one such day",
              of_customers(histories, [](const auto& each) {
                return ratio(static_cast<double>(each.last_day - each.first_day),
                             static_cast<double>(each.purchase_days - 1));
              }));
  for (std::size_t quarter = 0; quarter < 4; ++quarter) {
    columns.add(fmt::format("orders_q{}_share", quarter + 1),
                fmt::format("share of orders in quarter {} of the year", quarter + 1),
                of_customers(histories, [&](const auto& each) {
                  return ratio(static_cast<double>(each.purchases_by_quarter[quarter]),
                               static_cast<double>(each.purchases));
                }));
  }
}

/// '/' has no place in a name of HDF5.
std::string share_name(const std::string& column, std::string_view category) {
  std::string name = fmt::format("{}={}", column, category);
  std::ranges::replace(name, '/', '|');
  return name;
}

void add_share(CustomerColumns& columns, const std::string& name, const std::string& definition,
               std::vector<double> values) {
  if (!can_be_column_name(name) || columns.has(name)) {
    throw Error(ExitCode::bad_data, fmt::format("--shares: {} cannot name a column; expected another text, which is "
                                                "there once and is not too long",
                                                shown(name)));
  }
  columns.add(name, definition, std::move(values));
}

}  // namespace

void CustomerColumns::add(std::string name, std::string definition, ColumnValues values) {
  columns_.push_back({std::move(name), std::move(values)});
  definitions_.push_back(std::move(definition));
}

bool CustomerColumns::has(std::string_view name) const {
  return std::ranges::find(columns_, name, &TableColumn::name) != columns_.end();
}

void add_history_columns(CustomerColumns& columns, std::span<const CustomerHistory> histories,
                         std::optional<std::int64_t> at_day) {
  Numbers orders;
  Numbers returns;
  Numbers money;
  for (const CustomerHistory& history : histories) {
    orders.push_back(static_cast<double>(history.purchases));
    returns.push_back(static_cast<double>(history.returns));
    money.push_back(history.money);
  }
  columns.add("orders", "orders whose amount is 0 or more", std::move(orders));
  columns.add("return_orders", "orders whose amount is below 0", std::move(returns));
  columns.add("money", "sum of the values of all lines, returns subtracted", std::move(money));
  columns.add("money_per_order", "money over orders", of_customers(histories, [](const auto& each) {
                return each.money / static_cast<double>(each.purchases);
              }));
  columns.add("lines_per_order", "lines of orders over orders", of_customers(histories, [](const auto& each) {
                return static_cast<double>(each.lines) / static_cast<double>(each.purchases);
              }));
  columns.add("returned_share", "values of lines below 0 over those above 0, as a positive number; 0 without returns",
              of_customers(histories, [](const auto& each) {
                return each.returned == 0 ? 0 : ratio(each.returned, each.bought);
              }));
  if (at_day) add_time_columns(columns, histories, *at_day);
}

void add_interaction_columns(CustomerColumns& columns, const SparseRows& interactions) {
  Numbers items;
  Numbers money;
  for (std::size_t user = 0; user + 1 < interactions.offsets.size(); ++user) {
    double sum = 0;
    for (Index entry = interactions.offsets[user]; entry < interactions.offsets[user + 1]; ++entry)
      sum += static_cast<double>(interactions.values[static_cast<std::size_t>(entry)]);
    items.push_back(static_cast<double>(interactions.offsets[user + 1] - interactions.offsets[user]));
    money.push_back(sum);
  }
  columns.add("items", "different items of the user, in all parts of the dataset", std::move(items));
  columns.add("money", "sum of the values of the user's interactions", std::move(money));
}

void add_share_columns(CustomerColumns& columns, const std::string& name, const ItemCategories& categories,
                       CategoryShares shares) {
  const std::string whole = fmt::format("in the value of lines above 0, by {} of the item", name);
  for (std::size_t place = 0; place < shares.shown.size(); ++place) {
    const std::string& category = categories.names[static_cast<std::size_t>(shares.shown[place])];
    add_share(columns, share_name(name, category), fmt::format("share of {} {}", category, whole),
              std::move(shares.of_users[place]));
  }
  if (shares.others > 0) {
    add_share(columns, share_name(name, "(others)"), fmt::format("share of all other categories {}", whole),
              std::move(shares.of_users[shares.shown.size()]));
  }
  if (shares.has_missing) {
    add_share(columns, share_name(name, "(missing)"), fmt::format("share of items without a category {}", whole),
              std::move(shares.of_users[shares.shown.size() + 1]));
  }
}

Categories used_categories(const Communicator& comm, const std::vector<std::string>& names,
                           std::span<const std::int32_t> places) {
  std::vector<Index> uses(names.size(), 0);
  for (const std::int32_t place : places) {
    if (place >= 0) ++uses[static_cast<std::size_t>(place)];
  }
  comm.all_reduce_sum(std::span<Index>(uses));
  Categories categories;
  for (std::size_t place = 0; place < names.size(); ++place) {
    if (uses[place] > 0) categories.categories.push_back(names[place]);
  }
  std::ranges::sort(categories.categories);
  auto& kept = categories.categories;
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  std::vector<std::int32_t> codes(names.size(), Categories::missing);
  for (std::size_t place = 0; place < names.size(); ++place)
    codes[place] = static_cast<std::int32_t>(std::ranges::lower_bound(kept, names[place]) - kept.begin());
  for (const std::int32_t place : places)
    categories.codes.push_back(place < 0 ? Categories::missing : codes[static_cast<std::size_t>(place)]);
  return categories;
}

void add_user_columns(CustomerColumns& columns, Table table, const std::string& path) {
  // A table may have the column user_money beside money, as one that was a profile before has.
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(columns.has(column.name) ? "" : column.name);
  for (std::size_t place = 0; place < names.size(); ++place) {
    const std::string& given = table.columns[place].name;
    if (!names[place].empty()) continue;
    const std::string begin = given.starts_with(user_prefix) ? given : std::string(user_prefix) + given;
    std::string name = begin;
    for (int number = 2; columns.has(name) || std::ranges::find(names, name) != names.end(); ++number)
      name = fmt::format("{}_{}", begin, number);
    names[place] = std::move(name);
  }
  for (std::size_t place = 0; place < names.size(); ++place) {
    const std::string& given = table.columns[place].name;
    if (!can_be_column_name(names[place])) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its table of users has a column {}, as the profile has; expected "
                              "another name (prepare --user-columns)",
                              path, shown(given)));
    }
    const std::string definition =
        names[place] == given ? "of the table of users" : fmt::format("of the table of users, there {}", given);
    columns.add(names[place], definition, std::move(table.columns[place].values));
  }
}

}  // namespace rankwise
