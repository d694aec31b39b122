#include "jobs/sweep/state/scores.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>

#include "distributed/log/fold.hpp"
#include "jobs/sweep/plan/item_points.hpp"
#include "kernels/statistics/estimates.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr double confidence_level = 0.95;

bool is_better(const SweepPlan& plan, double a, double b) {
  return plan.direction == Direction::maximize ? a > b : a < b;
}

std::string value_of(const SweepPlan& plan, std::size_t trial, const std::string& parameter) {
  const SearchPoint& point = plan.trials[trial].point;
  const auto found = std::ranges::find(point, parameter, &Assignment::name);
  return found == point.end() ? std::string() : found->value;
}

double number_of(const std::string& text, double otherwise) {
  return finite_number(text).value_or(otherwise);
}

/// Each trial beside the first one of its rung.
void put_beside_best(const SweepPlan& plan, std::vector<TrialScore>& ranked) {
  std::size_t best = 0;
  for (std::size_t place = 0; place < ranked.size(); ++place) {
    TrialScore& score = ranked[place];
    if (score.rung != ranked[best].rung) best = place;
    if (place == best) continue;
    score.behind_best = compare_pairs(plan, ranked[best], score);
    const std::size_t pairs = score.users.empty() ? score.folds.size() : score.users.size();
    score.behind_best_confidence = half_interval(score.behind_best.standard_error, pairs, confidence_level);
  }
}

/// Smaller is simpler.
std::pair<double, double> complexity(const SweepPlan& plan, std::size_t trial) {
  if (plan.job == SweptJob::itemcf) {
    const ItemcfOptions options = item_options(plan.trials[trial].point);
    const double neighbours = options.neighbours ? static_cast<double>(*options.neighbours) : HUGE_VAL;
    return {neighbours, options.weights == ItemWeights::ridge ? 1 : 0};
  }
  const double size = number_of(value_of(plan, trial, plan.job == SweptJob::als ? "factors" : "clusters"), 0);
  return {size, -number_of(value_of(plan, trial, "regularization"), 0)};
}

/// Which group of a parameter's values each of the trials falls into: by value, or where all are different numbers, by
/// quarters of their order.
std::vector<std::string> groups(const SweepPlan& plan, const std::vector<TrialScore>& scores, const std::string& name) {
  std::vector<std::string> values;
  for (const TrialScore& score : scores) values.push_back(value_of(plan, score.trial, name));
  std::vector<std::string> distinct = values;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  constexpr std::size_t quarters = 4;
  if (distinct.size() * 2 <= values.size() || distinct.size() <= quarters) return values;
  std::ranges::sort(distinct, {}, [](const std::string& text) { return number_of(text, -HUGE_VAL); });
  for (std::string& value : values) {
    const auto place = static_cast<std::size_t>(std::ranges::find(distinct, value) - distinct.begin());
    value = std::to_string(place * quarters / distinct.size());
  }
  return values;
}

/// Interactions of a fold: one fold against the others; one part of the time line against those before it, the mean
/// over folds. Repeats of k-means share all data.
double validated_over_trained(const SweepPlan& plan) {
  const auto fold = parse_fold(plan.folds.front());
  if (!fold || fold->kind == FoldKind::prepared) return 0;
  if (fold->kind == FoldKind::column) return 1.0 / static_cast<double>(plan.folds.size() - 1);
  const bool is_rolling = fold->kind == FoldKind::rolling;
  if (!is_rolling && fold->kind != FoldKind::temporal) return 1.0 / static_cast<double>(fold->count - 1);
  const Index count = is_rolling ? static_cast<Index>(plan.folds.size()) : fold->count;
  double sum = 0;
  for (Index number = 1; number <= count; ++number) sum += 1.0 / static_cast<double>(number);
  return sum / static_cast<double>(count);
}

std::string division_note(FoldKind kind) {
  switch (kind) {
    case FoldKind::interactions:
      return "Folds divide interactions without regard to time: trainings see what users did later than what "
             "is validated, which a deployed model cannot; differences between trials suffer less than values.";
    case FoldKind::users:
      return "Folds divide users: items of the validated users are known from other users, also from later "
             "times.";
    case FoldKind::temporal:
    case FoldKind::rolling:
      return "Folds divide the time line: what is validated is later than all that was trained on. Early folds train "
             "on less than a deployed model does, and users without earlier interactions count: their lists are the "
             "popular items.";
    case FoldKind::prepared:
      return "The fold is the validation part that prepare took off the training part, apart from what is held out.";
    case FoldKind::column:
      break;
  }
  return "Folds are those that the dataset holds.";
}

}  // namespace

std::optional<TrialScore> score_of(const SweepPlan& plan, const Records& records, std::size_t trial, std::size_t rung) {
  TrialScore score{.trial = trial, .rung = rung, .folds = {}};
  double stability = 0;
  double baseline = 0;
  for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
    const auto& record = records[plan.task_place(trial, fold, rung)];
    if (!record) return std::nullopt;
    const double value = record->metrics.at(plan.metric());
    if (!std::isfinite(value)) return std::nullopt;
    score.folds.push_back(value);
    if (plan.folds.size() == 1) score.users = record->user_values;
    const auto found = record->metrics.find("stability");
    stability += found == record->metrics.end() || !std::isfinite(found->second) ? 1.0 : found->second;
    const auto known = record->baselines.find(plan.metric());
    baseline += known == record->baselines.end() ? std::numeric_limits<double>::quiet_NaN() : known->second;
  }
  const auto count = static_cast<double>(score.folds.size());
  score.stability = stability / count;
  score.mean = mean_of(score.folds);
  score.standard_deviation = deviation_of(score.folds, score.mean);
  score.baseline = baseline / count;
  return score;
}

