#pragma once
// What an item-based model takes before it is trained: pairs to count, bytes of a rank, seconds.

#include <optional>
#include <span>
#include <vector>

#include "distributed/planning/layout_plan.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"
#include "kernels/itemcf/common_users.hpp"

namespace rankwise {

enum class PlannedWeights { similarity, ridge };

/// What is to be trained.
struct ItemPlanSettings {
  std::optional<Index> neighbours;  ///< nothing: all
  PlannedWeights weights = PlannedWeights::similarity;
  EntryWeights entries = EntryWeights::ones;
  Index budget_bytes = 0;  ///< of a rank, as `itemcf --memory-budget`

  [[nodiscard]] bool is_dense() const { return weights == PlannedWeights::ridge && !neighbours; }
};

/// Counted from the rows of users and items, exact unless it says "at most".
struct ItemWork {
  Index users = 0;
  Index items = 0;
  Index interactions = 0;
  Index used_items = 0;           ///< with an entry
  Index longest_user = 0;         ///< items of the longest user
  Index pairs = 0;                ///< of items of a user, both ways: what choosing neighbours counts
  Index weights = 0;              ///< of the model, at most
  Index most_neighbours = 0;      ///< of an item, at most
  Index neighbourhood_pairs = 0;  ///< of an item's neighbours and itself, over all items, at most
  double solve_flops = 0;         ///< at most
};

/// Adds up rows of users, in any order; then finish() says what they are.
class ItemWorkCount {
 public:
  ItemWorkCount(Index users, Index items)
      : users_(users), increments_(static_cast<std::size_t>(items)), entries_(increments_) {}

  void add(const PatternRows& rows);
  [[nodiscard]] ItemWork finish(const ItemPlanSettings& settings) const;

 private:
  Index users_;
  Index longest_ = 0;
  std::vector<Index> increments_;  ///< of each item: the sum over its users of their items
  std::vector<Index> entries_;
};

/// Batches of neighbourhoods for which pairs are counted anew, at most, if ranks have equal parts.
[[nodiscard]] Index ridge_batches(const ItemWork& work, const ItemPlanSettings& settings, int ranks);

/// Pairs that ridge weights count beside: half of all in each batch. 0 without ridge weights.
[[nodiscard]] Index ridge_pairs(const ItemWork& work, const ItemPlanSettings& settings, int ranks);

/// Bytes of a rank, if ranks have equal parts. The peak of all steps; without what the process holds by itself.
[[nodiscard]] Index item_rank_bytes(const ItemWork& work, const ItemPlanSettings& settings, int ranks, int threads);

/// The least that a budget can bound: less is exceeded by a single row, item or system.
[[nodiscard]] Index least_budget_bytes(const ItemWork& work, const ItemPlanSettings& settings, int threads);

/// Seconds that one core takes.
struct ItemRates {
  double pairs_per_second = 0;
  double neighbourhood_pairs_per_second = 0;  ///< that are laid out for systems
  double flops_per_second = 0;                ///< of systems
};

/// Measured on some of the users, for about so many seconds; of systems on random ones. For a thread by itself.
[[nodiscard]] ItemRates measure_item_rates(const SparseRows& sample, const ItemWork& work,
                                           const ItemPlanSettings& settings, double seconds);

struct ItemSeconds {
  double count = 0;
  double ridge = 0;
};

/// On so many cores, shared evenly; all cores factor a dense system's own copy.
[[nodiscard]] ItemSeconds item_seconds(const ItemWork& work, const ItemPlanSettings& settings, const ItemRates& rates,
                                       int ranks, int threads);

}  // namespace rankwise
