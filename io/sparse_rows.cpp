#include "io/sparse_rows.hpp"

#include <type_traits>

namespace rankwise {

namespace {
std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

RowRange numbered(const Communicator& comm, Index count) {
  const Index begin = comm.exclusive_sum(count);
  return {begin, begin + count};
}

/// One entry on its way to the rank that owns its column.
template <class Value>
struct Entry {
  Index row = 0;
  Index column = 0;
  Value value = 0;
  std::int32_t fold = 0;
  std::int64_t time = 0;
};

/// Whole seconds, the past rounded down too.
std::int64_t seconds_of(std::int64_t microseconds) {
  constexpr std::int64_t second = 1'000'000;
  return microseconds / second - (microseconds % second < 0 ? 1 : 0);
}
}  // namespace

SparseRows select_part(const Communicator& comm, const UserEvents& events, const EventParts& parts, EventPart part,
                       std::span<const Index> local_users) {
  SparseRows matrix;
  matrix.rows = numbered(comm, static_cast<Index>(local_users.size()));
  matrix.total_rows = comm.sum(matrix.rows.size());
  matrix.column_count = events.items;
  matrix.offsets.reserve(local_users.size() + 1);
  if (events.timed) matrix.times.emplace();
  if (events.folded) matrix.folds.emplace();
  for (const Index user : local_users) {
    for (Index e = events.offsets[at(user)]; e < events.offsets[at(user) + 1]; ++e) {
      if (parts[at(e)] != part) continue;
      const Event& event = events.events[at(e)];
      matrix.columns.push_back(event.item);
      matrix.values.push_back(static_cast<float>(event.value));
      if (matrix.times) matrix.times->push_back(seconds_of(event.time));
      if (matrix.folds) matrix.folds->push_back(event.fold);
    }
    matrix.offsets.push_back(static_cast<Index>(matrix.columns.size()));
  }
  return matrix;
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

template <class Value>
CsrRows<Value> transpose(const Communicator& comm, const CsrRows<Value>& matrix, const Partition& partition) {
  std::vector<Entry<Value>> entries;
  entries.reserve(matrix.columns.size());
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    for (Index e = matrix.offsets[at(r)]; e < matrix.offsets[at(r) + 1]; ++e) {
      entries.push_back({matrix.rows.begin + r, matrix.columns[at(e)], matrix.values[at(e)],
                         matrix.folds ? (*matrix.folds)[at(e)] : 0, matrix.times ? (*matrix.times)[at(e)] : 0});
    }
  }
  std::vector<Index> counts;
  std::vector<Entry<Value>> sorted = sorted_by_owner(
      std::span<const Entry<Value>>(entries), comm.size(),
      [&](const Entry<Value>& entry) { return partition.owner(entry.column); }, counts);
  entries = {};
  // Sender order, rank order and the counting sort below keep the old rows ascending in every column.
  const std::vector<Entry<Value>> received = comm.exchange(std::span<const Entry<Value>>(sorted), counts).values;
  sorted = {};

  CsrRows<Value> transposed;
  transposed.rows = partition.range(comm.rank());
  transposed.total_rows = partition.rows();
  transposed.column_count = matrix.total_rows;
  transposed.offsets.assign(at(transposed.rows.size()) + 1, 0);
  for (const Entry<Value>& entry : received) ++transposed.offsets[at(entry.column - transposed.rows.begin) + 1];
  for (std::size_t r = 1; r < transposed.offsets.size(); ++r) transposed.offsets[r] += transposed.offsets[r - 1];
  std::vector<Index> next(transposed.offsets.begin(), transposed.offsets.end() - 1);
  transposed.columns.resize(received.size());
  transposed.values.resize(received.size());
  if (matrix.times) transposed.times.emplace(received.size());
  if (matrix.folds) transposed.folds.emplace(received.size());
  for (const Entry<Value>& entry : received) {
    const auto place = at(next[at(entry.column - transposed.rows.begin)]++);
    transposed.columns[place] = entry.row;
    transposed.values[place] = entry.value;
    if (matrix.times) (*transposed.times)[place] = entry.time;
    if (matrix.folds) (*transposed.folds)[place] = entry.fold;
  }
  return transposed;
}

template SparseRows transpose(const Communicator& comm, const SparseRows& matrix, const Partition& partition);
template LogRows transpose(const Communicator& comm, const LogRows& matrix, const Partition& partition);

}  // namespace rankwise
