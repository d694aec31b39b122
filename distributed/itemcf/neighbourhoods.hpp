#pragma once
// Items with their neighbours, by number, and the sums of all pairs among them.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/ridge_requests.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Pairs of so many items, each once.
[[nodiscard]] constexpr Index pair_count(Index items) {
  return items * (items - 1) / 2;
}

/// Some of this rank's items, each with its neighbours and itself. Rows are local ones of `neighbours`.
class Neighbourhoods {
 public:
  Neighbourhoods(const ItemLayout& layout, const SparseRows& neighbours, RowRange rows);

  [[nodiscard]] RowRange rows() const { return rows_; }
  /// Numbers, ascending.
  [[nodiscard]] std::span<const LocalIndex> members(Index row) const {
    const auto r = static_cast<std::size_t>(row - rows_.begin);
    return std::span(members_).subspan(static_cast<std::size_t>(offsets_[r]),
                                       static_cast<std::size_t>(offsets_[r + 1] - offsets_[r]));
  }
  /// The item's own place among the members.
  [[nodiscard]] Index own(Index row) const { return own_[static_cast<std::size_t>(row - rows_.begin)]; }

  /// Bytes for a neighbourhood of so many members, with their memberships.
  [[nodiscard]] static Index bytes(Index members);

 private:
  RowRange rows_;
  std::vector<Index> offsets_{0};
  std::vector<LocalIndex> members_;
  std::vector<LocalIndex> own_;
};

/// Where an item is a member.
struct Membership {
  LocalIndex row;    ///< of the neighbourhood, counted from the first one of the table
  LocalIndex place;  ///< among its members
};

/// Of each number the neighbourhoods of `rows` that have it.
class Memberships {
 public:
  Memberships(const Neighbourhoods& neighbourhoods, RowRange rows, Index items);

  [[nodiscard]] std::span<const Membership> of(LocalIndex number) const {
    const auto n = static_cast<std::size_t>(number);
    return std::span(all_).subspan(static_cast<std::size_t>(offsets_[n]),
                                   static_cast<std::size_t>(offsets_[n + 1] - offsets_[n]));
  }

 private:
  std::vector<Index> offsets_;
  std::vector<Membership> all_;
};

/// Each pair of members once, however many neighbourhoods have it: the member with the higher number, which has fewer
/// users, is asked for the others.
[[nodiscard]] PairRequests requests_of(const ItemLayout& layout, const Neighbourhoods& neighbourhoods);

/// How many pairs requests_of() asks for.
[[nodiscard]] Index count_requests(const ItemLayout& layout, const Neighbourhoods& neighbourhoods);

/// Sums of all pairs of members, of some neighbourhoods at a time.
class NeighbourhoodSums {
 public:
  /// The sums of the neighbourhoods of `rows`, out of `answers` to `requests`; those of other rows are let go.
  void fill(const ItemLayout& layout, const Neighbourhoods& neighbourhoods, RowRange rows, const PairRequests& requests,
            std::span<const std::int64_t> answers);

  /// Of members a < b of a neighbourhood: at pair_count(b) + a.
  [[nodiscard]] std::span<const std::int64_t> of(Index row) const {
    const auto r = static_cast<std::size_t>(row - rows_.begin);
    return std::span(sums_).subspan(static_cast<std::size_t>(offsets_[r]),
                                    static_cast<std::size_t>(offsets_[r + 1] - offsets_[r]));
  }

 private:
  RowRange rows_{};
  std::vector<Index> offsets_;
  std::vector<std::int64_t> sums_;
};

}  // namespace rankwise
