#pragma once
// The lists of `recommend`: made from a model's scores, or from popularity for users of whom nothing is known.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/ranking/explanation.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "jobs/lists/list_filling.hpp"
#include "jobs/lists/list_values.hpp"
#include "jobs/recommend/factor_reasons.hpp"
#include "jobs/recommend/served_users.hpp"
#include "jobs/recommend/whom/audience.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// What was made, over all ranks once summed.
struct Served {
  Index users = 0;
  Index recommendations = 0;
  Index log_users = 0;  ///< with a list of a model by what a log has of them
  Index popular_users = 0;
  Index popular_segment_users = 0;  ///< of them, those with what is popular in their segment
  Index described_users = 0;        ///< without a training entry, served by their features
  Index short_lists = 0;            ///< with fewer items than asked for, but some
  Index empty_lists = 0;
  Index short_by_quota = 0;      ///< of the short ones, that the quota keeps from more
  Index short_by_min_score = 0;  ///< of the short ones, whose other items have too low a score
  Index empty_by_min_score = 0;  ///< of the empty ones, likewise

  double largest_gap = 0;  ///< see Lists

  void add(const Lists& lists);
  /// Collective over comm.
  [[nodiscard]] Served sum(const Communicator& comm) const;
};

/// A model of factors, ready for lists.
struct FactorLists {
  const ModelReader& model;
  const ServedUsers& users;
  const RankableItems& items;    ///< boosted_items() if there are boosts
  const FactorReasons* reasons;  ///< null: nobody asks for them
};

/// An item model over the items of a dataset, ready for lists of its users.
struct ItemLists {
  const UserHistories& users;
  ItemScorer scorer;
};

/// Lists for the wanted among this rank's part of the users from `first` on. Collective over comm; throws
/// AgreedError(bad_data) for a score that is not finite.
[[nodiscard]] Lists lists_for(const Communicator& comm, const ListInputs& inputs, const FactorLists& model, Index first,
                              const Partition& rows, Audience& audience);
[[nodiscard]] Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ItemLists& model, Index first,
                              const Partition& rows, Audience& audience);

/// Lists of the `selected` among users with these ids, of whom the rule looks at `ruled`, by what find(places among the
/// selected, count) finds; popular items for whom it finds none. Collective over comm.
[[nodiscard]] Lists found_lists(const Communicator& comm, const ListInputs& inputs, const Ids& ids,
                                const SparseRows& ruled, SelectedUsers selected, const FindItems& find);

/// Lists of a model are those of a log for users of whom it has interactions.
void mark_log(const UserHistories& users, Lists& lists);

/// The popular items for ids that the dataset does not have; `segments`: of each, or empty.
[[nodiscard]] Lists lists_for_unknown(const ListInputs& inputs, const Ids& ids,
                                      const std::vector<std::int32_t>& segments);

}  // namespace rankwise
