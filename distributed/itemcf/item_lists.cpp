#include "distributed/itemcf/item_lists.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "distributed/evaluation/area_counts.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/ranking/popular_items.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/itemcf/nearest_items.hpp"

namespace rankwise {

namespace {

/// Additions that users take in a block, about.
double block_work(const ItemWeightBlocks::Block& block, const SparseRows& histories, std::span<const Index> rows) {
  const double speakers = std::max(static_cast<double>(block.offsets.size()), 1.0);
  double entries = 0;
  for (const Index row : rows) entries += static_cast<double>(row_columns(histories, row).size());
  return entries * static_cast<double>(block.targets.size()) / speakers;
}

/// Calls visit(place, block, scores, user) for all rows and blocks, by all threads.
template <class Visit>
void for_each_user(const ItemScorer& scorer, const SparseRows& histories, std::span<const Index> rows, Visit&& visit) {
  for (Index number = 0; number < scorer.weights.blocks(); ++number) {
    const auto block = scorer.weights.block(number);
#pragma omp parallel num_threads(team_size(block_work(*block, histories, rows)))
    {
      BlockScores scores(block->items.size());
#pragma omp for schedule(dynamic, 64)
      for (Index place = 0; place < std::ssize(rows); ++place)
        visit(place, *block, scores, speaking_items(histories, rows[at(place)], scorer.weighting));
    }
  }
}

void add_areas(const ItemScorer& scorer, const ListQuestions& questions, const HeldoutRows& rows,
               std::span<const Index> users, Index begin, const ItemOrder& popularity, std::size_t metric,
               ListEvaluation& evaluation) {
  std::vector<CountedUser> counted;
  Targets targets;
  for (const Index row : users) {
    find_targets(questions.rule.seen, rows, row, targets);
    counted.push_back({row_columns(rows.seen, row), targets.items});
  }
  AreaCounts<double> areas(questions.rule, std::move(counted));
  for_each_user(scorer, rows.seen, users, [&](Index place, const auto& block, BlockScores& scores, const auto& user) {
    areas.take(place, block.items.begin, scores.all(block, user));
  });
  areas.begin_count();
  for_each_user(scorer, rows.seen, users, [&](Index place, const auto& block, BlockScores& scores, const auto& user) {
    areas.count(place, block.items.begin, scores.all(block, user));
  });
  evaluation.fill(metric, begin, begin + std::ssize(users), [&](Index user, const Targets& of_user) {
    const std::span<const Index> history = row_columns(rows.seen, evaluation.users()[at(user)]);
    if (questions.rule.catalogue.knows(history)) return areas.area(user - begin);
    return order_area(questions.rule, popularity, history, of_user.items);
  });
}

/// Throws on every rank if one has such a score. Collective.
void require_finite(const Communicator& comm, const ListEvaluation& evaluation, const HeldoutRows& rows,
                    const std::optional<BadScore>& bad) {
  agree_on(comm, [&] {
    if (!bad) return;
    const Index user = rows.heldout.rows.begin + evaluation.users()[at(bad->user)];
    throw Error(ExitCode::bad_data,
                fmt::format("user row {}: {}", user, overflow_text(bad->item.item, bad->item.score)));
  });
}

}  // namespace

Index users_at_a_time(Index count, Index blocks) {
  // Blocks are read again for each round of users.
  const Index most = (Index{1} << 16) * std::clamp<Index>(blocks, 1, 16);
  constexpr Index list_bytes = Index{256} << 20;
  constexpr Index item_bytes = 2 * (sizeof(Neighbour) + sizeof(ScoredItem));  // offers are cut at twice the count
  return std::clamp<Index>(list_bytes / (item_bytes * std::max<Index>(count, 1)), 1, most);
}

std::vector<std::vector<ScoredItem>> item_lists(const ItemScorer& scorer, const ListRule& rule,
                                                const SparseRows& histories, const SparseRows& seen,
                                                std::span<const Index> rows, Index count,
                                                std::span<const float> boosts) {
  std::vector<NearestItems> best(rows.size(), NearestItems(std::max<Index>(count, 1)));
  for_each_user(scorer, histories, rows, [&](Index place, const auto& block, BlockScores& scores, const auto& user) {
    const std::span<const Index> has = row_columns(seen, rows[at(place)]);
    scores.for_each(block, user, [&](Index item, double score) {
      const auto rounded = static_cast<float>(score);
      if (!(rounded <= 0) && rule.allows(item, has))
        best[at(place)].offer({static_cast<LocalIndex>(item), boosted(boosts, {rounded, item})});
    });
  });
  std::vector<std::vector<ScoredItem>> lists(rows.size());
  for (std::size_t place = 0; place < rows.size(); ++place) {
    for (const Neighbour& each : best[place].take()) lists[place].push_back({each.weight, each.item});
    std::ranges::sort(lists[place], better);
  }
  return lists;
}

ItemModelLists item_model_lists(const Communicator& comm, const ItemScorer& scorer, const ListQuestions& questions,
                                const HeldoutRows& rows) {
  require_weighable(comm, rows.seen, scorer.weighting);
  ListEvaluation evaluation(questions, rows);
  const ItemOrder popularity = order_by_popularity(questions.rule.catalogue);
  const Index users = std::ssize(evaluation.users());
  Index popular_users = 0;
  Index short_lists = 0;
  const Index at_a_time = users_at_a_time(questions.longest(), scorer.weights.blocks());
  const Index rounds = comm.max((users + at_a_time - 1) / at_a_time);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * at_a_time, users);
    const Index end = std::min(begin + at_a_time, users);
    const std::span<const Index> some = evaluation.users().subspan(at(begin), at(end - begin));
    if (const Index longest = questions.longest(); longest > 0) {
      const auto lists = item_lists(scorer, questions.rule, rows.seen, rows.seen, some, longest);
      for (std::size_t user = 0; user < lists.size(); ++user) {
        const bool is_known = questions.rule.catalogue.knows(row_columns(rows.seen, some[user]));
        popular_users += is_known && lists[user].empty() ? 1 : 0;
        short_lists += !lists[user].empty() && std::ssize(lists[user]) < longest ? 1 : 0;
      }
      const auto bad = evaluation.add(begin, end, [&]() -> ListOfUser {
        return
            [&, popular = OrderedLists(questions.rule, popularity)](Index user) mutable -> std::span<const ScoredItem> {
              const std::vector<ScoredItem>& list = lists[at(user - begin)];
              if (!list.empty()) return list;
              return popular.list(row_columns(rows.seen, evaluation.users()[at(user)]), longest);
            };
      });
      require_finite(comm, evaluation, rows, bad);
    }
    for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
      if (questions.metrics[m].source() == MetricSource::all_scores)
        add_areas(scorer, questions, rows, some, begin, popularity, m, evaluation);
    }
  }
  return {std::move(evaluation.table()), comm.sum(popular_users), comm.sum(short_lists)};
}

}  // namespace rankwise
