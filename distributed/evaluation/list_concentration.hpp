#pragma once
// How lists share out the catalogue: coverage and Gini's index, which are no means over users; how sure they are says
// a Poisson bootstrap of users.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "distributed/evaluation/paired_difference.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"
#include "kernels/statistics/estimates.hpp"

namespace rankwise {

/// A replicate costs each item of each list one addition, and each item of the catalogue 8 bytes while it is counted.
inline constexpr std::size_t bootstrap_replicates = 256;

struct Concentration {
  double value = 0;
  Index users = 0;
  std::vector<double> replicates;  ///< by the same users' weights in every contender
};

/// coverage or gini of all ranks' kept lists, of `items` items (of the catalogue). `user_keys` names this rank's users
/// in their order. The same bits for any partition. Collective over comm.
[[nodiscard]] Concentration concentration(const Communicator& comm, const EvaluationMetric& metric,
                                          const KeptLists& lists, Index items, std::span<const std::uint64_t> user_keys,
                                          std::uint64_t seed);

/// Standard deviation of the replicates.
[[nodiscard]] double bootstrap_error(std::span<const double> replicates);
/// The replicates' 95% interval, moved so that their mean comes to be the value: a resample leaves out a third of the
/// users, hence covers less of the catalogue.
[[nodiscard]] Interval bootstrap_interval(double value, std::span<const double> replicates);

/// One less the other; p by Student's t of the replicates' standard deviation.
[[nodiscard]] PairedDifference paired_difference(const Concentration& one, const Concentration& other);

}  // namespace rankwise
