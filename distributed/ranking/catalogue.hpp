#pragma once
// What a training knows of the items as a whole: which ones it can list, and in which order for users whom it does not
// know.

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
  std::vector<Index> by_popularity = {};   ///< items with entries, most entries first, ties to the lower item
  std::optional<double> mean_rating = {};  ///< of what was trained on; for objectives that predict ratings

  [[nodiscard]] Index items() const { return static_cast<Index>(entries.size()); }
  /// An item without an entry has factors that mean nothing: no list has it.
  [[nodiscard]] bool is_candidate(Index item) const { return entries[static_cast<std::size_t>(item)] > 0; }
  /// The share of users that have the item.
  [[nodiscard]] float popularity(Index item) const;
  /// Whether a user with these items has one that was trained on.
  [[nodiscard]] bool knows(std::span<const Index> items) const;
};

/// `entries` are those of this rank's items, in rank order. Collective over comm.
[[nodiscard]] Catalogue make_catalogue(const Communicator& comm, Index users, std::span<const Index> entries);

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
