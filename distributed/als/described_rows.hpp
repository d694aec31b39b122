#pragma once
// Rows without entries that their features describe: what they are when they are served.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/als/half_sweep.hpp"
#include "distributed/als/training.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"

namespace rankwise {

/// A side with features as a model has it.
struct DescribedSide {
  Matrix weights;                          ///< from features to factors, solved from the factors as they are
  Matrix factors;                          ///< this rank's rows: those without entries as the features predict them
  std::vector<std::uint8_t> is_described;  ///< of each such row: without entries, but its features say something
};

/// Rows that are neither trained nor described are zero. `side` has a regression. Collective over comm.
[[nodiscard]] DescribedSide describe_side(const Communicator& comm, const TrainedSide& side);

/// Which rows of a model that was trained with features are described: without entries, but not zero. Local.
[[nodiscard]] std::vector<std::uint8_t> described_rows(ConstMatrixView factors, std::span<const Index> entries);

/// Factors with the Gramian that the training had: of the rows that are not described (`is_described` may be empty: of
/// all). New rows are then solved as the training solved its own. Collective over comm.
[[nodiscard]] AlsFactors with_trained_gramian(const Communicator& comm, const Objective& objective,
                                              FactorMatrix factors, std::span<const std::uint8_t> is_described);

/// fold_in() of rows with features: each is regularized towards what these predict by `weights`; rows without
/// interactions are what they predict, or zero if they say nothing. The same bits whatever rows are folded in together.
/// Collective over comm.
[[nodiscard]] Matrix fold_in_described(const Communicator& comm, const Objective& objective, const Partition& rows,
                                       const SparseRows& seen, const AlsFactors& other, const char* name,
                                       const FeatureRows& features, ConstMatrixView weights);

}  // namespace rankwise
