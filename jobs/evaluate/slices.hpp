#pragma once
// For whom a model is good: metrics of some users, or of some of what was held out.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/target_groups.hpp"
#include "io/hdf5/input_check.hpp"
#include "jobs/evaluate/column_groups.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// The slices that are measured, and the groupings of held-out interactions that they need.
struct SlicePlan {
  std::vector<SliceKind> kinds;
  std::vector<std::int8_t> known_users;  ///< of cold: known_user_groups
  std::vector<ColumnGroups> columns;
  std::vector<Grouping> groupings;  ///< of item_popularity, cold, time_since_cut and items' columns, in this order
};

/// `catalogue`: of the model's training. Throws AgreedError(bad_data) if a wanted slice is not possible. Collective
/// over comm.
[[nodiscard]] SlicePlan plan_slices(const Communicator& comm, const HeldoutData& data, const Catalogue& catalogue,
                                    const HeldoutRows& rows, const SliceChoice& wanted, InputCheck check);

/// Each slice with the metrics that are means over users or ratings: of the first contender, and of the first other one
/// that has such values. Collective over comm.
[[nodiscard]] std::vector<Slice> measure_slices(const Communicator& comm, const SlicePlan& plan, const Contest& contest,
                                                std::span<const EvaluationMetric> metrics,
                                                std::span<const Contender> contenders);

}  // namespace rankwise
