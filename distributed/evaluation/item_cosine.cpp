#include "distributed/evaluation/item_cosine.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "distributed/evaluation/area_counts.hpp"
#include "distributed/evaluation/item_order.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr Index block_bytes = Index{64} << 20;
constexpr Index list_bytes = Index{256} << 20;

/// A candidate with its score.
struct Scored {
  double score = 0;
  Index item = 0;
};

bool comes_before(const Scored& a, const Scored& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

/// The best of a user's candidates so far.
class BestItems {
 public:
  void offer(const Scored& scored, Index count) {
    if (std::ssize(items_) >= count && count > 0 && is_cut_ && !comes_before(scored, worst_)) return;
    items_.push_back(scored);
    if (std::ssize(items_) >= 2 * count) cut(count);
  }
  void cut(Index count) {
    if (std::ssize(items_) <= count) return;
    std::ranges::nth_element(items_, items_.begin() + (count - 1), comes_before);
    items_.resize(at(count));
    worst_ = items_.back();
    is_cut_ = true;
  }
  [[nodiscard]] std::vector<ScoredItem> sorted(Index count) {
    cut(count);
    std::ranges::sort(items_, comes_before);
    std::vector<ScoredItem> list;
    for (const Scored& each : items_) list.push_back({static_cast<float>(each.score), each.item});
    return list;
  }

 private:
  std::vector<Scored> items_;
  Scored worst_;
  bool is_cut_ = false;
};

/// Similarities of all items to a block of them, of which each rank counts its own users.
class CosineColumns {
 public:
  CosineColumns(const Communicator& comm, const Catalogue& catalogue, const SparseRows& training)
      : comm_(comm), catalogue_(catalogue), training_(training) {
    constexpr Index pair_bytes = sizeof(std::int32_t) + sizeof(double);
    const Index items = std::max<Index>(catalogue.items(), 1);
    width_ = std::clamp<Index>(block_bytes / (pair_bytes * items), 1, items);
  }

  /// Calls take(user, first, scores) for each of the rows and all items, by blocks. Collective over comm.
  template <class Take>
  void for_each_scores(std::span<const std::span<const Index>> histories, Take&& take) {
    for (Index first = 0; first < catalogue_.items(); first += width_) {
      const RowRange block{first, std::min(first + width_, catalogue_.items())};
      weigh(block);
      const auto users = static_cast<Index>(histories.size());
      const int threads = team_size(static_cast<double>(users * block.size()));
#pragma omp parallel num_threads(threads)
      {
        std::vector<double> scores(at(block.size()));
#pragma omp for schedule(dynamic, 16)
        for (Index user = 0; user < users; ++user) {
          std::ranges::fill(scores, 0.0);
          for (const Index item : histories[at(user)]) {
            const double* weights = weights_.data() + item * block.size();
            for (Index j = 0; j < block.size(); ++j) scores[at(j)] += weights[j];
          }
          take(user, first, std::span<const double>(scores));
        }
      }
    }
  }

 private:
  /// Threads have columns of their own, so that no count has two writers.
  void count(RowRange block) {
    constexpr Index columns_at_once = 32;
    counts_.assign(at(catalogue_.items() * block.size()), 0);
    const int threads = team_size(static_cast<double>(training_.entries()) * static_cast<double>(block.size()));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (Index begin = block.begin; begin < block.end; begin += columns_at_once)
      count_columns(block, {begin, std::min(begin + columns_at_once, block.end)});
    comm_.all_reduce_sum(std::span<std::int32_t>(counts_));
  }

  void count_columns(RowRange block, RowRange columns) {
    for (Index row = 0; row < training_.rows.size(); ++row) {
      const std::span<const Index> items = row_columns(training_, row);
      auto column = std::ranges::lower_bound(items, columns.begin);
      for (; column != items.end() && *column < columns.end; ++column) {
        for (const Index item : items) ++counts_[at(item * block.size() + *column - block.begin)];
      }
    }
  }

  void weigh(RowRange block) {
    count(block);
    weights_.assign(counts_.size(), 0);
    for (Index item = 0; item < catalogue_.items(); ++item) {
      for (Index column = block.begin; column < block.end; ++column) {
        const std::size_t place = at(item * block.size() + column - block.begin);
        if (counts_[place] == 0 || item == column) continue;
        const auto product =
            static_cast<double>(catalogue_.entries[at(item)]) * static_cast<double>(catalogue_.entries[at(column)]);
        weights_[place] = static_cast<double>(counts_[place]) / std::sqrt(product);
      }
    }
  }

  const Communicator& comm_;
  const Catalogue& catalogue_;
  const SparseRows& training_;
  Index width_ = 1;
  std::vector<std::int32_t> counts_;  // items x block
  std::vector<double> weights_;
};

/// Some of the ranked users and what is known of them.
struct KnownUsers {
  Index begin = 0;
  Index end = 0;
  std::vector<Index> place;                       ///< of each user; -1: nothing is known of it
  std::vector<std::span<const Index>> histories;  ///< of the known ones
  std::vector<Index> rows;                        ///< local
};

KnownUsers known_users(const ListQuestions& questions, const HeldoutRows& rows, std::span<const Index> users,
                       Index begin, Index end) {
  KnownUsers known{begin, end, {}, {}, {}};
  for (Index user = begin; user < end; ++user) {
    const std::span<const Index> history = row_columns(rows.seen, users[at(user)]);
    const bool is_known = questions.rule.catalogue.knows(history);
    known.place.push_back(is_known ? std::ssize(known.rows) : -1);
    if (!is_known) continue;
    known.histories.push_back(history);
    known.rows.push_back(users[at(user)]);
  }
  return known;
}

void add_lists(CosineColumns& columns, const ListQuestions& questions, const HeldoutRows& rows, const KnownUsers& known,
               const ItemOrder& popularity, ListEvaluation& evaluation) {
  const Index longest = questions.longest();
  std::vector<BestItems> best(known.rows.size());
  columns.for_each_scores(known.histories, [&](Index user, Index first, std::span<const double> scores) {
    const std::span<const Index> history = known.histories[at(user)];
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const Index item = first + static_cast<Index>(i);
      if (questions.rule.allows(item, history)) best[at(user)].offer({scores[i], item}, longest);
    }
  });
  static_cast<void>(evaluation.add(known.begin, known.end, [&]() -> ListOfUser {
    return [&, popular = OrderedLists(questions.rule, popularity),
            list = std::vector<ScoredItem>()](Index user) mutable -> std::span<const ScoredItem> {
      const Index place = known.place[at(user - known.begin)];
      if (place < 0) return popular.list(row_columns(rows.seen, evaluation.users()[at(user)]), longest);
      list = best[at(place)].sorted(longest);
      return list;
    };
  }));
}

