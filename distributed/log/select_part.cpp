#include "distributed/log/select_part.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>

#include "distributed/comm/column_exchange.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {
RowRange numbered(const Communicator& comm, Index count) {
  const Index begin = comm.exclusive_sum(count);
  return {begin, begin + count};
}

/// Without entries.
template <class Value>
CsrRows<Value> empty_rows(const Communicator& comm, const UserEvents& events, std::span<const Index> local_users) {
  CsrRows<Value> matrix;
  matrix.rows = numbered(comm, static_cast<Index>(local_users.size()));
  matrix.total_rows = comm.sum(matrix.rows.size());
  matrix.column_count = events.items;
  matrix.offsets.reserve(local_users.size() + 1);
  return matrix;
}

void require_finite(const Communicator& comm, const SparseRows& matrix) {
  agree_on(comm, [&] {
    if (std::ranges::all_of(matrix.values, [](float value) { return std::isfinite(value); })) return;
    throw Error(ExitCode::bad_data, "the rows on one user and item add up beyond 32-bit floating point");
  });
}

}  // namespace

SparseRows select_part(const Communicator& comm, const UserEvents& events, EventPart part,
                       std::span<const Index> local_users, const MergeRules& rules) {
  auto matrix = empty_rows<float>(comm, events, local_users);
  if (events.timed) matrix.times_seconds.emplace();
  if (events.folded) matrix.folds.emplace();
  const bool leaves_out_repeats = part == EventPart::heldout && rules.repeats == Repeats::drop;
  for (const Index user : local_users) {
    for_each_pair(events.of(user), [&](std::span<const Event> pair) {
      const std::optional<Event> merged = merged_part(pair, part, rules);
      if (!merged || (leaves_out_repeats && is_repeated(pair, rules))) return;
      matrix.columns.push_back(merged->item);
      matrix.values.push_back(static_cast<float>(merged->value));
      if (matrix.times_seconds) matrix.times_seconds->push_back(seconds_of(merged->time_microseconds));
      if (matrix.folds) matrix.folds->push_back(merged->fold);
    });
    matrix.offsets.push_back(static_cast<Index>(matrix.columns.size()));
  }
  require_finite(comm, matrix);
  return matrix;
}

namespace {

/// Those pairs with events on both sides that `is_wanted`, with the merge of all of their events.
template <class Wanted>
SparseRows merge_divided(const Communicator& comm, const UserEvents& events, std::span<const Index> local_users,
                         const MergeRules& rules, const Wanted& is_wanted) {
  auto matrix = empty_rows<float>(comm, events, local_users);
  for (const Index user : local_users) {
    for_each_pair(events.of(user), [&](std::span<const Event> pair) {
      const auto rows_in = [&](EventPart part) { return std::ranges::count(pair, part, &Event::part); };
      if (rows_in(EventPart::training) == 0 || rows_in(EventPart::heldout) == 0 || !is_wanted(pair)) return;
      matrix.columns.push_back(pair.front().item);
      matrix.values.push_back(static_cast<float>(merged_value(pair, rules.duplicates)));
    });
    matrix.offsets.push_back(static_cast<Index>(matrix.columns.size()));
  }
  require_finite(comm, matrix);
  return matrix;
}

}  // namespace

SparseRows select_repeated(const Communicator& comm, const UserEvents& events, const MergeRules& rules) {
  std::vector<Index> users(at(events.users.size()));
  std::iota(users.begin(), users.end(), Index{0});
  return merge_divided(comm, events, users, rules, [&](std::span<const Event> pair) {
    return merged_part(pair, EventPart::training, rules) || merged_part(pair, EventPart::heldout, rules);
  });
}

SparseRows select_divided(const Communicator& comm, const UserEvents& events, std::span<const Index> local_users,
                          const MergeRules& rules) {
  return merge_divided(comm, events, local_users, rules, [](std::span<const Event>) { return true; });
}

