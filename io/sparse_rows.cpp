#include "io/sparse_rows.hpp"

#include <algorithm>
#include <type_traits>

#include "io/key_exchange.hpp"

namespace rankwise {

namespace {
std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// How many of `held` belong to each part: contiguous rows go to contiguous ranks.
std::vector<Index> overlaps(RowRange held, const Partition& partition) {
  std::vector<Index> counts;
  for (int part = 0; part < partition.parts(); ++part) {
    const RowRange range = partition.range(part);
    counts.push_back(std::max<Index>(0, std::min(held.end, range.end) - std::max(held.begin, range.begin)));
  }
  return counts;
}

RowRange numbered(const Communicator& comm, Index count) {
  const Index begin = comm.exclusive_sum(count);
  return {begin, begin + count};
}

/// One entry on its way to the rank that owns its column.
struct Entry {
  Index row = 0;
  Index column = 0;
  float value = 0;
};
}  // namespace

SparseRows select_part(const Communicator& comm, const UserEvents& events, const EventParts& parts, EventPart part,
                       std::span<const Index> local_users) {
  SparseRows matrix;
  matrix.rows = numbered(comm, static_cast<Index>(local_users.size()));
  matrix.total_rows = comm.sum(matrix.rows.size());
  matrix.column_count = events.items;
  matrix.offsets.reserve(local_users.size() + 1);
  for (const Index user : local_users) {
    for (Index e = events.offsets[at(user)]; e < events.offsets[at(user) + 1]; ++e) {
      if (parts[at(e)] != part) continue;
      matrix.columns.push_back(events.events[at(e)].item);
      matrix.values.push_back(static_cast<float>(events.events[at(e)].value));
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

SparseRows redistribute(const Communicator& comm, const SparseRows& matrix, const Partition& partition) {
  const std::vector<Index> row_counts = overlaps(matrix.rows, partition);
  std::vector<Index> sizes;
  sizes.reserve(at(matrix.rows.size()));
  for (std::size_t r = 0; r + 1 < matrix.offsets.size(); ++r)
    sizes.push_back(matrix.offsets[r + 1] - matrix.offsets[r]);
  std::vector<Index> entry_counts;
  Index row = 0;
  for (const Index count : row_counts) {
    entry_counts.push_back(matrix.offsets[at(row + count)] - matrix.offsets[at(row)]);
    row += count;
  }
  SparseRows moved;
  moved.rows = partition.range(comm.rank());
  moved.total_rows = matrix.total_rows;
  moved.column_count = matrix.column_count;
  for (const Index size : comm.exchange(std::span<const Index>(sizes), row_counts).values) {
    moved.offsets.push_back(moved.offsets.back() + size);
  }
  moved.columns = comm.exchange(std::span<const Index>(matrix.columns), entry_counts).values;
  moved.values = comm.exchange(std::span<const float>(matrix.values), entry_counts).values;
  return moved;
}

IdRows redistribute(const Communicator& comm, const IdRows& ids, const Partition& partition) {
  const std::vector<Index> counts = overlaps(ids.rows, partition);
  IdRows moved;
  moved.rows = partition.range(comm.rank());
  moved.total_rows = ids.total_rows;
  moved.ids = std::visit(
      [&](const auto& values) -> Ids {
        using Stored = typename std::decay_t<decltype(values)>::value_type;
        using Key = std::conditional_t<std::is_same_v<Stored, std::string>, std::string_view, std::int64_t>;
        const std::vector<Key> keys(values.begin(), values.end());
        const ReceivedKeys<Key> received = exchange_keys(comm, std::span<const Key>(keys), counts);
        return std::vector<Stored>(received.keys.begin(), received.keys.end());
      },
      ids.ids);
  return moved;
}

SparseRows transpose(const Communicator& comm, const SparseRows& matrix, const Partition& partition) {
  std::vector<Entry> entries;
  entries.reserve(matrix.columns.size());
  for (Index r = 0; r < matrix.rows.size(); ++r) {
    for (Index e = matrix.offsets[at(r)]; e < matrix.offsets[at(r) + 1]; ++e) {
      entries.push_back({matrix.rows.begin + r, matrix.columns[at(e)], matrix.values[at(e)]});
    }
  }
  std::vector<Index> counts;
  std::vector<Entry> sorted = sorted_by_owner(
      std::span<const Entry>(entries), comm.size(), [&](const Entry& entry) { return partition.owner(entry.column); },
      counts);
  entries = {};
  // Sender order, rank order and the counting sort below keep the old rows ascending in every column.
  const std::vector<Entry> received = comm.exchange(std::span<const Entry>(sorted), counts).values;
  sorted = {};

  SparseRows transposed;
  transposed.rows = partition.range(comm.rank());
  transposed.total_rows = partition.rows();
  transposed.column_count = matrix.total_rows;
  transposed.offsets.assign(at(transposed.rows.size()) + 1, 0);
  for (const Entry& entry : received) ++transposed.offsets[at(entry.column - transposed.rows.begin) + 1];
  for (std::size_t r = 1; r < transposed.offsets.size(); ++r) transposed.offsets[r] += transposed.offsets[r - 1];
  std::vector<Index> next(transposed.offsets.begin(), transposed.offsets.end() - 1);
  transposed.columns.resize(received.size());
  transposed.values.resize(received.size());
  for (const Entry& entry : received) {
    const auto place = at(next[at(entry.column - transposed.rows.begin)]++);
    transposed.columns[place] = entry.row;
    transposed.values[place] = entry.value;
  }
  return transposed;
}

}  // namespace rankwise
