#pragma once
// Moves records to the ranks that own them column by column, so that only one column is held twice at a time.

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// What one rank sends to which: every column has one entry for each record.
class ColumnExchange {
 public:
  /// `owner(i)` is the rank that record i, of `records`, goes to. Local; nothing is asked if there is one rank alone.
  template <class Owner>
  ColumnExchange(const Communicator& comm, Index records, const Owner& owner) : comm_(comm) {
    if (comm.size() == 1) return;
    counts_.assign(static_cast<std::size_t>(comm.size()), 0);
    owners_.reserve(static_cast<std::size_t>(records));
    for (Index i = 0; i < records; ++i) {
      owners_.push_back(owner(i));
      ++counts_[static_cast<std::size_t>(owners_.back())];
    }
  }

  /// Of the records that come to this rank, from the lowest rank first, each rank's in their order there. A rank alone
  /// gets its column back, not a copy. Collective.
  template <class Value>
  [[nodiscard]] std::vector<Value> operator()(std::vector<Value> column) const {
    static_assert(std::is_trivially_copyable_v<Value>);
    if (comm_.size() == 1) return column;
    const std::vector<Value> sorted = by_owner(std::span<const Value>(column));
    column = {};
    return comm_.exchange(std::span<const Value>(sorted), counts_).values;
  }
  /// The same of a column that its holder keeps: `storage`, or the column itself on a rank alone. Collective.
  template <class Value>
  [[nodiscard]] std::span<const Value> operator()(std::span<const Value> column, std::vector<Value>& storage) const {
    if (comm_.size() == 1) return column;
    storage = comm_.exchange(std::span<const Value>(by_owner(column)), counts_).values;
    return storage;
  }

 private:
  template <class Value>
  [[nodiscard]] std::vector<Value> by_owner(std::span<const Value> column) const {
    std::vector<Index> next(counts_.size(), 0);
    for (std::size_t rank = 1; rank < counts_.size(); ++rank) next[rank] = next[rank - 1] + counts_[rank - 1];
    std::vector<Value> sorted(column.size());
    for (std::size_t i = 0; i < column.size(); ++i) {
      sorted[static_cast<std::size_t>(next[static_cast<std::size_t>(owners_[i])]++)] = column[i];
    }
    return sorted;
  }

  const Communicator& comm_;
  std::vector<std::int32_t> owners_;  ///< of each record; empty on a rank alone
  std::vector<Index> counts_;         ///< records for each rank
};

}  // namespace rankwise
