#include "distributed/evaluation/baselines.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "distributed/comm/order_free_sum.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {
constexpr double damping = 5;
constexpr int rounds = 10;

double largest_magnitude(const Communicator& comm, const SparseRows& rows) {
  double largest = 0;
  for (const float value : rows.values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  return comm.max(largest);
}
}  // namespace

double BiasBaseline::user_bias(const SparseRows& rows, Index row) const {
  const Index begin = rows.offsets[at(row)];
  const Index end = rows.offsets[at(row) + 1];
  double residuals = 0;
  for (Index e = begin; e < end; ++e) {
    residuals += static_cast<double>(rows.values[at(e)]) - mean - item_biases[at(rows.columns[at(e)])];
  }
  return residuals / (static_cast<double>(end - begin) + damping);
}

BiasBaseline fit_bias_baseline(const Communicator& comm, const SparseRows& rows) {
  const Index entries = comm.sum(rows.entries());
  const double largest = largest_magnitude(comm, rows);
  const std::vector<double> values(rows.values.begin(), rows.values.end());
  BiasBaseline baseline;
  baseline.mean = entries > 0 ? order_free_sum(comm, values) / static_cast<double>(entries) : 0;
  baseline.item_biases.resize(at(rows.column_count));

  std::vector<Index> item_counts(at(rows.column_count));
  for (const Index item : rows.columns) ++item_counts[at(item)];
  comm.all_reduce_sum(std::span<Index>(item_counts));

  // Biases stay below 2 * largest in magnitude, hence a residual below 4 * largest.
  const FixedPointScale scale = FixedPointScale::for_terms(4 * largest, entries);
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::int64_t> residuals(at(rows.column_count));
    for (Index r = 0; r < rows.rows.size(); ++r) {
      const double user_bias = baseline.user_bias(rows, r);
      for (Index e = rows.offsets[at(r)]; e < rows.offsets[at(r) + 1]; ++e) {
        residuals[at(rows.columns[at(e)])] +=
            scale.to_fixed(static_cast<double>(rows.values[at(e)]) - baseline.mean - user_bias);
      }
    }
    comm.all_reduce_sum(std::span<std::int64_t>(residuals));
    for (std::size_t i = 0; i < residuals.size(); ++i) {
      baseline.item_biases[i] = scale.from_fixed(residuals[i]) / (static_cast<double>(item_counts[i]) + damping);
    }
  }
  return baseline;
}

std::vector<double> bias_baseline_errors(const BiasBaseline& baseline, const HeldoutRows& rows) {
  const SparseRows& heldout = rows.heldout;
  std::vector<double> errors;
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const double user_bias = baseline.user_bias(rows.seen, r);
    const auto end = static_cast<std::size_t>(heldout.offsets[static_cast<std::size_t>(r) + 1]);
    for (std::size_t place = errors.size(); place < end; ++place) {
      const double item_bias = baseline.item_biases[static_cast<std::size_t>(heldout.columns[place])];
      errors.push_back(static_cast<double>(heldout.values[place]) - baseline.mean - user_bias - item_bias);
    }
  }
  return errors;
}

double mean_rating(const Communicator& comm, std::span<const std::span<const float>> pieces) {
  Index mine = 0;
  for (const std::span<const float> piece : pieces) mine += static_cast<Index>(piece.size());
  const double sum = order_free_sum(comm, pieces);
  const Index count = comm.sum(mine);
  return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

}  // namespace rankwise
