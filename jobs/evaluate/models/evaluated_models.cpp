#include "jobs/evaluate/models/evaluated_models.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <utility>

#include "distributed/blending/score_rows.hpp"
#include "distributed/evaluation/gathered_rows.hpp"
#include "distributed/rows/select_rows.hpp"
#include "jobs/run/compared_input.hpp"

namespace rankwise {

namespace {

FillScores factor_scores(const Communicator& comm, const MatchedModel& model, const HeldoutRows& rows) {
  const Index items = model.items.partition.rows();
  const auto scoring = std::make_shared<const ScoringItems>(
      items, [&comm, &model](RowRange range) { return gather_rows(comm, model.items, range); },
      item_storage(items, model.items.local.columns()));
  return [&model, &rows, scoring](std::span<const Index> users, MatrixView scores) {
    Matrix vectors = select_rows(model.users.view(), users);
    make_scoring_vectors(model.objective, vectors);
    for (Index u = 0; u < vectors.rows(); ++u) {
      const Index row = users[static_cast<std::size_t>(u)];
      const bool is_known = model.evaluated().knows(model.catalogue, row_columns(rows.seen, row), row);
      if (!is_known) std::fill_n(vectors.row(u), vectors.columns(), 0.0F);
    }
    scoring->fill(vectors.view(), scores);
  };
}

FillScores item_scores(const Communicator& comm, const MatchedItemModel& model, const HeldoutRows& rows) {
  require_weighable(comm, rows.seen, model.weighting);
  return [&model, &rows](std::span<const Index> users, MatrixView scores) {
    fill_item_scores({model.weights, model.weighting}, rows.seen, users, scores);
  };
}

}  // namespace

void require_different(const std::vector<std::string>& paths, const std::vector<TrainingRecord>& records) {
  for (std::size_t m = 0; m < records.size(); ++m) {
    for (std::size_t other = 0; other < m; ++other) {
      if (records[m].content_digest == 0 || records[m].content_digest != records[other].content_digest) continue;
      throw AgreedError(ExitCode::usage, fmt::format("--model {} is the same model as {}; expected different models",
                                                     paths[m], paths[other]));
    }
  }
}

std::vector<EvaluatedModel> open_models(const JobContext& context, const std::vector<std::string>& paths,
                                        const std::vector<std::string>& names) {
  std::vector<EvaluatedModel> models;
  for (std::size_t m = 0; m < paths.size(); ++m) {
    auto file = std::make_unique<const AnyModel>(context.comm, paths[m], context.common.input_check);
    warn_if_not_compared(context, *file, paths[m]);
    models.push_back({paths[m], names[m], std::move(file), {}, {}});
  }
  std::vector<TrainingRecord> records;
  for (const EvaluatedModel& model : models) records.push_back(model.file->record());
  require_different(paths, records);
  return models;
}

const TrainingRecord& deciding_record(const JobContext& context, const std::string& data_path,
                                      const std::vector<EvaluatedModel>& models) {
  const TrainingRecord& first = models.front().file->record();
  if (models.size() == 1) return first;
  const DatasetReader file(context.comm, data_path, std::nullopt, TrainedOn::training, InputCheck::none);
  const auto own = std::ranges::find_if(
      models, [&](const EvaluatedModel& model) { return is_own_dataset(file, model.file->record()); });
  return own == models.end() ? first : own->file->record();
}

void match_models(const Communicator& comm, const HeldoutData& data, const HeldoutRows& rows,
                  std::vector<EvaluatedModel>& models) {
  for (EvaluatedModel& model : models) {
    model.matched = match_any_model(comm, *data.dataset, data.path, rows, *model.file, model.path);
    model.overlap = training_overlap(data, model.file->record(), model.matched.counts);
  }
}

Catalogue joint_catalogue(const Communicator& comm, const std::vector<EvaluatedModel>& models) {
  std::vector<const Catalogue*> catalogues;
  for (const EvaluatedModel& model : models) catalogues.push_back(&model.matched.catalogue);
  return joint_catalogue(comm, catalogues);
}

std::vector<BlendedModel> blended_models(const Communicator& comm, const HeldoutRows& rows,
                                         const std::vector<EvaluatedModel>& models) {
  std::vector<BlendedModel> blended;
  for (const EvaluatedModel& model : models) {
    const AnyMatchedModel& matched = model.matched;
    blended.push_back(
        {model.path,
         matched.catalogue,
         {},
         matched.catalogue.items(),
         matched.factors ? factor_scores(comm, *matched.factors, rows) : item_scores(comm, *matched.items, rows)});
  }
  return blended;
}

}  // namespace rankwise
