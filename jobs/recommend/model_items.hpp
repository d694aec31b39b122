#pragma once
// Which items lists of a model can have.

#include <optional>
#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "distributed/ranking/ranking.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/recommend/recommend_options.hpp"
#include "jobs/recommend/rules/item_rules.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

[[nodiscard]] ItemStorage storage_of(const ModelReader& model);

/// The entries that items were trained on: of the model, or of the dataset if the model has no counts. Lists have none
/// of the model's items that another dataset does not have. Collective over context.comm.
[[nodiscard]] Catalogue read_catalogue(const RecommendOptions& options, const JobContext& context,
                                       const ModelReader& model, const std::optional<MatchedItems>& matched);

/// The dataset's items in the model if that was trained on another dataset, which is said. Collective over
/// context.comm; throws AgreedError as match_items().
[[nodiscard]] std::optional<MatchedItems> match_other_dataset(const RecommendOptions& options, JobContext& context,
                                                              const DatasetReader& dataset, const ModelReader& model,
                                                              const std::string& path);
[[nodiscard]] std::optional<MatchedItems> match_other_dataset(const RecommendOptions& options, JobContext& context,
                                                              const DatasetReader& dataset,
                                                              const ItemModelReader& model, const std::string& path);

/// The catalogue as the rules leave it. Throws AgreedError(bad_data) if no list could have an item.
[[nodiscard]] Catalogue offered_catalogue(Catalogue catalogue, const RecommendOptions& options, const ItemRules& rules);

}  // namespace rankwise
