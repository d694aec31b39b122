#include "distributed/cleaning/outliers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "distributed/cleaning/order_statistics.hpp"
#include "distributed/comm/key_exchange.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {

namespace {

constexpr double normal_quartile = 0.6744897501960817;  // of the standard normal distribution

/// A value on its way to the owner of its item.
struct ItemValue {
  Index item = 0;
  double value = 0;
};

/// From the quartiles, or the quantiles that the rule names.
std::optional<ValueBounds> from_quantiles(const OutlierRule& rule, double low, double high) {
  if (rule.kind == OutlierRule::Kind::quantile) return ValueBounds{low, high};
  if (!(high > low)) return std::nullopt;
  const double width = rule.multiple * (high - low);
  return ValueBounds{low - width, high + width};
}

std::array<double, 2> shares_of(const OutlierRule& rule) {
  if (rule.kind == OutlierRule::Kind::quantile) return {rule.low, rule.high};
  return {0.25, 0.75};
}

std::vector<double> deviations(std::span<const double> values, double centre) {
  std::vector<double> result(values.size());
  std::ranges::transform(values, result.begin(), [&](double value) { return std::fabs(value - centre); });
  return result;
}

std::optional<ValueBounds> from_deviation(const OutlierRule& rule, double median, double deviation) {
  if (!(deviation > 0)) return std::nullopt;
  const double width = rule.multiple * deviation / normal_quartile;
  return ValueBounds{median - width, median + width};
}

/// Without bounds.
constexpr ValueBounds everything{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};

/// Bounds of the items that this rank owns. `values` are theirs, ascending by item and value.
std::vector<ValueBounds> bounds_of_items(const OutlierRule& rule, Index min_rows, RowRange items,
                                         std::span<const ItemValue> values, OutlierCounts& counts) {
  std::vector<ValueBounds> bounds(static_cast<std::size_t>(items.size()), everything);
  std::vector<double> ascending;
  for (std::size_t begin = 0; begin < values.size();) {
    std::size_t end = begin;
    ascending.clear();
    for (; end < values.size() && values[end].item == values[begin].item; ++end) ascending.push_back(values[end].value);
    if (std::ssize(ascending) < min_rows) {
      ++counts.small_items;
    } else if (const auto found = sorted_bounds(ascending, rule)) {
      ++counts.bounded_items;
      bounds[static_cast<std::size_t>(values[begin].item - items.begin)] = *found;
    } else {
      ++counts.even_items;
    }
    begin = end;
  }
  return bounds;
}

/// Of every item, on every rank. Collective.
std::vector<ValueBounds> item_bounds(const Communicator& comm, const OutlierRule& rule, Index min_rows,
                                     const UserEvents& events, OutlierCounts& counts) {
  std::vector<ItemValue> values;
  values.reserve(events.events.size());
  for (const Event& event : events.events) values.push_back({event.item, event.value});
  const Partition items = Partition::by_count(events.items, comm.size());
  std::vector<Index> sent;
  const std::vector<ItemValue> sorted = sorted_by_owner(
      std::span<const ItemValue>(values), comm.size(), [&](const ItemValue& one) { return items.owner(one.item); },
      sent);
  values = comm.exchange(std::span<const ItemValue>(sorted), sent).values;
  std::ranges::sort(values, [](const ItemValue& a, const ItemValue& b) {
    return a.item != b.item ? a.item < b.item : a.value < b.value;
  });
  const std::vector<ValueBounds> mine = bounds_of_items(rule, min_rows, items.range(comm.rank()), values, counts);
  std::array numbers{counts.bounded_items, counts.small_items, counts.even_items};
  comm.all_reduce_sum(std::span<Index>(numbers));
  counts.bounded_items = numbers[0];
  counts.small_items = numbers[1];
  counts.even_items = numbers[2];
  return comm.all_gather_varied(std::span<const ValueBounds>(mine)).values;
}

/// Drops or clips by the bounds of each event's item. Local.
template <class BoundsOf>
Index apply(const OutlierRule& rule, RuleLog& log, const BoundsOf& bounds_of) {
  std::vector<char> is_outlier(log.events.events.size(), 0);
  Index outliers = 0;
  for (std::size_t e = 0; e < is_outlier.size(); ++e) {
    Event& event = log.events.events[e];
    const ValueBounds bounds = bounds_of(event.item);
    if (event.value >= bounds.least && event.value <= bounds.most) continue;
    ++outliers;
    is_outlier[e] = 1;
    if (rule.action == OutlierRule::Action::clip) event.value = std::clamp(event.value, bounds.least, bounds.most);
  }
  if (rule.action == OutlierRule::Action::drop) log.drop(RowRule::outliers, is_outlier);
  return outliers;
}

}  // namespace

std::optional<ValueBounds> sorted_bounds(std::span<const double> ascending, const OutlierRule& rule) {
  if (rule.kind == OutlierRule::Kind::mad) {
    const double median = sorted_quantile(ascending, 0.5);
    std::vector<double> from_median = deviations(ascending, median);
    std::ranges::sort(from_median);
    return from_deviation(rule, median, sorted_quantile(from_median, 0.5));
  }
  const std::array<double, 2> shares = shares_of(rule);
  return from_quantiles(rule, sorted_quantile(ascending, shares[0]), sorted_quantile(ascending, shares[1]));
}

std::optional<ValueBounds> value_bounds(const Communicator& comm, std::span<const double> values,
                                        const OutlierRule& rule) {
  if (rule.kind == OutlierRule::Kind::mad) {
    const auto median = quantiles(comm, values, std::array{0.5});
    if (!median) return std::nullopt;
    const auto deviation = quantiles(comm, deviations(values, median->front()), std::array{0.5});
    return from_deviation(rule, median->front(), deviation->front());
  }
  const auto found = quantiles(comm, values, shares_of(rule));
  return found ? from_quantiles(rule, found->front(), found->back()) : std::nullopt;
}

OutlierCounts treat_outliers(const Communicator& comm, const OutlierRule& rule, Index min_rows, RuleLog& log) {
  OutlierCounts counts;
  if (rule.scope == OutlierRule::Scope::values_of_item) {
    const std::vector<ValueBounds> bounds = item_bounds(comm, rule, min_rows, log.events, counts);
    counts.outliers = apply(rule, log, [&](Index item) { return bounds[static_cast<std::size_t>(item)]; });
  } else {
    std::vector<double> values;
    values.reserve(log.events.events.size());
    for (const Event& event : log.events.events) values.push_back(event.value);
    counts.bounds = value_bounds(comm, values, rule);
    const ValueBounds bounds = counts.bounds.value_or(everything);
    counts.outliers = apply(rule, log, [&](Index) { return bounds; });
  }
  counts.outliers = comm.sum(counts.outliers);
  return counts;
}

}  // namespace rankwise
