#include "jobs/profile/rfm_scores.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace rankwise {

namespace {

/// value(history) of customers, NaN of others.
template <class Value>
std::vector<double> values_of(std::span<const CustomerHistory> histories, const Value& value) {
  std::vector<double> values;
  values.reserve(histories.size());
  for (const CustomerHistory& each : histories)
    values.push_back(each.is_customer() ? static_cast<double>(value(each)) : std::numeric_limits<double>::quiet_NaN());
  return values;
}

Numbers numbers_of(const std::vector<std::int32_t>& classes) {
  Numbers numbers;
  numbers.reserve(classes.size());
  for (const std::int32_t place : classes)
    numbers.push_back(place > 0 ? place : std::numeric_limits<double>::quiet_NaN());
  return numbers;
}

void add_score(CustomerColumns& columns, const RfmScore& score, const char* column) {
  columns.add(
      column,
      fmt::format("class of {}, 1 to 5, by midranks: min(5, floor((10 less + 5 equal) / (2 n)) + 1)", score.name),
      numbers_of(score.classes.of_values));
}

std::array<bool, 3> scores_in(const std::vector<SegmentRule>& rules) {
  const auto asks = [](const ClassRange& range) { return range.first > 1 || range.last < midrank_classes; };
  std::array<bool, 3> used{};
  for (const SegmentRule& rule : rules) {
    used[0] = used[0] || asks(rule.recency);
    used[1] = used[1] || asks(rule.frequency);
    used[2] = used[2] || asks(rule.money);
  }
  return used;
}

/// The smallest number above 0 of customers who share their classes of the scores in `used`; 0 without customers.
/// Collective.
Index smallest_combination(const Communicator& comm, const std::vector<std::int32_t>& codes,
                           const std::array<bool, 3>& used) {
  std::array<Index, 125> counts{};
  for (const std::int32_t code : codes) {
    if (code < 0) continue;
    const std::int32_t kept =
        (used[0] ? code / 25 * 25 : 0) + (used[1] ? code / 5 % 5 * 5 : 0) + (used[2] ? code % 5 : 0);
    ++counts[static_cast<std::size_t>(kept)];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  Index smallest = 0;
  for (const Index count : counts) {
    if (count > 0 && (smallest == 0 || count < smallest)) smallest = count;
  }
  return smallest;
}

/// Customers by class of recency, then frequency. Collective.
std::array<Index, recency_frequency_cells> count_cells(const Communicator& comm,
                                                       const std::vector<std::int32_t>& codes) {
  std::array<Index, recency_frequency_cells> counts{};
  for (const std::int32_t code : codes) {
    if (code >= 0) ++counts[static_cast<std::size_t>(code / 5)];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

/// The three classes as a text, and the name of the segment. Collective.
void add_segments(const Communicator& comm, const std::vector<SegmentRule>& rules, RfmScores& found,
                  CustomerColumns& columns) {
  std::vector<std::string> codes;
  for (int code = 0; code < 125; ++code)
    codes.push_back(fmt::format("{}{}{}", code / 25 + 1, code / 5 % 5 + 1, code % 5 + 1));
  std::vector<std::string> names;
  for (const SegmentRule& rule : rules) names.push_back(rule.name);
  std::vector<std::int32_t> code_of;
  std::vector<std::int32_t> segment_places;
  std::vector<Index> sizes(rules.size() + 1, 0);  // then those that no rule fits
  const std::size_t users = found.scores.front().classes.of_values.size();
  for (std::size_t user = 0; user < users; ++user) {
    const auto class_of = [&](std::size_t score) { return found.scores[score].classes.of_values[user]; };
    if (class_of(0) == 0) {
      code_of.push_back(-1);
      segment_places.push_back(-1);
      continue;
    }
    code_of.push_back((class_of(0) - 1) * 25 + (class_of(1) - 1) * 5 + class_of(2) - 1);
    const std::optional<std::size_t> rule = segment_of(rules, class_of(0), class_of(1), class_of(2));
    segment_places.push_back(rule ? static_cast<std::int32_t>(*rule) : -1);
    ++sizes[rule.value_or(rules.size())];
  }
  comm.all_reduce_sum(std::span<Index>(sizes));
  found.in_rules = scores_in(rules);
  found.smallest_cell = smallest_combination(comm, code_of, found.in_rules);
  columns.add("rfm", "r_score, f_score and m_score", used_categories(comm, codes, code_of));
  columns.add("segment", "name of the classes", used_categories(comm, names, segment_places));
  for (std::size_t rule = 0; rule < rules.size(); ++rule) {
    const auto known = std::ranges::find(found.segments, rules[rule].name, &SegmentSize::name);
    if (known == found.segments.end()) {
      found.segments.push_back({rules[rule].name, sizes[rule]});
    } else {
      known->customers += sizes[rule];
    }
  }
  found.without_segment = sizes.back();
  found.recency_frequency = count_cells(comm, code_of);
}

}  // namespace

double bound_of(const RfmScore& score, const ClassBounds& bounds) {
  return score.is_reversed ? 0.0 - bounds.lowest : bounds.lowest;
}

RfmScores score_customers(const Communicator& comm, std::span<const CustomerHistory> histories,
                          std::optional<std::int64_t> at_day, const std::vector<SegmentRule>& rules,
                          CustomerColumns& columns) {
  RfmScores found;
  if (at_day) {
    const std::vector<double> values = values_of(histories, [&](const auto& each) { return each.last_day - *at_day; });
    found.scores.push_back({"recency", "days", true, midrank_classes_of(comm, values)});
    add_score(columns, found.scores.back(), "r_score");
  }
  const std::vector<double> orders = values_of(histories, [](const auto& each) { return each.purchases; });
  found.scores.push_back({"frequency", "orders", false, midrank_classes_of(comm, orders)});
  add_score(columns, found.scores.back(), "f_score");
  const std::vector<double> money = values_of(histories, [](const auto& each) { return each.money; });
  found.scores.push_back({"money", "value", false, midrank_classes_of(comm, money)});
  add_score(columns, found.scores.back(), "m_score");
  if (at_day) add_segments(comm, rules, found, columns);
  return found;
}

}  // namespace rankwise
