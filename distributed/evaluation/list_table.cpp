#include "distributed/evaluation/list_table.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "distributed/evaluation/list_categories.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

bool keeps_lists(const EvaluationMetric& metric) {
  return metric.source() == MetricSource::all_lists || metric.kind == MetricKind::diversity;
}

std::vector<EvaluationMetric> of_hits(std::span<const EvaluationMetric> metrics) {
  std::vector<EvaluationMetric> found;
  std::ranges::copy_if(metrics, std::back_inserter(found),
                       [](const EvaluationMetric& metric) { return metric.source() == MetricSource::hits; });
  return found;
}

/// Mean of -log2 of the share of users that have an item, one user if none has it; 0 of no items.
double novelty(const Catalogue& catalogue, std::span<const ScoredItem> list, Index cutoff) {
  const auto items = static_cast<std::size_t>(std::min(cutoff, static_cast<Index>(list.size())));
  double sum = 0;
  for (const ScoredItem& scored : list.first(items)) {
    const Index entries = std::max<Index>(catalogue.entries[static_cast<std::size_t>(scored.item)], 1);
    sum -= std::log2(static_cast<double>(entries) / static_cast<double>(catalogue.users));
  }
  return items > 0 ? sum / static_cast<double>(items) : 0;
}

}  // namespace

Index ListQuestions::longest() const {
  Index most = 0;
  for (const EvaluationMetric& metric : metrics) most = std::max(most, metric.cutoff);
  return std::min(most, rule.catalogue.items());
}

Index ListQuestions::longest_kept() const {
  Index most = 0;
  for (const EvaluationMetric& metric : metrics) most = std::max(most, keeps_lists(metric) ? metric.cutoff : 0);
  return std::min(most, rule.catalogue.items());
}

/// What a thread works with.
struct ListEvaluation::Room {
  Targets targets = {};
  std::vector<float> weights = {};
  std::vector<Hit> hits = {};
  std::vector<double> values = {};
  std::vector<Hit> group_hits = {};
  std::vector<Index> items = {};
};

ListEvaluation::ListEvaluation(const ListQuestions& questions, const HeldoutRows& rows)
    : questions_(questions), rows_(rows), hit_values_(of_hits(questions.metrics), questions.rule.catalogue.items()) {
  for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
    if (questions.metrics[m].source() == MetricSource::hits) hit_metrics_.push_back(m);
  }
  table_.rows = ranked_users(questions.rule.seen, rows);
  for (const EvaluationMetric& metric : questions.metrics) {
    table_.values.emplace_back(metric.source() == MetricSource::all_lists ? 0 : table_.rows.size());
  }
  table_.lists.places = questions.longest_kept();
  table_.lists.items.assign(table_.rows.size() * static_cast<std::size_t>(table_.lists.places), -1);
  find_grouped();
}

void ListEvaluation::find_grouped() {
  table_.grouped_values.resize(questions_.metrics.size());
  if (questions_.groupings.empty()) {
    first_grouped_.assign(table_.rows.size() + 1, 0);
    return;
  }
  Targets targets;
  std::vector<Index> counts;
  for (std::size_t user = 0; user < table_.rows.size(); ++user) {
    first_grouped_.push_back(std::ssize(table_.grouped));
    find_targets(questions_.rule.seen, rows_, table_.rows[user], targets);
    for (std::size_t g = 0; g < questions_.groupings.size(); ++g) {
      const Grouping& grouping = questions_.groupings[g];
      counts.assign(static_cast<std::size_t>(grouping.groups), 0);
      for (const Index place : targets.places) {
        const std::int8_t group = grouping.of_place[static_cast<std::size_t>(place)];
        if (group >= 0) ++counts[static_cast<std::size_t>(group)];
      }
      for (std::size_t group = 0; group < counts.size(); ++group) {
        if (counts[group] == 0) continue;
        table_.grouped.push_back(
            {static_cast<Index>(user), static_cast<std::int8_t>(g), static_cast<std::int8_t>(group), counts[group]});
      }
    }
  }
  first_grouped_.push_back(std::ssize(table_.grouped));
  for (const std::size_t m : hit_metrics_) table_.grouped_values[m].resize(table_.grouped.size());
}

