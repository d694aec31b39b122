#pragma once
// The lists of `recommend`: made from a model's scores, or from popularity for users of whom nothing is known.

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
#include "jobs/lists/wanted_ids.hpp"
#include "jobs/recommend/factor_reasons.hpp"
#include "jobs/recommend/served_users.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// What was made, over all ranks once summed.
struct Served {
  Index users = 0;
  Index recommendations = 0;
  Index popular_users = 0;
  Index described_users = 0;  ///< without a training entry, served by their features
  Index short_lists = 0;      ///< with fewer items than asked for, but some
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
  const DatasetReader& dataset;
  ItemScorer scorer;
};

/// What lists look at of some users: all that the dataset has of them, `histories`. Lists that leave it out also leave
/// out the training part's pairs whose values of both parts together are no interaction, such as what a user gave back
/// later: the model has learned them. All in the dataset's items. Collective.
[[nodiscard]] SparseRows list_histories(const ListInputs& inputs, RowRange users, const SparseRows& histories);

/// Lists for the wanted among this rank's part of the users from `first` on. Collective over comm; throws
/// AgreedError(bad_data) for a score that is not finite.
[[nodiscard]] Lists lists_for(const Communicator& comm, const ListInputs& inputs, const FactorLists& model, Index first,
                              const Partition& rows, WantedIds& wanted);
[[nodiscard]] Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ItemLists& model, Index first,
                              const Partition& rows, WantedIds& wanted);

/// Lists of the `selected` among users with these ids, of whom the rule looks at `ruled`, by what find(places among the
/// selected, count) finds; popular items for whom it finds none. Collective over comm.
[[nodiscard]] Lists found_lists(const Communicator& comm, const ListInputs& inputs, const Ids& ids,
                                const SparseRows& ruled, std::span<const Index> selected, const FindItems& find);

/// The popular items for ids that the dataset does not have.
[[nodiscard]] Lists lists_for_unknown(const ListInputs& inputs, const Ids& ids);

}  // namespace rankwise
