#pragma once
// Metrics as samples of users: the value, its standard error, and what a comparison by pairs needs of each user.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// A metric over all that was held out.
struct MetricEstimate {
  EvaluationMetric metric;
  double value = 0;
  Index count = 0;            ///< users of rankings, entries of ratings
  Index users = 0;            ///< over whom it is a mean, or whose ratings these are
  double standard_error = 0;  ///< of the value, users being independent; of ratings to first order; 0 of one user
};

/// The estimate and this rank's users behind it, in their order.
struct MetricSample {
  MetricEstimate estimate;
  /// What each user adds to the mean, times users: two samples of the same users differ by a mean of differences.
  std::vector<double> contributions;
  /// How far each user moves the value, to first order, times users; the sum is 0, and the variance of the value is the
  /// sum of squares over users x (users - 1).
  std::vector<double> influences;
};

/// What a metric is taken from.
struct MetricColumn {
  EvaluationMetric metric;
  /// Without offsets a value of each user of this rank, whose mean the metric is. With offsets errors of ratings.
  std::span<const double> values;
  /// Of each local row, the first of its errors, and the end. Ratings of one user depend on each other, hence the
  /// standard error is that of users.
  std::span<const Index> offsets = {};
};

/// The estimate of each column, of which every rank has equally many. The same bits for any partition. Collective over
/// comm (a few reductions for all columns together).
[[nodiscard]] std::vector<MetricEstimate> metric_estimates(const Communicator& comm,
                                                           std::span<const MetricColumn> columns);

/// The same with the users behind them.
[[nodiscard]] std::vector<MetricSample> metric_samples(const Communicator& comm, std::span<const MetricColumn> columns);

}  // namespace rankwise