std::optional<BadScore> ListEvaluation::add(Index begin, Index end, const ListMaker& make_list) {
  std::optional<BadScore> bad;
  const int threads = team_size(static_cast<double>((end - begin) * questions_.longest()));
#pragma omp parallel num_threads(threads)
  {
    const ListOfUser list_of = make_list();
    Room room;
    std::optional<BadScore> mine;
#pragma omp for schedule(dynamic, 64)
    for (Index user = begin; user < end; ++user) {
      const std::span<const ScoredItem> list = list_of(user);
      const auto found = std::ranges::find_if(list, [](const ScoredItem& item) { return !std::isfinite(item.score); });
      if (found != list.end() && (!mine || user < mine->user)) mine = {user, *found};
      add_user(user, list, room);
    }
#pragma omp critical(rankwise_bad_score)
    if (mine && (!bad || mine->user < bad->user)) bad = mine;
  }
  return bad;
}

void ListEvaluation::add_user(Index user, std::span<const ScoredItem> list, Room& room) {
  const auto place = static_cast<std::size_t>(user);
  find_targets(questions_.rule.seen, rows_, table_.rows[place], room.targets);
  if (hit_values_.needs_weights()) {
    room.weights.clear();
    for (const Index entry : room.targets.places)
      room.weights.push_back(rows_.heldout.values[static_cast<std::size_t>(entry)]);
  }
  find_hits(list, hit_values_.longest(), room.targets.items, room.hits);
  room.values.resize(hit_metrics_.size());
  hit_values_.values(room.hits, std::ssize(room.targets.items), room.weights, room.values);
  for (std::size_t h = 0; h < hit_metrics_.size(); ++h) table_.values[hit_metrics_[h]][place] = room.values[h];
  add_groups(user, room);
  for (std::size_t m = 0; m < questions_.metrics.size(); ++m) {
    const EvaluationMetric& metric = questions_.metrics[m];
    if (metric.kind == MetricKind::novelty)
      table_.values[m][place] = novelty(questions_.rule.catalogue, list, metric.cutoff);
    if (!metric.needs_categories()) continue;
    room.items.clear();
    for (const ScoredItem& scored : list.first(std::min(list.size(), static_cast<std::size_t>(metric.cutoff))))
      room.items.push_back(scored.item);
    table_.values[m][place] =
        metric.kind == MetricKind::calibration
            ? calibration(questions_.category_of_item, row_columns(rows_.seen, table_.rows[place]), room.items)
            : category_diversity(questions_.category_of_item, room.items);
  }
  const Index kept = std::min(table_.lists.places, static_cast<Index>(list.size()));
  for (Index i = 0; i < kept; ++i)
    table_.lists.items[static_cast<std::size_t>(user * table_.lists.places + i)] =
        list[static_cast<std::size_t>(i)].item;
}

void ListEvaluation::add_groups(Index user, Room& room) {
  const auto begin = static_cast<std::size_t>(first_grouped_[static_cast<std::size_t>(user)]);
  const auto end = static_cast<std::size_t>(first_grouped_[static_cast<std::size_t>(user) + 1]);
  for (std::size_t entry = begin; entry < end; ++entry) {
    const GroupedUser& grouped = table_.grouped[entry];
    const Grouping& grouping = questions_.groupings[static_cast<std::size_t>(grouped.grouping)];
    room.group_hits.clear();
    for (const Hit& hit : room.hits) {
      const Index place = room.targets.places[static_cast<std::size_t>(hit.target)];
      if (grouping.of_place[static_cast<std::size_t>(place)] == grouped.group) room.group_hits.push_back(hit);
    }
    hit_values_.values(room.group_hits, grouped.targets, room.weights, room.values);
    for (std::size_t h = 0; h < hit_metrics_.size(); ++h)
      table_.grouped_values[hit_metrics_[h]][entry] = room.values[h];
  }
}

void ListEvaluation::fill(std::size_t metric, Index begin, Index end,
                          const std::function<double(Index, const Targets&)>& value_of) {
  std::vector<double>& values = table_.values[metric];
  const int threads = team_size(static_cast<double>(end - begin) * static_cast<double>(chunk_rows));
#pragma omp parallel num_threads(threads)
  {
    Targets targets;
#pragma omp for schedule(dynamic, 64)
    for (Index user = begin; user < end; ++user) {
      find_targets(questions_.rule.seen, rows_, table_.rows[static_cast<std::size_t>(user)], targets);
      values[static_cast<std::size_t>(user)] = value_of(user, targets);
    }
  }
}

}  // namespace rankwise
