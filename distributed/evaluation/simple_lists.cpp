#include "distributed/evaluation/simple_lists.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "kernels/ranking/rank_sum.hpp"

namespace rankwise {

namespace {

/// An item of a user's own: its training value, then its popularity.
using OwnScore = std::pair<float, Index>;

/// Lists of one thread.
class OwnLists {
 public:
  OwnLists(const ListRule& rule, const HeldoutRows& rows)
      : rule_(rule), rows_(rows), has_(rule.catalogue.entries.size()) {}

  std::span<const ScoredItem> list(Index row, Index count) {
    const std::span<const Index> history = row_columns(rows_.seen, row);
    const Index first = rows_.seen.offsets[at(row)];
    list_.clear();
    for (std::size_t place = 0; place < history.size(); ++place) {
      if (rule_.catalogue.is_candidate(history[place]))
        list_.push_back({rows_.seen.values[at(first) + place], history[place]});
    }
    const std::vector<Index>& entries = rule_.catalogue.entries;
    std::ranges::sort(list_, [&](const ScoredItem& a, const ScoredItem& b) {
      return std::tuple(b.score, entries[at(b.item)], a.item) < std::tuple(a.score, entries[at(a.item)], b.item);
    });
    if (std::ssize(list_) > count) list_.resize(at(count));
    if (rule_.seen == SeenItems::allow) append_popular(history, count);
    return list_;
  }

 private:
  void append_popular(std::span<const Index> history, Index count) {
    const std::vector<Index>& popular = rule_.catalogue.by_popularity;
    for (const Index item : history) has_[at(item)] = 1;
    for (auto item = popular.begin(); item != popular.end() && std::ssize(list_) < count; ++item) {
      if (has_[at(*item)] == 0) list_.push_back({0, *item});
    }
    for (const Index item : history) has_[at(item)] = 0;
  }

  const ListRule& rule_;
  const HeldoutRows& rows_;
  std::vector<char> has_;  // of each item, whether the user at hand has it
  std::vector<ScoredItem> list_;
};

/// Items that the user does not have score below all others, by popularity.
double own_area(const ListRule& rule, const HeldoutRows& rows, Index row, std::span<const Index> targets) {
  const std::span<const Index> history = row_columns(rows.seen, row);
  const Index first = rows.seen.offsets[at(row)];
  const auto score_of = [&](Index item) -> OwnScore {
    const auto place = std::ranges::lower_bound(history, item);
    const bool is_own = place != history.end() && *place == item;
    const float value =
        is_own ? rows.seen.values[at(first + (place - history.begin()))] : -std::numeric_limits<float>::infinity();
    return {value, rule.catalogue.entries[at(item)]};
  };
  std::vector<OwnScore> scores;
  for (const Index item : targets) {
    if (rule.allows(item, history)) scores.push_back(score_of(item));
  }
  RankSum<OwnScore> sum(std::move(scores), std::ssize(targets));
  for (Index item = 0; item < rule.catalogue.items(); ++item) {
    if (rule.allows(item, history) && !std::ranges::binary_search(targets, item)) sum.add(score_of(item));
  }
  return sum.area();
}

}  // namespace

ListTable order_lists(const ListQuestions& questions, const HeldoutRows& rows, const ItemOrder& order) {
  ListEvaluation evaluation(questions, rows);
  const std::span<const Index> users = evaluation.users();
  const Index longest = questions.longest();
  const auto history = [&rows, users](Index user) { return row_columns(rows.seen, users[at(user)]); };
  static_cast<void>(evaluation.add(0, std::ssize(users), [&]() -> ListOfUser {
    return [&, lists = OrderedLists(questions.rule, order)](Index user) mutable {
      return lists.list(history(user), longest);
    };
  }));
  for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
    if (questions.metrics[m].source() != MetricSource::all_scores) continue;
    evaluation.fill(m, 0, std::ssize(users), [&](Index user, const Targets& targets) {
      return order_area(questions.rule, order, history(user), targets.items);
    });
  }
  return std::move(evaluation.table());
}

ListTable own_lists(const ListQuestions& questions, const HeldoutRows& rows) {
  ListEvaluation evaluation(questions, rows);
  const std::span<const Index> users = evaluation.users();
  const Index longest = questions.longest();
  static_cast<void>(evaluation.add(0, std::ssize(users), [&]() -> ListOfUser {
    return [&, lists = OwnLists(questions.rule, rows)](Index user) mutable {
      return lists.list(users[at(user)], longest);
    };
  }));
  for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
    if (questions.metrics[m].source() != MetricSource::all_scores) continue;
    evaluation.fill(m, 0, std::ssize(users), [&](Index user, const Targets& targets) {
      return own_area(questions.rule, rows, users[at(user)], targets.items);
    });
  }
  return std::move(evaluation.table());
}

}  // namespace rankwise
