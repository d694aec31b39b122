#pragma once
// The customers that stand for a segment: those nearest to its centroid.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "jobs/segments/measures/groups.hpp"

namespace rankwise {

/// Of each group that is a segment, at most `most` ids with the least distances, ties to the lower row. `distances`: of
/// this rank's customers; NaN: none. Collective over comm.
[[nodiscard]] std::vector<std::vector<std::string>> typical_customers(const Communicator& comm, const Groups& groups,
                                                                      const IdRows& ids,
                                                                      const std::vector<float>& distances,
                                                                      std::size_t most);

}  // namespace rankwise
