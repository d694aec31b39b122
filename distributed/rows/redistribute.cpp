#include "distributed/rows/redistribute.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

#include "distributed/comm/key_exchange.hpp"

namespace rankwise {

namespace {
/// How many of `held` belong to each part: contiguous rows go to contiguous ranks.
std::vector<Index> overlaps(RowRange held, const Partition& partition) {
  std::vector<Index> counts;
  for (int part = 0; part < partition.parts(); ++part) {
    const RowRange range = partition.range(part);
    counts.push_back(std::max<Index>(0, std::min(held.end, range.end) - std::max(held.begin, range.begin)));
  }
  return counts;
}
}  // namespace

template <class Value>
CsrRows<Value> redistribute(const Communicator& comm, CsrRows<Value> matrix, const Partition& partition) {
  const bool all_at_home = comm.min(matrix.rows == partition.range(comm.rank()) ? 1 : 0) == 1;
  if (all_at_home) return matrix;
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
  CsrRows<Value> moved;
  moved.rows = partition.range(comm.rank());
  moved.total_rows = matrix.total_rows;
  moved.column_count = matrix.column_count;
  for (const Index size : comm.exchange(std::span<const Index>(sizes), row_counts).values) {
    moved.offsets.push_back(moved.offsets.back() + size);
  }
  moved.columns = comm.exchange(std::span<const Index>(matrix.columns), entry_counts).values;
  moved.values = comm.exchange(std::span<const Value>(matrix.values), entry_counts).values;
  if (matrix.times_seconds)
    moved.times_seconds = comm.exchange(std::span<const std::int64_t>(*matrix.times_seconds), entry_counts).values;
  if (matrix.folds) moved.folds = comm.exchange(std::span<const std::int32_t>(*matrix.folds), entry_counts).values;
  return moved;
}

template SparseRows redistribute(const Communicator& comm, SparseRows matrix, const Partition& partition);
template LogRows redistribute(const Communicator& comm, LogRows matrix, const Partition& partition);

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

std::vector<float> redistribute(const Communicator& comm, RowRange rows, std::span<const float> values, Index columns,
                                const Partition& partition) {
  std::vector<Index> counts = overlaps(rows, partition);
  for (Index& count : counts) count *= columns;
  return comm.exchange(values, counts).values;
}

}  // namespace rankwise
