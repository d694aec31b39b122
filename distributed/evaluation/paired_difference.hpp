#pragma once
// Two contenders on the same users: how far apart they are, and how sure that is.

#include <cstdint>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/metric_sample.hpp"
#include "kernels/statistics/estimates.hpp"

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

/// The two samples are of the same users in the same order, `user_keys` names them (the same on any rank). Sign flips
/// exchange the two contenders of a user. The same bits for any partition. Collective over comm.
[[nodiscard]] PairedDifference paired_difference(const Communicator& comm, const MetricSample& one,
                                                 const MetricSample& other, std::span<const std::uint64_t> user_keys,
                                                 std::uint64_t seed);

/// Mean +- Student's t; NaN of fewer than two users.
[[nodiscard]] Interval student_interval(double mean, double standard_error, Index users);

}  // namespace rankwise
