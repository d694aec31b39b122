#include "distributed/log/duplicates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <iterator>
#include <tuple>
#include <utility>

namespace rankwise {

namespace {
template <class Value, std::size_t size>
using Names = std::array<std::pair<std::string_view, Value>, size>;

constexpr Names<DuplicatePolicy, 5> policies{{{"sum", DuplicatePolicy::sum},
                                              {"last", DuplicatePolicy::last},
                                              {"max", DuplicatePolicy::max},
                                              {"mean", DuplicatePolicy::mean},
                                              {"error", DuplicatePolicy::error}}};
constexpr Names<Repeats, 2> repeats_rules{{{"drop", Repeats::drop}, {"keep", Repeats::keep}}};

template <class Value, std::size_t size>
std::string_view name_of(const Names<Value, size>& names, Value value) {
  const auto found = std::ranges::find(names, value, &std::pair<std::string_view, Value>::second);
  return found == names.end() ? std::string_view() : found->first;
}

template <class Value, std::size_t size>
std::optional<Value> value_of(const Names<Value, size>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Value>::first);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

template <class Value, std::size_t size>
std::string listed(const Names<Value, size>& names) {
  std::string words;
  for (const auto& [name, value] : names) words.append(words.empty() ? "" : ", ").append(name);
  return words;
}

/// Rows that equal an earlier row of the same pair.
Index count_exact(std::span<const Event> pair, std::span<const OrderLine> lines) {
  const auto order_of = [&](const Event& event) {
    if (lines.empty()) return std::int32_t{0};
    return std::ranges::lower_bound(lines, event.position, {}, &OrderLine::position)->order;
  };
  std::vector<std::tuple<double, std::int64_t, std::int32_t>> seen;
  seen.reserve(pair.size());
  for (const Event& event : pair) seen.emplace_back(event.value, event.time_microseconds, order_of(event));
  std::sort(seen.begin(), seen.end());
  return seen.end() - std::unique(seen.begin(), seen.end());
}

/// 0 if it is within the rounding errors of the values (products of two numbers) and of their addition,
/// as that of a purchase and its return.
double sum_of(std::span<const Event> rows) {
  double sum = 0;
  double magnitude = 0;
  for (const Event& row : rows) {
    sum += row.value;
    magnitude += std::fabs(row.value);
  }
  constexpr double half_ulp = std::numeric_limits<double>::epsilon() / 2;
  const double error = half_ulp * static_cast<double>(rows.size() + 2) * magnitude;
  return std::fabs(sum) <= error ? 0 : sum;
}

/// Whether the rows of some time span can make an interaction; true also of some pairs of which rounding decides.
bool can_be_interaction(std::span<const Event> pair, const MergeRules& rules) {
  if (rules.duplicates != DuplicatePolicy::sum) {
    return std::ranges::any_of(pair, [&](const Event& row) { return rules.accept(row.value); });
  }
  std::vector<Event> rows(pair.begin(), pair.end());
  std::ranges::stable_sort(rows, {}, &Event::time_microseconds);
  // The largest sum of neighbours (Kadane); rows of one time are never divided.
  double ending_here = 0;
  double largest = -std::numeric_limits<double>::infinity();
  double magnitude = 0;
  for (std::size_t r = 0; r < rows.size();) {
    ending_here = std::max(ending_here, 0.0);
    for (const std::int64_t time = rows[r].time_microseconds; r < rows.size() && rows[r].time_microseconds == time;
         ++r) {
      ending_here += rows[r].value;
      magnitude += std::fabs(rows[r].value);
    }
    largest = std::max(largest, ending_here);
  }
  constexpr double rounding = 1e-9;
  return rules.accept(largest + rounding * magnitude);
}

/// Whether any rows of a pair can make an interaction; true also of some pairs of which rounding decides.
bool can_be_of_marked(std::span<const Event> pair, const MergeRules& rules) {
  if (std::ranges::any_of(pair, [&](const Event& row) { return rules.accept(row.value); })) return true;
  if (rules.duplicates != DuplicatePolicy::sum) return false;
  double largest = 0;
  for (const Event& row : pair) largest += std::max(row.value, 0.0);
  constexpr double rounding = 1e-9;
  return rules.accept(largest * (1 + rounding));
}

/// The earliest row that repeats a pair and is `wanted` beside the row before on it.
template <class Wanted>
RepeatedPair earliest_pair(const UserEvents& rows, const Wanted& wanted) {
  RepeatedPair earliest;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<const Event> events = rows.of(u);
    for (std::size_t i = 1; i < events.size(); ++i) {
      if (events[i].item == events[i - 1].item && events[i].position < earliest.second &&
          wanted(events[i - 1], events[i])) {
        earliest = {events[i].position, events[i - 1].position};
      }
    }
  }
  return earliest;
}
}  // namespace

std::string_view duplicates_name(DuplicatePolicy policy) {
  return name_of(policies, policy);
}

std::string_view repeats_name(Repeats repeats) {
  return name_of(repeats_rules, repeats);
}

