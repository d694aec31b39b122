#pragma once
// The features of a training: read from the dataset's tables, learned, and what becomes of them in the model.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "distributed/als/described_rows.hpp"
#include "distributed/features/factor_regression.hpp"
#include "distributed/features/feature_map.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "io/model/feature_file.hpp"
#include "jobs/als/feature_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/als/objective.hpp"

namespace rankwise {

/// Of one side.
struct SideFeatures {
  FeatureMap map;
  std::shared_ptr<const FactorRegression> regression;
};

/// Of both; nothing of a side without.
struct TrainingFeatures {
  std::optional<SideFeatures> users = {};
  std::optional<SideFeatures> items = {};
};

/// A side whose features are read.
struct FeatureSide {
  const Partition& rows;
  std::span<const Index> entries;  ///< of this rank's rows
};

/// Learns the features that are asked for and says what they are: a line and an event `features` a side; warnings of
/// columns that say nothing, and of rows of which neither an interaction nor a feature is known. Collective; throws
/// AgreedError: bad_data if the dataset has no such table, usage of columns that it lacks or too many features.
[[nodiscard]] TrainingFeatures learn_training_features(const FeatureOptions& options, const std::string& data_path,
                                                       const Objective& objective, const FeatureSide& users,
                                                       const FeatureSide& items, JobContext& context);

/// What the model keeps of a side's features.
[[nodiscard]] ModelFeatures model_features(const SideFeatures& features, Matrix weights);

}  // namespace rankwise
