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

/// A mean over users of their values. The same bits for any partition. Collective over comm.
[[nodiscard]] MetricSample user_sample(const Communicator& comm, const EvaluationMetric& metric,
                                       std::span<const double> values);

/// A metric of rating errors, which users share out by `offsets` (of each local row, the first of its errors, and the
/// end). Ratings of one user depend on each other, hence the standard error is that of users. The same bits for any
/// partition. Collective over comm.
[[nodiscard]] MetricSample rating_sample(const Communicator& comm, const EvaluationMetric& metric,
                                         std::span<const double> errors, std::span<const Index> offsets);

}  // namespace rankwise
