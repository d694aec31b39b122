#pragma once
// The best items of users by weighted sums of normalized scores, and what such lists are worth.

#include <span>
#include <vector>

#include "distributed/blending/user_scores.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "kernels/base/types.hpp"
#include "kernels/itemcf/nearest_items.hpp"
#include "kernels/ranking/score_normalizer.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// Models whose normalized scores are added; what it refers to outlives it.
struct Blend {
  std::span<const BlendedModel> models;
  ScoreNormalization normalization = ScoreNormalization::standard;
};

/// The blended scores of one user after the other, and the best of them; for one thread.
class BlendedUser {
 public:
  /// Lists of at most `count` items.
  explicit BlendedUser(Index count);

  /// Adds the models' scores in double, in their order, each times its share; a model of share 0 has no part. Whether
  /// any model with a part orders the items: if none does, there is no list.
  bool blend(const UserScores& scores, std::span<const double> shares);

  /// The sums, rounded to floats, of each of UserScores::items.
  [[nodiscard]] std::span<const float> sums() const { return sums_; }
  /// The best, best first, equal scores by the lower item; `boosts`, of each item or empty, are added to the sums.
  [[nodiscard]] std::vector<ScoredItem> best(const UserScores& scores, std::span<const float> boosts = {});

 private:
  std::vector<double> totals_;
  std::vector<float> sums_;
  NearestItems best_;
  Index count_;
};

/// Lists of some users by one blend, best first; empty for users for whom no model orders the items. `boosts`, of each
/// item or empty, are added to blended scores. Collective over comm; throws as for_each_user_scores().
[[nodiscard]] std::vector<std::vector<ScoredItem>> blended_lists(const Communicator& comm, const Blend& blend,
                                                                 std::span<const double> shares, const ListRule& rule,
                                                                 const ScoredUsers& users, Index count,
                                                                 std::span<const float> boosts = {});

/// What the lists of a blend are worth.
struct BlendedTable {
  ListTable table;
  Index popular_users = 0;  ///< over all ranks: whom training knows, but for whom no model orders the items
};

/// What lists are worth by each of several weightings of the same models (`shares[w]`: of each model), whose normalized
/// scores are made once. Users for whom no model orders the items get the popular items. Users speak by
/// HeldoutRows::seen. Collective over comm; throws as for_each_user_scores().
[[nodiscard]] std::vector<BlendedTable> blended_tables(const Communicator& comm, const Blend& blend,
                                                       std::span<const std::vector<double>> shares,
                                                       const ListQuestions& questions, const HeldoutRows& rows);

}  // namespace rankwise