std::vector<std::size_t> trials_of_rung(const SweepPlan& plan, const Records& records, std::size_t rung) {
  std::vector<std::size_t> trials(plan.trials.size());
  std::iota(trials.begin(), trials.end(), std::size_t{0});
  for (std::size_t r = 1; r <= rung; ++r) {
    std::vector<std::size_t> known;
    std::vector<double> means;
    for (const std::size_t trial : trials) {
      const auto score = score_of(plan, records, trial, r - 1);
      if (!score) continue;
      known.push_back(trial);
      means.push_back(score->mean);
    }
    trials.clear();
    for (const std::size_t place : promoted(means, static_cast<std::size_t>(plan.rungs[r].trials), plan.direction)) {
      trials.push_back(known[place]);
    }
  }
  return trials;
}

std::vector<TrialScore> ranked_scores(const SweepPlan& plan, const Records& records) {
  std::vector<TrialScore> scores;
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    for (std::size_t rung = plan.rungs.size(); rung-- > 0;) {
      auto score = score_of(plan, records, trial, rung);
      if (!score) continue;
      scores.push_back(std::move(*score));
      break;
    }
  }
  std::ranges::stable_sort(scores, [&](const TrialScore& a, const TrialScore& b) {
    if (a.rung != b.rung) return a.rung > b.rung;
    const bool a_holds = a.stability >= plan.least_stability;
    const bool b_holds = b.stability >= plan.least_stability;
    return a_holds != b_holds ? a_holds : is_better(plan, a.mean, b.mean);
  });
  put_beside_best(plan, scores);
  return scores;
}

std::vector<std::size_t> missing_tasks(const SweepPlan& plan, const Records& records) {
  std::vector<std::size_t> missing;
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    const auto first = records.begin() + static_cast<std::ptrdiff_t>(plan.task_place(0, 0, rung));
    const bool has_begun = std::any_of(first, records.end(), [](const auto& record) { return record.has_value(); });
    if (!missing.empty() && !has_begun) break;  // whose trials are not known yet
    for (const std::size_t trial : trials_of_rung(plan, records, rung)) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        const std::size_t place = plan.task_place(trial, fold, rung);
        if (!records[place]) missing.push_back(place);
      }
    }
  }
  return missing;
}

Selection selected(const SweepPlan& plan, const std::vector<TrialScore>& ranked) {
  const TrialScore& best = ranked.front();
  Selection selection{0, {0}};
  if (plan.rule == SelectionRule::best) return selection;
  for (std::size_t place = 1; place < ranked.size() && ranked[place].rung == best.rung; ++place) {
    const TrialScore& score = ranked[place];
    // One fold without users has no pairs, hence no standard error: none is then known to be as good.
    const bool is_as_good = score.behind_best.difference <= score.behind_best.standard_error;
    const bool holds = score.stability >= plan.least_stability || best.stability < plan.least_stability;
    if (!is_as_good || !holds) continue;
    selection.as_good.push_back(place);
    if (complexity(plan, score.trial) < complexity(plan, ranked[selection.chosen].trial)) selection.chosen = place;
  }
  return selection;
}

PairedTest compare_pairs(const SweepPlan& plan, const TrialScore& first, const TrialScore& other) {
  const bool has_users = !first.users.empty() && first.users.size() == other.users.size();
  const std::span<const double> ours = has_users ? first.users : first.folds;
  const std::span<const double> theirs = has_users ? other.users : other.folds;
  std::vector<double> differences;
  for (std::size_t pair = 0; pair < ours.size(); ++pair) {
    const double difference = ours[pair] - theirs[pair];
    differences.push_back(plan.direction == Direction::maximize ? difference : -difference);
  }
  return paired_test(differences, has_users ? 0 : validated_over_trained(plan));
}

std::map<std::string, double> parameter_importance(const SweepPlan& plan, const Records& records) {
  std::vector<TrialScore> scores;
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    if (auto score = score_of(plan, records, trial, 0)) scores.push_back(std::move(*score));
  }
  std::map<std::string, double> shares;
  constexpr std::size_t least_trials = 3;
  if (scores.size() < least_trials) return shares;
  std::vector<double> means;
  for (const TrialScore& score : scores) means.push_back(score.mean);
  for (const std::string& name : plan.parameters) shares[name] = variance_between(means, groups(plan, scores, name));
  return shares;
}

std::vector<std::string> leakage_notes(const SweepPlan& plan, std::size_t paired_users) {
  std::vector<std::string> notes;
  if (plan.trials.size() > 1) {
    notes.push_back(
        fmt::format("The chosen trial is the best of {} on these very folds, so its score is optimistic; only "
                    "what no trial has seen measures it without that: rankwise sweep refit.",
                    plan.trials.size()));
  }
  if (!trains_on_folds(plan.job)) {
    notes.emplace_back(
        "Clusterings are judged on the rows that they were found on; stability is over disjoint parts of "
        "the rows.");
    return notes;
  }
  notes.emplace_back("The held-out part of the dataset was not read by any trial.");
  if (const auto fold = parse_fold(plan.folds.front())) notes.push_back(division_note(fold->kind));
  if (plan.folds.size() > 1) {
    notes.emplace_back(
        "Folds share training data, so that plain standard errors are too small; the paired test is "
        "corrected for it.");
  } else if (paired_users > 0) {
    notes.push_back(fmt::format(
        "One fold: trials are compared by its {} users. That says how sure a difference is for other users, not for "
        "another training part.",
        paired_users));
  } else {
    notes.emplace_back("One fold has no pairs of values: the best trial is chosen, and how sure that is is not known.");
  }
  return notes;
}

}  // namespace rankwise
