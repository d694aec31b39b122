#include "distributed/evaluation/paired_difference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "distributed/evaluation/column_sums.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/statistics/paired_test.hpp"
#include "kernels/statistics/resampling.hpp"

namespace rankwise {

namespace {

/// A sum nearer to 0 by what rounding may have done to it, so that sums which are equal in real numbers count as equal:
/// differences of hits lie on a coarse grid, where ties are many.
std::int64_t without_rounding(std::int64_t sum, std::int64_t rounding) {
  return sum > 0 ? std::max<std::int64_t>(sum - rounding, 0) : std::min<std::int64_t>(sum + rounding, 0);
}

/// Numbers of a column in fixed point, and what rounding may have done to their sum.
struct FixedColumn {
  std::vector<std::int64_t> values;
  std::int64_t sum = 0;
  std::int64_t rounding = 0;
};

FixedColumn fixed_column(std::span<const double> differences, double largest, Index users) {
  const FixedPointScale scale = FixedPointScale::for_terms(largest, users);
  FixedColumn column;
  column.rounding = users + scale.to_fixed(std::ldexp(largest * static_cast<double>(users), -50));
  column.values.reserve(differences.size());
  for (const double difference : differences) {
    column.values.push_back(scale.to_fixed(difference));
    column.sum += column.values.back();
  }
  return column;
}

/// Sums of all columns under the sign flips of this rank's users, sign_flip_replicates of each column.
std::vector<std::int64_t> flipped_sums(std::span<const FixedColumn> fixed, std::span<const std::uint64_t> user_keys,
                                       std::uint64_t seed) {
  constexpr std::size_t users_per_piece = 1 << 10;
  const std::size_t pieces = (user_keys.size() + users_per_piece - 1) / users_per_piece;
  std::vector<std::int64_t> flipped(fixed.size() * sign_flip_replicates);
  const int threads = team_size(static_cast<double>(user_keys.size() * flipped.size()) / 8);
#pragma omp parallel num_threads(threads)
  {
    std::vector<std::int64_t> mine(flipped.size());
    std::vector<ResampledColumn> columns(fixed.size());
#pragma omp for schedule(dynamic)
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const std::size_t first = piece * users_per_piece;
      const std::size_t count = std::min(users_per_piece, user_keys.size() - first);
      for (std::size_t c = 0; c < fixed.size(); ++c) {
        columns[c] = {std::span(fixed[c].values).subspan(first, count),
                      std::span(mine).subspan(c * sign_flip_replicates, sign_flip_replicates)};
      }
      add_sign_flip_sums(seed, user_keys.subspan(first, count), columns);
    }
#pragma omp critical(rankwise_flipped_sums)
    for (std::size_t i = 0; i < flipped.size(); ++i) flipped[i] += mine[i];
  }
  return flipped;
}

/// Of each column, over all ranks. Collective over comm.
std::vector<double> largest_magnitudes(const Communicator& comm, std::span<const std::vector<double>> columns) {
  std::vector<double> largest(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const double difference : columns[c]) largest[c] = std::max(largest[c], std::fabs(difference));
  }
  comm.all_reduce_max(std::span<double>(largest));
  return largest;
}

/// Differences on a grid of 2^-40 of the largest, so that those which are equal in real numbers tie.
std::vector<double> on_grid(std::span<const double> differences, double largest) {
  std::vector<double> rounded(differences.begin(), differences.end());
  if (largest == 0) return rounded;
  const double step = std::ldexp(1.0, std::ilogb(largest) - 40);
  for (double& difference : rounded) difference = std::nearbyint(difference / step) * step;
  return rounded;
}

/// Enters the tests of all pairs. Collective over comm.
void test_by_sign_flips(const Communicator& comm, std::span<const std::vector<double>> contributions,
                        std::span<const std::uint64_t> user_keys, std::uint64_t seed,
                        std::vector<PairedDifference>& found) {
  const std::vector<double> largest = largest_magnitudes(comm, contributions);
  std::vector<FixedColumn> fixed;
  std::vector<std::int64_t> sums;
  for (std::size_t c = 0; c < found.size(); ++c) {
    fixed.push_back(fixed_column(contributions[c], largest[c], found[c].users));
    sums.push_back(fixed.back().sum);
  }
  std::vector<std::int64_t> flipped = flipped_sums(fixed, user_keys, seed);
  comm.all_reduce_sum(std::span<std::int64_t>(flipped));
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  for (std::size_t c = 0; c < found.size(); ++c) {
    found[c].p_permutation = sign_flip_p(without_rounding(sums[c], fixed[c].rounding),
                                         std::span(flipped).subspan(c * sign_flip_replicates, sign_flip_replicates));
  }
}

}  // namespace

Interval student_interval(double mean, double standard_error, Index users) {
  const double half = half_interval(standard_error, static_cast<std::size_t>(users), interval_level);
  return {mean - half, mean + half};
}

void PairedComparison::add(const MetricSample& one, const MetricSample& other) {
  std::vector<double>& squares = squares_.emplace_back();
  std::vector<double>& contributions = contributions_.emplace_back();
  for (std::size_t user = 0; user < one.influences.size(); ++user) {
    const double influence = one.influences[user] - other.influences[user];
    squares.push_back(influence * influence);
    contributions.push_back(one.contributions[user] - other.contributions[user]);
  }
  PairedDifference& pair = begun_.emplace_back();
  pair.users = one.estimate.users;
  pair.mean = one.estimate.value - other.estimate.value;
}

std::vector<PairedDifference> PairedComparison::differences(const Communicator& comm,
                                                            std::span<const std::uint64_t> user_keys,
                                                            std::uint64_t seed) const {
  const std::vector<std::span<const double>> columns(squares_.begin(), squares_.end());
  const std::vector<ColumnSum> sums = order_free_sums(comm, columns);
  std::vector<PairedDifference> found = begun_;
  for (std::size_t c = 0; c < found.size(); ++c) {
    PairedDifference& pair = found[c];
    const auto users = static_cast<double>(pair.users);
    if (pair.users > 1) pair.standard_error = std::sqrt(sums[c].sum / (users - 1) / users);
    pair.interval = student_interval(pair.mean, pair.standard_error, pair.users);
    pair.p = paired_test_of_mean(pair.mean, pair.standard_error, static_cast<std::size_t>(pair.users)).p;
  }
  test_by_sign_flips(comm, contributions_, user_keys, seed, found);
  return found;
}

std::vector<SignedRankTest> PairedComparison::signed_ranks(const Communicator& comm) const {
  const std::vector<double> largest = largest_magnitudes(comm, contributions_);
  std::vector<SignedRankTest> tests;
  for (std::size_t c = 0; c < contributions_.size(); ++c) {
    const std::vector<SignedMagnitude> mine = signed_magnitudes(on_grid(contributions_[c], largest[c]));
    tests.push_back(signed_rank_test(merged(comm.all_gather_varied(std::span(mine)).values)));
  }
  return tests;
}

}  // namespace rankwise
