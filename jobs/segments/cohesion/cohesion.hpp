#pragma once
// How well customers fit their segments, of what may be printed.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/run/job.hpp"
#include "jobs/segments/measures/division.hpp"
#include "jobs/segments/measures/groups.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Below this a silhouette leaves doubt: the customer is more than nine tenths as far from the own centre as from the
/// next one.
inline constexpr double doubtful_silhouette = 0.1;

/// Below this a segment may come from the sample of customers (Hennig 2007: do not trust it).
inline constexpr double least_stability = 0.6;

/// Of a group; nothing where it is not known or not printed.
struct GroupCohesion {
  std::optional<double> silhouette;             ///< mean of RowSilhouettes::exact over the customers
  std::optional<double> simplified_silhouette;  ///< likewise
  std::optional<Index> doubtful;                ///< customers whose simplified silhouette is below doubtful_silhouette
  std::optional<double> stability;              ///< of the cluster (bootstrap_stability)
};

struct Cohesion {
  std::string points;  ///< name of their file
  Index replicates = 0;
  std::vector<GroupCohesion> of_group;  ///< then of all customers, without a stability
};

/// What is asked for.
struct CohesionSettings {
  std::string clustering;
  std::string points;  ///< the rows that were clustered
  Index replicates = 0;
};

/// `ids`: this rank's customers, in their groups; `division`: that of the clustering. Collective over context.comm;
/// throws AgreedError.
[[nodiscard]] Cohesion measure_cohesion(const JobContext& context, const CohesionSettings& settings,
                                        const Division& division, const IdRows& ids, const Groups& groups, Index least);

}  // namespace rankwise
