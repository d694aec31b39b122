#pragma once
// Two contenders on the same users: how far apart they are, and how sure that is.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/metric_sample.hpp"
#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/signed_rank.hpp"

namespace rankwise {

/// Of paired tests; 1 / (flips + 1) is the least p that they can give.
inline constexpr std::size_t sign_flip_replicates = 1024;
inline constexpr double interval_level = 0.95;

/// One value less another.
struct PairedDifference {
  double mean = 0;
  double standard_error = 0;
  Index users = 0;
  Interval interval;         ///< 95%; NaN of one user
  double p = 1;              ///< two-sided, by Student's t with users - 1 degrees of freedom
  double p_permutation = 1;  ///< by sign flips; NaN if there is none
};

/// Pairs of contenders by any metrics, all on the same users in the same order. Holds two numbers a user and pair.
class PairedComparison {
 public:
  void add(const MetricSample& one, const MetricSample& other);
  /// Of each pair, in the order of adding. `user_keys` names the users (the same on any rank). Sign flips exchange the
  /// two contenders of a user, and are the same for all pairs. The same bits for any partition. By all threads.
  /// Collective over comm.
  [[nodiscard]] std::vector<PairedDifference> differences(const Communicator& comm,
                                                          std::span<const std::uint64_t> user_keys,
                                                          std::uint64_t seed) const;
  /// Wilcoxon's test of each pair, likewise. Ranks are over all users: each rank has the distinct magnitudes of a pair
  /// (24 bytes each) at a time. Collective over comm.
  [[nodiscard]] std::vector<SignedRankTest> signed_ranks(const Communicator& comm) const;

 private:
  std::vector<PairedDifference> begun_;             // means and users
  std::vector<std::vector<double>> squares_;        // of differences of influences
  std::vector<std::vector<double>> contributions_;  // differences
};

/// Mean +- Student's t; NaN of fewer than two users.
[[nodiscard]] Interval student_interval(double mean, double standard_error, Index users);

}  // namespace rankwise
