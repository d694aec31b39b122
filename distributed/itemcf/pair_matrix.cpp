#include "distributed/itemcf/pair_matrix.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "distributed/log/select_part.hpp"

namespace rankwise {

namespace {

/// Users' items by ascending number, so that the counters of a row are met in order.
PackedUsers pack_users(const ItemLayout& layout, const WeighedRows& weighed) {
  const SparseRows& rows = weighed.rows;
  PackedUsers packed;
  packed.offsets = rows.offsets;
  packed.items.reserve(rows.columns.size());
  const bool is_weighted = weighed.kind == EntryWeights::integers;
  if (is_weighted) packed.weights.reserve(rows.columns.size());
  std::vector<std::pair<LocalIndex, std::int32_t>> user;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    user.clear();
    for (Index e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
      user.emplace_back(layout.number_of[at(rows.columns[at(e)])], static_cast<std::int32_t>(rows.values[at(e)]));
    std::ranges::sort(user);
    for (const auto& [item, weight] : user) {
      packed.items.push_back(item);
      if (is_weighted) packed.weights.push_back(weight);
    }
  }
  return packed;
}

/// A set of rows of few bits each, which knows how many of them come before one.
class RowSet {
 public:
  RowSet(Index rows, std::span<const Index> members) : words_(at((rows + 63) / 64)), before_(words_.size() + 1) {
    for (const Index row : members) words_[at(row / 64)] |= std::uint64_t{1} << (row % 64);
    for (std::size_t w = 0; w < words_.size(); ++w) before_[w + 1] = before_[w] + std::popcount(words_[w]);
  }
  [[nodiscard]] LocalIndex place(Index row) const {
    const std::uint64_t lower = words_[at(row / 64)] & ((std::uint64_t{1} << (row % 64)) - 1);
    return before_[at(row / 64)] + std::popcount(lower);
  }
  [[nodiscard]] std::vector<Index> ascending() const {
    std::vector<Index> rows;
    rows.reserve(at(before_.back()));
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1)
        rows.push_back(static_cast<Index>(w) * 64 + std::countr_zero(left));
    }
    return rows;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::vector<LocalIndex> before_;
};

/// Rows on other ranks by whom they are asked for.
struct Requests {
  Exchanged<Index> users;     ///< global, of this rank, by who asks
  std::vector<Index> counts;  ///< of what this rank asks for, by owner
};

Requests exchange_requests(const Communicator& comm, const Partition& users, std::span<const Index> wanted) {
  Requests requests;
  requests.counts.assign(at(comm.size()), 0);
  for (const Index user : wanted) ++requests.counts[at(users.owner(user))];
  requests.users = comm.exchange(wanted, requests.counts);
  return requests;
}

}  // namespace

PairMatrix make_pair_matrix(const Communicator& comm, const ItemLayout& layout, WeighedRows weighed) {
  PairMatrix matrix;
  matrix.kind = weighed.kind;
  matrix.quantum = weighed.quantum;
  matrix.users = Partition::by_count(weighed.rows.total_rows, comm.size());
  matrix.by_user = pack_users(layout, weighed);
  matrix.items = layout.items.range(comm.rank());
  {
    SparseRows by_item = transpose(comm, weighed.rows, layout.items);
    weighed = {};
    matrix.item_offsets = std::move(by_item.offsets);
    if (matrix.kind == EntryWeights::integers) matrix.item_weights.assign(by_item.values.begin(), by_item.values.end());
    const RowSet needed(by_item.column_count, by_item.columns);
    matrix.needed_users = needed.ascending();
    matrix.item_users.reserve(by_item.columns.size());
    for (const Index user : by_item.columns) matrix.item_users.push_back(needed.place(user));
  }
  const Requests requests = exchange_requests(comm, matrix.users, matrix.needed_users);
  const Index first = matrix.users.range(comm.rank()).begin;
  std::vector<Index> answers;
  for (const Index user : requests.users.values) answers.push_back(matrix.by_user.size(user - first));
  matrix.needed_sizes = comm.exchange(std::span<const Index>(answers), requests.users.counts).values;
  return matrix;
}

PackedUsers fetch_users(const Communicator& comm, const PairMatrix& matrix, std::span<const Index> wanted) {
  const Requests requests = exchange_requests(comm, matrix.users, wanted);
  const Index first = matrix.users.range(comm.rank()).begin;
  const PackedUsers& own = matrix.by_user;
  std::vector<Index> sizes;
  std::vector<LocalIndex> items;
  std::vector<std::int32_t> weights;
  std::vector<Index> entry_counts;
  std::size_t next = 0;
  for (const Index count : requests.users.counts) {
    const std::size_t before = items.size();
    for (const std::size_t end = next + at(count); next < end; ++next) {
      const UserItems user = own.user(requests.users.values[next] - first);
      sizes.push_back(static_cast<Index>(user.items.size()));
      items.insert(items.end(), user.items.begin(), user.items.end());
      weights.insert(weights.end(), user.weights.begin(), user.weights.end());
    }
    entry_counts.push_back(static_cast<Index>(items.size() - before));
  }
  PackedUsers fetched;
  for (const Index size : comm.exchange(std::span<const Index>(sizes), requests.users.counts).values)
    fetched.offsets.push_back(fetched.offsets.back() + size);
  fetched.items = comm.exchange(std::span<const LocalIndex>(items), entry_counts).values;
  if (matrix.kind == EntryWeights::integers)
    fetched.weights = comm.exchange(std::span<const std::int32_t>(weights), entry_counts).values;
  return fetched;
}

}  // namespace rankwise
