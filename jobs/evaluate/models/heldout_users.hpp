#pragma once
// The users whose held-out interactions are evaluated: what they did and what was held out.

#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// Throws AgreedError(bad_data) if the dataset, of that name, holds nothing out.
void require_heldout_part(const DatasetReader& dataset, const std::string& data_path);

/// Throws AgreedError(bad_data) if a metric adds up held-out values and one of them is below 0. Collective over comm.
void require_amounts(const Communicator& comm, const HeldoutRows& rows, std::span<const EvaluationMetric> metrics);

/// Of the users that are evaluated, by count: those of the training, or those that were held out whole.
[[nodiscard]] Partition heldout_partition(const Communicator& comm, const DatasetReader& dataset);

/// All users with a held-out part: those of the training, known by DatasetReader::read_known, or those that were held
/// out whole. Collective over comm;
/// throws AgreedError.
[[nodiscard]] HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset,
                                            const Partition& partition);

}  // namespace rankwise