LogRows select_log_rows(const Communicator& comm, const UserEvents& events, std::span<const Index> local_users,
                        const MergeRules& rules) {
  auto matrix = empty_rows<double>(comm, events, local_users);
  matrix.times_seconds.emplace();
  std::vector<Event> rows;
  const auto is_of_training = [](const Event& row) { return row.part == EventPart::training; };
  for (const Index user : local_users) {
    for_each_pair(events.of(user), [&](std::span<const Event> pair) {
      if (pair.size() == 1) return;
      rows.clear();
      std::ranges::copy_if(pair, std::back_inserter(rows), is_of_training);
      const bool is_one_time = std::ranges::all_of(rows, [&](const Event& row) {
        return seconds_of(row.time_microseconds) == seconds_of(rows.front().time_microseconds);
      });
      if (is_one_time) return;
      // Whole seconds no longer tell which of two rows is the last one.
      if (rules.duplicates == DuplicatePolicy::last) std::ranges::stable_sort(rows, {}, &Event::time_microseconds);
      for (const Event& row : rows) {
        matrix.columns.push_back(row.item);
        matrix.values.push_back(row.value);
        matrix.times_seconds->push_back(seconds_of(row.time_microseconds));
      }
    });
    matrix.offsets.push_back(static_cast<Index>(matrix.columns.size()));
  }
  return matrix;
}

std::vector<std::int64_t> first_seconds(const Communicator& comm, const UserEvents& events) {
  // Negated, so that the largest of all ranks is the earliest.
  std::vector<std::int64_t> seconds(at(events.items), -std::numeric_limits<std::int64_t>::max());
  for (const Event& event : events.events) {
    std::int64_t& latest = seconds[at(event.item)];
    latest = std::max(latest, -seconds_of(event.time_microseconds));
  }
  comm.all_reduce_max(std::span(seconds));
  for (std::int64_t& second : seconds) second = -second;
  return seconds;
}

IdRows select_ids(const Communicator& comm, const IdRows& ids, std::span<const Index> local_rows) {
  IdRows selected;
  selected.rows = numbered(comm, static_cast<Index>(local_rows.size()));
  selected.total_rows = comm.sum(selected.rows.size());
  selected.ids = std::visit(
      [&](const auto& values) -> Ids {
        std::decay_t<decltype(values)> kept;
        kept.reserve(local_rows.size());
        for (const Index row : local_rows) kept.push_back(values[at(row)]);
        return kept;
      },
      ids.ids);
  return selected;
}

namespace {
/// The row of each entry.
template <class Value>
std::vector<Index> expanded_rows(const CsrRows<Value>& matrix) {
  std::vector<Index> rows;
  rows.reserve(matrix.columns.size());
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    rows.insert(rows.end(), at(matrix.offsets[at(r) + 1] - matrix.offsets[at(r)]), matrix.rows.begin + r);
  }
  return rows;
}
}  // namespace

template <class Value>
CsrRows<Value> transpose(const Communicator& comm, const CsrRows<Value>& matrix, const Partition& partition) {
  // 1. Where the entries of each column go. Sender order, rank order and the counting sort below keep the old rows
  //    ascending in every column.
  const ColumnExchange to_owners(comm, matrix.entries(),
                                 [&](Index e) { return partition.owner(matrix.columns[at(e)]); });
  std::vector<Index> kept_columns;
  const std::span<const Index> columns = to_owners(std::span<const Index>(matrix.columns), kept_columns);
  CsrRows<Value> transposed;
  transposed.rows = partition.range(comm.rank());
  transposed.total_rows = partition.rows();
  transposed.column_count = matrix.total_rows;
  transposed.offsets.assign(at(transposed.rows.size()) + 1, 0);
  for (const Index column : columns) ++transposed.offsets[at(column - transposed.rows.begin) + 1];
  for (std::size_t r = 1; r < transposed.offsets.size(); ++r) transposed.offsets[r] += transposed.offsets[r - 1];
  std::vector<Index> next(transposed.offsets.begin(), transposed.offsets.end() - 1);
  std::vector<Index> places;
  places.reserve(columns.size());
  for (const Index column : columns) places.push_back(next[at(column - transposed.rows.begin)]++);

  // 2. What each entry says, one after the other.
  const auto place = [&]<class Told>(std::span<const Told> told) {
    std::vector<Told> storage;
    const std::span<const Told> received = to_owners(told, storage);
    std::vector<Told> placed(received.size());
    for (std::size_t e = 0; e < received.size(); ++e) placed[at(places[e])] = received[e];
    return placed;
  };
  transposed.columns = place(std::span<const Index>(expanded_rows(matrix)));
  transposed.values = place(std::span<const Value>(matrix.values));
  if (matrix.times_seconds) transposed.times_seconds = place(std::span<const std::int64_t>(*matrix.times_seconds));
  if (matrix.folds) transposed.folds = place(std::span<const std::int32_t>(*matrix.folds));
  return transposed;
}

template SparseRows transpose(const Communicator& comm, const SparseRows& matrix, const Partition& partition);
template LogRows transpose(const Communicator& comm, const LogRows& matrix, const Partition& partition);

}  // namespace rankwise
