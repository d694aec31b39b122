#include "distributed/log/folded_rows.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// Of a validated user's interactions; one at least is given and one predicted, where there are two.
constexpr double given_share = 0.8;

/// Whether each interaction of a user of the fold is given. The lowest draw always is and the highest never; among
/// equal draws the lower item counts as lower.
std::vector<bool> given_of(const Fold& fold, Index user, std::span<const Index> items) {
  std::vector<double> draws;
  for (const Index item : items) {
    draws.push_back(given_draw(fold, user, item));
  }
  std::size_t lowest = 0;
  std::size_t highest = 0;
  for (std::size_t i = 1; i < draws.size(); ++i) {
    if (draws[i] < draws[lowest]) lowest = i;
    if (draws[i] >= draws[highest]) highest = i;
  }
  std::vector<bool> given(items.size());
  for (std::size_t i = 0; i < draws.size(); ++i) given[i] = i == lowest || (i != highest && draws[i] < given_share);
  return given;
}

/// Whether the training or the validation of a fold that divides by marks sees an interaction with this one.
bool sees_mark(const FoldDivision& division, bool is_training, std::int64_t mark) {
  const Fold& fold = division.fold;
  if (fold.kind == FoldKind::column) return (mark != fold.number) == is_training;
  if (fold.kind == FoldKind::rolling) return is_training ? mark < fold.number : mark == fold.number;
  return is_training ? mark <= division.last_trained_seconds
                     : mark > division.last_trained_seconds && mark <= division.last_validated_seconds;
}

/// What a file tells of one pair: an entry, or log rows.
struct PairRows {
  Index column = 0;
  std::size_t entry = 0;             ///< of `rows`, if there are no log rows
  std::vector<Event> log_rows = {};  ///< in the order in which their policy takes them
};

/// Calls `visit` with each pair of a row, columns ascending.
template <class Visit>
void for_each_pair(const SparseRows& rows, const LogRows& log_rows, Index row, const Visit& visit) {
  const auto r = static_cast<std::size_t>(row);
  auto entry = static_cast<std::size_t>(rows.offsets[r]);
  auto log_row = static_cast<std::size_t>(log_rows.offsets[r]);
  const auto entries_end = static_cast<std::size_t>(rows.offsets[r + 1]);
  const auto log_rows_end = static_cast<std::size_t>(log_rows.offsets[r + 1]);
  while (entry < entries_end || log_row < log_rows_end) {
    const Index column = std::min(entry < entries_end ? rows.columns[entry] : rows.column_count,
                                  log_row < log_rows_end ? log_rows.columns[log_row] : rows.column_count);
    PairRows pair{.column = column};
    if (entry < entries_end && rows.columns[entry] == column) pair.entry = entry++;
    for (; log_row < log_rows_end && log_rows.columns[log_row] == column; ++log_row) {
      pair.log_rows.push_back({.value = log_rows.values[log_row],
                               .time_microseconds = microseconds_of((*log_rows.times_seconds)[log_row]),
                               .position = static_cast<std::int64_t>(log_row)});
    }
    visit(pair);
  }
}

/// The value of those rows of a pair that the training or the validation sees, if they make an interaction.
std::optional<double> merged_side(const FoldDivision& division, const std::vector<Event>& log_rows, bool is_training,
                                  const MergeRules& rules) {
  std::vector<Event> seen;
  std::ranges::copy_if(log_rows, std::back_inserter(seen), [&](const Event& row) {
    return sees_mark(division, is_training, seconds_of(row.time_microseconds));
  });
  if (seen.empty()) return std::nullopt;
  const double value = merged_value(seen, rules.duplicates);
  return rules.accept(value) ? std::optional(value) : std::nullopt;
}

/// Which entries of a row the part keeps.
std::vector<bool> kept(const FoldDivision& division, DatasetPart part, Index row, std::span<const Index> columns,
                       std::span<const std::int64_t> marks) {
  const Fold& fold = division.fold;
  std::vector<bool> keep(columns.size(), false);
  const bool wants_training = part == DatasetPart::interactions || part == DatasetPart::interactions_by_item;
  const bool is_marked = deciding_mark(fold.kind).has_value();
  if (!wants_training && divides_users(division)) {
    if (!is_marked && !validates_user(fold, row)) return keep;
    keep = given_of(fold, row, columns);
    if (part == DatasetPart::heldout) keep.flip();
    for (std::size_t e = 0; e < marks.size(); ++e) keep[e] = keep[e] && sees_mark(division, false, marks[e]);
    return keep;
  }
  if (is_marked) {
    for (std::size_t e = 0; e < marks.size(); ++e) keep[e] = sees_mark(division, wants_training, marks[e]);
    return keep;
  }
  for (std::size_t e = 0; e < columns.size(); ++e) {
    const bool by_item = part == DatasetPart::interactions_by_item;
    const bool trained = by_item ? is_trained(fold, columns[e], row) : is_trained(fold, row, columns[e]);
    keep[e] = trained == wants_training;
  }
  return keep;
}

}  // namespace

SparseRows keep_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows,
                     std::span<const std::int64_t> marks) {
  SparseRows keeping{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]);
    const std::size_t size = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]) - begin;
    const auto keep = kept(division, part, rows.rows.begin + r, std::span(rows.columns).subspan(begin, size),
                           marks.empty() ? marks : marks.subspan(begin, size));
    for (std::size_t e = 0; e < size; ++e) {
      if (!keep[e]) continue;
      keeping.columns.push_back(rows.columns[begin + e]);
      keeping.values.push_back(rows.values[begin + e]);
    }
    keeping.offsets.push_back(static_cast<Index>(keeping.columns.size()));
  }
  return keeping;
}

SparseRows merge_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows, const LogRows& log_rows,
                      const MergeRules& rules) {
  const bool is_training = part == DatasetPart::interactions || part == DatasetPart::interactions_by_item;
  SparseRows kept{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  const auto keep = [&](Index column, float value) {
    kept.columns.push_back(column);
    kept.values.push_back(value);
  };
  for (Index r = 0; r < rows.rows.size(); ++r) {
    for_each_pair(rows, log_rows, r, [&](const PairRows& pair) {
      if (pair.log_rows.empty()) {
        if (sees_mark(division, is_training, (*rows.times_seconds)[pair.entry]))
          keep(pair.column, rows.values[pair.entry]);
        return;
      }
      const std::optional<double> value = merged_side(division, pair.log_rows, is_training, rules);
      const bool leaves = !is_training && rules.repeats == Repeats::drop &&
                          merged_side(division, pair.log_rows, true, rules).has_value();
      if (value && !leaves) keep(pair.column, static_cast<float>(*value));
    });
    kept.offsets.push_back(static_cast<Index>(kept.columns.size()));
  }
  return kept;
}

std::vector<std::int64_t> distinct_times(const SparseRows& rows, const LogRows& log_rows) {
  std::vector<std::int64_t> times;
  for (Index r = 0; r < rows.rows.size(); ++r) {
    for_each_pair(rows, log_rows, r, [&](const PairRows& pair) {
      if (pair.log_rows.empty()) return times.push_back((*rows.times_seconds)[pair.entry]);
      std::set<std::int64_t> distinct;
      for (const Event& row : pair.log_rows) distinct.insert(seconds_of(row.time_microseconds));
      times.insert(times.end(), distinct.begin(), distinct.end());
    });
  }
  return times;
}

}  // namespace rankwise
