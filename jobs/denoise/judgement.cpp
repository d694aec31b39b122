#include "jobs/denoise/judgement.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "distributed/denoising/item_places.hpp"
#include "distributed/denoising/robust_scale.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr double not_judged = std::numeric_limits<double>::quiet_NaN();

/// Of each held-out entry.
struct EntryJudgements {
  std::vector<double> predictions;
  std::vector<double> distances;  ///< explicit: errors, without a unit yet
};

EntryJudgements errors_of(const Communicator& comm, const MatchedModel& model, const HeldoutRows& rows) {
  RatingPredictions found =
      predict_ratings(comm, {model.objective, model.users.view(), model.items}, model.catalogue, rows);
  std::size_t entry = 0;
  for (Index row = 0; row < rows.heldout.rows.size(); ++row) {
    const bool knows_user = model.catalogue.knows(row_columns(rows.seen, row));
    for (const Index item : row_columns(rows.heldout, row)) {
      if (!knows_user || !model.catalogue.is_candidate(item)) found.errors[entry] = not_judged;
      ++entry;
    }
  }
  return {std::move(found.predictions), std::move(found.errors)};
}

EntryJudgements places_of(const Communicator& comm, const MatchedModel& model, const HeldoutRows& rows) {
  ItemPlaces places = place_items(comm, {model.objective, model.users.view(), model.items}, model.catalogue, rows);
  return {std::move(places.scores), std::move(places.percentiles)};
}

/// Appends what the model at `path` says of the fold that it has not seen. Collective.
void judge_fold(JobContext& context, const DenoiseOptions& options, const Fold& fold, const std::string& path,
                std::vector<JudgedPair>& pairs) {
  const auto timer = context.report.phase("judge");
  const Communicator& comm = context.comm;
  const auto view = open_dataset(context, options.data, fold);
  const HeldoutRows rows = read_heldout_rows(comm, *view, heldout_partition(comm, *view));
  const ModelReader reader(comm, path, context.common.input_check);
  const MatchedModel model = match_model(comm, *view, options.data, rows, reader, path);
  const EntryJudgements found = options.rates() ? errors_of(comm, model, rows) : places_of(comm, model, rows);
  std::size_t entry = 0;
  for (Index row = 0; row < rows.heldout.rows.size(); ++row) {
    for (const Index item : row_columns(rows.heldout, row)) {
      pairs.push_back({{rows.heldout.rows.begin + row, item},
                       rows.heldout.values[entry],
                       found.predictions[entry],
                       found.distances[entry]});
      ++entry;
    }
  }
}

/// Errors become distances in robust deviations; without spread there are none. Collective.
std::optional<double> scale_errors(const Communicator& comm, std::vector<JudgedPair>& pairs) {
  std::vector<double> errors;
  for (const JudgedPair& pair : pairs) {
    if (pair.is_judged()) errors.push_back(pair.distance);
  }
  const std::optional<double> scale = robust_scale(comm, errors);
  for (JudgedPair& pair : pairs) pair.distance = scale ? pair.distance / *scale : not_judged;
  return scale;
}

void tell(Report& report, const DenoiseOptions& options, const Judgement& judgement) {
  if (judgement.scale || !options.rates()) {
    report.line(
        fmt::format("{} of {} judged by models that have not seen them; of the others the user or the item is in "
                    "no other fold",
                    judgement.judged, counted(judgement.interactions, "training interaction")));
  }
  if (judgement.scale) {
    report.line(fmt::format("errors have a robust standard deviation of {:.6g}: median |error - median| / 0.67449",
                            *judgement.scale));
  } else if (options.rates()) {
    report.warning(
        fmt::format("half of the errors or more are equal: they have no spread, and none of {} can be judged",
                    counted(judgement.interactions, "training interaction")));
  }
  report.event("judged", {{"interactions", judgement.interactions},
                          {"judged", judgement.judged},
                          {"scale", judgement.scale.value_or(not_judged)}});
}

}  // namespace

Judgement judge_out_of_fold(JobContext& context, const DenoiseOptions& options, Trainings& trainings) {
  const Communicator& comm = context.comm;
  Judgement judgement;
  for (Index number = 0; number < options.folds; ++number) {
    const Fold fold{FoldKind::interactions, number, options.folds, 0, context.common.seed};
    judge_fold(context, options, fold, trainings.model_without(fold), judgement.pairs);
  }
  std::ranges::sort(judgement.pairs, {}, &JudgedPair::pair);
  if (options.rates()) judgement.scale = scale_errors(comm, judgement.pairs);
  judgement.interactions = comm.sum(std::ssize(judgement.pairs));
  judgement.judged = comm.sum(Index{std::ranges::count_if(judgement.pairs, &JudgedPair::is_judged)});
  tell(context.report, options, judgement);
  return judgement;
}

}  // namespace rankwise
