#pragma once
// The users whose held-out interactions are evaluated: what they did, what was held out, and their factors.

#include "distributed/communicator.hpp"
#include "distributed/partition.hpp"
#include "io/dataset.hpp"
#include "io/model.hpp"
#include "kernels/matrix.hpp"

namespace rankwise {

/// This rank's share; all parts have the same rows.
struct HeldoutUserRows {
  Partition partition;
  SparseRows heldout;  ///< to be predicted
  SparseRows seen;     ///< training interactions, or what was given of users held out whole
  Matrix factors;      ///< from the model, or folded in from `seen` by one solve against its items
};

/// Throws AgreedError(bad_data) when the model was not trained on this dataset. Collective over comm.
void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path);

/// Collective over comm; throws AgreedError.
[[nodiscard]] HeldoutUserRows read_heldout_users(const Communicator& comm, const DatasetReader& dataset,
                                                 const ModelReader& model);

/// Factors of users with interactions `seen` (by Partition `rows`), each by one exact solve against the model's items.
/// Collective over comm; throws AgreedError(bad_data) that names the row that cannot be solved.
[[nodiscard]] Matrix fold_in(const Communicator& comm, const ModelReader& model, const Partition& rows,
                             const SparseRows& seen);

}  // namespace rankwise
