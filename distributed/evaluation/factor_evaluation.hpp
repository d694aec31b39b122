#pragma once
// How well factors in the hands of the ranks predict what was held out: what `evaluate` tells of a written model,
// without the file.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "distributed/evaluation/metric_sample.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/ranking/ranking.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// What rankings of so many users of a rank, `cutoff` items each, take at a time: users and items, whose vectors have
/// `width` floats, and the lists.
[[nodiscard]] Index ranking_bytes(Index users, Index items, Index width, Index cutoff, ItemStorage storage);

/// With which such rankings take fewer bytes.
[[nodiscard]] ItemStorage smaller_storage(Index users, Index items, Index width, Index cutoff);

/// Factors of both sides, a bias as the last column if the objective has biases.
struct EvaluatedFactors {
  const Objective& objective;
  ConstMatrixView users;  ///< this rank's part of HeldoutRows::partition
  const FactorMatrix& items;
  /// Of each of this rank's users, whether the vector is from the user's features in place of a history; empty: of
  /// none.
  std::span<const std::uint8_t> described_users = {};

  /// Whether the vector of a user with these items means something. `row` is local.
  [[nodiscard]] bool knows(const Catalogue& catalogue, std::span<const Index> history, Index row) const {
    return catalogue.knows(history) ||
           (!described_users.empty() && described_users[static_cast<std::size_t>(row)] != 0);
  }
};

/// Values of lists over all items that the rule allows, ordered by <user, item>. Users of whom nothing is known get the
/// popular items. Diversity stays 0 (list_diversity.hpp). Throws AgreedError(bad_data) that names a user whose score is
/// not finite. `storage` is the same on all ranks and changes no bit. Collective over comm.
[[nodiscard]] ListTable factor_lists(const Communicator& comm, const EvaluatedFactors& factors,
                                     const ListQuestions& questions, const HeldoutRows& rows, ItemStorage storage);

/// Predicted values of this rank's held-out entries, and their errors.
struct RatingPredictions {
  std::vector<double> predictions;
  std::vector<double> errors;  ///< held-out value minus prediction
};

/// Entry by entry of this rank. If nothing is known of the user or of the item, the prediction is the mean and the
/// other side's bias, or without biases the mean. Collective over comm.
[[nodiscard]] RatingPredictions predict_ratings(const Communicator& comm, const EvaluatedFactors& factors,
                                                const Catalogue& catalogue, const HeldoutRows& rows);

/// A metric of accuracy of these factors: the same bits as `evaluate` has for a model of them, for any partitions.
/// `storage`: of rankings, as for factor_lists. Collective over comm.
[[nodiscard]] MetricEstimate evaluate_factors(const Communicator& comm, const EvaluatedFactors& factors,
                                              const ListRule& rule, const EvaluationMetric& metric,
                                              const HeldoutRows& rows, ItemStorage storage);

}  // namespace rankwise
