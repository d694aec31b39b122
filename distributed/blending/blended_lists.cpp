#include "distributed/blending/blended_lists.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "distributed/evaluation/item_order.hpp"
#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/ranking/rank_sum.hpp"

namespace rankwise {

namespace {

/// The area under the curve of one user's blended scores. `targets` ascend, as UserScores::items do.
double blended_area(std::span<const Index> items, std::span<const float> sums, std::span<const Index> targets) {
  std::vector<float> found;
  std::vector<char> is_target(items.size());
  for (const Index target : targets) {
    const auto place = std::ranges::lower_bound(items, target);
    if (place == items.end() || *place != target) continue;
    is_target[at(place - items.begin())] = 1;
    found.push_back(sums[at(place - items.begin())]);
  }
  RankSum<float> area(std::move(found), std::ssize(targets));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_target[i] == 0) area.add(sums[i]);
  }
  return area.area();
}

/// What one weighting has made of a round of users.
struct RoundOfLists {
  explicit RoundOfLists(std::size_t users) : lists(users), areas(users), is_ordered(users) {}
  std::vector<std::vector<ScoredItem>> lists;
  std::vector<double> areas;
  std::vector<char> is_ordered;
};

bool asks_areas(const ListQuestions& questions) {
  return std::ranges::any_of(
      questions.metrics, [](const EvaluationMetric& metric) { return metric.source() == MetricSource::all_scores; });
}

/// Lists and areas of these users by every weighting. Collective.
std::vector<RoundOfLists> make_round(const Communicator& comm, const Blend& blend,
                                     std::span<const std::vector<double>> shares, const ListQuestions& questions,
                                     const HeldoutRows& rows, std::span<const Index> users) {
  std::vector<RoundOfLists> made(shares.size(), RoundOfLists(users.size()));
  const bool needs_areas = asks_areas(questions);
  const Index longest = questions.longest();
  const ScoredUsers scored{rows.seen, users, [&](Index row) {
                             return fmt::format("user row {}", rows.partition.range(comm.rank()).begin + row);
                           }};
  for_each_user_scores(comm, blend.models, blend.normalization, questions.rule, scored, [&]() -> TakeUser {
    return [&, user = BlendedUser(longest), targets = Targets()](Index place, const UserScores& scores) mutable {
      if (needs_areas) find_targets(questions.rule.seen, rows, users[at(place)], targets);
      for (std::size_t w = 0; w < shares.size(); ++w) {
        if (!user.blend(scores, shares[w])) continue;
        made[w].is_ordered[at(place)] = 1;
        made[w].lists[at(place)] = user.best(scores);
        if (needs_areas) made[w].areas[at(place)] = blended_area(scores.items, user.sums(), targets.items);
      }
    };
  });
  return made;
}

/// The worth of one weighting's lists of users from `begin` on. The users whom training knows among those without a
/// list of their own.
Index add_round(const RoundOfLists& made, const ListQuestions& questions, const HeldoutRows& rows,
                const ItemOrder& popularity, Index begin, ListEvaluation& evaluation) {
  const Index end = begin + std::ssize(made.lists);
  const auto history = [&](Index user) { return row_columns(rows.seen, evaluation.users()[at(user)]); };
  static_cast<void>(evaluation.add(begin, end, [&]() -> ListOfUser {
    return [&, popular = OrderedLists(questions.rule, popularity)](Index user) mutable -> std::span<const ScoredItem> {
      if (made.is_ordered[at(user - begin)] != 0) return made.lists[at(user - begin)];
      return popular.list(history(user), questions.longest());
    };
  }));
  for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
    if (questions.metrics[m].source() != MetricSource::all_scores) continue;
    evaluation.fill(m, begin, end, [&](Index user, const Targets& targets) {
      if (made.is_ordered[at(user - begin)] != 0) return made.areas[at(user - begin)];
      return order_area(questions.rule, popularity, history(user), targets.items);
    });
  }
  Index popular_users = 0;
  for (Index user = begin; user < end; ++user) {
    const bool is_known = questions.rule.catalogue.knows(history(user));
    popular_users += is_known && made.is_ordered[at(user - begin)] == 0 ? 1 : 0;
  }
  return popular_users;
}

}  // namespace

BlendedUser::BlendedUser(Index count) : best_(std::max<Index>(count, 1)), count_(count) {}

bool BlendedUser::blend(const UserScores& scores, std::span<const double> shares) {
  bool is_ordered = false;
  for (std::size_t m = 0; m < shares.size(); ++m) is_ordered |= shares[m] > 0 && scores.orders[m] != 0;
  if (!is_ordered) return false;
  totals_.assign(scores.items.size(), 0.0);
  for (std::size_t m = 0; m < shares.size(); ++m) {
    if (!(shares[m] > 0)) continue;
    for (std::size_t i = 0; i < totals_.size(); ++i) totals_[i] += shares[m] * scores.normalized[m][i];
  }
  sums_.resize(totals_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = static_cast<float>(totals_[i]) + 0.0F;  // no -0
  return true;
}

std::vector<ScoredItem> BlendedUser::best(const UserScores& scores, std::span<const float> boosts) {
  std::vector<ScoredItem> list;
  if (count_ == 0) return list;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const Index item = scores.items[i];
    best_.offer({static_cast<LocalIndex>(item), boosted(boosts, {sums_[i], item})});
  }
  for (const Neighbour& each : best_.take()) list.push_back({each.weight, each.item});
  std::ranges::sort(list, better);
  return list;
}

std::vector<std::vector<ScoredItem>> blended_lists(const Communicator& comm, const Blend& blend,
                                                   std::span<const double> shares, const ListRule& rule,
                                                   const ScoredUsers& users, Index count,
                                                   std::span<const float> boosts) {
  std::vector<std::vector<ScoredItem>> lists(users.rows.size());
  for_each_user_scores(comm, blend.models, blend.normalization, rule, users, [&]() -> TakeUser {
    return [&, user = BlendedUser(count)](Index place, const UserScores& scores) mutable {
      if (user.blend(scores, shares)) lists[at(place)] = user.best(scores, boosts);
    };
  });
  return lists;
}

std::vector<BlendedTable> blended_tables(const Communicator& comm, const Blend& blend,
                                         std::span<const std::vector<double>> shares, const ListQuestions& questions,
                                         const HeldoutRows& rows) {
  std::vector<ListEvaluation> evaluations;
  for (std::size_t w = 0; w < shares.size(); ++w) evaluations.emplace_back(questions, rows);
  const ItemOrder popularity = order_by_popularity(questions.rule.catalogue);
  const std::vector<Index> users = ranked_users(questions.rule.seen, rows);
  const Index count = std::ssize(users);
  const Index at_a_time = users_at_a_time(questions.longest() * std::ssize(shares), 1);
  std::vector<Index> popular_users(shares.size());
  const Index rounds = comm.max((count + at_a_time - 1) / at_a_time);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * at_a_time, count);
    const Index end = std::min(begin + at_a_time, count);
    const std::vector<RoundOfLists> made =
        make_round(comm, blend, shares, questions, rows, std::span(users).subspan(at(begin), at(end - begin)));
    for (std::size_t w = 0; w < shares.size(); ++w)
      popular_users[w] += add_round(made[w], questions, rows, popularity, begin, evaluations[w]);
  }
  comm.all_reduce_sum(std::span<Index>(popular_users));
  std::vector<BlendedTable> tables;
  for (std::size_t w = 0; w < shares.size(); ++w)
    tables.push_back({std::move(evaluations[w].table()), popular_users[w]});
  return tables;
}

}  // namespace rankwise
