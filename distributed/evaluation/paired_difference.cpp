#include "distributed/evaluation/paired_difference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "distributed/comm/order_free_sum.hpp"
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

/// Collective over comm.
double sign_flip_test(const Communicator& comm, std::span<const double> differences, Index users,
                      std::span<const std::uint64_t> user_keys, std::uint64_t seed) {
  double largest = 0;
  for (const double difference : differences) largest = std::max(largest, std::fabs(difference));
  largest = comm.max(largest);
  const FixedPointScale scale = FixedPointScale::for_terms(largest, users);
  const std::int64_t rounding = users + scale.to_fixed(std::ldexp(largest * static_cast<double>(users), -50));
  std::vector<std::int64_t> fixed;
  std::int64_t sum = 0;
  for (const double difference : differences) {
    fixed.push_back(scale.to_fixed(difference));
    sum += fixed.back();
  }
  std::vector<std::int64_t> flipped(sign_flip_replicates);
  const ResampledColumn column{fixed, flipped};
  add_sign_flip_sums(seed, user_keys, {&column, 1});
  comm.all_reduce_sum(std::span<std::int64_t>(flipped));
  return sign_flip_p(without_rounding(comm.sum(sum), rounding), flipped);
}

}  // namespace

Interval student_interval(double mean, double standard_error, Index users) {
  const double half = half_interval(standard_error, static_cast<std::size_t>(users), interval_level);
  return {mean - half, mean + half};
}

PairedDifference paired_difference(const Communicator& comm, const MetricSample& one, const MetricSample& other,
                                   std::span<const std::uint64_t> user_keys, std::uint64_t seed) {
  std::vector<double> squares;
  std::vector<double> contributions;
  for (std::size_t user = 0; user < one.influences.size(); ++user) {
    const double influence = one.influences[user] - other.influences[user];
    squares.push_back(influence * influence);
    contributions.push_back(one.contributions[user] - other.contributions[user]);
  }
  const Index users = one.estimate.users;
  const double sum = order_free_sum(comm, squares);
  PairedDifference found;
  found.users = users;
  found.mean = one.estimate.value - other.estimate.value;
  if (users > 1) found.standard_error = std::sqrt(sum / static_cast<double>(users - 1) / static_cast<double>(users));
  found.interval = student_interval(found.mean, found.standard_error, users);
  found.p = paired_test_of_mean(found.mean, found.standard_error, static_cast<std::size_t>(users)).p;
  found.p_permutation = sign_flip_test(comm, contributions, users, user_keys, seed);
  return found;
}

}  // namespace rankwise
