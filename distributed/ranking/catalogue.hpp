#pragma once
// What a training knows of the items as a whole: which ones it can list, and in which order for users whom it does not
// know.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The items of a training, the same on every rank.
struct Catalogue {
  Index users = 0;                         ///< of the training
  std::vector<Index> entries = {};         ///< of each item, that were trained on
  std::vector<Index> by_popularity = {};   ///< candidates, most entries first, ties to the lower item
  std::optional<double> mean_rating = {};  ///< of what was trained on; for objectives that predict ratings
  /// Of each item, whether its factors are from its features in place of entries; empty: of none.
  std::vector<std::uint8_t> is_described = {};

  [[nodiscard]] Index items() const { return static_cast<Index>(entries.size()); }
  /// The factors of an item that has neither an entry nor features mean nothing: no list has it.
  [[nodiscard]] bool is_candidate(Index item) const {
    return entries[static_cast<std::size_t>(item)] > 0 || describes(item);
  }
  [[nodiscard]] bool describes(Index item) const {
    return !is_described.empty() && is_described[static_cast<std::size_t>(item)] != 0;
  }
  /// The share of users that have the item.
  [[nodiscard]] float popularity(Index item) const;
  /// Whether a user with these items has a candidate among them.
  [[nodiscard]] bool knows(std::span<const Index> items) const;
};

/// `entries` and `is_described` (of no item if empty on all ranks) are those of this rank's items, in rank order.
/// Collective over comm.
[[nodiscard]] Catalogue make_catalogue(const Communicator& comm, Index users, std::span<const Index> entries,
                                       std::span<const std::uint8_t> is_described = {});

/// Bytes of a rank.
[[nodiscard]] Index catalogue_bytes(Index items);

/// Which part the items of a user's history have in the user's list.
enum class SeenItems { exclude, allow, only };

/// What a list may hold.
struct ListRule {
  const Catalogue& catalogue;
  SeenItems seen = SeenItems::exclude;

  /// Whether a user's list may hold the item; `history`: the user's items, ascending.
  [[nodiscard]] bool allows(Index item, std::span<const Index> history) const;
};

}  // namespace rankwise