std::optional<DuplicatePolicy> duplicates_of(std::string_view name) {
  return value_of(policies, name);
}

std::optional<Repeats> repeats_of(std::string_view name) {
  return value_of(repeats_rules, name);
}

std::string duplicates_names() {
  return listed(policies);
}

std::string repeats_names() {
  return listed(repeats_rules);
}

void order_rows(UserEvents& rows, DuplicatePolicy policy) {
  if (policy == DuplicatePolicy::last) return;
  const auto comes_before = [](const Event& a, const Event& b) {
    if (a.time_microseconds != b.time_microseconds) return a.time_microseconds < b.time_microseconds;
    return std::strong_order(a.value, b.value) < 0;  // -0 comes before 0
  };
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<Event> pair) {
      if (pair.size() > 1) std::ranges::stable_sort(pair, comes_before);
    });
  }
}

double merged_value(std::span<const Event> rows, DuplicatePolicy policy) {
  switch (policy) {
    case DuplicatePolicy::sum:
      return sum_of(rows);
    case DuplicatePolicy::mean:
      return sum_of(rows) / static_cast<double>(rows.size());
    case DuplicatePolicy::max:
      return std::ranges::max_element(rows, {}, &Event::value)->value;
    case DuplicatePolicy::last:
    case DuplicatePolicy::error:
      break;
  }
  const Event* last = &rows.front();
  for (const Event& row : rows) {
    if (row.time_microseconds >= last->time_microseconds) last = &row;
  }
  return last->value;
}

RepeatedPair earliest_repeat(const UserEvents& rows) {
  return earliest_pair(rows, [](const Event&, const Event&) { return true; });
}

RepeatedPair earliest_contradiction(const UserEvents& rows) {
  return earliest_pair(rows, [](const Event& before, const Event& event) { return event.fold != before.fold; });
}

DuplicateCounts count_duplicates(const UserEvents& rows, std::span<const OrderLine> lines) {
  DuplicateCounts counts;
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<const Event> pair) {
      if (pair.size() == 1) return;
      counts.repeated += std::ssize(pair) - 1;
      counts.exact += count_exact(pair, lines);
    });
  }
  return counts;
}

std::optional<Event> merged_pair(std::span<const Event> pair, const MergeRules& rules) {
  Event merged = pair.front();
  merged.value = merged_value(pair, rules.duplicates);
  for (const Event& row : pair) merged.time_microseconds = std::max(merged.time_microseconds, row.time_microseconds);
  return rules.accept(merged.value) ? std::optional(merged) : std::nullopt;
}

std::optional<Event> merged_part(std::span<const Event> pair, EventPart part, const MergeRules& rules) {
  const auto is_in_part = [&](const Event& row) { return row.part == part; };
  if (std::ranges::all_of(pair, is_in_part)) return merged_pair(pair, rules);
  std::vector<Event> rows;
  std::ranges::copy_if(pair, std::back_inserter(rows), is_in_part);
  return rows.empty() ? std::nullopt : merged_pair(rows, rules);
}

bool is_repeated(std::span<const Event> pair, const MergeRules& rules) {
  return merged_part(pair, EventPart::heldout, rules) && merged_part(pair, EventPart::training, rules);
}

Index mark_interactions(UserEvents& rows, const MergeRules& rules, SplitUnit unit) {
  Index refused = 0;
  std::size_t kept = 0;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<Event> events = rows.of(u);
    rows.offsets[static_cast<std::size_t>(u)] = static_cast<Index>(kept);  // events is a span already
    for_each_pair(events, [&](std::span<Event> pair) {
      const bool is_whole = merged_pair(pair, rules).has_value();
      const bool can_be = is_whole || (rows.timed && can_be_interaction(pair, rules)) ||
                          (unit == SplitUnit::marked_rows && can_be_of_marked(pair, rules));
      const bool counts = unit == SplitUnit::pairs ? is_whole : can_be;
      refused += counts ? 0 : 1;
      if (!can_be) return;
      for (Event& row : pair) row.counts = false;
      pair.front().counts = counts;
      std::ranges::copy(pair, rows.events.begin() + static_cast<std::ptrdiff_t>(kept));
      kept += pair.size();
    });
  }
  rows.offsets.back() = static_cast<Index>(kept);
  rows.events.resize(kept);
  return refused;
}

RefusedParts mark_parts(UserEvents& rows, const MergeRules& rules) {
  RefusedParts refused;
  const auto mark = [&](std::span<Event> pair, EventPart part, Index& refused_of_part) {
    const auto first = std::ranges::find(pair, part, &Event::part);
    if (first == pair.end()) return;
    first->counts = merged_part(pair, part, rules).has_value();
    refused_of_part += first->counts ? 0 : 1;
  };
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<Event> pair) {
      for (Event& row : pair) row.counts = false;
      mark(pair, EventPart::training, refused.training);
      mark(pair, EventPart::heldout, refused.heldout);
    });
  }
  return refused;
}

}  // namespace rankwise
