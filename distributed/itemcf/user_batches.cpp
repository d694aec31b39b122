#include "distributed/itemcf/user_batches.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace rankwise {

namespace {

/// Fills batches greedily, in the order of the items.
class Batching {
 public:
  Batching(const PairMatrix& matrix, Index budget_bytes)
      : matrix_(matrix), budget_(budget_bytes), in_batch_(matrix.needed_users.size(), -1) {}

  void add(Index place, Index item) {
    const RowRange entries = matrix_.entries_of(item);
    if (bytes_ + new_bytes(entries) > budget_ && open_.wanted.size() > 0) close();
    if (new_bytes(entries) > budget_) {
      add_parts(place, entries);
      return;
    }
    if (open_.wanted.size() == 0) open_.wanted.begin = place;
    open_.wanted.end = place + 1;
    for (Index e = entries.begin; e < entries.end; ++e) take(matrix_.item_users[at(e)]);
  }
  [[nodiscard]] std::vector<UserBatch> finish() {
    if (open_.wanted.size() > 0) close();
    return std::move(batches_);
  }

 private:
  [[nodiscard]] Index row_bytes(LocalIndex user) const {
    constexpr Index item_bytes = sizeof(LocalIndex);
    const Index entry_bytes = matrix_.kind == EntryWeights::ones ? item_bytes : 2 * item_bytes;
    return matrix_.needed_sizes[at(user)] * entry_bytes + static_cast<Index>(sizeof(Index));
  }
  [[nodiscard]] bool is_taken(LocalIndex user) const { return in_batch_[at(user)] == std::ssize(batches_); }
  [[nodiscard]] Index new_bytes(RowRange entries) const {
    Index bytes = 0;
    for (Index e = entries.begin; e < entries.end; ++e) {
      const LocalIndex user = matrix_.item_users[at(e)];
      bytes += is_taken(user) ? 0 : row_bytes(user);
    }
    return bytes;
  }
  void take(LocalIndex user) {
    if (is_taken(user)) return;
    in_batch_[at(user)] = std::ssize(batches_);
    open_.users.push_back(user);
    bytes_ += row_bytes(user);
  }
  void close() {
    std::ranges::sort(open_.users);
    batches_.push_back(std::exchange(open_, {}));
    bytes_ = 0;
  }
  void add_parts(Index place, RowRange entries) {
    Index begin = entries.begin;
    for (Index e = entries.begin; e < entries.end; ++e) {
      const LocalIndex user = matrix_.item_users[at(e)];
      if (e > begin && bytes_ + row_bytes(user) > budget_) {
        close_part(place, {begin, e}, false);
        begin = e;
      }
      take(user);
    }
    close_part(place, {begin, entries.end}, true);
  }
  void close_part(Index place, RowRange entries, bool is_last) {
    open_.wanted = {place, place + 1};
    open_.entries = entries;
    open_.is_part = true;
    open_.is_last = is_last;
    close();
  }

  const PairMatrix& matrix_;
  Index budget_;
  std::vector<Index> in_batch_;  // of each needed user, the last batch that has it
  std::vector<UserBatch> batches_;
  UserBatch open_;
  Index bytes_ = 0;
};

}  // namespace

std::vector<UserBatch> batch_users(const PairMatrix& matrix, std::span<const Index> wanted, Index budget_bytes) {
  Batching batching(matrix, budget_bytes > 0 ? budget_bytes : std::numeric_limits<Index>::max());
  for (std::size_t w = 0; w < wanted.size(); ++w) batching.add(static_cast<Index>(w), wanted[w]);
  return batching.finish();
}

}  // namespace rankwise
