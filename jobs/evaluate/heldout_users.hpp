#pragma once
// The users whose held-out interactions are evaluated: what they did, what was held out, and the factors of new ones.

#include "distributed/als/half_sweep.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/rows/partition.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/model.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// Throws AgreedError(bad_data) if the model was not trained on this dataset, and says how the two differ. Collective
/// over comm.
void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path);

/// All users with a held-out part: those of the training, or those that were held out whole. Collective over comm;
/// throws AgreedError.
[[nodiscard]] HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset,
                                            const Partition& partition);

/// Rows with interactions `seen` (by Partition `rows`), each by one exact solve against the other side; `name` says
/// what they are. SolverChoice::automatic depends on all rows that are folded in together, primal on each row alone.
/// Collective over comm; throws AgreedError(bad_data) that names the row that cannot be solved.
[[nodiscard]] Matrix fold_in(const Communicator& comm, const Objective& objective, const Partition& rows,
                             const SparseRows& seen, const AlsFactors& other, const char* name,
                             Gathering gathering = {}, const SolverOptions& solver = {});

}  // namespace rankwise
