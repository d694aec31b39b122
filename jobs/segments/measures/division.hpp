#pragma once
// Which segment each customer belongs to, as a file says it.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/id_rows.hpp"
#include "jobs/run/job.hpp"
#include "jobs/segments/measures/name_table.hpp"
#include "jobs/segments/measures/user_table.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// This rank's rows; keys and names are the same on every rank.
struct Division {
  IdRows ids;
  std::vector<std::int32_t> segments;  ///< places in `keys`; -1: in none
  std::vector<float> distances;        ///< to the centroid, of a clustering; else empty
  std::vector<std::string> keys;       ///< numbers of clusters, or values of the column
  std::vector<std::string> names;      ///< of each segment; the key's where nobody gave one
};

/// The clusters of users in a file. Warns if names are of other segments. Collective over context.comm; throws
/// AgreedError (no_input; bad_data: no clustering, or not of users with ids; two segments of one name; a reserved
/// name).
[[nodiscard]] Division read_clusters(const JobContext& context, const std::string& path, const SegmentNames& names);

/// The values of a column of categories. `path`: the table's file, for messages. Likewise.
[[nodiscard]] Division divide_by_column(const JobContext& context, const UserTable& users, const std::string& path,
                                        const std::string& column, const SegmentNames& names);

/// Of `ids`, in their order, the place of each in the division; -1: it has no row there. Collective over comm.
struct DividedRows {
  std::vector<std::int32_t> segments;
  std::vector<float> distances;  ///< NaN where there is none
  Index found = 0;               ///< rows of the division that belong to one of the ids, over all ranks
};
[[nodiscard]] DividedRows divide(const Communicator& comm, const Division& division, const IdRows& ids);

}  // namespace rankwise
