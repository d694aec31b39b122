#include "distributed/blending/user_scores.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <optional>

#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr Index usual_score_bytes = Index{128} << 20;
constexpr Index most_users_at_a_time = 1 << 13;

/// A score that is not finite, of the user at a place, by a model.
struct BrokenScore {
  Index place = 0;
  std::size_t model = 0;
  ScoredItem item{};
};

Index users_at_a_time(std::span<const BlendedModel> models, Index score_bytes) {
  Index user_bytes = 0;
  for (const BlendedModel& model : models)
    user_bytes += padded_columns(model.width) * static_cast<Index>(sizeof(float));
  const Index budget = score_bytes > 0 ? score_bytes : usual_score_bytes;
  return std::clamp<Index>(budget / std::max<Index>(user_bytes, 1), 1, most_users_at_a_time);
}

/// The items that a list may hold; `candidates`: those of the catalogue, `history`: the user's; all ascend.
void find_allowed(SeenItems seen, const Catalogue& catalogue, std::span<const Index> candidates,
                  std::span<const Index> history, std::vector<Index>& allowed) {
  allowed.clear();
  if (seen == SeenItems::only) {
    std::ranges::copy_if(history, std::back_inserter(allowed),
                         [&](Index item) { return catalogue.is_candidate(item); });
  } else if (seen == SeenItems::allow) {
    allowed.assign(candidates.begin(), candidates.end());
  } else {
    std::ranges::set_difference(candidates, history, std::back_inserter(allowed));
  }
}

/// Normalizes one user after the other; for one thread.
class UserNormalizer {
 public:
  UserNormalizer(std::span<const BlendedModel> models, ScoreNormalization kind)
      : models_(models), normalizer_(kind), normalized_(models.size()), orders_(models.size()) {}

  /// `rows`: of each model, the user's scores. The first score that is not finite, if there is one.
  std::optional<BrokenScore> normalize(std::span<const Index> allowed, std::span<const float* const> rows) {
    scores_.resize(allowed.size());
    for (std::size_t m = 0; m < models_.size(); ++m) {
      const BlendedModel& model = models_[m];
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        const Index item = allowed[i];
        const Index column = model.columns.empty() ? item : model.columns[at(item)];
        scores_[i] = model.catalogue.is_candidate(item) ? rows[m][column] : 0.0F;
        if (!std::isfinite(scores_[i])) return BrokenScore{0, m, {scores_[i], item}};
      }
      normalized_[m].resize(allowed.size());
      orders_[m] = normalizer_.normalize(scores_, normalized_[m]) ? 1 : 0;
    }
    return std::nullopt;
  }
  [[nodiscard]] UserScores scores(std::span<const Index> allowed) const { return {allowed, normalized_, orders_}; }

 private:
  std::span<const BlendedModel> models_;
  ScoreNormalizer normalizer_;
  std::vector<float> scores_;
  std::vector<std::vector<double>> normalized_;
  std::vector<char> orders_;
};

/// Of users at places [begin, end), whose score rows are those of `scores`.
std::optional<BrokenScore> take_round(std::span<const BlendedModel> models, ScoreNormalization kind,
                                      const ListRule& rule, std::span<const Index> candidates, const ScoredUsers& users,
                                      RowRange places, std::span<const Matrix> scores, const TakeUserMaker& make_take) {
  std::optional<BrokenScore> broken;
  const double operations = static_cast<double>(places.size()) * static_cast<double>(candidates.size()) * 10;
#pragma omp parallel num_threads(team_size(operations* static_cast <double>(models.size())))
  {
    const TakeUser take = make_take();
    UserNormalizer normalizer(models, kind);
    std::vector<Index> allowed;
    std::vector<const float*> rows(models.size());
    std::optional<BrokenScore> mine;
#pragma omp for schedule(dynamic, 4)
    for (Index place = places.begin; place < places.end; ++place) {
      find_allowed(rule.seen, rule.catalogue, candidates, row_columns(users.seen, users.rows[at(place)]), allowed);
      for (std::size_t m = 0; m < models.size(); ++m) rows[m] = scores[m].row(place - places.begin);
      if (auto found = normalizer.normalize(allowed, rows)) {
        found->place = place;
        if (!mine || place < mine->place) mine = found;
        continue;
      }
      take(place, normalizer.scores(allowed));
    }
#pragma omp critical(rankwise_broken_score)
    if (mine && (!broken || mine->place < broken->place)) broken = mine;
  }
  return broken;
}

}  // namespace

Catalogue joint_catalogue(const Communicator& comm, std::span<const Catalogue* const> catalogues) {
  const Index items = catalogues.front()->items();
  const RowRange mine = Partition::by_count(items, comm.size()).range(comm.rank());
  Index users = 0;
  std::vector<Index> entries(at(mine.size()));
  std::vector<std::uint8_t> is_described(entries.size());
  for (const Catalogue* each : catalogues) {
    users = std::max(users, each->users);
    for (Index item = mine.begin; item < mine.end; ++item) {
      Index& most = entries[at(item - mine.begin)];
      most = std::max(most, each->entries[at(item)]);
      if (each->describes(item)) is_described[at(item - mine.begin)] = 1;
    }
  }
  return make_catalogue(comm, users, entries, is_described);
}

void for_each_user_scores(const Communicator& comm, std::span<const BlendedModel> models, ScoreNormalization kind,
                          const ListRule& rule, const ScoredUsers& users, const TakeUserMaker& make_take,
                          Index score_bytes) {
  std::vector<Index> candidates = rule.catalogue.by_popularity;
  std::ranges::sort(candidates);
  const auto count = std::ssize(users.rows);
  const Index round = std::min(users_at_a_time(models, score_bytes), std::max<Index>(count, 1));
  std::vector<Matrix> scores;
  for (const BlendedModel& model : models) scores.emplace_back(round, model.width);
  const Index rounds = comm.max((count + round - 1) / round);
  for (Index number = 0; number < rounds; ++number) {
    const RowRange places{std::min(number * round, count), std::min((number + 1) * round, count)};
    for (std::size_t m = 0; m < models.size(); ++m)
      models[m].fill(users.rows.subspan(at(places.begin), at(places.size())), scores[m].view());
    const auto broken = take_round(models, kind, rule, candidates, users, places, scores, make_take);
    agree_on(comm, [&] {
      if (!broken) return;
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {}: {}", models[broken->model].path, users.name(users.rows[at(broken->place)]),
                              overflow_text(broken->item.item, broken->item.score)));
    });
  }
}

}  // namespace rankwise
