#pragma once
// Those who are measured on what was held out: the model, baselines and other models, each with all of its values.

#include <optional>
#include <string>
#include <vector>

#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/options/model_choice.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// One of them, with this rank's values. Without lists it takes no part in rankings, without predictions none in
/// ratings.
struct Contender {
  std::string name;
  std::optional<ListTable> lists;
  std::optional<RatingPredictions> ratings;
  bool may_know_heldout = false;  ///< a model: nothing shows that it has not learned part of what is held out
};

/// What all of them are measured on. Outlives them.
struct Contest {
  const DatasetReader& dataset;
  const std::optional<Fold>& fold;  ///< that `dataset` shows; such a view has no times
  const HeldoutRows& rows;
  const Catalogue& catalogue;  ///< of the dataset's training part; models have their own
  ListQuestions questions;     ///< of metrics that rank, by `catalogue`; with groupings
  bool asks_ratings = false;
  Candidates candidates = Candidates::all;
};

/// Of the dataset's training part; with its mean if ratings are asked for. Collective over comm.
[[nodiscard]] Catalogue read_catalogue(const Communicator& comm, const DatasetReader& dataset, bool asks_ratings);

/// Throws AgreedError(usage) if a baseline would take no part in any metric.
void require_used(const std::vector<Baseline>& baselines, const Contest& contest);

/// `path`: of the model, for errors. Collective over context.comm; throws AgreedError.
[[nodiscard]] Contender measure_model(JobContext& context, const Contest& contest, const std::string& name,
                                      const std::string& path, const MatchedModel& model);
[[nodiscard]] Contender measure_model(JobContext& context, const Contest& contest, const std::string& name,
                                      const std::string& path, const AnyMatchedModel& model);
/// Of several models with their weights; `joint`: what their lists can have. Users for whom no model orders the items
/// get the popular ones, which is told.
[[nodiscard]] Contender measure_blend(JobContext& context, const Contest& contest, const std::string& name,
                                      const ModelChoice& choice, const std::vector<EvaluatedModel>& models,
                                      const Catalogue& joint);
/// `model`: by whose factors, if it has factors, diversity is measured. Throws AgreedError(bad_data) also if the
/// dataset lacks what the baseline needs.
[[nodiscard]] Contender measure_baseline(JobContext& context, const Contest& contest, const Baseline& baseline,
                                         const AnyMatchedModel& model);

}  // namespace rankwise
