#pragma once
// How lists are filled under the rules of a shop: what they leave out, how many of one kind, which score at least.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/ranking/list_quota.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/ids.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/recommend/rules/excluded_pairs.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// Why a list has no more items than it has.
enum class ListEnd {
  full,
  none_left,  ///< no other item may be in it
  quota,      ///< others are of groups that have their share in it
  min_score,  ///< others have scores below the least that is asked for
  unknown     ///< of the owner nothing is known
};

/// What a list is made from: a model, by what the dataset has of the user, or by a newer log, too; or what is popular,
/// in the user's segment or at large.
enum class ListSource {
  model,
  features,  ///< of the user, who has no training entry
  log,
  popular,
  popular_segment,
  segment_mean,  ///< of a segment: its users' mean score
  segment_votes  ///< likewise: how many of them have an item in their own list
};

/// A list, best first.
struct List {
  std::vector<ScoredItem> items;
  ListEnd end = ListEnd::full;
  ListSource source = ListSource::model;
};

/// All that lists are made from, but the model; what it refers to outlives it.
struct ListInputs {
  const std::string& model_path;
  ListRule rule;                  ///< how lists look at the items of a user's history_of()
  Index top;                      ///< items of a list at most
  const DatasetReader* training;  ///< the training part alone, if lists leave out what it has; else null
  SeenItems seen;                 ///< as somebody asks for it
  const ExcludedPairs& pairs;
  std::span<const float> boosts = {};   ///< of each item, or empty
  const ListQuota* quota = nullptr;     ///< null: none
  Index reasons = 0;                    ///< of an entry, at most
  std::optional<float> min_score = {};  ///< of lists of a model, as they show scores
  /// What is popular in a segment, if enough is known of it; else null. Empty: there are no segments.
  std::function<const Catalogue*(std::int32_t)> popular_in = {};
};

/// The rule for lists that also leave out pairs: if bought items are allowed, what is left out are these pairs alone.
[[nodiscard]] ListRule list_rule(const Catalogue& catalogue, SeenItems seen, const ItemRules& rules);

/// All that the dataset has of some users and, if lists leave it out, the training part's pairs whose values of both
/// parts together are no interaction, such as what a user gave back later: the model has learned them.
/// `in_model_items`: from the dataset's items to those of `histories`. Collective.
[[nodiscard]] SparseRows bought_items(const ListInputs& inputs, RowRange users, const SparseRows& histories,
                                      const std::function<SparseRows(SparseRows)>& in_model_items);

/// What the rule looks at of users: the items that they have, and the pairs that are left out.
[[nodiscard]] SparseRows ruled_items(const ListInputs& inputs, const Ids& users, SparseRows bought);

/// The best `count` items of some users, ascending.
using FindItems = std::function<std::vector<std::vector<ScoredItem>>(std::span<const Index> users, Index count)>;
/// Whether no item is wanted of this user that comes after the last one found.
using IsEnough = std::function<bool(Index user, const ScoredItem& last)>;

/// Lists of users 0 to `users` - 1, best first, without the quota those that find(users, top) gives. With it, more and
/// more candidates are asked for, until each list is full, or there are no others, or `is_enough` says so. `find` may
/// be collective; comm agrees on how often it is called.
[[nodiscard]] std::vector<List> fill_lists(const Communicator& comm, const ListInputs& inputs, Index users,
                                           const FindItems& find, const IsEnough& is_enough);

/// Takes off what falls short of the score that is asked for; `offset` is what lists add to scores.
void cut_by_score(const ListInputs& inputs, float offset, List& list);

/// Makes lists of popular items, one after the other.
class PopularLists {
 public:
  explicit PopularLists(const ListInputs& inputs);

  /// For a user of this segment, or of none, of whom the rule looks at these items: what is popular in the segment;
  /// at large if nothing is known of the segment, or if the rules leave nothing of it.
  [[nodiscard]] List list(std::int32_t segment, std::span<const Index> items);

 private:
  /// Null: nothing is known of the segment.
  [[nodiscard]] const PopularItems* in_segment(std::int32_t segment);
  [[nodiscard]] List fill(const PopularItems& popular, std::span<const Index> items);

  const ListInputs& inputs_;
  PopularItems items_;
  std::unordered_map<std::int32_t, PopularItems> in_segments_;
  QuotaCount count_;
};

}  // namespace rankwise