void add_areas(CosineColumns& columns, const ListQuestions& questions, const HeldoutRows& rows, const KnownUsers& known,
               const ItemOrder& popularity, std::size_t metric, ListEvaluation& evaluation) {
  std::vector<CountedUser> counted;
  Targets targets;
  for (std::size_t user = 0; user < known.rows.size(); ++user) {
    find_targets(questions.rule.seen, rows, known.rows[user], targets);
    counted.push_back({known.histories[user], targets.items});
  }
  AreaCounts<double> areas(questions.rule, std::move(counted));
  columns.for_each_scores(known.histories, [&](Index user, Index first, std::span<const double> scores) {
    areas.take(user, first, scores);
  });
  areas.begin_count();
  columns.for_each_scores(known.histories, [&](Index user, Index first, std::span<const double> scores) {
    areas.count(user, first, scores);
  });
  evaluation.fill(metric, known.begin, known.end, [&](Index user, const Targets& of_user) {
    const Index place = known.place[at(user - known.begin)];
    if (place >= 0) return areas.area(place);
    return order_area(questions.rule, popularity, row_columns(rows.seen, evaluation.users()[at(user)]), of_user.items);
  });
}

}  // namespace

ListTable item_cosine_lists(const Communicator& comm, const ListQuestions& questions, const HeldoutRows& rows,
                            const SparseRows& training) {
  ListEvaluation evaluation(questions, rows);
  const Catalogue& catalogue = questions.rule.catalogue;
  const ItemOrder popularity = order_by_popularity(catalogue);
  CosineColumns columns(comm, catalogue, training);
  const Index user_bytes = 2 * std::max<Index>(questions.longest(), 1) * static_cast<Index>(sizeof(Scored));
  const Index at_once = std::max<Index>(list_bytes / user_bytes, 1);
  const Index users = std::ssize(evaluation.users());
  const Index rounds = comm.max((users + at_once - 1) / at_once);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * at_once, users);
    const Index end = std::min(begin + at_once, users);
    const KnownUsers known = known_users(questions, rows, evaluation.users(), begin, end);
    if (questions.longest() > 0) add_lists(columns, questions, rows, known, popularity, evaluation);
    for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
      if (questions.metrics[m].source() == MetricSource::all_scores)
        add_areas(columns, questions, rows, known, popularity, m, evaluation);
    }
  }
  return std::move(evaluation.table());
}

}  // namespace rankwise
