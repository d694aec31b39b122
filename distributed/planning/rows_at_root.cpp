#include "distributed/planning/rows_at_root.hpp"

namespace rankwise {

namespace {

constexpr int rows_tag = 29;
constexpr Index entries_at_once = 4'000'000;

/// Calls body(first row, end row) for consecutive blocks of rows with at most entries_at_once entries, or one row; both
/// ends of a transfer cut alike.
template <class Body>
void for_each_block(std::span<const Index> offsets, const Body& body) {
  const auto rows = static_cast<Index>(offsets.size()) - 1;
  for (Index begin = 0; begin < rows;) {
    Index end = begin + 1;
    while (end < rows && offsets[at(end + 1)] - offsets[at(begin)] <= entries_at_once) ++end;
    body(begin, end);
    begin = end;
  }
}

void send_rows(const Communicator& comm, const SparseRows& matrix) {
  Transfer transfer = comm.transfer(sizeof(Index), rows_tag);
  transfer.send(matrix.offsets.data(), matrix.rows.size() + 1, 0);
  for_each_block(matrix.offsets, [&](Index begin, Index end) {
    const Index first = matrix.offsets[at(begin)];
    transfer.send(matrix.columns.data() + first, matrix.offsets[at(end)] - first, 0);
  });
  transfer.wait();
}

void receive_rows(const Communicator& comm, int rank, Index first_row, Index rows,
                  const std::function<void(const PatternRows&)>& visit) {
  const auto receive = [&comm, rank](std::vector<Index>& place) {
    Transfer transfer = comm.transfer(sizeof(Index), rows_tag);
    transfer.receive(place.data(), static_cast<Index>(place.size()), rank);
    transfer.wait();
  };
  std::vector<Index> offsets(at(rows) + 1);
  receive(offsets);
  std::vector<Index> columns;
  std::vector<Index> block_offsets;
  for_each_block(offsets, [&](Index begin, Index end) {
    const Index first = offsets[at(begin)];
    columns.resize(at(offsets[at(end)] - first));
    receive(columns);
    block_offsets.clear();
    for (Index r = begin; r <= end; ++r) block_offsets.push_back(offsets[at(r)] - first);
    visit({first_row + begin, block_offsets, columns});
  });
}

}  // namespace

void visit_at_root(const Communicator& comm, const SparseRows& matrix,
                   const std::function<void(const PatternRows&)>& visit) {
  const std::vector<Index> rows = comm.all_gather(matrix.rows.size());
  if (!comm.is_root()) return send_rows(comm, matrix);
  visit({0, matrix.offsets, matrix.columns});
  Index first_row = matrix.rows.size();
  for (int rank = 1; rank < comm.size(); ++rank) {
    receive_rows(comm, rank, first_row, rows[at(rank)], visit);
    first_row += rows[at(rank)];
  }
}

std::vector<Index> row_sizes_at_root(const Communicator& comm, const SparseRows& matrix) {
  std::vector<Index> sizes;
  for (std::size_t r = 0; r + 1 < matrix.offsets.size(); ++r) {
    sizes.push_back(matrix.offsets[r + 1] - matrix.offsets[r]);
  }
  std::vector<Index> counts(at(comm.size()), 0);
  counts.front() = static_cast<Index>(sizes.size());
  return comm.exchange(std::span<const Index>(sizes), counts).values;
}

}  // namespace rankwise
