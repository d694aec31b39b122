#include "distributed/evaluation/metric_sample.hpp"

#include <cmath>

#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

namespace {

/// From the influences. Collective over comm.
double standard_error_of(const Communicator& comm, std::span<const double> influences, Index users) {
  std::vector<double> squares;
  squares.reserve(influences.size());
  for (const double influence : influences) squares.push_back(influence * influence);
  const double sum = order_free_sum(comm, squares);
  return users < 2 ? 0 : std::sqrt(sum / static_cast<double>(users - 1) / static_cast<double>(users));
}

}  // namespace

MetricSample user_sample(const Communicator& comm, const EvaluationMetric& metric, std::span<const double> values) {
  const Index users = comm.sum(static_cast<Index>(values.size()));
  const double mean = order_free_sum(comm, values) / static_cast<double>(users);
  MetricSample sample{{metric, mean, users, users, 0}, {values.begin(), values.end()}, {}};
  for (const double value : values) sample.influences.push_back(value - mean);
  sample.estimate.standard_error = standard_error_of(comm, sample.influences, users);
  return sample;
}

MetricSample rating_sample(const Communicator& comm, const EvaluationMetric& metric, std::span<const double> errors,
                           std::span<const Index> offsets) {
  std::vector<double> terms;
  terms.reserve(errors.size());
  for (const double error : errors) terms.push_back(rating_term(metric, error));
  const Index count = comm.sum(static_cast<Index>(terms.size()));
  const double mean = order_free_sum(comm, terms) / static_cast<double>(count);

  MetricSample sample{{metric, rating_value(metric, mean), count, 0, 0}, {}, {}};
  std::vector<double> sums;
  std::vector<Index> sizes;
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    if (offsets[row] == offsets[row + 1]) continue;
    double sum = 0;
    for (Index e = offsets[row]; e < offsets[row + 1]; ++e) sum += terms[static_cast<std::size_t>(e)];
    sums.push_back(sum);
    sizes.push_back(offsets[row + 1] - offsets[row]);
  }
  sample.estimate.users = comm.sum(static_cast<Index>(sums.size()));
  const double scale = static_cast<double>(sample.estimate.users) / static_cast<double>(count);
  const double slope = rating_slope(metric, mean);
  for (std::size_t user = 0; user < sums.size(); ++user) {
    sample.contributions.push_back(sums[user] * scale);
    sample.influences.push_back((sums[user] - mean * static_cast<double>(sizes[user])) * scale * slope);
  }
  sample.estimate.standard_error = standard_error_of(comm, sample.influences, sample.estimate.users);
  return sample;
}

}  // namespace rankwise
