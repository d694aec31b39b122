#pragma once
// How well factors in the hands of the ranks predict what was held out: what `evaluate` tells of a written model,
// without the file.

#include <span>
#include <vector>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// What is predicted of this rank's users, and what is known of them. All parts have the same rows.
struct HeldoutRows {
  Partition partition;  ///< of all users
  SparseRows heldout;   ///< to be predicted; users without entries have no part in rankings
  SparseRows seen;      ///< training interactions, or what was given of users held out whole; rankings need no values
};

/// The held-out items that a list can be asked for, if the rule for seen items lets it have them. Items without a
/// training entry are among them: that no list has them is a miss.
[[nodiscard]] std::vector<Index> listable(SeenItems seen, std::span<const Index> heldout,
                                          std::span<const Index> history);

/// How rankings treat what is held out; over all ranks.
struct RankingCounts {
  Index users = 0;          ///< with something to find
  Index popular_users = 0;  ///< of them, whose list is the popular items: nothing is known of them
  Index targets = 0;        ///< items to find
  Index cold_targets = 0;   ///< of them, without a training entry: no list has them
  Index left_out = 0;       ///< held-out pairs that the rule for seen items keeps out of the lists
};

/// Collective over comm.
[[nodiscard]] RankingCounts count_rankings(const Communicator& comm, const ListRule& rule, const HeldoutRows& rows);

/// Held-out ratings whose prediction is not wholly the model's; over all ranks.
struct RatingCounts {
  Index ratings = 0;
  Index cold_users = 0;  ///< ratings of users without a training entry
  Index cold_items = 0;  ///< ratings of items without a training entry
  Index cold = 0;        ///< ratings of either
};

/// Collective over comm.
[[nodiscard]] RatingCounts count_ratings(const Communicator& comm, const Catalogue& catalogue, const HeldoutRows& rows);

/// A metric over all that was held out.
struct MetricEstimate {
  EvaluationMetric metric;
  double value = 0;
  Index count = 0;  ///< users of rankings, entries of ratings
  double standard_error =
      0;  ///< of the value, as one of so many independent ones; of rmse to first order; 0 where count < 2
};

/// Rankings are made for so many users of a rank at a time, which bounds their memory.
inline constexpr Index users_per_ranking = 1 << 16;

/// Bytes of a ranking of so many users at a time, whose vectors have `width` floats, `cutoff` items each.
[[nodiscard]] Index ranking_bytes(Index users, Index width, Index cutoff);

/// Values of this rank's users with listable held-out items, in their order, for each ranking metric: over all items
/// that the rule allows, ordered by <user, item>. Users of whom nothing is known get the popular items. Collective over
/// comm.
[[nodiscard]] std::vector<std::vector<double>> ranking_values(const Communicator& comm, const Objective& objective,
                                                              const ListRule& rule,
                                                              std::span<const EvaluationMetric> metrics,
                                                              const HeldoutRows& rows, ConstMatrixView users,
                                                              const FactorMatrix& items);

/// Held-out value minus prediction, entry by entry of this rank. If nothing is known of the user or of the item, the
/// prediction is the mean and the other side's bias, or without biases the mean. Collective over comm.
[[nodiscard]] std::vector<double> rating_errors(const Communicator& comm, const Objective& objective,
                                                const Catalogue& catalogue, const HeldoutRows& rows,
                                                ConstMatrixView users, const FactorMatrix& items);

/// The metric from all ranks' ranking values, or from all ranks' rating errors. The same bits for any partition.
/// Collective over comm.
[[nodiscard]] MetricEstimate estimate_metric(const Communicator& comm, const EvaluationMetric& metric,
                                             std::span<const double> values);

/// Each metric of these factors, a bias as the last column where the objective has biases; `users` are this rank's part
/// of rows.partition. The same bits as `evaluate` has for a model of them, for any partitions. Collective over comm.
[[nodiscard]] std::vector<MetricEstimate> evaluate_factors(const Communicator& comm, const Objective& objective,
                                                           const ListRule& rule,
                                                           std::span<const EvaluationMetric> metrics,
                                                           const HeldoutRows& rows, ConstMatrixView users,
                                                           const FactorMatrix& items);

}  // namespace rankwise
