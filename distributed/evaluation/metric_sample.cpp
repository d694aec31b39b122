#include "distributed/evaluation/metric_sample.hpp"

#include <cmath>

#include "distributed/evaluation/column_sums.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

/// Over all ranks: the mean of a column's terms, and how many terms and users there are.
struct ColumnMean {
  double mean = 0;
  Index terms = 0;
  Index users = 0;
};

/// Calls take(sum, terms) for each user with terms.
template <class Take>
void for_each_user(const MetricColumn& column, Take&& take) {
  if (column.offsets.empty()) {
    for (const double value : column.values) take(value, Index{1});
    return;
  }
  for (std::size_t row = 0; row + 1 < column.offsets.size(); ++row) {
    const Index begin = column.offsets[row];
    const Index end = column.offsets[row + 1];
    if (begin == end) continue;
    double sum = 0;
    for (Index e = begin; e < end; ++e) sum += rating_term(column.metric, column.values[static_cast<std::size_t>(e)]);
    take(sum, end - begin);
  }
}

/// Calls take(contribution, influence) for each user.
template <class Take>
void for_each_effect(const MetricColumn& column, const ColumnMean& mean, Take&& take) {
  const double scale = static_cast<double>(mean.users) / static_cast<double>(mean.terms);
  const double slope = rating_slope(column.metric, mean.mean);
  for_each_user(column, [&](double sum, Index terms) {
    take(sum * scale, (sum - mean.mean * static_cast<double>(terms)) * scale * slope);
  });
}

/// Calls step(column's place) for each, by all threads.
template <class Step>
void for_each_column(std::span<const MetricColumn> columns, Step&& step) {
  double values = 0;
  for (const MetricColumn& column : columns) values += static_cast<double>(column.values.size());
  const int threads = team_size(4 * values);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t c = 0; c < columns.size(); ++c) step(c);
}

/// Collective over comm.
std::vector<ColumnMean> column_means(const Communicator& comm, std::span<const MetricColumn> columns) {
  std::vector<std::vector<double>> of_ratings(columns.size());
  std::vector<std::span<const double>> terms(columns.size());
  std::vector<Index> users(columns.size());
  for_each_column(columns, [&](std::size_t c) {
    const MetricColumn& column = columns[c];
    terms[c] = column.values;
    for_each_user(column, [&](double, Index) { ++users[c]; });
    if (column.offsets.empty()) return;
    of_ratings[c].reserve(column.values.size());
    for (const double error : column.values) of_ratings[c].push_back(rating_term(column.metric, error));
    terms[c] = of_ratings[c];
  });
  const std::vector<ColumnSum> sums = order_free_sums(comm, terms);
  comm.all_reduce_sum(std::span<Index>(users));
  std::vector<ColumnMean> means;
  for (std::size_t c = 0; c < columns.size(); ++c)
    means.push_back({sums[c].sum / static_cast<double>(sums[c].terms), sums[c].terms, users[c]});
  return means;
}

/// Collective over comm.
std::vector<MetricEstimate> estimates_of(const Communicator& comm, std::span<const MetricColumn> columns,
                                         std::span<const ColumnMean> means) {
  std::vector<std::vector<double>> squares(columns.size());
  std::vector<std::span<const double>> terms(columns.size());
  for_each_column(columns, [&](std::size_t c) {
    for_each_effect(columns[c], means[c],
                    [&](double, double influence) { squares[c].push_back(influence * influence); });
    terms[c] = squares[c];
  });
  const std::vector<ColumnSum> sums = order_free_sums(comm, terms);
  std::vector<MetricEstimate> estimates;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const ColumnMean& mean = means[c];
    const EvaluationMetric& metric = columns[c].metric;
    const auto users = static_cast<double>(mean.users);
    estimates.push_back({metric, rating_value(metric, mean.mean), mean.terms, mean.users,
                         mean.users < 2 ? 0 : std::sqrt(sums[c].sum / (users - 1) / users)});
  }
  return estimates;
}

}  // namespace

std::vector<MetricEstimate> metric_estimates(const Communicator& comm, std::span<const MetricColumn> columns) {
  return estimates_of(comm, columns, column_means(comm, columns));
}

std::vector<MetricSample> metric_samples(const Communicator& comm, std::span<const MetricColumn> columns) {
  const std::vector<ColumnMean> means = column_means(comm, columns);
  std::vector<MetricSample> samples;
  for (MetricEstimate& estimate : estimates_of(comm, columns, means)) samples.push_back({std::move(estimate), {}, {}});
  for_each_column(columns, [&](std::size_t c) {
    for_each_effect(columns[c], means[c], [&](double contribution, double influence) {
      samples[c].contributions.push_back(contribution);
      samples[c].influences.push_back(influence);
    });
  });
  return samples;
}

}  // namespace rankwise
