#pragma once
// What users' lists are worth: every metric of every user in one pass over the lists, by all threads.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/target_groups.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/hit_values.hpp"
#include "kernels/ranking/ranking_metrics.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

/// What is asked of lists. Outlives the tables that answer it.
struct ListQuestions {
  ListRule rule;
  std::vector<EvaluationMetric> metrics;            ///< that rank
  std::vector<Grouping> groupings = {};             ///< of targets; may be none
  std::vector<std::int32_t> category_of_item = {};  ///< below 0: unknown; may be none if no metric needs categories

  /// The same asked of lists of a model that knows other items.
  [[nodiscard]] ListQuestions of(const Catalogue& catalogue) const {
    return {{catalogue, rule.seen}, metrics, groupings, category_of_item};
  }
  /// The longest list that any metric needs, at most the catalogue; 0 if none needs a list.
  [[nodiscard]] Index longest() const;
  /// Likewise of coverage, gini and diversity alone, which need the lists themselves.
  [[nodiscard]] Index longest_kept() const;
};

/// The items of lists, so many places a user; -1 beyond a list's end.
struct KeptLists {
  Index places = 0;
  std::vector<Index> items;

  [[nodiscard]] std::span<const Index> list(Index user) const {
    return std::span(items).subspan(static_cast<std::size_t>(user * places), static_cast<std::size_t>(places));
  }
};

/// One user's values over the targets of one group, as if only these were held out.
struct GroupedUser {
  Index user = 0;  ///< place among the ranked users
  std::int8_t grouping = 0;
  std::int8_t group = 0;
  Index targets = 0;
};

/// This rank's users with something to find, in the order of their rows.
struct ListTable {
  std::vector<Index> rows;                  ///< local
  std::vector<std::vector<double>> values;  ///< by metric and user; no users of metrics that are no mean over users
  KeptLists lists;
  std::vector<GroupedUser> grouped;                 ///< ascending by user
  std::vector<std::vector<double>> grouped_values;  ///< by metric, of each of `grouped`; empty unless of hits
};

/// The list of one of the users, valid until the same thread asks again.
using ListOfUser = std::function<std::span<const ScoredItem>(Index user)>;
/// Makes one for a thread.
using ListMaker = std::function<ListOfUser()>;

/// An item of a list whose score is not finite.
struct BadScore {
  Index user = 0;
  ScoredItem item;
};

class ListEvaluation {
 public:
  /// `rows` and `questions` outlive this.
  ListEvaluation(const ListQuestions& questions, const HeldoutRows& rows);

  [[nodiscard]] std::span<const Index> users() const { return table_.rows; }
  /// Values of users [begin, end) (places in users()) from their lists, each of which holds at least the first
  /// questions.longest() items that it may have. The first user with a score that is not finite, if there is one.
  [[nodiscard]] std::optional<BadScore> add(Index begin, Index end, const ListMaker& make_list);
  /// Of a metric that is no matter of lists (auc): the values of users [begin, end), by all threads.
  void fill(std::size_t metric, Index begin, Index end,
            const std::function<double(Index user, const Targets& targets)>& value_of);
  /// What has been found so far.
  [[nodiscard]] ListTable& table() { return table_; }

 private:
  struct Room;
  void add_user(Index user, std::span<const ScoredItem> list, Room& room);
  void add_groups(Index user, Room& room);
  void find_grouped();

  const ListQuestions& questions_;
  const HeldoutRows& rows_;
  HitValues hit_values_;
  std::vector<std::size_t> hit_metrics_;  // places among questions_.metrics
  ListTable table_;
  std::vector<Index> first_grouped_;  // of each user, and the end
};

}  // namespace rankwise
