#include "distributed/denoising/item_places.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <span>

#include "distributed/evaluation/gathered_rows.hpp"
#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/ranking/scored_item.hpp"

namespace rankwise {

namespace {

constexpr Index users_at_once = 8192;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One user's held-out items among the other candidates, whose scores come by in blocks. Distinct users may be counted
/// by distinct threads.
class PlaceCount {
 public:
  /// Spans ascend and outlive this.
  PlaceCount(const Catalogue& catalogue, std::span<const Index> history, std::span<const Index> targets)
      : catalogue_(catalogue), history_(history), targets_(targets), scores_(targets.size()) {}

  /// First pass: the scores of items first_item, first_item + 1, ...
  void take(Index first_item, std::span<const float> scores) {
    const Index end = first_item + static_cast<Index>(scores.size());
    auto target = std::ranges::lower_bound(targets_, first_item);
    for (; target != targets_.end() && *target < end; ++target) {
      const float score = scores[at(*target - first_item)];
      note(score, *target);
      scores_[at(target - targets_.begin())] = score;
    }
  }
  /// Between the passes.
  void begin_count() {
    ascending_ = scores_;
    std::ranges::sort(ascending_);
    ends_.assign(ascending_.size() + 1, 0);
  }
  /// Second pass.
  void count(Index first_item, std::span<const float> scores) {
    const Index end = first_item + static_cast<Index>(scores.size());
    auto target = std::ranges::lower_bound(targets_, first_item);
    auto known = std::ranges::lower_bound(history_, first_item);
    for (Index item = first_item; item < end; ++item) {
      const bool is_target = target != targets_.end() && *target == item;
      const bool is_known = known != history_.end() && *known == item;
      target += is_target ? 1 : 0;
      known += is_known ? 1 : 0;
      if (is_target || is_known || !catalogue_.is_candidate(item)) continue;
      const float score = scores[at(item - first_item)];
      note(score, item);
      // It beats those below it twice, and its equals once.
      const auto [equal, above] = std::equal_range(ascending_.begin(), ascending_.end(), score);
      ++ends_[at(equal - ascending_.begin())];
      ++ends_[at(above - ascending_.begin())];
      ++others_;
    }
  }

  [[nodiscard]] double score(std::size_t target) const { return static_cast<double>(scores_[target]); }
  [[nodiscard]] double percentile(std::size_t target) const {
    if (others_ == 0 || !catalogue_.is_candidate(targets_[target])) return unknown;
    const auto place = std::ranges::lower_bound(ascending_, scores_[target]) - ascending_.begin();
    Index twice_above = 0;
    for (std::size_t end = at(place) + 1; end < ends_.size(); ++end) twice_above += ends_[end];
    return 100 * static_cast<double>(twice_above) / (2 * static_cast<double>(others_));
  }
  /// The first item with a score that is not finite, if there is one.
  [[nodiscard]] const std::optional<ScoredItem>& bad() const { return bad_; }

 private:
  void note(float score, Index item) {
    if (!std::isfinite(score) && (!bad_ || item < bad_->item)) bad_ = ScoredItem{score, item};
  }

  const Catalogue& catalogue_;
  std::span<const Index> history_;
  std::span<const Index> targets_;
  std::vector<float> scores_;     // of targets
  std::vector<float> ascending_;  // the same, sorted
  std::vector<Index> ends_;       // how often a candidate beats, by halves, all before this place of `ascending_`
  Index others_ = 0;
  std::optional<ScoredItem> bad_;
};

/// Throws if a score of these users is not finite. Collective over comm.
void require_finite(const Communicator& comm, const HeldoutRows& rows, std::span<const Index> users,
                    std::span<const PlaceCount> counts) {
  std::optional<Error> failure;
  for (std::size_t u = 0; u < users.size() && !failure; ++u) {
    if (!counts[u].bad()) continue;
    failure =
        Error(ExitCode::bad_data, fmt::format("user row {}: {}", rows.partition.range(comm.rank()).begin + users[u],
                                              overflow_text(counts[u].bad()->item, counts[u].bad()->score)));
  }
  agree(comm, failure);
}

/// Places of the held-out items of these users (local rows). Collective over comm.
void place_items_of(const Communicator& comm, const EvaluatedFactors& factors, const Catalogue& catalogue,
                    const HeldoutRows& rows, std::span<const Index> users, ItemPlaces& places) {
  std::vector<PlaceCount> counts;
  for (const Index user : users)
    counts.emplace_back(catalogue, row_columns(rows.seen, user), row_columns(rows.heldout, user));
  Matrix vectors = select_rows(factors.users, users);
  make_scoring_vectors(factors.objective, vectors);
  for_each_scores(comm, factors.items, vectors.view(), [&](Index user, Index first, std::span<const float> scores) {
    counts[at(user)].take(first, scores);
  });
  for (PlaceCount& count : counts) count.begin_count();
  for_each_scores(comm, factors.items, vectors.view(), [&](Index user, Index first, std::span<const float> scores) {
    counts[at(user)].count(first, scores);
  });
  require_finite(comm, rows, users, counts);
  for (std::size_t u = 0; u < users.size(); ++u) {
    const auto first = at(rows.heldout.offsets[at(users[u])]);
    for (std::size_t target = 0; target < row_columns(rows.heldout, users[u]).size(); ++target) {
      places.scores[first + target] = counts[u].score(target);
      places.percentiles[first + target] = counts[u].percentile(target);
    }
  }
}

}  // namespace

ItemPlaces place_items(const Communicator& comm, const EvaluatedFactors& factors, const Catalogue& catalogue,
                       const HeldoutRows& rows) {
  const std::size_t entries = rows.heldout.values.size();
  ItemPlaces places{std::vector<double>(entries, unknown), std::vector<double>(entries, unknown)};
  std::vector<Index> users;
  for (Index row = 0; row < rows.heldout.rows.size(); ++row) {
    if (row_columns(rows.heldout, row).empty() || !catalogue.knows(row_columns(rows.seen, row))) continue;
    users.push_back(row);
  }
  const Index rounds = comm.max((std::ssize(users) + users_at_once - 1) / users_at_once);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * users_at_once, std::ssize(users));
    const Index end = std::min(begin + users_at_once, std::ssize(users));
    place_items_of(comm, factors, catalogue, rows, std::span<const Index>(users).subspan(at(begin), at(end - begin)),
                   places);
  }
  return places;
}

}  // namespace rankwise
