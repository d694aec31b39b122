#include "distributed/profiles/category_shares.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "distributed/profiles/customer_history.hpp"

namespace rankwise {

namespace {

/// Calls visit(local user, item, value) for each line whose value is above 0.
template <class Visit>
void for_each_bought_line(const Orders& orders, std::optional<std::int64_t> last_day, const Visit& visit) {
  for (std::size_t user = 0; user + 1 < orders.offsets.size(); ++user) {
    for (Index order = orders.offsets[user]; order < orders.offsets[user + 1]; ++order) {
      if (!is_until(orders, order, last_day)) continue;
      const auto place = static_cast<std::size_t>(order);
      for (Index line = orders.lines.offsets[place]; line < orders.lines.offsets[place + 1]; ++line) {
        const auto at = static_cast<std::size_t>(line);
        if (orders.lines.values[at] > 0) visit(user, orders.lines.columns[at], orders.lines.values[at]);
      }
    }
  }
}

/// The places of the largest counts above 0, ascending; the lower place of equal ones.
std::vector<std::int32_t> largest_places(std::span<const Index> counts, Index most) {
  std::vector<std::int32_t> places;
  for (std::size_t place = 0; place < counts.size(); ++place) {
    if (counts[place] > 0) places.push_back(static_cast<std::int32_t>(place));
  }
  std::ranges::stable_sort(places, [&](std::int32_t a, std::int32_t b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  if (std::ssize(places) > most) places.resize(static_cast<std::size_t>(most));
  std::ranges::sort(places);
  return places;
}

}  // namespace

CategoryShares category_shares(const Communicator& comm, const Orders& orders, std::optional<std::int64_t> last_day,
                               const ItemCategories& categories, Index most) {
  // 1. Which categories are common.
  const std::size_t missing = categories.names.size();
  const auto category_of = [&](Index item) {
    const std::int32_t code = categories.codes[static_cast<std::size_t>(item)];
    return code < 0 ? missing : static_cast<std::size_t>(code);
  };
  std::vector<Index> lines(missing + 1, 0);
  for_each_bought_line(orders, last_day, [&](std::size_t, Index item, double) { ++lines[category_of(item)]; });
  comm.all_reduce_sum(std::span<Index>(lines));
  CategoryShares shares;
  const std::span<const Index> known = std::span<const Index>(lines).first(missing);
  shares.shown = largest_places(known, most);
  shares.others = std::ranges::count_if(known, [](Index count) { return count > 0; }) - std::ssize(shares.shown);
  shares.has_missing = lines[missing] > 0;

  // 2. What each user spent on each.
  const std::size_t other_column = shares.shown.size();
  std::vector<std::size_t> columns(missing + 1, other_column);
  for (std::size_t column = 0; column < shares.shown.size(); ++column)
    columns[static_cast<std::size_t>(shares.shown[column])] = column;
  columns[missing] = other_column + 1;
  const auto users = static_cast<std::size_t>(orders.users.size());
  shares.of_users.assign(other_column + 2, std::vector<double>(users, 0));
  std::vector<double> totals(users, 0);
  for_each_bought_line(orders, last_day, [&](std::size_t user, Index item, double value) {
    shares.of_users[columns[category_of(item)]][user] += value;
    totals[user] += value;
  });
  for (std::vector<double>& column : shares.of_users) {
    for (std::size_t user = 0; user < users; ++user)
      column[user] = totals[user] > 0 ? column[user] / totals[user] : std::numeric_limits<double>::quiet_NaN();
  }
  return shares;
}

}  // namespace rankwise
