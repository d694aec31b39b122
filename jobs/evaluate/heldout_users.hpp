#pragma once
// The users whose held-out interactions are evaluated: what they did and what was held out.

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"

namespace rankwise {

/// Throws AgreedError(bad_data) if the model was not trained on this dataset, and says how the two differ. Collective
/// over comm.
void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path);

/// Whether the model's epoch was chosen by the held-out part that `dataset`, of its training, is about to measure it
/// on: because the dataset has no validation part.
[[nodiscard]] bool is_chosen_by_heldout(const DatasetReader& dataset, const ModelReader& model);

/// What the held-out part is predicted from: what users are known by (DatasetReader::read_known), or were given.
/// All users with a held-out part: those of the training, or those that were held out whole. Collective over comm;
/// throws AgreedError.
[[nodiscard]] HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset,
                                            const Partition& partition);

}  // namespace rankwise
